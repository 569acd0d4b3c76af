"""Tests without a turn: every execution has the same events, each at one place, and what is written
is known beforehand. Only rf and co vary, and there are few of them: no solver is needed.

Most hand-written and generated tests are of this kind. Candidates are put together cell by cell
(``cellwise``), and the cat file judges every one that is asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from functools import cached_property
from itertools import product
from math import prod
from operator import and_, eq, not_
from typing import TYPE_CHECKING

from ksmcheck.cat.algebra import Check
from ksmcheck.cat.compile import CompiledCat
from ksmcheck.cat.graph import Graph, pairs
from ksmcheck.cat.many import Rows
from ksmcheck.events.structure import Event, EventStructure
from ksmcheck.events.terms import Term
from ksmcheck.kernel.ints import OPERATORS
from ksmcheck.solve.cellwise import Choice, Local, choices_of
from ksmcheck.solve.limits import Limits, Meter
from ksmcheck.solve.outcome import Candidate, Found, Outcome, Refuted, States, Stats
from ksmcheck.solve.premises import premises
from ksmcheck.solve.ranges import given as inhabited_by
from ksmcheck.solve.session import Session
from ksmcheck.solve.skeleton import located, order_of, sets_of

if TYPE_CHECKING:
    from ksmcheck.cat.many import Many

MOST = 1024
"""Candidates at most: of more a solver finds those that matter sooner."""

_TOGETHER = 16
"""From so many candidates on they are judged all at once."""

_LEAVES = frozenset(("read", "final"))
_OF_TRUTHS: dict[str, Callable[..., bool]] = {"lnot": not_, "land": and_, "eq": eq}
_UNSUITABLE = frozenset(("choice", "div", "mod", "shl", "shr"))
"""A free one, and those that may have no value."""


class StraightSession:
    """Answers as ``Session`` does; what it looks at is too little for a limit to matter. ``leaves``
    are those that most questions are about. ``straight`` makes one where it can."""

    def __init__(
        self,
        structure: EventStructure,
        cat: CompiledCat,
        cells: dict[int, list[Local]],
        leaves: Sequence[Term],
        limits: Limits,
        other: Callable[[], Session],
    ) -> None:
        self.structure = structure
        self.cat = cat
        self.meter = Meter(limits)
        self._cells = cells
        self._other = other
        self._opened: Session | None = None
        self._events = events = executed(structure)
        self._graph = Graph(len(events), sets_of(enumerate(events)), _relations(structure, events))
        self._fails = cat.judge(self._graph)
        self._all = prod(map(len, cells.values()))
        self._known: dict[tuple[int, int], bool] = {}
        self._raised: dict[tuple[int, int], frozenset[int]] = {}
        self._leaves = leaves
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
        there = inhabited_by(self.structure, self._events)
        if check.negated and not self.cat.inhabited(there)[self.cat.root(check)]:
            return Refuted(self._stats())
        if check.name in premises(self.cat).values:  # the graph has none
            if self._opened is None:
                self._opened = self._other()
            return self._opened.find_flag(check, goal, given)
        if self.cat.raises_never(self._graph, check):
            return Refuted(self._stats())
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
        if self._opened is not None:
            self._opened.limit(limits)

    def close(self) -> None:
        """Frees the solver that was asked about flags."""
        if self._opened is not None:
            self._opened.close()

    def _stats(self) -> Stats:
        return Stats(len(self._known), 0, 0, 0, self.meter.seconds)

    @cached_property
    def _usual(self) -> _Classes:
        return _Classes(self.structure, self._cells, self._leaves)

    def _classes(self, *terms: Term) -> _Classes:
        """Those in which the leaves of some terms are alike."""
        others = [part for part in _parts(terms, self._usual.columns) if part.op in _LEAVES]
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
            e.id: _written(self.structure, rf.get(e.id, e.id)) for e in events if e.kind != "F"
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


class _Classes:
    """The candidates, those together in which the leaves ``shown`` have the same values."""

    def __init__(
        self, structure: EventStructure, cells: dict[int, list[Local]], shown: Sequence[Term]
    ) -> None:
        self._structure = structure
        alike = [self._alike(cell, own, shown) for cell, own in cells.items()]
        self._locals = list(product(*[own.values() for own in alike]))
        # The values of terms, class by class.
        self.columns: dict[int, Sequence[int]] = {}
        leaves = [leaf for own in alike for leaf, _ in next(iter(own), ())]
        values = [tuple([v for own in chosen for _, v in own]) for chosen in product(*alike)]
        self.columns.update(zip(leaves, zip(*values, strict=True), strict=False))
        for part in shown:  # what a read gives that is never executed
            self.columns.setdefault(part.id, [0] * len(self._locals))

    def _alike(
        self, cell: int, own: Sequence[Local], shown: Sequence[Term]
    ) -> dict[tuple[tuple[int, int], ...], list[Local]]:
        """What one cell may have by the values that this gives to the leaves."""
        structure, first = self._structure, self._structure.first
        read = {t.payload + first: t.id for t in shown if t.op == "read"}
        last = [t.id for t in shown if t.op == "final" and t.payload == cell]
        found: dict[tuple[tuple[int, int], ...], list[Local]] = {}
        for local in own:
            values = [(read[r], _written(structure, w)) for r, w in local.sources if r in read]
            values += [(leaf, _written(structure, local.order[-1])) for leaf in last]
            found.setdefault(tuple(values), []).append(local)
        return found

    def choices(self, number: int) -> Iterator[Choice]:
        """The candidates of a class."""
        return product(*self._locals[number])

    def where(self, goal: Term, observed: Sequence[Term]) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The classes where the goal holds, with the values of what is observed. The leaves of all
        of these are among those that the classes show."""
        columns, count = self.columns, len(self._locals)
        for part in sorted(_parts((goal, *observed), columns), key=_number):
            if part.op == "const":
                columns[part.id] = [part.payload] * count
            else:
                columns[part.id] = _column(part, [columns[a.id] for a in part.args])
        shown = [_numbers(term, columns[term.id]) for term in observed]
        for number, holds in enumerate(columns[goal.id]):
            if holds:
                yield number, tuple([column[number] for column in shown])


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


