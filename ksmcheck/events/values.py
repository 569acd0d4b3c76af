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

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from ksmcheck.events.draft import DraftEvent
from ksmcheck.events.terms import Term, evaluate
from ksmcheck.kernel.ints import OPERATORS, DivisionByZero
from ksmcheck.program.ir import Cell

MAX_VALUES = 2048
MAX_COMBINATIONS = 1 << 18

Values = frozenset[int]
EMPTY: Values = frozenset()


class TooManyValues(Exception):
    """A term may have more values than this engine enumerates; the verdict is UNKNOWN."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """Per draft event: raw values and cell ids; ``strays``: addresses that are no cell's; ``live``:
    whether it can be executed."""

    values: tuple[tuple[int, ...], ...]
    cells: tuple[tuple[int, ...], ...]
    strays: tuple[tuple[int, ...], ...]
    live: tuple[bool, ...]


class _Update:
    """A write whose value is a function of one read of the same place: ``x = f(x)``."""

    def __init__(self, read: Term, value: Term) -> None:
        self.read = read.id
        self._value = value
        self._known: dict[int, int] = {}

    def of(self, old: int) -> int:
        if old not in self._known:
            self._known[old] = evaluate(self._value, {self.read: old}, {})
        return self._known[old]


def _updates(accesses: Sequence[DraftEvent]) -> dict[int, _Update]:
    reads = {e.value.id: e for e in accesses if e.kind == "R" and e.value is not None}
    found = {}
    for write in accesses:
        if write.kind != "W" or write.value is None or not write.value.args:
            continue
        terms = _closure([write.value])
        leaves = [t for t in terms if not t.args and t.op != "const"]
        partial = any(t.op in ("div", "mod", "shl", "shr") for t in terms)
        if len(leaves) != 1 or partial or leaves[0].id not in reads:
            continue
        if reads[leaves[0].id].address is write.address:
            found[write.id] = _Update(leaves[0], write.value)
    return found


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
        self.writes: dict[int, list[DraftEvent]] = {}
        self.domain: dict[int, Values] = {}
        roots = [t for e in events for t in (e.guard, e.address, e.value) if t is not None]
        self.order = _closure(roots)
        self.reads = {e.value.id: e for e in events if e.kind == "R" and e.value is not None}
        self.new: dict[int, Values] = {}
        self.updates = _updates(self.accesses)
        self.links: dict[int, dict[int, int]] = {number: {} for number in self.reads}

    def run(self) -> None:
        rounds = len(self.reads) + 2
        self._evaluate(first=True)
        for _ in range(rounds):
            self._writes()
            if not self._reads():
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
        return [c for c in known if c is not None and c.type.width == event.width]

    def _writes(self) -> None:
        self.writes = {}
        for event in self.accesses:
            if event.kind == "W" and self.live(event):
                for cell in self.cells(event):
                    self.writes.setdefault(cell.id, []).append(event)

    def _readable(self, read: DraftEvent) -> dict[int, int]:
        """Value -> links, over all writes that ``read`` may read from (not its own later ones)."""
        found: dict[int, int] = {}
        limit = 0
        cells = self.cells(read)
        assert read.address is not None
        if len(cells) < len(self.domain[read.address.id]):
            found[0] = 0  # what a read of no cell counts as
        for cell in cells:
            found.update((v, 0) for v in self.initial[cell.id])
            writes = self.writes.get(cell.id, ())
            limit += sum(w.id in self.updates for w in writes)
            for write in writes:
                if write.thread != read.thread or write.position < read.position:
                    for value, links in self._written(write):
                        if found.get(value, MAX_VALUES) > links:
                            found[value] = links
        return {v: links for v, links in found.items() if links <= limit}

    def _written(self, write: DraftEvent) -> Iterable[tuple[int, int]]:
        """The values of a write, with their links."""
        update = self.updates.get(write.id)
        if update is None:
            assert write.value is not None
            return [(value, 0) for value in self.domain[write.value.id]]
        results: dict[int, int] = {}
        for old, links in self.links[update.read].items():
            value = update.of(old)
            if results.get(value, MAX_VALUES) > links + 1:
                results[value] = links + 1
        return results.items()

    def _reads(self) -> bool:
        self.new = {}
        changed = False
        for number, event in self.reads.items():
            if not self.live(event):
                continue
            known = self.links[number]
            found = {v: n for v, n in self._readable(event).items() if known.get(v, MAX_VALUES) > n}
            fresh = frozenset(found.keys() - known.keys())
            if fresh and event.admits is not None and event.value is not None:
                admitted = self._admitted(event.admits, event.value, fresh)
                found = {v: n for v, n in found.items() if v in known or v in admitted}
                fresh = admitted
            if found:
                known.update(found)
                changed = True
            if fresh:
                self.domain[number] |= fresh
                self.new[number] = fresh
        return changed

    def _admitted(self, admits: Term, read: Term, values: Values) -> Values:
        order = _closure([admits])
        keep = set()
        for value in values:
            local = {read.id: frozenset((value,))}
            for term in order:
                if term is not read:
                    local[term.id] = (
                        _values(term, [local[a.id] for a in term.args])
                        if term.args
                        else self._leaf(term)
                    )
            if 1 in local[admits.id]:
                keep.add(value)
        return frozenset(keep)

    def _evaluate(self, first: bool) -> None:
        """Brings every term up to date, from the values that are new in its arguments alone."""
        for term in self.order:
            number = term.id
            if not term.args:
                if first:
                    self.domain[number] = EMPTY if number in self.reads else self._leaf(term)
                    self.new[number] = self.domain[number]
                continue
            if first:
                self.domain[number] = EMPTY
            elif not any(a.id in self.new for a in term.args):
                continue
            fresh = self._grown(term) - self.domain[number]
            if fresh:
                self.domain[number] |= fresh
                self.new[number] = fresh
            if len(self.domain[number]) > MAX_VALUES:
                raise TooManyValues

    def _grown(self, term: Term) -> Values:
        args = [self.domain[a.id] for a in term.args]
        if term.op in ("ite", "land") or len(args) > 2:
            return _values(term, args)
        found = EMPTY
        for index, arg in enumerate(term.args):
            fresh = self.new.get(arg.id)
            if fresh:
                found |= _values(term, [*args[:index], fresh, *args[index + 1 :]])
        return found

    def _leaf(self, term: Term) -> Values:
        if term.op == "const":
            return frozenset((term.payload,))
        if term.op == "choice":
            return frozenset((0, 1))
        return self.domain.get(term.id, EMPTY)


def _values(term: Term, args: list[Values]) -> Values:
    """All values of an operator on arguments with the given values."""
    if term.op == "ite":
        taken = args[1] if any(args[0]) else EMPTY
        return taken | args[2] if 0 in args[0] else taken
    if term.op == "land":
        # 0 whatever the others are, which may be values that no execution gets to compute.
        zero = frozenset((0,)) if any(0 in a for a in args) else EMPTY
        return zero | frozenset((1,)) if all(1 in a for a in args) else zero
    combinations = 1
    for arg in args:
        combinations *= len(arg)
    if combinations > MAX_COMBINATIONS:
        raise TooManyValues
    return _apply(term, args)


def _apply(term: Term, args: list[Values]) -> Values:
    function, wrap = OPERATORS[term.op], term.type.wrap
    values = set()
    for combination in product(*args):
        try:
            values.add(wrap(function(*combination)))
        except DivisionByZero:  # reported as an obligation of its own
            continue
    return frozenset(values)


def _closure(roots: Iterable[Term]) -> list[Term]:
    """All terms under the roots, arguments before users."""
    seen: dict[int, Term] = {}
    stack = list(roots)
    while stack:
        term = stack.pop()
        if term.id not in seen:
            seen[term.id] = term
            stack.extend(term.args)
    return [seen[number] for number in sorted(seen)]


def analyse(events: Sequence[DraftEvent], cells: Sequence[Cell]) -> Analysis:
    """Values, cells and stray addresses of each draft event (by place in ``events``).

    Raises TooManyValues where a term has more values than can be enumerated.
    """
    fixpoint = _narrowed(events, cells)
    values: list[tuple[int, ...]] = []
    places: list[tuple[int, ...]] = []
    strays: list[tuple[int, ...]] = []
    for event in events:
        if event.address is None or event.value is None or not fixpoint.live(event):
            values.append(())
            places.append(())
            strays.append(())
            continue
        known = fixpoint.cells(event)
        addresses = {c.address for c in known}
        values.append(tuple(sorted(fixpoint.domain[event.value.id])))
        places.append(tuple(sorted(c.id for c in known)))
        strays.append(tuple(sorted(fixpoint.domain[event.address.id] - addresses)))
    live = tuple(fixpoint.live(event) for event in events)
    return Analysis(tuple(values), tuple(places), tuple(strays), live)


def _narrowed(events: Sequence[DraftEvent], cells: Sequence[Cell]) -> _Fixpoint:
    """The values when all events may happen, then without those that cannot for these, ..."""
    dead: frozenset[int] = frozenset()
    while True:
        fixpoint = _Fixpoint(events, cells, dead)
        fixpoint.run()
        now = frozenset(e.id for e in events if not fixpoint.possible(e))
        if now == dead:
            return fixpoint
        dead = now
