"""From an assignment of the base encoding to the graph that a cat file judges, and back.

What does not change with rf and co (the *skeleton*) is built once for each set of executed events,
addresses and dependencies that is met. Back: facts of the graph become literals.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ksmcheck.cat.derive import LACKING, Fact
from ksmcheck.cat.graph import Graph
from ksmcheck.cat.reasons import Reason
from ksmcheck.record import Struct
from ksmcheck.solve.base import Base
from ksmcheck.solve.gates import FALSE, TRUE
from ksmcheck.solve.skeleton import located, order_of, sets_of
from ksmcheck.text import InternalError

_KEPT = 256
_DEPENDENCIES = ("addr", "data", "ctrl")


class Skeleton(Struct, frozen=True, eq=False):
    """``events[i]`` is the structure's id of event i of the graph.

    ``reads``  per executed read its possible (literal, rf bit).
    ``orders`` per pair of writes to one cell (literal of a before b, bit (a, b), bit (b, a)).
    ``co``     the bits of co that hold in any case.
    """

    events: tuple[int, ...]
    sets: dict[str, int]
    rels: dict[str, int]
    cells: dict[int, list[int]]
    reads: list[list[tuple[int, int]]]
    orders: list[tuple[int, int, int]]
    co: int


class Concrete:
    """Reads the models of one base encoding."""

    def __init__(self, base: Base) -> None:
        self.base = base
        self.dependencies = [
            (d.relation, d.source, d.target, base.literal(d.guard))
            for d in base.structure.dependencies
        ]
        self._skeletons: dict[tuple[bool, ...], Skeleton] = {}
        self._guards: dict[tuple[str, int, int], list[int]] = {}
        for relation, source, target, guard in self.dependencies:
            self._guards.setdefault((relation, source, target), []).append(guard)
        self.mask = self._mask()
        self.fixed = self._fixed()

    def _mask(self) -> list[int]:
        """The variables that decide the skeleton."""
        literals = list(self.base.exec)
        for event in self.base.events:
            literals += [self.base.at(event.id, c) for c in event.cells]
        literals += [guard for *_, guard in self.dependencies]
        return sorted({abs(x) for x in literals} - {TRUE})

    def _fixed(self) -> tuple[str, ...]:
        """What is alike in all candidates with the same executed events (CompiledCat.explain)."""
        base = self.base
        fixed = []
        accesses = [e for e in base.events if e.address is not None and base.exec[e.id] != FALSE]
        if all(any(base.at(e.id, c) == TRUE for c in e.cells) for e in accesses):
            fixed.append("loc")
        for relation in _DEPENDENCIES:
            if all(g in (TRUE, FALSE) for r, *_, g in self.dependencies if r == relation):
                fixed.append(relation)
        if all(x in (TRUE, FALSE) for x in base.exec):
            fixed.append("exec")
        return tuple(fixed)

    def skeleton(self, model: Sequence[int]) -> Skeleton:
        """The part of the candidate that does not depend on rf and co."""
        key = tuple([model[v - 1] > 0 for v in self.mask])
        found = self._skeletons.get(key)
        if found is None:
            if len(self._skeletons) >= _KEPT:
                self._skeletons.clear()
            found = self._skeletons[key] = _Builder(self, model).skeleton()
        return found

    def graph(self, skeleton: Skeleton, model: Sequence[int]) -> Graph:
        """The candidate's graph."""
        rf, co = 0, skeleton.co
        for options in skeleton.reads:
            for literal, bit in options:
                if model[abs(literal) - 1] == literal:
                    rf |= bit
                    break
        for literal, forth, back in skeleton.orders:
            co |= forth if model[abs(literal) - 1] == literal else back
        return Graph(len(skeleton.events), skeleton.sets, {**skeleton.rels, "rf": rf, "co": co})

    # Back to literals.

    def might(self, skeleton: Skeleton) -> dict[str, int]:
        """All pairs that rf and co may have with the skeleton's events and addresses."""
        rf, co = 0, skeleton.co
        for options in skeleton.reads:
            for _, bit in options:
                rf |= bit
        for _, forth, back in skeleton.orders:
            co |= forth | back
        return {"rf": rf, "co": co}

    def forbids(self, skeleton: Skeleton, reason: Reason, model: Sequence[int]) -> list[int]:
        """Forbids facts of which the candidate need not have all."""
        clause = self.against(reason.facts, skeleton, model)
        clause.discard(FALSE)
        return sorted(clause)

    def clause(self, skeleton: Skeleton, reason: Reason, model: Sequence[int]) -> list[int]:
        """Forbids the facts of a reason, for every candidate."""
        clause = self.against(reason.facts, skeleton, model)
        clause.discard(FALSE)
        self._falsified(clause, model)
        return sorted(clause)

    def against(self, facts: Iterable[Fact], skeleton: Skeleton, model: Sequence[int]) -> set[int]:
        """Literals one of which holds where some fact does not (or one that is lacking does)."""
        events = skeleton.events
        found: set[int] = set()
        for name, a, b in facts:
            if name.startswith(LACKING):
                found.update(self.towards(name.removeprefix(LACKING), a, b))
            else:
                found.update(-x for x in self._fact(name, events[a], events[b], model))
        return found

    def towards(self, name: str, a: int, b: int) -> Iterable[int]:
        """Literals one of which holds wherever the fact does; events as in the structure."""
        base = self.base
        if name == "exec":
            return (base.exec[a],)
        if name == "rf":
            return (base.rf.get((a, b), FALSE),)
        if name == "loc":
            return (base.same(a, b),)
        if name == "co":
            if not base.ordered(a, b):
                return ()
            return (base.gates.all_of((base.order(a, b), base.same(a, b))),)
        return self._guards.get((name, a, b), ())

    def fact(self, name: str, a: int, b: int) -> tuple[int, ...] | None:
        """Literals that hold together where the fact does; None where it never does. Events as in
        the structure."""
        base = self.base
        if name == "exec":
            return (base.exec[a],)
        if name == "rf":
            literal = base.rf.get((a, b))
            return None if literal is None else (literal,)
        both = (base.exec[a], base.exec[b])
        if name == "co":
            return (*both, base.same(a, b), base.order(a, b)) if base.ordered(a, b) else None
        if name == "loc":
            return (*both, base.same(a, b))
        guards = self._guards.get((name, a, b))
        return None if guards is None else (*both, base.gates.any_of(guards))

    def _fact(self, name: str, a: int, b: int, model: Sequence[int]) -> tuple[int, ...]:
        """As ``fact``, for one that a candidate has: of several guards, one that holds."""
        guards = self._guards.get((name, a, b), ())
        if len(guards) > 1:
            holding = next(g for g in guards if model[abs(g) - 1] == g)
            return (self.base.exec[a], self.base.exec[b], holding)
        found = self.fact(name, a, b)
        assert found is not None
        return found

    def block(self, skeleton: Skeleton, model: Sequence[int]) -> list[int]:
        """Forbids this very graph."""
        clause = {-model[v - 1] for v in self.mask}
        for options in skeleton.reads:
            clause.update(-x for x, _ in options if model[abs(x) - 1] == x)
        clause.update(-model[abs(x) - 1] for x, *_ in skeleton.orders)
        clause.discard(FALSE)
        self._falsified(clause, model)
        return sorted(clause)

    @staticmethod
    def _falsified(clause: Iterable[int], model: Sequence[int]) -> None:
        """A learned clause that the candidate meets would make the loop run for ever.

        Gates made for the clause are not in the model yet; they follow from what is.
        """
        for literal in clause:
            if abs(literal) <= len(model) and model[abs(literal) - 1] == literal:
                raise InternalError("a reason does not hold in the candidate that it is for")


