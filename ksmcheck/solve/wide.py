"""All final states of a test without a turn that has many candidates, each with an end of its own.

Sixteen reads with two sources each are 65,536 candidates, and a solver takes as many turns to list
what they end in. Here thousands are judged at once (``cat.many``): whether a candidate has a tuple
is a bit of an integer, and which candidates make a choice is a pattern that repeats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import product
from math import prod

from ksmcheck.cat.algebra import Check
from ksmcheck.cat.compile import CompiledCat
from ksmcheck.cat.graph import pairs
from ksmcheck.cat.many import Rows
from ksmcheck.events.terms import Term
from ksmcheck.events.value_sets import closure
from ksmcheck.solve.cellwise import Local
from ksmcheck.solve.columns import LEAVES, Columns, alike_in, leaf_values
from ksmcheck.solve.deferred import Deferred
from ksmcheck.solve.limits import Limits, Meter
from ksmcheck.solve.outcome import Outcome, Refuted, States, Stats
from ksmcheck.solve.session import Session
from ksmcheck.solve.space import Space, looks_at_values, raised_never

MOST = 1 << 18
"""Candidates at most: the columns of their values take some hundred megabytes then."""

_BLOCK = 1 << 13
"""Candidates judged at once at most: with integers of a kilobyte, all that a model computes stays
near the processor."""

_LEAST = 1 << 8
"""So many are worth it."""

_EACH = 8
"""So many candidates a final state at most: a solver finds a state by one of them."""


class WideSession:
    """Lists states, and knows what no candidate does; else asks the session that ``other`` opens.

    Candidate k makes those choices, cell by cell, that are the digits of k: the last cell's are the
    last. Those that differ in the ``tail`` of the cells alone are judged together. ``wide`` makes a
    session where it can.
    """

    def __init__(
        self, space: Space, cat: CompiledCat, limits: Limits, other: Callable[[], Session]
    ) -> None:
        self.structure = space.structure
        self.cat = cat
        self.meter = Meter(limits)
        self._space = space
        self._cells, self._tail = _split(space)
        self._other = Deferred(other)

    def states(self, observed: Sequence[Term], goal: Term) -> States:
        """All value tuples of ``observed`` over the consistent executions where ``goal`` holds."""
        consistent, _ = self._judged
        there = bin(consistent | 1 << self._space.count)[:2:-1]
        places = self._columns(observed, goal).where(goal, observed)
        found = {values for number, values in places if there[number] == "1"}
        return States(tuple(sorted(found)), None, self._stats())

    def find(self, goal: Term, given: Sequence[Term] = ()) -> Outcome:
        """As ``Session``."""
        return self._other.session.find(goal, given)

    def find_flag(self, check: Check, goal: Term, given: Sequence[Term] = ()) -> Outcome:
        """As ``Session``, which shows what raises a flag."""
        if raised_never(self._space, self.cat, check):
            return Refuted(self._stats())
        if not looks_at_values(self.cat, check):
            _, raised = self._judged
            if self.cat.number(check) not in raised:
                return Refuted(self._stats(), tuple(given))
        return self._other.session.find_flag(check, goal, given)

    def limit(self, limits: Limits) -> None:
        """New limits from now on."""
        self.meter = Meter(limits)
        self._other.limit(limits)

    def close(self) -> None:
        """Frees the solver, if one was asked."""
        self._other.close()

    def _stats(self) -> Stats:
        return Stats(self._space.count, 0, 0, 0, self.meter.seconds)

    @cached_property
    def _judged(self) -> tuple[int, frozenset[int]]:
        """The candidates that are consistent; the flags that some of these raise, by number."""
        cat, space = self.cat, self._space
        flags = [
            cat.number(check)
            for check in cat.checks
            if check.flag and not raised_never(space, cat, check)
        ]
        flags = [n for n in flags if not looks_at_values(cat, cat.checks[n])]
        many, size = cat.together(space.graph), prod(map(len, self._tail))
        consistent, raised, place = 0, set[int](), 0
        for rows in self._blocks(size):
            fine = ~many.failing(rows, size) & (1 << size) - 1
            consistent |= fine << place
            raised.update(n for n in flags if n not in raised and many.raising(n) & fine)
            place += size
        return consistent, frozenset(raised)

    def _blocks(self, size: int) -> Iterator[dict[str, Rows]]:
        """rf and co of the candidates that are judged together, so many at a time."""
        n, everyone = self._space.graph.n, (1 << size) - 1
        patterns = list(_patterns(list(map(len, self._tail))))
        apart = list(self._cells.values())[: len(self._cells) - len(self._tail)]
        for choice in product(*apart):
            rows: dict[str, Rows] = {"rf": {}, "co": {}}
            for local in choice:
                _add(rows, local, everyone, n)
            for own, bits in zip(self._tail, patterns, strict=True):
                for local, those in zip(own, bits, strict=True):
                    _add(rows, local, those, n)
            yield rows

    def _columns(self, observed: Sequence[Term], goal: Term) -> Columns:
        """The values of the leaves of these terms in all candidates."""
        space = self._space
        leaves = [part for part in closure((goal, *observed)) if part.op in LEAVES]
        found: dict[int, Sequence[int]] = {}
        period = space.count
        for cell, own in self._cells.items():
            times, period = space.count // period, period // len(own)
            given = list(leaf_values(space.structure, cell, own, leaves))
            for place, (leaf, _) in enumerate(given[0]):
                column = [values[place][1] for values in given for _ in range(period)]
                found[leaf] = column * times
        for part in leaves:  # what a read gives that is never executed
            found.setdefault(part.id, [0] * space.count)
        return Columns(found, space.count)


def _split(space: Space) -> tuple[dict[int, list[Local]], list[list[Local]]]:
    """The cells, those with most choices first; and the last of them, as many as a block takes."""
    cells = dict(sorted(space.cells.items(), key=lambda item: -len(item[1])))
    tail: list[list[Local]] = []
    for own in reversed(cells.values()):
        if prod(map(len, tail)) * len(own) > _BLOCK:
            break
        tail.insert(0, own)
    return cells, tail


def _add(rows: dict[str, Rows], local: Local, those: int, n: int) -> None:
    """These candidates have the rf and co of ``local``."""
    for name, relation in (("rf", local.rf), ("co", local.co)):
        for a, b in pairs(n, relation):
            row = rows[name].setdefault(a, {})
            row[b] = row.get(b, 0) | those


def _patterns(sizes: Sequence[int]) -> Iterator[list[int]]:
    """For each cell, and each of its choices, the candidates that make it."""
    period = count = prod(sizes)
    for size in sizes:
        every, ones = _repeated(1, period, count), (1 << period // size) - 1
        period //= size
        yield [(ones << period * choice) * every for choice in range(size)]


def _repeated(bits: int, period: int, count: int) -> int:
    """``bits`` again and again, so many places apart, below place ``count``."""
    while period < count:
        bits |= bits << period
        period *= 2
    return bits & (1 << count) - 1


def wide(
    space: Space, cat: CompiledCat, limits: Limits, other: Callable[[], Session]
) -> WideSession | None:
    """None where there are too many candidates, a lot more than final states, or too few that are
    judged together: ``other`` opens the session that finds one for each state."""
    if space.count > MOST or prod(map(len, _split(space)[1])) < _LEAST:
        return None
    ends = (alike_in(space.structure, *cell, space.leaves) for cell in space.cells.items())
    if prod(map(len, ends)) * _EACH < space.count:
        return None
    return WideSession(space, cat, limits, other)
