"""Value analysis: the finite set of values that each read and each address can have.

A forward fixpoint over sets of concrete values: a read's values are those of the writes to the
cells that its address may name, and that may be executed at all: an event whose guard never holds for
the values found so far contributes nothing (Wegman and Zadeck's conditional propagation, across
threads). A value that an execution
really computes depends on each read at most once along any chain, so after as many rounds as there
are reads every such value has been seen; what could still be added could only justify itself in a
circle (out of thin air) and is left out (docs/architecture.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from ksmcheck.events.draft import DraftEvent
from ksmcheck.events.terms import Term
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
    whether its guard can hold."""

    values: tuple[tuple[int, ...], ...]
    cells: tuple[tuple[int, ...], ...]
    strays: tuple[tuple[int, ...], ...]
    live: tuple[bool, ...]


class _Fixpoint:
    def __init__(self, events: Sequence[DraftEvent], cells: Sequence[Cell]) -> None:
        self.events = events
        self.accesses = [e for e in events if e.kind != "F"]
        self.at = {cell.address: cell for cell in cells}
        self.of_cell: dict[int, Values] = {c.id: frozenset((c.init,)) for c in cells}
        self.domain: dict[int, Values] = {}
        roots = [t for e in events for t in (e.guard, e.address, e.value) if t is not None]
        self.order = _closure(roots)
        self.reads = {e.value.id: e for e in events if e.kind == "R" and e.value is not None}
        self.changed: set[int] = set()

    def run(self) -> None:
        rounds = len(self.reads) + 2
        self._evaluate(first=True)
        for _ in range(rounds):
            self._writes()
            if not self._reads():
                break
            self._evaluate(first=False)

    def live(self, event: DraftEvent) -> bool:
        return 1 in self.domain[event.guard.id]

    def cells(self, event: DraftEvent) -> list[Cell]:
        assert event.address is not None
        known = (self.at.get(a) for a in self.domain[event.address.id])
        return [c for c in known if c is not None and c.type.width == event.width]

    def _writes(self) -> None:
        for event in self.accesses:
            if event.kind == "W" and event.value is not None and self.live(event):
                values = self.domain[event.value.id]
                for cell in self.cells(event):
                    self.of_cell[cell.id] |= values

    def _reads(self) -> bool:
        self.changed = set()
        for number, event in self.reads.items():
            if not self.live(event):
                continue
            values = EMPTY.union(*(self.of_cell[c.id] for c in self.cells(event)))
            new = values - self.domain[number]
            if new and event.admits is not None and event.value is not None:
                new = self._admitted(event.admits, event.value, new)
            if new:
                self.domain[number] |= new
                self.changed.add(number)
        return bool(self.changed)

    def _admitted(self, admits: Term, read: Term, values: Values) -> Values:
        order = _closure([admits])
        keep = set()
        for value in values:
            local = {read.id: frozenset((value,))}
            for term in order:
                if term is not read:
                    local[term.id] = self._term(term, local) if term.args else self._leaf(term)
            if 1 in local[admits.id]:
                keep.add(value)
        return frozenset(keep)

    def _evaluate(self, first: bool) -> None:
        for term in self.order:
            if not term.args:
                if first:
                    self.domain[term.id] = EMPTY if term.id in self.reads else self._leaf(term)
            elif first or any(a.id in self.changed for a in term.args):
                values = self._term(term, self.domain)
                if first or values != self.domain[term.id]:
                    self.domain[term.id] = values
                    self.changed.add(term.id)

    def _leaf(self, term: Term) -> Values:
        if term.op == "const":
            return frozenset((term.payload,))
        if term.op == "choice":
            return frozenset((0, 1))
        return self.domain.get(term.id, EMPTY)

    @staticmethod
    def _term(term: Term, domain: dict[int, Values]) -> Values:
        args = [domain[a.id] for a in term.args]
        if term.op == "ite":
            taken = EMPTY
            if any(args[0]):
                taken |= args[1]
            if 0 in args[0]:
                taken |= args[2]
            return taken
        combinations = 1
        for arg in args:
            combinations *= len(arg)
        if combinations > MAX_COMBINATIONS:
            raise TooManyValues
        values = _apply(term, args)
        if len(values) > MAX_VALUES:
            raise TooManyValues
        return values


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
    fixpoint = _Fixpoint(events, cells)
    fixpoint.run()
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
    # A read that no write can serve is not executed either (the outcome it stands for is impossible).
    live = tuple(fixpoint.live(e) and (e.kind != "R" or bool(v)) for e, v in zip(events, values, strict=True))
    return Analysis(tuple(values), tuple(places), tuple(strays), live)
