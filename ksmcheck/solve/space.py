"""The candidates of a test without a turn: every execution has the same events, each at one place,
and what is written is known beforehand. Only rf and co vary."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from ksmcheck.cat.algebra import Check
from ksmcheck.cat.compile import CompiledCat
from ksmcheck.cat.graph import Graph
from ksmcheck.events.structure import Event, EventStructure
from ksmcheck.events.terms import Term
from ksmcheck.events.value_sets import closure
from ksmcheck.record import Struct
from ksmcheck.solve.cellwise import Local, choices_of
from ksmcheck.solve.columns import LEAVES
from ksmcheck.solve.premises import premises
from ksmcheck.solve.ranges import given as inhabited_by
from ksmcheck.solve.skeleton import located, order_of, sets_of

_UNSUITABLE = frozenset(("choice", "div", "mod", "shl", "shr"))
"""A free one, and those that may have no value."""


class Space(Struct, frozen=True, eq=False):
    """``events`` are those of every execution, ``graph`` has all but rf and co, which ``cells``
    have: a candidate is one choice of each. Final states hang on the ``leaves``."""

    structure: EventStructure
    events: list[Event]
    cells: dict[int, list[Local]]
    leaves: list[Term]
    graph: Graph

    @property
    def count(self) -> int:
        """How many candidates there are."""
        return prod(map(len, self.cells.values()))


def space_of(structure: EventStructure, cat: CompiledCat, most: int) -> Space | None:
    """None where more varies than rf and co, or a cell may have more than ``most``."""
    if not _is_straight(structure):
        return None
    parts = _terms_of(structure)
    if not _UNSUITABLE.isdisjoint([part.op for part in parts]):
        return None
    events = executed(structure)
    cells = choices_of(events, structure.rmw, premises(cat), most)
    if cells is None:
        return None
    leaves = [part for part in parts if part.op in LEAVES]
    graph = Graph(len(events), sets_of(enumerate(events)), _relations(structure, events))
    return Space(structure, events, cells, leaves, graph)


def raised_never(space: Space, cat: CompiledCat, check: Check) -> bool:
    """Whether it is plain that no candidate raises the flag."""
    there = inhabited_by(space.structure, space.events)
    if check.negated and not cat.inhabited(there)[cat.root(check)]:
        return True
    return not looks_at_values(cat, check) and cat.raises_never(space.graph, check)


def looks_at_values(cat: CompiledCat, check: Check) -> bool:
    """Whether a flag hangs on what accesses read and write: the graphs here do not tell."""
    return check.name in premises(cat).values


def executed(structure: EventStructure) -> list[Event]:
    """The events, all of which every execution has."""
    return [event for event in structure.events if event.guard is structure.terms.true]


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
    return closure(terms)


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
