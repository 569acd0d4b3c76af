"""Value analysis: the finite set of values that each read and each address can have.

A forward fixpoint over sets of concrete values: a read's values are those of the writes to the
cells that its address may name, and that may be executed at all: an event whose guard never holds
for the values found so far contributes nothing (Wegman and Zadeck's conditional propagation,
across threads). A value that an execution really computes depends on each read at most once along
any chain, so after as many rounds as there are reads to pass one on (``_Flow._hops``) every such
value has been seen; what could still be added could only justify itself in a circle of data (out
of thin air) and is left out (docs/architecture.md). Which way a branch goes does not count in that:
a value that it chooses depends on nothing (``values_either_way``).
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush

from ksmcheck.events.draft import DraftEvent
from ksmcheck.events.growth import Growth
from ksmcheck.events.known_values import known_values, may_be_read
from ksmcheck.events.readings import Admission, Admits, Update, UpdateWith, updates
from ksmcheck.events.terms import Term
from ksmcheck.events.value_sets import (
    EMPTY,
    MAX_VALUES,
    Links,
    Memory,
    TooManyValues,
    Values,
    closure,
    leaf_values,
    values_of,
)
from ksmcheck.program.ir import Cell
from ksmcheck.record import Struct


class Analysis(Struct, frozen=True):
    """Per access: raw values and cell ids; ``strays``: addresses that are no cell's; ``live``:
    whether it can be executed. ``domain``: the values of each term met so far."""

    values: tuple[tuple[int, ...], ...]
    cells: tuple[tuple[int, ...], ...]
    strays: tuple[tuple[int, ...], ...]
    live: tuple[bool, ...]
    domain: dict[int, Values]

    def values_of(self, term: Term) -> Values:
        """The values of any term over the accesses' reads. Raises TooManyValues."""
        for part in closure([term], self.domain):
            if part.args:
                found = values_of(part, [self.domain[a.id] for a in part.args])
            else:
                found = leaf_values(part, self.domain)
            self.domain[part.id] = found
        return self.domain[term.id]


class _Flow:
    """What the runs of one analysis have in common."""

    def __init__(
        self,
        events: Sequence[DraftEvent],
        cells: Sequence[Cell],
        memory: Memory,
        *,
        coherent: bool,
    ) -> None:
        self.events = events
        self.coherent = coherent
        self.at = {cell.address: cell for cell in cells}
        self.initial: dict[int, Links] = {c.id: {c.init: 0} for c in cells}
        roots = [t for e in events for t in (e.address, e.value) if t is not None]
        self.growth = Growth(roots, memory)
        # Guards are only looked at in the end, but for what values hang on.
        self.guards = closure([e.guard for e in events], self.growth.start)
        self.threads = sorted({e.thread for e in events})
        self.updates = updates(events, memory)
        self.reads = {e.value.id: e for e in events if e.kind == "R" and e.value is not None}
        self.admissions = {
            number: Admits(event.admits, event.value, memory)
            for number, event in self.reads.items()
            if event.admits is not None and event.value is not None
        }
        self.rounds = len(self._hops()) + 2

    def _hops(self) -> set[int]:
        """The reads whose value may go elsewhere than into updates: a chain of values takes a round
        for each of them at most, and none for the others."""
        roots = [e.address for e in self.events if e.address is not None]
        roots += [
            e.value
            for e in self.events
            if e.kind == "W" and e.value is not None and e.id not in self.updates
        ]
        roots += [term for update in self.updates.values() for term in update.beside]
        found = {term.id for term in closure(roots)}
        for admits in self.admissions.values():
            found.update(admits.others)
        return found & self.reads.keys()

    def cells(self, event: DraftEvent, addresses: Values) -> list[Cell]:
        known = map(self.at.get, addresses)
        # A fence with an address (synchronize_srcu) accesses nothing, so it has no width.
        return [c for c in known if c is not None and event.width in (0, c.type.width)]


