"""What one program's executions have taught about a model, said of other programs.

Variants of a program share most of their events. A reason why a candidate is inconsistent, or why
a pair does not raise a flag, is a derivation from facts about a few events: which tuples rf, co and
the dependencies have, who is executed, and what holds of those events whenever they are executed
(their thread, order, kind and tags). Where another program has events of which the same holds, the
same facts have the same consequence there. A reason that speaks of what is absent hangs also on
what else the candidates may contain: those are its limits, and they have to be met there too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

from ksmcheck.cat.algebra import Node
from ksmcheck.cat.compile import CompiledCat
from ksmcheck.cat.derive import LACKING, Fact, Limit
from ksmcheck.cat.graph import members, rows
from ksmcheck.events.structure import INIT_THREAD, Event
from ksmcheck.record import Struct, field
from ksmcheck.solve.base import Base
from ksmcheck.solve.concrete import Concrete
from ksmcheck.solve.gates import FALSE, TRUE

_MOST = 4000
"""Lemmas on one subject that are kept."""

Signature: TypeAlias = tuple[object, ...]

Subject: TypeAlias = tuple[object, ...]
"""What lemmas are about: a model's consistency, or a pair and a flag that it does not raise."""


class Lemma(Struct, frozen=True):
    """``facts`` that hold and others that are ``lacking`` cannot be together, within ``limits``:
    so says the requirement or flag ``name``.

    Events are numbers of signatures. ``order`` lists all but those that are not executed by thread
    and program order, ``joined`` tells which of them have the place of the one before.
    """

    name: str
    facts: frozenset[Fact]
    lacking: frozenset[Fact]
    limits: frozenset[Limit]
    order: tuple[int, ...]
    joined: tuple[bool, ...]


class Lemmas(Struct):
    """Those of one run, by what they are about, the model, and what its candidates have in common
    (``Concrete.fixed``)."""

    _numbers: dict[Signature, int] = field(default_factory=dict)
    _known: dict[Subject, dict[Lemma, None]] = field(default_factory=dict)
    _limits: dict[Limit, Limit] = field(default_factory=dict)

    def view(self, concrete: Concrete, cat: CompiledCat, may: Callable[[int], int]) -> View | None:
        """For one structure, and what its model's nodes ``may`` have; None where nothing can be
        shared."""
        fixed = concrete.fixed
        if "exec" in fixed:
            return None
        signatures = _signatures(concrete.base, fixed)
        numbers = [self._numbers.setdefault(s, len(self._numbers)) for s in signatures]
        model = cat.digest, fixed
        return View(concrete, model, self._known, self._limits, numbers, cat.nodes, may)


