"""What candidates of one structure may and must contain, as graphs over all its events."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from ksmcheck.cat.bits import closure
from ksmcheck.cat.bounds import Bounds
from ksmcheck.cat.compile import CompiledCat
from ksmcheck.cat.graph import Graph, rel_bits, set_bits, shape, union_of
from ksmcheck.cat.vacuity import Base as VacuityBase
from ksmcheck.events.structure import Event, EventStructure
from ksmcheck.solve.base import Base
from ksmcheck.solve.facts import Presence
from ksmcheck.solve.gates import FALSE, TRUE
from ksmcheck.solve.premises import VALUES
from ksmcheck.solve.skeleton import order_of, sets_of

Weighted = Iterable[tuple[int, int, int]]
"""Pairs with the literal that they are in the relation, where their events are executed."""


def ranges(base: Base, presence: Presence) -> tuple[Graph, Graph]:
    """The graphs (may, must) as ``cat.bounds`` has them; event i of both is event i of the
    structure."""
    n, possible = len(base.events), presence.live
    there = [(event.id, event) for event in base.events if possible >> event.id & 1]
    sets = sets_of(there)
    certain = set_bits(e.id for e in base.events if base.exec[e.id] == TRUE)
    order = order_of(n, there)
    may = {name: value & presence.together for name, value in order.items()}
    must = dict(may)
    near, sure = _locations(base, possible)
    may["loc"], must["loc"] = near & presence.together, sure & presence.together
    for name, weighted in _relations(base).items():
        pairs = [(a, b, literal) for a, b, literal in weighted if literal != FALSE]
        may[name] = rel_bits(n, ((a, b) for a, b, _ in pairs)) & presence.together
        must[name] = rel_bits(n, ((a, b) for a, b, x in pairs if x == TRUE)) & presence.together
    # The order is known of writes that may be to different cells.
    may["co"] &= near
    must["co"] &= sure
    may[VALUES] = shape(n).full
    return Graph(n, sets, may), Graph(n, {**sets, "_": certain}, must)


def _relations(base: Base) -> dict[str, Weighted]:
    found: dict[str, Weighted] = {
        "rf": [(w, r, literal) for (w, r), literal in base.rf.items()],
        "co": base.orders(),
        "rmw": [(r, w, TRUE) for r, w in base.structure.rmw],
    }
    for name in ("addr", "data", "ctrl"):
        found[name] = [
            (d.source, d.target, base.literal(d.guard))
            for d in base.structure.dependencies
            if d.relation == name
        ]
    return found


def _locations(base: Base, possible: int) -> tuple[int, int]:
    """The pairs of accesses that may be, and that are to one cell wherever they are executed."""
    n = len(base.events)
    accesses = [e for e in base.events if e.address is not None and possible >> e.id & 1]
    near: dict[int, int] = {}
    certain: dict[int, int] = {}
    alike: dict[int, int] = {}
    for event in accesses:
        assert event.address is not None
        for cell in event.cells:
            literal = base.at(event.id, cell)
            if literal != FALSE:
                near[cell] = near.get(cell, 0) | 1 << event.id
            if literal == TRUE:
                certain[cell] = certain.get(cell, 0) | 1 << event.id
        alike[event.address.id] = alike.get(event.address.id, 0) | 1 << event.id
    may = must = 0
    for event in accesses:
        assert event.address is not None
        cells = [c for c in event.cells if base.at(event.id, c) != FALSE]
        row = union_of(near[c] for c in cells)
        sure = union_of(certain.get(c, 0) for c in cells if base.at(event.id, c) == TRUE)
        # One address is one cell, if it is a cell's.
        if base.same(event.id, event.id) == TRUE:
            sure |= alike[event.address.id] & row
        may |= row << (event.id * n)
        must |= sure << (event.id * n)
    return may, must


_ANYWHERE = frozenset[VacuityBase](
    ("rel", name) for name in ("po", "int", "ext", "loc", "rf", "co", VALUES)
)


def given(structure: EventStructure, executed: Iterable[Event]) -> frozenset[VacuityBase]:
    """The sets and relations of which some candidate may have something, if at most these events
    are executed."""
    sets = {"IW"}
    for event in executed:
        sets.update((event.kind, *event.tags))
    relations = {d.relation for d in structure.dependencies} | ({"rmw"} if structure.rmw else set())
    found: set[VacuityBase] = {("set", name) for name in sets}
    return _ANYWHERE | found | {("rel", name) for name in relations}


class Reach:
    """What each node of a model may contain in some candidate; computed when first asked for."""

    def __init__(self, base: Base, cat: CompiledCat) -> None:
        self._base = base
        self._cat = cat

    @cached_property
    def _bounds(self) -> Bounds:
        presence = Presence(self._base)
        return Bounds(self._cat, *ranges(self._base, presence), presence.implied)

    def may(self, node: int) -> int:
        """Over all events of the structure."""
        return self._bounds.may(node)

    @cached_property
    def raisable(self) -> frozenset[str]:
        """The flags that some candidate may raise, by name: no other can be."""
        whole, found = shape(len(self._base.events)), set()
        base = self._base
        executed = [event for event in base.events if base.exec[event.id] != FALSE]
        inhabited = self._cat.inhabited(given(base.structure, executed))
        graph = Graph(len(base.events), sets_of((e.id, e) for e in executed), {})
        for check, root in zip(self._cat.checks, self._cat.algebra.roots, strict=True):
            if check.flag:
                never = not inhabited[root] or self._cat.raises_never_among(graph, check)
                most = 0 if never else self.may(root)
                if check.kind == "acyclic":
                    most = closure(most, whole)
                if check.kind != "empty":
                    most &= whole.diagonal
                if most or not check.negated:
                    found.add(check.name)
        return frozenset(found)
