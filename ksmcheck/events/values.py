"""Value analysis: the finite set of values that each read and each address can have.

A forward fixpoint over sets of concrete values: a read's values are those of the writes to the
cells that its address may name, and that may be executed at all: an event whose guard never holds
for the values found so far contributes nothing (Wegman and Zadeck's conditional propagation,
across threads). A value that an execution really computes depends on each read at most once along
any chain, so after as many rounds as there are reads every such value has been seen; what could
still be added could only justify itself in a circle (out of thin air) and is left out
(docs/architecture.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush

from ksmcheck.events.draft import DraftEvent
from ksmcheck.events.readings import Admission, updates
from ksmcheck.events.terms import Term
from ksmcheck.events.value_sets import (
    EMPTY,
    MAX_VALUES,
    Links,
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


class _Fixpoint:
    """``domain``: values of each term. ``links`` of a read's value: in how many updates
    ``x = f(x)`` of its own location, one after the other, it was made, at least. An execution goes
    through each update once, so a value that needs more links than there are updates does not
    exist: this keeps a reference count that is taken and dropped in a loop from running away.
    """

    def __init__(
        self, events: Sequence[DraftEvent], cells: Sequence[Cell], dead: frozenset[int]
    ) -> None:
        self.dead = dead
        self.accesses = [e for e in events if e.kind != "F"]
        self.at = {cell.address: cell for cell in cells}
        self.initial: dict[int, Values] = {c.id: frozenset((c.init,)) for c in cells}
        self.domain: dict[int, Values] = {}
        self.writes = [e for e in self.accesses if e.kind == "W" and e.id not in dead]
        self.writers: dict[int, list[DraftEvent]] = {}
        self.made: dict[int, Links] = {w.id: {} for w in self.writes}
        self.grown: set[int] = set()
        self.places: dict[int, list[Cell]] = {}
        self.readers: dict[int, dict[int, DraftEvent]] = {}
        self.read_cells: dict[int, set[int]] = {}
        self.limits: dict[int, int] = {}
        roots = [t for e in events for t in (e.guard, e.address, e.value) if t is not None]
        self.order = closure(roots)
        self.users: dict[int, list[Term]] = {}
        for term in self.order:
            for arg in term.args:
                self.users.setdefault(arg.id, []).append(term)
        self.reads = {e.value.id: e for e in events if e.kind == "R" and e.value is not None}
        self.new: dict[int, Values] = {}
        self.updates = updates(self.accesses)
        self.links: dict[int, Links] = {number: {} for number in self.reads}
        self.gained: dict[int, Links] = {}
        self.admissions = {
            number: Admission(event.admits, event.value)
            for number, event in self.reads.items()
            if event.admits is not None and event.value is not None
        }

    def run(self) -> None:
        rounds = len(self.reads) + 2
        self._evaluate(first=True)
        for _ in range(rounds):
            if not self._reads(self._writes()):
                break
            self._evaluate(first=False)

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
        known = (self.at.get(a) for a in self.domain[event.address.id])
        # A fence with an address (synchronize_srcu) accesses nothing, so it has no width.
        return [c for c in known if c is not None and event.width in (0, c.type.width)]

    # Each round passes on what the round before has found, and nothing else.

    def _writes(self) -> dict[int, Links]:
        """The values that writes have gained. Notes which cells have gained a write."""
        fresh: dict[int, Links] = {}
        self.grown.clear()
        for event in self.writes:
            if self._moved(event):
                self._place(event)
            gained = self._gained(event)
            if gained:
                self.made[event.id].update(gained)
                fresh[event.id] = gained
        return fresh

    def _moved(self, event: DraftEvent) -> bool:
        """The event may go to other cells than before."""
        assert event.address is not None
        return event.id not in self.places or event.address.id in self.new

    def _place(self, write: DraftEvent) -> None:
        before = self.places.get(write.id, ())
        self.places[write.id] = now = self.cells(write)
        for cell in now:
            if cell not in before:
                self.writers.setdefault(cell.id, []).append(write)
                self.grown.add(cell.id)

    def _gained(self, write: DraftEvent) -> Links:
        """New values of a write, or fewer links for known ones."""
        assert write.value is not None
        update = self.updates.get(write.id)
        if update is None:
            return dict.fromkeys(self.new.get(write.value.id, EMPTY), 0)
        made, found = self.made[write.id], Links()
        for old, links in self.gained.get(update.read, {}).items():
            value = update.of(old)
            if made.get(value, MAX_VALUES) > links + 1 < found.get(value, MAX_VALUES):
                found[value] = links + 1
        return found

    def _reads(self, fresh: dict[int, Links]) -> bool:
        """Passes the writes' values on to the reads; False when none has gained any."""
        found: dict[int, Links] = {}
        for number, read in self.reads.items():
            if read.id not in self.dead:
                moved = self._moved(read)
                if moved:
                    self._read_at(number, read)
                if moved or not self.grown.isdisjoint(self.read_cells[number]):
                    found[number] = self._readable(number, read)
        whole = set(found)
        for write in self.writes:
            values = fresh.get(write.id)
            if values:
                for number in self._readers(write) - whole:
                    _add(found.setdefault(number, {}), values)
        for number, admission in self.admissions.items():
            # Values that it has refused may do for a new value of another read.
            if number in self.limits and not self.new.keys().isdisjoint(admission.others):
                found.setdefault(number, {})
        self.new, self.gained = {}, {}
        for number, links in found.items():
            limit = self.limits[number]
            within = {v: n for v, n in links.items() if n <= limit}
            self._take(number, self.reads[number], within)
        return bool(self.gained)

    def _read_at(self, number: int, read: DraftEvent) -> None:
        """Notes the cells that a read may read."""
        cells = self.places[read.id] = self.cells(read)
        self.read_cells[number] = {cell.id for cell in cells}
        for cell in cells:
            self.readers.setdefault(cell.id, {})[number] = read

    def _readers(self, write: DraftEvent) -> set[int]:
        """The reads that may read from a write: not earlier ones of its own thread."""
        return {
            number
            for cell in self.places[write.id]
            for number, read in self.readers.get(cell.id, {}).items()
            if write.thread != read.thread or write.position < read.position
        }

    def _readable(self, number: int, read: DraftEvent) -> Links:
        """Value -> links of all that a read may read; sets its limit of links."""
        found: Links = {}
        limit = 0
        cells = self.places[read.id]
        assert read.address is not None
        if len(cells) < len(self.domain[read.address.id]):
            found[0] = 0  # what a read of no cell counts as
        for cell in cells:
            found.update((v, 0) for v in self.initial[cell.id])
            for write in self.writers.get(cell.id, ()):
                limit += write.id in self.updates
                if write.thread != read.thread or write.position < read.position:
                    _add(found, self.made[write.id])
        self.limits[number] = limit
        return found

    def _take(self, number: int, read: DraftEvent, found: Links) -> None:
        known, admission = self.links[number], self.admissions.get(number)
        found = {v: n for v, n in found.items() if known.get(v, MAX_VALUES) > n}
        if admission is not None:
            found = admission.admitted(found, known, self.domain)
        if not found:
            return
        fresh = frozenset(found.keys() - known.keys())
        known.update(found)
        self.gained[number] = found
        if fresh:
            self.domain[number] |= fresh
            self.new[number] = fresh

    def _evaluate(self, first: bool) -> None:
        """Brings every term up to date, from the values that are new in its arguments alone."""
        if first:
            for term in self.order:
                fresh = EMPTY if term.id in self.reads else leaf_values(term, self.domain)
                if term.args:
                    fresh = values_of(term, [self.domain[a.id] for a in term.args])
                self.domain[term.id] = fresh
                if fresh:
                    self.new[term.id] = fresh
            return
        terms: dict[int, Term] = {}
        todo: list[int] = []

        def reach(number: int) -> None:
            for user in self.users.get(number, ()):
                if user.id not in terms:
                    terms[user.id] = user
                    heappush(todo, user.id)

        for number in list(self.new):
            reach(number)
        while todo:  # arguments have smaller numbers than their users
            number = heappop(todo)
            if self._grow(terms[number]):
                reach(number)

    def _grow(self, term: Term) -> bool:
        fresh = self._grown(term) - self.domain[term.id]
        if not fresh:
            return False
        self.domain[term.id] |= fresh
        self.new[term.id] = fresh
        if len(self.domain[term.id]) > MAX_VALUES:
            raise TooManyValues
        return True

    def _grown(self, term: Term) -> Values:
        args = [self.domain[a.id] for a in term.args]
        if term.op in ("ite", "land") or len(args) > 2:
            return values_of(term, args)
        found = EMPTY
        for index, arg in enumerate(term.args):
            fresh = self.new.get(arg.id)
            if fresh:
                found |= values_of(term, [*args[:index], fresh, *args[index + 1 :]])
        return found


def _add(found: Links, more: Links) -> None:
    """Adds values, with the fewest links known."""
    for value, links in more.items():
        if found.get(value, MAX_VALUES) > links:
            found[value] = links


def analyse(accesses: Sequence[DraftEvent], cells: Sequence[Cell]) -> Analysis:
    """Values, cells and stray addresses of each access (by place in ``accesses``).

    Raises TooManyValues where a term has more values than can be enumerated.
    """
    fixpoint = _narrowed(accesses, cells)
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


def _narrowed(events: Sequence[DraftEvent], cells: Sequence[Cell]) -> _Fixpoint:
    """The values when all events may happen, then without those that cannot for these, ..."""
    dead: frozenset[int] = frozenset()
    while True:
        fixpoint = _Fixpoint(events, cells, dead)
        fixpoint.run()
        now = frozenset(e.id for e in events if not fixpoint.possible(e))
        fixpoint.dead = now
        if not any(w.id in now and fixpoint.made[w.id] for w in fixpoint.writes):
            return fixpoint  # what cannot happen has not given any value away
        dead = now