class View:
    """The lemmas as one structure sees them: ``numbers`` are its events' signatures."""

    def __init__(
        self,
        concrete: Concrete,
        model: Subject,
        known: dict[Subject, dict[Lemma, None]],
        limits: dict[Limit, Limit],
        numbers: list[int],
        nodes: Sequence[Node],
        may: Callable[[int], int],
    ) -> None:
        self._concrete = concrete
        self._model = model
        self._known, self._limits = known, limits
        self._numbers = numbers
        self._nodes = nodes
        self._may = may
        self._place = {number: event for event, number in enumerate(numbers)}
        self._at = [(e.thread, e.position) for e in concrete.base.events]
        self._met: dict[Limit, bool] = {}
        self._known_rows: dict[int, list[int]] = {}
        self._all = frozenset(numbers)

    def add(
        self,
        name: str,
        facts: Iterable[Fact],
        lacking: Iterable[Fact],
        limits: Iterable[Limit],
        about: tuple[int, int, int] | None = None,
    ) -> None:
        """Of a requirement, or ``about`` a flag (by its number) and the pair that it is not raised
        for. Events are those of the structure."""
        known = self._known.setdefault(self._subject(about), {})
        if len(known) >= _MOST:
            return
        facts, lacking, limits = set(facts), set(lacking), set(limits)
        pairs = [(a, b) for _, a, b in facts]
        pairs += [(a, b) for fact, a, b in lacking if fact != "exec"]
        pairs += [(a, b) for _, _, a, b, _ in limits]
        pairs += [] if about is None else [about[1:]]
        at, n = self._at, self._numbers
        events = sorted({e for pair in pairs for e in pair}, key=lambda e: (at[e], e))
        known[
            Lemma(
                name,
                frozenset([(fact, n[a], n[b]) for fact, a, b in facts]),
                frozenset([(fact, n[a], n[b]) for fact, a, b in lacking]),
                frozenset(
                    [
                        self._one((k, i, n[a], n[b], frozenset([n[e] for e in more])))
                        for k, i, a, b, more in limits
                    ]
                ),
                tuple([n[e] for e in events]),
                tuple([at[a] == at[b] for a, b in pairwise(events)]),
            )
        ] = None

    def _one(self, limit: Limit) -> Limit:
        """Equal limits are one: they are looked up often, and some list hundreds of events."""
        return self._limits.setdefault(limit, limit)

    def required(self) -> Iterator[tuple[str, list[int]]]:
        """What the lemmas say of this structure's consistent candidates, and the requirement."""
        yield from self._told(self._subject(None))

    def acquitted(self, flag: int, a: int, b: int) -> Iterator[list[int]]:
        """The same of candidates in which a pair raises a flag, by the flag's number."""
        for _, clause in self._told(self._subject((flag, a, b))):
            yield clause

    def _told(self, subject: Subject) -> Iterator[tuple[str, list[int]]]:
        for lemma in list(self._known.get(subject, ())):
            clause = self._clause(lemma)
            if clause is not None:
                yield lemma.name, clause

    def _subject(self, about: tuple[int, int, int] | None) -> Subject:
        if about is None:
            return self._model
        flag, a, b = about
        return (*self._model, flag, self._numbers[a], self._numbers[b])

    def _clause(self, lemma: Lemma) -> list[int] | None:
        """None where the lemma does not apply."""
        place = self._place
        if not self._all.issuperset(lemma.order):
            return None
        if not self._ordered([place[number] for number in lemma.order], lemma.joined):
            return None
        clause: set[int] = set()
        for name, a, b in lemma.facts:
            literals = self._concrete.fact(name, place[a], place[b])
            if literals is None:
                return None  # it never holds
            clause.update([-x for x in literals])
        for name, a, b in lemma.lacking:
            if a in place and b in place:  # what is not there lacks everything
                clause.update(self._concrete.towards(name, place[a], place[b]))
        clause.discard(FALSE)
        return sorted(clause) if all(map(self._is_met, lemma.limits)) else None

    def _ordered(self, events: list[int], joined: tuple[bool, ...]) -> bool:
        at = [self._at[e] for e in events]
        for (a, b), together in zip(pairwise(at), joined, strict=True):
            if (a != b) if together else (a >= b and a[0] != INIT_THREAD):
                return False
        return True

    # Limits.

    def _is_met(self, limit: Limit) -> bool:
        met = self._met.get(limit)
        if met is None:
            met = self._met[limit] = self._judge(*limit)
        return met

    def _judge(self, kind: str, node: int, one: int, other: int, events: frozenset[int]) -> bool:
        if kind == "pair":
            return True  # as in the order
        a, b = self._place[one], self._place[other]
        if kind == "lacks" and self._nodes[node].sort == "set":
            return not self._may(node) >> a & 1
        if kind == "lacks":
            return not self._rows(node)[a] >> b & 1
        if kind == "from":
            there = members(self._rows(node)[a])
        elif kind == "into":
            there = [m for m, row in enumerate(self._rows(node)) if row >> a & 1]
        else:
            left, right = map(self._rows, self._nodes[node].args)
            there = [m for m in members(left[a]) if right[m] >> b & 1]
        return all(self._numbers[m] in events for m in there)

    def _rows(self, node: int) -> list[int]:
        """What a node may have, row by row."""
        found = self._known_rows.get(node)
        if found is None:
            found = self._known_rows[node] = rows(len(self._numbers), self._may(node))
        return found


def _signatures(base: Base, fixed: tuple[str, ...]) -> list[Signature]:
    """What holds of each event whenever it is executed, and which one it is among those alike."""
    structure = base.structure
    seen: dict[Signature, int] = {}
    found: list[Signature] = []
    for event in structure.events:
        likeness = _likeness(event, base, "loc" in fixed)
        seen[likeness] = number = seen.get(likeness, -1) + 1
        found.append((*likeness, number))
    into: dict[int, list[tuple[str, Signature]]] = {}
    for read, write in structure.rmw:
        into.setdefault(write, []).append(("rmw", found[read]))
    for d in structure.dependencies:
        if d.relation in fixed and base.literal(d.guard) == TRUE:
            into.setdefault(d.target, []).append((d.relation, found[d.source]))
    return [(*s, frozenset(into.get(e, ()))) for e, s in enumerate(found)]


def _likeness(event: Event, base: Base, located: bool) -> Signature:
    cells: object = None
    if located or event.thread == INIT_THREAD:
        sure = [c for c in event.cells if base.at(event.id, c) == TRUE]
        cells = tuple([base.structure.cells[c].address for c in sure])
    where: Signature = ()
    if event.origin is not None:
        spans = (event.origin.span, *(frame.call for frame in event.origin.stack))
        where = tuple((s.source.name, s.start, s.end) for s in spans)
    return (event.thread, event.kind, event.tags, event.address is None, cells, where)


def split(facts: Iterable[Fact], events: Sequence[int]) -> tuple[list[Fact], list[Fact]]:
    """Of a reason's facts those that hold, with the structure's events in the place of the graph's,
    and those that are lacking."""
    holding, lacking = [], []
    for name, a, b in facts:
        if name.startswith(LACKING):
            lacking.append((name.removeprefix(LACKING), a, b))
        else:
            holding.append((name, events[a], events[b]))
    return holding, lacking