class _Fixpoint:
    """``domain``: values of each term. ``links`` of a read's value: in how many updates
    ``x = f(x)`` of its own location, one after the other, it was made, at least. An execution goes
    through each update once, so a value that needs more links than there are updates does not
    exist: this keeps a reference count that is taken and dropped in a loop from running away.
    """

    def __init__(self, flow: _Flow, dead: frozenset[int]) -> None:
        self.flow = flow
        self.dead = dead
        self.domain: dict[int, Values] = dict(flow.growth.start)
        self.new: dict[int, Values] = {n: v for n, v in self.domain.items() if v}
        self.reads = {n: e for n, e in flow.reads.items() if e.id not in dead}
        self.writes = [e for e in flow.events if e.kind == "W" and e.id not in dead]
        self.made: dict[int, Links] = {w.id: {} for w in self.writes}
        self.links: dict[int, Links] = {number: {} for number in self.reads}
        # What may be new to a read; ``todo`` is a heap of the numbers of these reads.
        self.offered: dict[int, list[Links]] = {}
        self.todo: list[int] = []
        self.limits: dict[int, int] = {}
        # By number of a term: the writes of its value, the updates of it, the events at it.
        self.storing: dict[int, list[DraftEvent]] = {}
        self.updating: dict[int, list[tuple[DraftEvent, Update | UpdateWith]]] = {}
        self.mixing: list[tuple[DraftEvent, Update | UpdateWith]] = []
        self.addressed: dict[int, list[DraftEvent]] = {}
        # By cell: the writes and the reads that may be there, and what each thread may read there
        # of the others' writes.
        self.places: dict[int, list[Cell]] = {}
        self.writers: dict[int, list[DraftEvent]] = {}
        self.readers: dict[tuple[int, int], dict[int, DraftEvent]] = {}
        self.pools = {cell: {t: dict(v) for t in flow.threads} for cell, v in flow.initial.items()}
        self.admissions = {
            number: Admission(flow.admissions[number])
            for number in self.reads
            if number in flow.admissions
        }
        self._index()

    def _index(self) -> None:
        for event in (*self.writes, *self.reads.values()):
            assert event.address is not None
            self.addressed.setdefault(event.address.id, []).append(event)
        for write in self.writes:
            assert write.value is not None
            update = self.flow.updates.get(write.id)
            if update is None:
                self.storing.setdefault(write.value.id, []).append(write)
            else:
                self.updating.setdefault(update.read, []).append((write, update))
                if update.beside:
                    self.mixing.append((write, update))

    def run(self) -> None:
        for _ in range(self.flow.rounds):
            if not self._round():
                break
            self.flow.growth.spread(self.domain, self.new)
        for term in self.flow.guards:
            values = [self.domain[a.id] for a in term.args]
            self.domain[term.id] = values_of(term, values) if values else leaf_values(term, {})

    def live(self, event: DraftEvent) -> bool:
        return event.id not in self.dead

    def possible(self, event: DraftEvent) -> bool:
        """Whether the guard holds for some of the values, and a read has a source or is astray."""
        if event.id in self.dead or 1 not in self.domain[event.guard.id]:
            return False
        if event.kind != "R" or event.value is None or event.address is None:
            return True
        return bool(self.domain[event.value.id])

    def cells(self, event: DraftEvent) -> list[Cell]:
        assert event.address is not None
        return self.flow.cells(event, self.domain[event.address.id])

    # A round passes on what is new in terms, through all updates.

    def _round(self) -> bool:
        """From values to writes to reads; False when no read has gained any."""
        moved = [e for n in self.addressed.keys() & self.new.keys() for e in self.addressed[n]]
        grown = {c for e in moved if e.kind == "W" for c in self._place(e)}
        for number in self.storing.keys() & self.new.keys():
            gained = dict.fromkeys(self.new[number], 0)
            for write in self.storing[number]:
                self._make(write, gained)
        for write, update in self.mixing:
            if any(term.id in self.new for term in update.beside):
                known = self.links.get(update.read, {})
                self._make(write, update.made(known, self.made[write.id], self.domain))
        for number in self._moved([e for e in moved if e.kind == "R"], grown):
            self._offer(number, self._readable(number))
        for number, admission in self.admissions.items():
            # Values that it has refused may do for a new value of another read.
            if number in self.limits and not self.new.keys().isdisjoint(admission.admits.others):
                self._offer(number, {})
        self.new = {}
        while self.todo:  # in program order, so that much comes at once
            number = heappop(self.todo)
            gained = self._taken(number, self.offered.pop(number))
            for write, update in self.updating.get(number, ()) if gained else ():
                self._make(write, update.made(gained, self.made[write.id], self.domain))
        return bool(self.new)

    def _offer(self, number: int, links: Links) -> None:
        offers = self.offered.get(number)
        if offers is None:
            self.offered[number] = [links]
            heappush(self.todo, number)
        else:
            offers.append(links)

    def _make(self, write: DraftEvent, gained: Links) -> None:
        if gained:
            made = self.made[write.id]
            made.update(gained)
            if len(made) > MAX_VALUES:  # updates of updates can be millions before a round ends
                raise TooManyValues
            for cell in self.places.get(write.id, ()):
                self._pour(cell.id, write, gained)

    def _place(self, write: DraftEvent) -> set[int]:
        """Notes where a write goes; the cells with an update more than before."""
        before = self.places.get(write.id, ())
        self.places[write.id] = now = self.cells(write)
        more = [cell.id for cell in now if cell not in before]
        for cell in more:
            self.writers.setdefault(cell, []).append(write)
            self._pour(cell, write, self.made[write.id])
        return set(more) if write.id in self.flow.updates else set()

    def _pour(self, cell: int, write: DraftEvent, gained: Links) -> None:
        """Offers a write's values to the reads of a cell: to other threads what is new to them."""
        for thread, pool in self.pools[cell].items():
            readers = self.readers.get((cell, thread), {})
            if thread == write.thread:
                for number, read in readers.items():
                    if may_be_read(write, read, coherent=self.flow.coherent):
                        self._offer(number, gained)
                continue
            fresh = {v: n for v, n in gained.items() if pool.get(v, MAX_VALUES) > n}
            if fresh:
                pool.update(fresh)
                for number in readers:
                    self._offer(number, fresh)

    def _moved(self, reads: list[DraftEvent], grown: set[int]) -> set[int]:
        """The reads of which all has to be looked at."""
        whole: set[int] = set()
        for read in reads:
            assert read.value is not None
            number = read.value.id
            self.places[read.id] = cells = self.cells(read)
            whole.add(number)
            for cell in cells:
                self.readers.setdefault((cell.id, read.thread), {})[number] = read
        for place in grown:
            for thread in self.flow.threads:
                whole.update(self.readers.get((place, thread), ()))
        return whole

    def _readable(self, number: int) -> Links:
        """Value -> links of all that a read may read; sets its limit of links."""
        read = self.reads[number]
        found: Links = {}
        limit = 0
        cells = self.places[read.id]
        assert read.address is not None
        if len(cells) < len(self.domain[read.address.id]):
            found[0] = 0  # what a read of no cell counts as
        for cell in cells:
            _add(found, self.pools[cell.id][read.thread])
            for write in self.writers.get(cell.id, ()):
                limit += write.id in self.flow.updates
                own = write.thread == read.thread
                if own and may_be_read(write, read, coherent=self.flow.coherent):
                    _add(found, self.made[write.id])
        self.limits[number] = limit
        return found

    def _taken(self, number: int, offers: list[Links]) -> Links:
        """What a read has gained of what was offered to it."""
        known, limit = self.links[number], self.limits[number]
        admission = self.admissions.get(number)
        kept: Links = {}
        seen = known if admission is None else dict(known)
        for links in offers:
            more = {v: n for v, n in links.items() if n <= limit and seen.get(v, MAX_VALUES) > n}
            seen.update(more)
            kept.update(more)
        if admission is not None:
            kept = admission.admitted(kept, known, self.domain)
            known.update(kept)
        fresh = kept.keys() - self.domain[number]
        if fresh:
            self.domain[number] |= fresh
            self.new[number] = self.new.get(number, EMPTY) | fresh
        return kept


