"""The base encoding: which events are executed, where, with which values, rf and co.

Every assignment of the clauses is a candidate execution that meets the structure's constraints;
consistency with the memory model is not in here (but see ``coherence``). All engines and back ends
build on this class.

Conventions. A read that is not executed, or whose address is no cell's, has the value 0 and no rf.
``order(a, b)`` is one total order over the writes that may share a cell, of which only pairs of
executed writes to the same cell are co; it starts with the initial writes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from weakref import WeakMethod

from ksmcheck.events.structure import INIT_THREAD, Event, EventStructure
from ksmcheck.events.terms import Term
from ksmcheck.solve import vectors
from ksmcheck.solve.copies import circles_of
from ksmcheck.solve.gates import FALSE, TRUE, Gates
from ksmcheck.solve.ranks import Ranks
from ksmcheck.solve.term_literals import Domain, TermLiterals
from ksmcheck.solve.vectors import Vector

WIDE = 48
"""A read of more values than this has a bit vector for its value."""


class Base:
    """Literals of one event structure. ``coherent``: the model forbids coherence violations, so
    what would be one may be left out from the start.

    ``exec[e]``  event e is executed.
    ``rf[w, r]`` r is executed and reads from w.
    ``sources[r]`` the writes that r may read from.
    Raises TooManyValues where a term has too many values to be enumerated.
    """

    def __init__(self, structure: EventStructure, coherent: bool) -> None:
        self.structure = structure
        self.coherent = coherent
        self.events = structure.events
        self.gates = Gates()
        self.terms = TermLiterals(self.gates, _weakly(self._leaf))
        self._origin: Base | None = None  # whose terms these are, if not its own
        self.exec: list[int] = []
        self.rf: dict[tuple[int, int], int] = {}
        self.sources: dict[int, list[int]] = {}
        self.writes_to: dict[int, list[Event]] = {}
        self._address_of = {c.id: c.address for c in structure.cells}
        self._reads: dict[int, Domain | Vector] = {}
        self._order: dict[tuple[int, int], int] = {}
        self._same: dict[tuple[int, int], int] = {}
        self._at: list[dict[int, int]] = []
        self._astray: dict[int, int] = {}
        for event in self.events:
            if event.kind == "W" and event.guard is not structure.terms.false:
                for cell in event.cells:
                    self.writes_to.setdefault(cell, []).append(event)
        for event in self.events:
            self._event(event)
        for read, sources in self.sources.items():
            for write in sources:
                self._link(self.events[write], self.events[read])
        self._no_circles()
        self._orders()
        for rule in structure.constraints:
            self.gates.add(self.terms.literal(rule))

    def seen_by(self, structure: EventStructure) -> Base:
        """The same encoding for a structure with the same accesses, ``rmw`` and constraints.

        It has literals of its own for that structure's fences; gates are shared.
        """
        if structure is self.structure:
            return self
        seen = Base.__new__(Base)
        seen.__dict__.update(
            {k: v for k, v in self.__dict__.items() if k not in ("astray", "undefined")}
        )
        seen._origin = self
        seen.structure, seen.events = structure, structure.events
        fences = [event for event in structure.events if event.kind == "F"]
        accesses = len(structure.events) - len(fences)
        seen.exec, seen._at = self.exec[:accesses], self._at[:accesses]
        seen._astray = {e: x for e, x in self._astray.items() if e < accesses}
        seen._same = dict(self._same)
        seen.writes_to = {
            cell: [structure.events[w.id] for w in writes]
            for cell, writes in self.writes_to.items()
        }
        for fence in fences:
            seen._event(fence)
        return seen

    # Questions.

    def literal(self, term: Term) -> int:
        """The literal of a boolean term (its clauses are added on first use)."""
        return self.terms.literal(term)

    def domain(self, term: Term) -> Domain:
        """Value -> literal of any term."""
        return self.terms.domain(term)

    def at(self, event: int, cell: int) -> int:
        """The literal that the address of ``event`` is the cell's (no matter if executed)."""
        return self._at[event].get(cell, FALSE)

    def order(self, a: int, b: int) -> int:
        """The literal that write a comes before write b; they must be able to share a cell."""
        return self._order[a, b] if a < b else -self._order[b, a]

    def ordered(self, a: int, b: int) -> bool:
        """Whether two writes may share a cell, so that ``order`` knows them."""
        return ((a, b) if a < b else (b, a)) in self._order

    def orders(self) -> list[tuple[int, int, int]]:
        """``order`` of all pairs of writes that it knows, in both directions."""
        known = self._order.items()
        return [(*pair, x) for (a, b), x in known for pair, x in (((a, b), x), ((b, a), -x))]

    def read_value(self, read: int, holds: Callable[[int], bool]) -> int:
        """The value of a read in the assignment that ``holds`` tells."""
        form = self._reads[read]
        if isinstance(form, dict):
            return next(value for value, literal in form.items() if holds(literal))
        return sum(holds(bit) << k for k, bit in enumerate(form))

    def read_literals(self, read: int, holds: Callable[[int], bool]) -> list[int]:
        """Literals that hold, and fix the value of the read."""
        form = self._reads[read]
        if isinstance(form, dict):
            return [literal for literal in form.values() if holds(literal)]
        return [bit if holds(bit) else -bit for bit in form]

    def same(self, a: int, b: int) -> int:
        """The literal that two accesses, if both are executed, are to the same cell."""
        if a > b:
            a, b = b, a
        known = self._same.get((a, b))
        if known is None:
            known = self._same[a, b] = self._same_cell(a, b)
        return known

    @cached_property
    def astray(self) -> int:
        """The literal that some executed access has an address that is no cell's."""
        return self.gates.any_of(self._astray.values())

    @cached_property
    def undefined(self) -> int:
        """The literal that some executed event uses arithmetic that C leaves undefined."""
        used = []
        for event in self.events:
            for term in (event.guard, event.address, event.value):
                if term is not None:
                    missing = self.terms.undefined(term)
                    when = TRUE if term is event.guard else self.exec[event.id]
                    used.append(self.gates.all_of((missing, when)))
        used += [self.terms.undefined(rule) for rule in self.structure.constraints]
        return self.gates.any_of(used)

    # Events, addresses and reads, in program order: guards depend on earlier reads alone.

    def _event(self, event: Event) -> None:
        executed = self.terms.literal(event.guard)
        self.exec.append(executed)
        self._at.append({})
        if event.address is None:
            return
        domain = self.terms.domain(event.address)
        for cell in event.cells:
            literal = domain.get(self._address_of[cell], FALSE)
            if literal != FALSE:
                self._at[event.id][cell] = literal
        somewhere = self.gates.any_of(self._at[event.id].values())
        astray = self.gates.all_of((executed, -somewhere))
        if astray != FALSE:
            self._astray[event.id] = astray
        if event.kind == "R":
            self._read(event, self.gates.all_of((executed, -astray)))

    def _read(self, read: Event, sourced: int) -> None:
        sources = self._possible_sources(read) if sourced != FALSE else []
        literals = self.gates.one_hot(len(sources), sourced)
        self.sources[read.id] = [w.id for w in sources]
        for write, literal in zip(sources, literals, strict=True):
            self.rf[write.id, read.id] = literal
        self._reads[read.id] = self._read_values(read, sources, literals, sourced)

    def _read_values(
        self, read: Event, sources: list[Event], literals: list[int], sourced: int
    ) -> Domain | Vector:
        cases: dict[int, list[int]] = {} if sourced == TRUE else {0: [-sourced]}
        values = sorted(cases.keys() | set(read.values))
        if all(w.value is not None and w.value.is_const for w in sources):
            for write, literal in zip(sources, literals, strict=True):
                assert write.value is not None
                cases.setdefault(write.value.payload, []).append(literal)
            domain = {v: self.gates.any_of(c) for v, c in cases.items()}
        elif len(values) > WIDE:
            return self._wide(read, values, sourced)
        else:
            domain = dict(zip(values, self.gates.one_hot(len(values), TRUE), strict=True))
            if sourced != TRUE:
                self.gates.add(sourced, domain[0])
                if 0 not in read.values:
                    self.gates.add(-sourced, -domain[0])
        if len(domain) == 2:
            (a, literal), (b, _) = domain.items()
            domain = {a: literal, b: -literal}
        return domain

    def _wide(self, read: Event, values: list[int], sourced: int) -> Vector:
        """Bits for a read of many values: no other values, and bits that always agree are one."""
        vector = vectors.covering(self.gates, values, read.width)
        self.gates.add(vectors.among(self.gates, vector, values))
        for bit in vector:
            self.gates.add(sourced, -bit)
        if 0 not in read.values:
            self.gates.add(-sourced, *vector)
        return vector

    def _possible_sources(self, read: Event) -> list[Event]:
        writes = {w.id: w for cell in read.cells for w in self.writes_to.get(cell, ())}
        found = []
        for number in sorted(writes):
            write = writes[number]
            value = write.value
            assert value is not None
            if value.is_const and value.payload not in read.values:
                continue
            if write.thread == read.thread and (
                write.position == read.position or write.instance == read.instance
            ):
                continue  # the write of the same instruction
            if not (self.coherent and self._incoherent(write, read)):
                found.append(write)
        return found

    def _incoherent(self, write: Event, read: Event) -> bool:
        """Reading from a later write of the same thread, or past a certain one in between."""
        own = write.thread == read.thread
        if own and write.position > read.position:
            return True
        if len(read.cells) > 1 or not (own or write.thread == INIT_THREAD):
            return False
        first = write.position if own else -1
        true = self.structure.terms.true
        return any(
            w.thread == read.thread
            and first < w.position < read.position
            and w.id != write.id
            and self._definite(w)
            and (w.guard is true or w.guard is read.guard or w.guard is write.guard)
            for w in self.writes_to.get(read.cells[0], ())
        )

    @staticmethod
    def _definite(event: Event) -> bool:
        return event.address is not None and event.address.is_const and len(event.cells) == 1

    # Leaves.

    def _leaf(self, term: Term) -> Domain | Vector:
        if term.op == "read":
            return self._reads[term.payload + self.structure.first]
        return self._final(term.payload, term.type.width)

    def _final(self, cell: int, width: int) -> Domain | Vector:
        """The value of a cell's co-last write."""
        cases: dict[int, list[int]] = {}
        writes = [(w, self.last(w.id, cell)) for w in self.writes_to.get(cell, ())]
        if any(w.value is not None and self.terms.is_vector(w.value) for w, _ in writes):
            return self._wide_final(writes, width)
        for write, last in writes:
            assert write.value is not None
            if last != FALSE:
                for value, literal in self.terms.domain(write.value).items():
                    cases.setdefault(value, []).append(self.gates.both(last, literal))
        if not cases:
            return {self.structure.cells[cell].init: TRUE}
        return {value: self.gates.any_of(c) for value, c in cases.items()}

    def _wide_final(self, writes: list[tuple[Event, int]], width: int) -> Vector:
        bits: list[list[int]] = [[] for _ in range(width)]
        for write, last in writes:
            assert write.value is not None
            for place, bit in zip(bits, self.terms.vector(write.value), strict=True):
                place.append(self.gates.both(last, bit))
        return tuple([self.gates.any_of(place) for place in bits])

    def last(self, write: int, cell: int) -> int:
        """The literal that the write is the co-last one of the cell."""
        parts = [self.exec[write], self.at(write, cell)]
        for other in self.writes_to[cell]:
            if other.id != write:
                later = (self.exec[other.id], self.at(other.id, cell), self.order(write, other.id))
                parts.append(-self.gates.all_of(later))
        return self.gates.all_of(parts)

    # rf and co.

    def _link(self, write: Event, read: Event) -> None:
        """rf implies: the write is executed, to the same cell, and has the value read."""
        gates, rf = self.gates, self.rf[write.id, read.id]
        gates.add(-rf, self.exec[write.id])
        gates.add(-rf, self.same(write.id, read.id))
        assert write.value is not None
        values = self._reads[read.id]
        if not isinstance(values, dict):
            width = len(values)
            written = vectors.resized(self.terms.vector(write.value), False, width)
            vectors.same_where(gates, rf, written, values)
        elif self.terms.is_vector(write.value):
            gates.add(-rf, *(self.terms.equals(write.value, v) for v in values))
            for value, literal in values.items():
                gates.add(-rf, -literal, self.terms.equals(write.value, value))
        else:
            for value, literal in self.terms.domain(write.value).items():
                read_as = values.get(value, FALSE)
                if literal != read_as:
                    gates.add(-rf, -literal, read_as)

    def _no_circles(self) -> None:
        """No value comes from nowhere but itself: a read that hands on what another has read is
        behind it in some row of all reads."""
        circles = circles_of(self.structure, self.sources)
        ranks = Ranks(self.gates, len(circles.copies))
        place = {read: ranks.new() for read in circles.copies}
        for read, found in circles.copies.items():
            value = self.events[read].value
            assert value is not None
            there = [self.terms.equals(value, start) for start in sorted(circles.starts)]
            for copy in found:
                taken = self.rf[copy.write, read], self.terms.literal(copy.when)
                behind = ranks.less(place[copy.read], place[read])
                self.gates.add(*(-literal for literal in taken), behind, *there)

    def _same_cell(self, a: int, b: int) -> int:
        first, second = self.events[a], self.events[b]
        common = self._at[a].keys() & self._at[b].keys()
        if first.address is second.address:
            return self.gates.any_of(self._at[a][c] for c in common)
        both = [self.gates.both(self._at[a][c], self._at[b][c]) for c in sorted(common)]
        return self.gates.any_of(both)

    def _orders(self) -> None:
        for cell, writes in self.writes_to.items():
            for index, b in enumerate(writes):
                for a in writes[:index]:
                    if (a.id, b.id) not in self._order:
                        self._order[a.id, b.id] = self._first_order(a, b)
            self._transitive([w.id for w in writes], cell)

    def _first_order(self, a: Event, b: Event) -> int:
        if a.thread == INIT_THREAD:
            return TRUE
        if self.coherent and a.thread == b.thread and self._definite(a) and self._definite(b):
            return TRUE if a.position < b.position else FALSE
        return self.gates.new()

    def _transitive(self, writes: list[int], cell: int) -> None:
        """No cycle of three among the writes that may be to the cell."""
        free = [w for w in writes if self.events[w].thread != INIT_THREAD]
        order, add = self._order, self.gates.add
        for k, c in enumerate(free):
            for j, b in enumerate(free[:k]):
                later = order[b, c]
                for a in free[:j]:
                    first, ends = order[a, b], order[a, c]
                    if first == later == TRUE and ends == TRUE:
                        continue
                    add(-first, -later, ends)
                    add(first, later, -ends)


def _weakly(leaf: Callable[[Term], Domain | Vector]) -> Callable[[Term], Domain | Vector]:
    """The method without its object, which is to go as soon as nobody needs it: an encoding has
    megabytes of clauses, and the collector of cycles comes rarely."""
    method = WeakMethod(leaf)

    def called(term: Term) -> Domain | Vector:
        alive = method()
        assert alive is not None
        return alive(term)

    return called
