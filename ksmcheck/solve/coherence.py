"""Clauses for what nearly every model forbids: coherence violations and torn atomic updates.

Sound only where the model's cat file really has these axioms (``premises``). The five patterns of
coherence over two accesses of one thread to one cell: CoWW, CoWR, CoRW (the write itself or a later
one as source, or one that is co-after it) and CoRR; with a total co they are together equivalent to
acyclicity of po-loc, rf, co and fr (Alglave, Maranget, Tautschnig, TOPLAS 36(2), 2014, section 4).
What is left out where it would take too many clauses is found by the lazy loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from ksmcheck.events.structure import Event
from ksmcheck.events.terms import Term
from ksmcheck.solve.base import Base
from ksmcheck.solve.gates import FALSE, TRUE

MAX_CLAUSES = 40_000
MAX_SOURCES = 60
"""Two reads with more pairs of sources than this are left to the lazy loop."""


def add_coherence(base: Base) -> None:
    """Forbids CoWW, CoWR, CoRW and CoRR, pair by pair."""
    limit = len(base.gates.clauses) + MAX_CLAUSES
    by_thread: dict[int, list[Event]] = {}
    for event in base.events:
        if event.kind != "F" and event.thread >= 0:
            by_thread.setdefault(event.thread, []).append(event)
    for accesses in by_thread.values():
        accesses.sort(key=lambda e: e.position)
        for first, second in _pairs(accesses, base.structure.terms.true):
            if set(first.cells).isdisjoint(second.cells):
                continue
            when = _both(base, first, second)
            if when is not None and len(base.gates.clauses) < limit:
                _pair(base, first, second, when)


def _pairs(accesses: list[Event], always: Term) -> Iterator[tuple[Event, Event]]:
    """The pairs in program order. Two accesses of one instruction are in none, and say nothing of
    what is before or behind either of them."""
    if len({event.position for event in accesses}) == len(accesses):
        yield from _neighbours(accesses, always)
        return
    for first, second in combinations(accesses, 2):
        if first.position != second.position:
            yield first, second


def _neighbours(accesses: list[Event], always: Term) -> Iterator[tuple[Event, Event]]:
    """The pairs that need clauses of their own: an access in between that is executed, and to the
    same cell, whenever the first is (or whenever the second is) makes those of the pair follow."""
    last: dict[tuple[object, ...], int] = {}
    starts, ends = [], [len(accesses)] * len(accesses)
    for index, event in enumerate(accesses):
        place, guard = (event.address, event.width), event.guard
        starts.append(max(last.get((place, guard), 0), last.get((place, always), 0)))
        if (place, guard) in last:
            ends[last[place, guard]] = index
        last[place, guard] = index
    for index, second in enumerate(accesses):
        for before in range(starts[index], index):
            if index <= ends[before]:
                yield accesses[before], second


def _both(base: Base, first: Event, second: Event) -> list[int] | None:
    """Negated literals of: both executed, to one cell; None if that cannot be."""
    parts = (base.exec[first.id], base.exec[second.id], base.same(first.id, second.id))
    if FALSE in parts:
        return None
    return [-p for p in parts if p != TRUE]


def _pair(base: Base, first: Event, second: Event, when: list[int]) -> None:
    if first.kind == "W":
        if second.kind == "W":
            base.gates.add(*when, base.order(first.id, second.id))
        else:
            _write_read(base, first.id, second.id, when)
    elif second.kind == "W":
        _read_write(base, first.id, second.id, when)
    else:
        _read_read(base, first.id, second.id, when)


def _write_read(base: Base, write: int, read: int, when: list[int]) -> None:
    for source in base.sources[read]:
        if source != write:
            rf = base.rf[source, read]
            base.gates.add(*when, -rf, _before(base, write, source))


def _read_write(base: Base, read: int, write: int, when: list[int]) -> None:
    for source in base.sources[read]:
        rf = base.rf[source, read]
        base.gates.add(*when, -rf, FALSE if source == write else _before(base, source, write))


def _read_read(base: Base, first: int, second: int, when: list[int]) -> None:
    seconds = [(two, -base.rf[two, second]) for two in base.sources[second]]
    if len(seconds) * len(base.sources[first]) > MAX_SOURCES:
        return
    for one in base.sources[first]:
        unless = [*when, -base.rf[one, first]]
        for two, unread in seconds:
            if one != two:
                before = _before(base, one, two)
                if before != TRUE:
                    base.gates.add(*unless, unread, before)


def _before(base: Base, a: int, b: int) -> int:
    """``order``; TRUE for two writes that can share no cell, since then nothing is to be said."""
    return base.order(a, b) if base.ordered(a, b) else TRUE


def add_atomicity(base: Base) -> None:
    """No write of another thread between the source of an atomic read and its write."""
    limit = len(base.gates.clauses) + MAX_CLAUSES
    for read, write in base.structure.rmw:
        own = base.events[write]
        others = {
            w.id: w
            for cell in own.cells
            for w in base.writes_to.get(cell, ())
            if w.thread >= 0 and w.thread != own.thread
        }
        for other in others:
            if len(base.gates.clauses) < limit:
                _indivisible(base, read, write, other)


def _indivisible(base: Base, read: int, write: int, other: int) -> None:
    parts = (base.exec[write], base.exec[other], base.same(write, other))
    if FALSE in parts:
        return
    when = [-p for p in (*parts, base.order(other, write)) if p != TRUE]
    for source in base.sources[read]:
        if source != other and base.ordered(source, other):
            rf, after = base.rf[source, read], base.order(source, other)
            same = base.same(source, other)
            base.gates.add(*when, -rf, -after, -same)
