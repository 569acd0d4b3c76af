"""What a model is known to forbid, read off its algebra.

Only axioms that are plainly there count: a requirement on a union that has all the needed
relations among its operands. A model that says the same in another way is checked by the lazy loop
alone, which is slower and equally right.
"""

from __future__ import annotations

from functools import lru_cache

from ksmcheck.cat.algebra import Algebra, Check, Node
from ksmcheck.cat.compile import CompiledCat
from ksmcheck.record import Struct
from ksmcheck.text import InputError, Span

VALUES = "different-values"
"""The relation between accesses of different values; provided for flags only."""


class Premises(Struct, frozen=True):
    """``coherence``: acyclic (po-loc | rf | co | fr). ``atomicity``: empty rmw & (fre ; coe).
    ``values``: the names of flags that look at the values of accesses."""

    coherence: bool
    atomicity: bool
    values: frozenset[str] = frozenset()


@lru_cache(maxsize=16)
def premises(cat: CompiledCat) -> Premises:
    """Which axioms the model has (kept for the models in use).

    Raises InputError where it reads what candidates do not have."""
    algebra = cat.algebra
    plain: list[tuple[Check, int]] = []
    flags: list[tuple[Check, int]] = []
    for check, root in zip(algebra.checks, algebra.roots, strict=True):
        (flags if check.flag else plain).append((check, root))
    required = _bases(algebra, plain)
    if VALUES in required:
        message = f"the model {cat.name} uses {VALUES} in a requirement, not a flag"
        span = _reading(algebra, plain, VALUES)
        raise InputError(message, span, "`--engine explicit` answers it, for small tests")
    axioms = [(check.kind, root) for check, root in plain if not check.negated]
    return Premises(
        any(kind == "acyclic" and _is_coherence(algebra, root) for kind, root in axioms),
        any(kind == "empty" and _is_atomicity(algebra, root) for kind, root in axioms),
        frozenset(c.name for c, root in flags if VALUES in _bases(algebra, [(c, root)])),
    )


def _bases(algebra: Algebra, checks: list[tuple[Check, int]]) -> frozenset[str]:
    """The names of a candidate's sets and relations that the checks read."""
    seen: set[int] = set()
    stack = [root for _, root in checks]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack.extend(algebra.nodes[node].args)
    return frozenset(algebra.nodes[i].name for i in seen if algebra.nodes[i].op == "base")


def _reading(algebra: Algebra, checks: list[tuple[Check, int]], name: str) -> Span:
    """The place of the first check that reads a set or relation of candidates."""
    return next(c.span for c, root in checks if name in _bases(algebra, [(c, root)]))


def _is_coherence(algebra: Algebra, root: int) -> bool:
    parts = [_shape(algebra, node) for node in _operands(algebra, root, "union")]
    return (
        ("po" in parts or frozenset(("po", "loc")) in parts)
        and "rf" in parts
        and "co" in parts
        and "fr" in parts
    )


def _is_atomicity(algebra: Algebra, root: int) -> bool:
    """rmw & (fre ; coe); with fr and co in place of fre and coe it says more, not less."""
    operands = _operands(algebra, root, "inter")
    if len(operands) != 2 or "rmw" not in [_shape(algebra, x) for x in operands]:
        return False
    for node in operands:
        if node.op == "seq":
            first, second = (_shape(algebra, algebra.nodes[a]) for a in node.args)
            if first in ("fr", frozenset(("fr", "ext"))) and second in (
                "co",
                frozenset(("co", "ext")),
            ):
                return True
    return False


def _operands(algebra: Algebra, root: int, op: str) -> list[Node]:
    """The operands of nested unions (or intersections), all levels."""
    found, stack = [], [root]
    while stack:
        node = algebra.nodes[stack.pop()]
        if node.op == op:
            stack.extend(node.args)
        else:
            found.append(node)
    return found


def _shape(algebra: Algebra, node: Node) -> str | frozenset[str] | None:
    """A base relation's name, ``fr``, or the names in an intersection of such; None: other."""
    if node.op == "base":
        return node.name
    if node.op == "inter":
        names = [_shape(algebra, algebra.nodes[a]) for a in node.args]
        flat = frozenset(n for n in names if isinstance(n, str))
        return flat if len(flat) == len(names) else None
    return "fr" if _is_from_reads(algebra, node) else None


def _is_from_reads(algebra: Algebra, node: Node) -> bool:
    """rf^-1 ; co, with or without its identity taken away (which is empty where an event is
    either a read or a write)."""
    if node.op == "diff" and algebra.nodes[node.args[1]].op == "id":
        node = algebra.nodes[node.args[0]]
    if node.op != "seq":
        return False
    first, second = (algebra.nodes[a] for a in node.args)
    if first.op != "inverse" or second.op != "base" or second.name != "co":
        return False
    source = algebra.nodes[first.args[0]]
    return source.op == "base" and source.name == "rf"
