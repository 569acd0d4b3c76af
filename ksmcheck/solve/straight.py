"""Tests without a turn: every execution has the same events, each at one place, and what is written
is known beforehand. Only rf and co vary, and there are few of them: no solver is needed.

Most hand-written and generated tests are of this kind. Candidates are put together cell by cell
(``cellwise``), and the cat file judges every one that is asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, product
from math import prod

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

MOST = 1024
"""Candidates at most: of more a solver finds those that matter sooner."""

_TOGETHER = 16
"""From so many candidates on they are judged all at once."""

_MAY_BE_UNDEFINED = frozenset(("div", "mod", "shl", "shr"))


class StraightSession:
    """Answers as ``Session`` does; what it looks at is too little for a limit to matter.
    ``straight`` makes one where it can."""

    def __init__(
        self,
        structure: EventStructure,
        cat: CompiledCat,
        cells: dict[int, list[Local]],
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

    def states(self, observed: Sequence[Term], goal: Term) -> States:
        """All value tuples of ``observed`` over the consistent executions where ``goal`` holds."""
        found: set[tuple[int, ...]] = set()
        classes = _Classes(self.structure, self._cells, (goal, *observed))
        if self._all >= _TOGETHER:
            self._judge_all()
        for number, state in classes.where(goal, observed):
            if state not in found and any(map(self._consistent, classes.choices(number))):
                found.add(state)
        return States(tuple(sorted(found)), None, self._stats())

    def find(self, goal: Term, given: Sequence[Term] = ()) -> Outcome:
        """A consistent execution where ``goal`` holds, and all of ``given``."""
        goal = self.structure.terms.both(goal, *given)
        classes = _Classes(self.structure, self._cells, (goal,))
        for number, _ in classes.where(goal, ()):
            for choice in classes.choices(number):
                if len(self._known) == _TOGETHER:
                    self._judge_all()
                if self._consistent(choice):
                    return Found(self._candidate(choice), self._stats())
        return Refuted(self._stats(), tuple(given))

    def find_flag(self, check: Check, goal: Term, given: Sequence[Term] = ()) -> Outcome:
        """As ``Session``, which is asked where the flag may be raised at all: it looks for it pair
        by pair."""
        there = inhabited_by(self.structure, self._events)
        if check.negated and not self.cat.inhabited(there)[self.cat.root(check)]:
            return Refuted(self._stats())
        if self._opened is None:
            self._opened = self._other()
        return self._opened.find_flag(check, goal, given)

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

    # Candidates.

    def _consistent(self, choice: Choice) -> bool:
        key = _together(choice)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = not self._fails(*key)
        return found

    def _judge_all(self) -> None:
        """Whether each candidate is consistent."""
        if len(self._known) == self._all:
            return
        choices = list(product(*self._cells.values()))
        keys = [_together(choice) for choice in choices]
        many = self.cat.together(self._graph)
        failing = many.failing(self._rows(choices), len(choices))
        self._known = {key: not failing >> k & 1 for k, key in enumerate(keys)}

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
    """The candidates, those together in which the leaves of some terms have the same values."""

    def __init__(
        self, structure: EventStructure, cells: dict[int, list[Local]], terms: Sequence[Term]
    ) -> None:
        self._structure = structure
        self._parts = _parts(terms)
        shown = [part for part in self._parts if part.op in ("read", "final")]
        alike = [self._alike(cell, own, shown) for cell, own in cells.items()]
        self._locals = list(product(*[own.values() for own in alike]))
        self._leaves: dict[int, list[int]] = {}
        for chosen in product(*alike):
            for leaf, value in chain(*chosen):
                self._leaves.setdefault(leaf, []).append(value)
        for part in shown:  # what a read gives that is never executed
            self._leaves.setdefault(part.id, [0] * len(self._locals))

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
        """The classes where the goal holds, with the values of what is observed."""
        columns = self._columns()
        shown = [columns[term.id] for term in observed]
        for number, holds in enumerate(columns[goal.id]):
            if holds:
                yield number, tuple([column[number] for column in shown])

    def _columns(self) -> dict[int, Sequence[int]]:
        """The values of all terms, class by class."""
        count = len(self._locals)
        columns: dict[int, Sequence[int]] = dict(self._leaves)
        for part in sorted(self._parts, key=_number):
            if part.op == "const":
                columns[part.id] = [part.payload] * count
            elif part.args:
                columns[part.id] = _column(part, [columns[a.id] for a in part.args])
        return columns


def _column(term: Term, args: Sequence[Sequence[int]]) -> Sequence[int]:
    match term.op, args:
        case "lnot", [a]:
            return [0 if x else 1 for x in a]
        case "land", [a, b]:
            return [1 if x and y else 0 for x, y in zip(a, b, strict=True)]
        case "cast", [a]:
            wrap = term.type.wrap
            known = {x: wrap(x) for x in set(a)}
            return [known[x] for x in a]
    apply, wrap = OPERATORS[term.op], term.type.wrap
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
    if not _is_straight(structure):
        return None
    events = executed(structure)
    cells = choices_of(events, structure.rmw, premises(cat), MOST)
    if cells is None or prod(map(len, cells.values())) > MOST:
        return None
    return StraightSession(structure, cat, cells, limits, other)


def _is_straight(structure: EventStructure) -> bool:
    if structure.constraints or structure.obligations or structure.cuts or structure.waits:
        return False
    if structure.selectors or not all(_is_plain(structure, event) for event in structure.events):
        return False
    if not all(d.guard.is_const for d in structure.dependencies):
        return False
    terms = [term for _, term, _ in structure.observed]
    terms += [t for t in (structure.condition, structure.filter) if t is not None]
    return all(part.op not in _MAY_BE_UNDEFINED and part.op != "choice" for part in _parts(terms))


def _is_plain(structure: EventStructure, event: Event) -> bool:
    """Whether the event is in every execution (or in none), at one place and with a known value."""
    if not event.guard.is_const:
        return False
    if event.kind == "F":
        return event.address is None
    if event.guard is structure.terms.false:
        return True
    assert event.address is not None and event.value is not None
    known = event.kind == "R" or event.value.is_const
    return event.address.is_const and len(event.cells) == 1 and known


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


def _parts(terms: Sequence[Term]) -> list[Term]:
    """The terms and all that they are made of."""
    found: dict[int, Term] = {}
    stack = list(terms)
    while stack:
        part = stack.pop()
        if part.id not in found:
            found[part.id] = part
            stack.extend(part.args)
    return list(found.values())