def _add(found: Links, more: Links) -> None:
    """Adds values, with the fewest links known."""
    for value, links in more.items():
        if found.get(value, MAX_VALUES) > links:
            found[value] = links


def analyse(
    accesses: Sequence[DraftEvent],
    cells: Sequence[Cell],
    memory: Memory | None = None,
    *,
    coherent: bool = True,
) -> Analysis:
    """Values, cells and stray addresses of each access (by place in ``accesses``).

    ``memory``: of other analyses. ``coherent``: no read takes what its own thread stores later, as
    nearly every model has it.
    Raises TooManyValues where a term has more values than can be enumerated.
    """
    known = known_values(accesses, cells, coherent=coherent)
    if known is not None:
        return _plain(accesses, *known)
    return _analysed(accesses, _Flow(accesses, cells, memory or Memory(), coherent=coherent))


def _plain(accesses: Sequence[DraftEvent], at: list[int], domain: dict[int, Values]) -> Analysis:
    values: list[tuple[int, ...]] = []
    for event in accesses:
        assert event.value is not None
        value = event.value
        found = (value.payload,) if value.op == "const" else tuple(sorted(domain[value.id]))
        values.append(found)
    count = len(at)
    cells = tuple([(cell,) for cell in at])
    return Analysis(tuple(values), cells, ((),) * count, (True,) * count, domain)


def _analysed(accesses: Sequence[DraftEvent], flow: _Flow) -> Analysis:
    fixpoint = _narrowed(flow)
    values: list[tuple[int, ...]] = []
    places: list[tuple[int, ...]] = []
    strays: list[tuple[int, ...]] = []
    for event in accesses:
        if event.address is None or not fixpoint.live(event):
            values.append(())
            places.append(())
            strays.append(())
            continue
        known = fixpoint.cells(event)
        addresses = {c.address for c in known}
        found = () if event.value is None else fixpoint.domain[event.value.id]
        values.append(tuple(sorted(found)))
        places.append(tuple(sorted(c.id for c in known)))
        strays.append(tuple(sorted(fixpoint.domain[event.address.id] - addresses)))
    live = tuple(fixpoint.live(event) for event in accesses)
    return Analysis(tuple(values), tuple(places), tuple(strays), live, fixpoint.domain)


def places(
    accesses: Sequence[DraftEvent], cells: Sequence[Cell], memory: Memory, *, coherent: bool
) -> tuple[tuple[int, ...], ...]:
    """The cells that each access may be at, or some more: also where what leads there cannot be."""
    fixpoint = _Fixpoint(_Flow(accesses, cells, memory, coherent=coherent), frozenset())
    fixpoint.run()
    return tuple(tuple(cell.id for cell in fixpoint.cells(event)) for event in accesses)


def _narrowed(flow: _Flow) -> _Fixpoint:
    """The values when all events may happen, then without those that cannot for these, ..."""
    dead: frozenset[int] = frozenset()
    while True:
        fixpoint = _Fixpoint(flow, dead)
        fixpoint.run()
        now = frozenset(e.id for e in flow.events if not fixpoint.possible(e))
        fixpoint.dead = now
        if not any(w.id in now and fixpoint.made[w.id] for w in fixpoint.writes):
            return fixpoint  # what cannot happen has not given any value away
        dead = now