class _Builder:
    """Builds one skeleton."""

    def __init__(self, concrete: Concrete, model: Sequence[int]) -> None:
        self.concrete = concrete
        self.base = concrete.base
        self.model = model
        self.events = tuple(e.id for e in self.base.events if self._holds(self.base.exec[e.id]))
        self.executed = [self.base.events[e] for e in self.events]
        self.n = len(self.events)
        self.index = {e: i for i, e in enumerate(self.events)}
        self.cells: dict[int, list[int]] = {}
        for event in self.events:
            for cell in self.base.events[event].cells:
                if self._holds(self.base.at(event, cell)):
                    self.cells.setdefault(cell, []).append(event)

    def skeleton(self) -> Skeleton:
        orders, co = self._orders()
        return Skeleton(
            self.events,
            sets_of(enumerate(self.executed)),
            self._rels(),
            self.cells,
            self._reads(),
            orders,
            co,
        )

    def _holds(self, literal: int) -> bool:
        return literal == TRUE or self.model[abs(literal) - 1] == literal

    def _bit(self, a: int, b: int) -> int:
        return 1 << (self.index[a] * self.n + self.index[b])

    def _rels(self) -> dict[str, int]:
        n, index = self.n, self.index
        rels = order_of(n, enumerate(self.executed))
        rels["loc"] = located(n, [[index[e] for e in own] for own in self.cells.values()])
        rows: dict[str, dict[int, int]] = {}
        model = self.model
        pairs = [("rmw", r, w, TRUE) for r, w in self.base.structure.rmw]
        for name, a, b, guard in (*pairs, *self.concrete.dependencies):
            if a in index and b in index and (guard == TRUE or model[abs(guard) - 1] == guard):
                own = rows.setdefault(name, {})
                own[a] = own.get(a, 0) | 1 << index[b]
        for name, own in rows.items():
            rels[name] = sum(row << (index[a] * n) for a, row in own.items())
        return rels

    def _reads(self) -> list[list[tuple[int, int]]]:
        reads = []
        for read in self.events:
            sources = self.base.sources.get(read)
            if sources:
                options = [(w, self.base.rf[w, read]) for w in sources if w in self.index]
                reads.append([(rf, self._bit(w, read)) for w, rf in options if rf != FALSE])
        return reads

    def _orders(self) -> tuple[list[tuple[int, int, int]], int]:
        orders, co = [], 0
        for members in self.cells.values():
            writes = [e for e in members if self.base.events[e].kind == "W"]
            for i, a in enumerate(writes):
                for b in writes[i + 1 :]:
                    literal = self.base.order(a, b)
                    if literal == TRUE:
                        co |= self._bit(a, b)
                    elif literal == FALSE:
                        co |= self._bit(b, a)
                    else:
                        orders.append((literal, self._bit(a, b), self._bit(b, a)))
        return orders, co
