"""Tests without a turn: every execution has the same events, each at one place, and what is written
is known beforehand. Only rf and co vary, and there are few of them: no solver is needed.

Most hand-written and generated tests are of this kind. Candidates are put together cell by cell
(``cellwise``), and the cat file judges every one that is asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

from ksmcheck.cat.algebra import Check
from ksmcheck.cat.compile import CompiledCat
from ksmcheck.cat.graph import Graph, pairs
from ksmcheck.cat.many import Rows
from ksmcheck.events.structure import EventStructure
from ksmcheck.events.terms import Term
from ksmcheck.events.value_sets import closure
from ksmcheck.solve.cellwise import Choice, Local
from ksmcheck.solve.columns import LEAVES, Columns, alike_in, written
from ksmcheck.solve.deferred import Deferred
from ksmcheck.solve.limits import Limits, Meter
from ksmcheck.solve.outcome import Candidate, Found, Outcome, Refuted, States, Stats
from ksmcheck.solve.session import Session
from ksmcheck.solve.space import Space, looks_at_values, raised_never, space_of

if TYPE_CHECKING:
    from ksmcheck.cat.many import Many
    from ksmcheck.solve.wide import WideSession

MOST = 1024
"""Candidates at most: of more a solver finds those that matter sooner."""

_TOGETHER = 16
"""From so many candidates on they are judged all at once."""


class StraightSession:
    """Answers as ``Session`` does; what it looks at is too little for a limit to matter.
    ``straight`` makes one where it can."""

    def __init__(
        self, space: Space, cat: CompiledCat, limits: Limits, other: Callable[[], Session]
    ) -> None:
        self.structure = space.structure
        self.cat = cat
        self.meter = Meter(limits)
        self._space = space
        self._cells = space.cells
        self._other = Deferred(other)
        self._events = space.events
        self._graph = space.graph
        self._fails = cat.judge(space.graph)
        self._all = space.count
        self._known: dict[tuple[int, int], bool] = {}
        self._raised: dict[tuple[int, int], frozenset[int]] = {}
        self._leaves = space.leaves
        self._finer: dict[tuple[int, ...], _Classes] = {}

    def states(self, observed: Sequence[Term], goal: Term) -> States:
        """All value tuples of ``observed`` over the consistent executions where ``goal`` holds."""
        found: set[tuple[int, ...]] = set()
        classes = self._classes(goal, *observed)
        if self._all >= _TOGETHER:
            self._judge_all()
        for number, state in classes.where(goal, observed):
            if state not in found and any(map(self._consistent, classes.choices(number))):
                found.add(state)
        return States(tuple(sorted(found)), None, self._stats())

    def find(self, goal: Term, given: Sequence[Term] = ()) -> Outcome:
        """A consistent execution where ``goal`` holds, and all of ``given``."""
        goal = self.structure.terms.both(goal, *given)
        classes = self._classes(goal)
        for number, _ in classes.where(goal, ()):
            for choice in classes.choices(number):
                if len(self._known) == _TOGETHER:
                    self._judge_all()
                if self._consistent(choice):
                    return Found(self._candidate(choice), self._stats())
        return Refuted(self._stats(), tuple(given))

    def find_flag(self, check: Check, goal: Term, given: Sequence[Term] = ()) -> Outcome:
        """As ``Session``, which is asked where the flag looks at the values of accesses."""
        if raised_never(self._space, self.cat, check):
            return Refuted(self._stats())
        if looks_at_values(self.cat, check):
            return self._other.session.find_flag(check, goal, given)
        raising = self._raising(self.cat.number(check))
        goal = self.structure.terms.both(goal, *given)
        if raising:
            classes = self._classes(goal)
            for number, _ in classes.where(goal, ()):
                for choice in classes.choices(number):
                    if _together(choice) in raising:
                        return Found(self._candidate(choice), self._stats())
        return Refuted(self._stats(), tuple(given))

    def limit(self, limits: Limits) -> None:
        """New limits from now on."""
        self.meter = Meter(limits)
        self._other.limit(limits)

    def close(self) -> None:
        """Frees the solver that was asked about flags."""
        self._other.close()

    def _stats(self) -> Stats:
        return Stats(len(self._known), 0, 0, 0, self.meter.seconds)

    @cached_property
    def _usual(self) -> _Classes:
        return _Classes(self.structure, self._cells, self._leaves)

    def _classes(self, *terms: Term) -> _Classes:
        """Those in which the leaves of some terms are alike."""
        others = [part for part in closure(terms, self._usual.columns) if part.op in LEAVES]
        if not others:
            return self._usual
        key = tuple(sorted(part.id for part in others))
        found = self._finer.get(key)
        if found is None:
            shown = [*self._leaves, *others]
            found = self._finer[key] = _Classes(self.structure, self._cells, shown)
        return found

    # Candidates.

    def _flags(self, key: tuple[int, int]) -> frozenset[int]:
        """The flags that a consistent candidate raises."""
        found = self._raised.get(key)
        if found is None:
            rf, co = key
            whole = Graph(self._graph.n, self._graph.sets, {**self._graph.rels, "rf": rf, "co": co})
            raised = [self.cat.number(check) for check in self.cat.flags(whole)]
            found = self._raised[key] = frozenset(raised)
        return found

    def _consistent(self, choice: Choice) -> bool:
        return self._known_consistent(_together(choice))

    def _known_consistent(self, key: tuple[int, int]) -> bool:
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = not self._fails(*key)
        return found

    def _judge_all(self) -> None:
        """Whether each candidate is consistent."""
        if len(self._known) < self._all:
            _, keys, failing = self._judged
            self._known = {key: not failing >> k & 1 for k, key in enumerate(keys)}

    @cached_property
    def _judged(self) -> tuple[Many, list[tuple[int, int]], int]:
        """What judges all candidates at once, the candidates, and those that are inconsistent."""
        choices = list(product(*self._cells.values()))
        many = self.cat.together(self._graph)
        failing = many.failing(self._rows(choices), len(choices))
        return many, [_together(choice) for choice in choices], failing

    def _raising(self, number: int) -> frozenset[tuple[int, int]]:
        """The consistent candidates that raise a flag."""
        if self._all < _TOGETHER:
            keys = [_together(choice) for choice in product(*self._cells.values())]
            consistent = [key for key in keys if self._known_consistent(key)]
            return frozenset([key for key in consistent if number in self._flags(key)])
        many, keys, failing = self._judged
        found = many.raising(number) & ~failing
        return frozenset([key for k, key in enumerate(keys) if found >> k & 1])

    def _rows(self, choices: Sequence[Choice]) -> dict[str, Rows]:
        """rf and co of all candidates."""
        where: dict[int, tuple[Local, int]] = {}
        for k, choice in enumerate(choices):
            for local in choice:
                _, bits = where.get(id(local), (local, 0))
                where[id(local)] = local, bits | 1 << k
        rows: dict[str, Rows] = {"rf": {}, "co": {}}
        for local, bits in where.values():
            for name, relation in (("rf", local.rf), ("co", local.co)):
                for a, b in pairs(self._graph.n, relation):
                    row = rows[name].setdefault(a, {})
                    row[b] = row.get(b, 0) | bits
        return rows

    def _candidate(self, choice: Choice) -> Candidate:
        events = self._events
        rf = {read: write for local in choice for read, write in local.sources}
        values = {
            e.id: written(self.structure, rf.get(e.id, e.id)) for e in events if e.kind != "F"
        }
        return Candidate(
            self.structure,
            tuple([e.id for e in events]),
            {e.id: e.cells[0] for e in events if e.kind != "F"},
            values,
            rf,
            {cell: local.order for cell, local in zip(self._cells, choice, strict=True)},
            {},
        )


class _Classes(Columns):
    """The candidates, those together in which the leaves ``shown`` have the same values."""

    def __init__(
        self, structure: EventStructure, cells: dict[int, list[Local]], shown: Sequence[Term]
    ) -> None:
        alike = [alike_in(structure, cell, own, shown) for cell, own in cells.items()]
        self._locals = list(product(*[own.values() for own in alike]))
        Columns.__init__(self, {}, len(self._locals))
        leaves = [leaf for own in alike for leaf, _ in next(iter(own), ())]
        values = [tuple([v for own in chosen for _, v in own]) for chosen in product(*alike)]
        self.columns.update(zip(leaves, zip(*values, strict=True), strict=False))
        for part in shown:  # what a read gives that is never executed
            self.columns.setdefault(part.id, [0] * self.count)

    def choices(self, number: int) -> Iterator[Choice]:
        """The candidates of a class."""
        return product(*self._locals[number])


def _together(choice: Choice) -> tuple[int, int]:
    rf = co = 0
    for local in choice:
        rf, co = rf | local.rf, co | local.co
    return rf, co


def straight(
    structure: EventStructure, cat: CompiledCat, limits: Limits, other: Callable[[], Session]
) -> StraightSession | WideSession | None:
    """None where more varies than rf and co, or there may be many candidates: but if all final
    states of these are worth going through them, that is done. ``other`` opens the session that is
    asked about flags."""
    space = space_of(structure, cat, MOST)
    if space is None:
        return None
    if space.count <= MOST:
        return StraightSession(space, cat, limits, other)
    from ksmcheck.solve.wide import wide

    return wide(space, cat, limits, other)
