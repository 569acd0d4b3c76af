"""Whether an expression is a set or a relation, as far as its shape tells.

Needed before elaboration in two places: for the variables of ``let rec``, and for a name that is
not defined, which is a tag if it stands where a set is expected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ksmcheck.cat.algebra import Sort
from ksmcheck.syntax import cat_tree as t

_ALIKE = frozenset(["|", "&", "\\"])
_SET_FUNCTIONS = ("domain", "range", "dom", "ran", "codomain", "udr")


def sort_of(expr: t.Expr, of_name: Callable[[str], Sort | None]) -> Sort | None:
    """The sort, or None where it hangs on names that ``of_name`` does not know."""
    match expr:
        case t.Name(name):
            return of_name(name)
        case t.TagLiteral():
            return "set"
        case t.EmptyRelation() | t.SetIdentity():
            return "rel"
        case t.Unary("~", operand):
            return sort_of(operand, of_name)
        case t.Unary():
            return "rel"
        case t.Binary(op, left, right) if op in _ALIKE:
            return sort_of(left, of_name) or sort_of(right, of_name)
        case t.Binary():
            return "rel"
        case t.Apply(t.Name(function)):
            return _result(function)
        case t.If(_, then, orelse):
            return sort_of(then, of_name) or sort_of(orelse, of_name)
        case t.Try(attempt, fallback):
            # What is tried may have no meaning for being of the wrong sort.
            sort = sort_of(fallback, of_name)
            return sort if sort == sort_of(attempt, of_name) else None
        case t.LetIn(_, _, body):
            return sort_of(body, of_name)
    return None


def _result(function: str) -> Sort | None:
    return "set" if function in _SET_FUNCTIONS else None


def recursive_sorts(
    bindings: tuple[t.Binding, ...],
    of_name: Callable[[str], Sort | None],
    hints: Mapping[str, Sort],
) -> tuple[Sort, ...]:
    """The sorts of the variables of a ``let rec``: where their definitions do not tell, as they are
    used (``hints``), else relations."""
    known: dict[str, Sort] = {}

    def look(name: str) -> Sort | None:
        return known.get(name) if name in names else of_name(name)

    names = {binding.name for binding in bindings}
    for _ in bindings:
        for binding in bindings:
            sort = sort_of(binding.value, look)
            if sort:
                known[binding.name] = sort
    return tuple(known.get(binding.name) or hints.get(binding.name, "rel") for binding in bindings)