def _number(term: Term) -> int:
    return term.id


def _written(structure: EventStructure, write: int) -> int:
    value = structure.events[write].value
    assert value is not None
    return value.payload


def _together(choice: Choice) -> tuple[int, int]:
    rf = co = 0
    for local in choice:
        rf, co = rf | local.rf, co | local.co
    return rf, co


def straight(
    structure: EventStructure, cat: CompiledCat, limits: Limits, other: Callable[[], Session]
) -> StraightSession | None:
    """None where more varies than rf and co, or there may be many candidates. ``other`` opens the
    session that is asked about flags."""
    parts = _terms_of(structure)
    if not _is_straight(structure) or not _UNSUITABLE.isdisjoint([part.op for part in parts]):
        return None
    events = executed(structure)
    cells = choices_of(events, structure.rmw, premises(cat), MOST)
    if cells is None or prod(map(len, cells.values())) > MOST:
        return None
    leaves = [part for part in parts if part.op in _LEAVES]
    return StraightSession(structure, cat, cells, leaves, limits, other)


def _is_straight(structure: EventStructure) -> bool:
    if structure.constraints or structure.obligations or structure.cuts or structure.waits:
        return False
    if structure.selectors or not all(map(_is_plain, structure.events)):
        return False
    return all(d.guard.op == "const" for d in structure.dependencies)


def _terms_of(structure: EventStructure) -> list[Term]:
    """What final states are made of, all parts."""
    terms = [term for _, term, _ in structure.observed]
    terms += [t for t in (structure.condition, structure.filter) if t is not None]
    return _parts(terms)


def _is_plain(event: Event) -> bool:
    """Whether the event is in every execution (or in none), at one place and with a known value."""
    if event.guard.op != "const":
        return False
    if event.kind == "F":
        return event.address is None
    if not event.guard.payload:
        return True
    assert event.address is not None and event.value is not None
    known = event.kind == "R" or event.value.op == "const"
    return event.address.op == "const" and len(event.cells) == 1 and known


def executed(structure: EventStructure) -> list[Event]:
    """The events, all of which every execution has."""
    return [event for event in structure.events if event.guard is structure.terms.true]


def _relations(structure: EventStructure, events: Sequence[Event]) -> dict[str, int]:
    """All but rf and co."""
    n, index = len(events), {event.id: i for i, event in enumerate(events)}
    rels = order_of(n, enumerate(events))
    cells: dict[int, list[int]] = {}
    for event in events:
        if event.kind != "F":
            cells.setdefault(event.cells[0], []).append(index[event.id])
    rels["loc"] = located(n, cells.values())
    known = [("rmw", r, w) for r, w in structure.rmw]
    known += [(d.relation, d.source, d.target) for d in structure.dependencies if d.guard.payload]
    for name, a, b in known:
        if a in index and b in index:
            rels[name] = rels.get(name, 0) | 1 << (index[a] * n + index[b])
    return rels


def _parts(terms: Sequence[Term], known: Container[int] = ()) -> list[Term]:
    """The terms and all that they are made of, but what is known by its number."""
    found: dict[int, Term] = {}
    stack = list(terms)
    while stack:
        part = stack.pop()
        if part.id not in found and part.id not in known:
            found[part.id] = part
            stack.extend(part.args)
    return list(found.values())
