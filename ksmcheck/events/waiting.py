"""Which loops that wait a model with flags may tell apart from loops that do not go round.

An iteration that changes nothing is left out of all executions, since that takes constraints away
and nothing else. But a flag may be raised by the iteration itself: its read may be what races with
a plain store. A flag needs no more than one iteration of each loop, so one stays, and only where
the iteration has something that a flag may speak of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ksmcheck.events.draft import DraftEvent
from ksmcheck.events.walk import Walk
from ksmcheck.kernel.catalogue.accesses import FREED
from ksmcheck.program.ir import LoopIteration

Places = Sequence[tuple[int, ...]]
"""The cells that each access may be at, by its number."""


def flagged_loops(walks: list[Walk], places: Places) -> list[frozenset[int]]:
    """For each thread the numbers of its loops of which one iteration has to stay."""
    writes = _writes(walks, places)
    return [
        frozenset(
            repeat.number
            for repeat in walk.waiting
            if _may_race(walk, repeat, places, writes) or _sections(walk, repeat)
        )
        for walk in walks
    ]


def _events(walk: Walk, repeat: LoopIteration) -> Iterator[DraftEvent]:
    for block in repeat.blocks:
        yield from walk.accesses.get(block, ())


def _plain(event: DraftEvent) -> bool:
    """Whether a model may take it for a plain access, as LKMM does what has no mark."""
    return event.primitive in ("load", "store") or event.tags <= {FREED}


_ANYONE = -2


def _writes(walks: list[Walk], places: Places) -> set[tuple[int, int, bool]]:
    """Thread, cell, and whether the write is plain. What is freed is nobody's any more: whoever
    did it must not come to it either."""
    return {
        (_ANYONE if FREED in event.tags else event.thread, cell, _plain(event))
        for walk in walks
        for events in walk.accesses.values()
        for event in events
        if event.kind == "W"
        for cell in places[event.id]
    }


def _may_race(
    walk: Walk, repeat: LoopIteration, places: Places, writes: set[tuple[int, int, bool]]
) -> bool:
    """A read of the iteration and another thread's write, one of them plain, may share a cell; or a
    read and what is freed."""
    here = walk.thread.index
    read = {
        (cell, _plain(event))
        for event in _events(walk, repeat)
        if event.kind == "R"
        for cell in places[event.id]
    }
    return any(
        thread != here and ((cell, True) in read or (plain and (cell, False) in read))
        for thread, cell, plain in writes
    )


def _sections(walk: Walk, repeat: LoopIteration) -> bool:
    """The iteration does more about read-side critical sections than to run through some."""
    names = [event.primitive for event in _events(walk, repeat)]
    open_ended = names.count("rcu_read_lock") != names.count("rcu_read_unlock")
    return open_ended or any(n.startswith("synchronize_") or "srcu" in n for n in names)
