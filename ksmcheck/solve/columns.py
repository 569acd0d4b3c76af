"""Values of terms in many candidates at once, term by term: a column has one for each candidate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import and_, eq, not_

from ksmcheck.events.structure import EventStructure
from ksmcheck.events.terms import Term
from ksmcheck.events.value_sets import closure
from ksmcheck.kernel.ints import OPERATORS
from ksmcheck.solve.cellwise import Local

LEAVES = frozenset(("read", "final"))
"""Terms whose values a candidate's rf and co give."""

_OF_TRUTHS: dict[str, Callable[..., bool]] = {"lnot": not_, "land": and_, "eq": eq}


class Columns:
    """``columns`` has the values of leaves by the number of the term, ``count`` of each."""

    def __init__(self, columns: dict[int, Sequence[int]], count: int) -> None:
        self.columns = columns
        self.count = count

    def where(self, goal: Term, observed: Sequence[Term]) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The places where the goal holds, with the values of what is observed. The leaves of all
        of these have columns."""
        columns, count = self.columns, self.count
        for part in closure((goal, *observed), columns):
            if part.op == "const":
                columns[part.id] = [part.payload] * count
            else:
                columns[part.id] = _column(part, [columns[a.id] for a in part.args])
        shown = [_numbers(term, columns[term.id]) for term in observed]
        for number, holds in enumerate(columns[goal.id]):
            if holds:
                yield number, tuple([column[number] for column in shown])


def leaf_values(
    structure: EventStructure, cell: int, own: Sequence[Local], shown: Sequence[Term]
) -> Iterator[tuple[tuple[int, int], ...]]:
    """What each of the cell's rf and co gives to those of the leaves ``shown`` that are about the
    cell: (the term's number, its value)."""
    first = structure.first
    read = {t.payload + first: t.id for t in shown if t.op == "read"}
    last = [t.id for t in shown if t.op == "final" and t.payload == cell]
    for local in own:
        values = [(read[r], written(structure, w)) for r, w in local.sources if r in read]
        values += [(leaf, written(structure, local.order[-1])) for leaf in last]
        yield tuple(values)


def alike_in(
    structure: EventStructure, cell: int, own: Sequence[Local], shown: Sequence[Term]
) -> dict[tuple[tuple[int, int], ...], list[Local]]:
    """What one cell may have by the values that this gives to the leaves."""
    found: dict[tuple[tuple[int, int], ...], list[Local]] = {}
    for local, values in zip(own, leaf_values(structure, cell, own, shown), strict=True):
        found.setdefault(values, []).append(local)
    return found


def written(structure: EventStructure, write: int) -> int:
    """The value of a write that is known beforehand."""
    value = structure.events[write].value
    assert value is not None
    return value.payload


def _numbers(term: Term, column: Sequence[int]) -> Sequence[int]:
    return list(map(int, column)) if term.type.width == 1 else column


def _column(term: Term, args: Sequence[Sequence[int]]) -> Sequence[int]:
    """The values of an operator; of BOOL, they may be Python's own."""
    op, first = term.op, args[0]
    if op in _OF_TRUTHS:
        return list(map(_OF_TRUTHS[op], *args))
    wrap = term.type.wrap
    if op == "cast":
        known = {x: wrap(x) for x in set(first)}
        return [known[x] for x in first]
    apply = OPERATORS[op]
    return [wrap(apply(*values)) for values in zip(*args, strict=True)]
