"""rf and co of the candidates of a test, cell by cell.

What a model forbids within one cell (coherence and atomicity, where ``premises`` finds them in its
cat file) is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations, product
from math import factorial
from typing import TypeAlias

from ksmcheck.events.structure import Event
from ksmcheck.record import Struct
from ksmcheck.solve.premises import Premises

_TRIED = 20_000
"""Combinations of one cell, most of which the model may forbid, that are put together at most."""

Source: TypeAlias = tuple[int, int]
"""A read and the write it reads from."""


class Local(Struct, frozen=True):
    """rf and co of one cell, as bits of the graph; ``order`` begins with the initial write."""

    rf: int
    co: int
    sources: tuple[Source, ...]
    order: tuple[int, ...]


Choice: TypeAlias = tuple[Local, ...]
"""A candidate: one of each cell."""


def choices_of(
    events: Sequence[Event], rmw: Sequence[tuple[int, int]], axioms: Premises, most: int
) -> dict[int, list[Local]] | None:
    """What each cell may have, by its number; None where it is more than ``most``.

    ``events`` are all executed, each access at one cell: they are the graph's, as they stand.
    """
    index = {event.id: i for i, event in enumerate(events)}
    accesses: dict[int, list[Event]] = {}
    for event in events:
        if event.kind != "F":
            accesses.setdefault(event.cells[0], []).append(event)
    atomic = rmw if axioms.atomicity else ()
    found = {}
    for number, own in accesses.items():
        writes = sum(event.kind == "W" for event in own)
        if factorial(writes - 1) * writes ** (len(own) - writes) > _TRIED:
            return None
        cell = _Cell(own, axioms.coherence, atomic)
        found[number] = [_local(choice, index) for choice in cell.choices()]
        if len(found[number]) > most:
            return None
    return found


def _local(choice: tuple[tuple[Source, ...], tuple[int, ...]], index: dict[int, int]) -> Local:
    sources, order = choice
    n = len(index)
    rf = co = later = 0
    for read, write in sources:
        rf |= 1 << (index[write] * n + index[read])
    for write in reversed(order):
        co |= later << (index[write] * n)
        later |= 1 << index[write]
    return Local(rf, co, sources, order)


class _Cell:
    """The accesses of one cell: what rf and co they may have."""

    def __init__(
        self, accesses: Sequence[Event], coherent: bool, atomic: Sequence[tuple[int, int]]
    ) -> None:
        self._coherent = coherent
        self._writes = [e.id for e in accesses if e.kind == "W"]
        threads: dict[int, list[Event]] = {}
        for event in accesses:
            if event.thread >= 0:
                threads.setdefault(event.thread, []).append(event)
        self._threads = [sorted(own, key=_position) for own in threads.values()]
        self._thread_of = {e.id: e.thread for e in accesses}
        self._atomic = [(r, w) for r, w in atomic if r in self._thread_of and w in self._thread_of]

    def choices(self) -> Iterator[tuple[tuple[Source, ...], tuple[int, ...]]]:
        first, *others = self._writes
        for rest in permutations(others):
            order = (first, *rest)
            place = {write: i for i, write in enumerate(order)}
            threads = [list(self._sources(own, 0, 0, 0, place)) for own in self._threads]
            for chosen in product(*threads):
                sources = tuple([pair for own in chosen for pair in own])
                if self._undivided(dict(sources), place):
                    yield sources, order

    def _sources(
        self, own: Sequence[Event], at: int, least: int, here: int, place: dict[int, int]
    ) -> Iterator[tuple[Source, ...]]:
        """What a thread's reads may read from. Its accesses before the one at ``at`` have seen the
        write at place ``least``, and those of the same instruction the one at ``here``."""
        if at == len(own):
            yield ()
            return
        event = own[at]
        if at and own[at - 1].position < event.position:
            least = max(least, here)
        if event.kind == "W":
            seen = place[event.id]
            if not self._coherent or seen > least:
                yield from self._sources(own, at + 1, least, max(here, seen), place)
            return
        # What it stores itself it does not read.
        same = {e.id for e in own if event.position == e.position or event.instance == e.instance}
        for write, seen in place.items():
            if write not in same and (not self._coherent or seen >= least):
                for rest in self._sources(own, at + 1, least, max(here, seen), place):
                    yield ((event.id, write), *rest)

    def _undivided(self, rf: dict[int, int], place: dict[int, int]) -> bool:
        """Whether no other thread writes between an atomic read's source and its write."""
        thread = self._thread_of
        return not any(
            place[rf[read]] < at < place[write] and thread[other] != thread[write]
            for read, write in self._atomic
            for other, at in place.items()
        )


def _position(event: Event) -> float:
    return event.position
