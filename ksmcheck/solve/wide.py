"""All final states of a test without a turn that has many candidates, each with an end of its own.

Sixteen reads with two sources each are 65,536 candidates, and a solver takes as many turns to list
what they end in. Here they are judged all at once (``cat.many``): whether a candidate has a tuple
is a bit of an integer, and which candidates make a choice is a pattern that repeats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING

from ksmcheck.cat.algebra import Check
from ksmcheck.cat.compile import CompiledCat
from ksmcheck.cat.graph import pairs
from ksmcheck.cat.many import Rows
from ksmcheck.events.terms import Term
from ksmcheck.solve.columns import LEAVES, Columns, alike_in, leaf_values, parts_of
from ksmcheck.solve.limits import Limits, Meter
from ksmcheck.solve.outcome import Outcome, Refuted, States, Stats
from ksmcheck.solve.session import Session
from ksmcheck.solve.space import Space, looks_at_values, raised_never

if TYPE_CHECKING:
    from ksmcheck.cat.many import Many

MOST = 1 << 18
"""Candidates at most: the columns of their values take some hundred megabytes then."""

_EACH = 8
"""So many candidates a final state at most: a solver finds a state by one of them."""


class WideSession:
    """Lists states, and knows what no candidate does; else asks the session that ``other`` opens.

    Candidate k makes those choices, cell by cell, that are the digits of k: the last cell's are the
    last. ``wide`` makes a session where it can.
    """

    def __init__(
        self, space: Space, cat: CompiledCat, limits: Limits, other: Callable[[], Session]
    ) -> None:
        self.structure = space.structure
        self.cat = cat
        self.meter = Meter(limits)
        self._space = space
        self._other = other
        self._opened: Session | None = None

    def states(self, observed: Sequence[Term], goal: Term) -> States:
        """All value tuples of ``observed`` over the consistent executions where ``goal`` holds."""
        _, consistent = self._judged
        there = bin(consistent | 1 << self._space.count)[:2:-1]
        places = self._columns(observed, goal).where(goal, observed)
        found = {values for number, values in places if there[number] == "1"}
        return States(tuple(sorted(found)), None, self._stats())

    def find(self, goal: Term, given: Sequence[Term] = ()) -> Outcome:
        """As ``Session``."""
        return self._session.find(goal, given)

    def find_flag(self, check: Check, goal: Term, given: Sequence[Term] = ()) -> Outcome:
        """As ``Session``, which shows what raises a flag."""
        if raised_never(self._space, self.cat, check):
            return Refuted(self._stats())
        if not looks_at_values(self.cat, check):
            many, consistent = self._judged
            if not many.raising(self.cat.number(check)) & consistent:
                return Refuted(self._stats(), tuple(given))
        return self._session.find_flag(check, goal, given)

    def limit(self, limits: Limits) -> None:
        """New limits from now on."""
        self.meter = Meter(limits)
        if self._opened is not None:
            self._opened.limit(limits)

    def close(self) -> None:
        """Frees the solver, if one was asked."""
        if self._opened is not None:
            self._opened.close()

    @property
    def _session(self) -> Session:
        if self._opened is None:
            self._opened = self._other()
        return self._opened

    def _stats(self) -> Stats:
        return Stats(self._space.count, 0, 0, 0, self.meter.seconds)

    @cached_property
    def _judged(self) -> tuple[Many, int]:
        """What has judged all candidates, and those that are consistent."""
        many = self.cat.together(self._space.graph)
        failing = many.failing(self._rows(), self._space.count)
        return many, ~failing & (1 << self._space.count) - 1

    def _rows(self) -> dict[str, Rows]:
        """rf and co of all candidates."""
        cells, n = self._space.cells, self._space.graph.n
        rows: dict[str, Rows] = {"rf": {}, "co": {}}
        for own, patterns in zip(
            cells.values(), _patterns(list(map(len, cells.values()))), strict=True
        ):
            for local, bits in zip(own, patterns, strict=True):
                for name, relation in (("rf", local.rf), ("co", local.co)):
                    for a, b in pairs(n, relation):
                        row = rows[name].setdefault(a, {})
                        row[b] = row.get(b, 0) | bits
        return rows

    def _columns(self, observed: Sequence[Term], goal: Term) -> Columns:
        """The values of the leaves of these terms in all candidates."""
        space = self._space
        leaves = [part for part in parts_of((goal, *observed)) if part.op in LEAVES]
        found: dict[int, Sequence[int]] = {}
        period = space.count
        for cell, own in space.cells.items():
            times, period = space.count // period, period // len(own)
            given = list(leaf_values(space.structure, cell, own, leaves))
            for place, (leaf, _) in enumerate(given[0]):
                column = [values[place][1] for values in given for _ in range(period)]
                found[leaf] = column * times
        for part in leaves:  # what a read gives that is never executed
            found.setdefault(part.id, [0] * space.count)
        return Columns(found, space.count)


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
    """None where there are too many candidates, or a lot more than final states: ``other`` opens
    the session that finds one for each of these."""
    if space.count > MOST:
        return None
    ends = (alike_in(space.structure, *cell, space.leaves) for cell in space.cells.items())
    if prod(map(len, ends)) * _EACH < space.count:
        return None
    return WideSession(space, cat, limits, other)
