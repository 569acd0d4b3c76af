"""Locks that a kernel may come to once more after it has given them back."""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.events.structure import EventStructure
from ksmcheck.kernel.catalogue.accesses import FREE

_TWICE = frozenset(("mutex_unlock", "up_read", "up_write", "downgrade_write"))
"""One access here. In a kernel they give the lock back, and then look for who waits
(kernel/locking/mutex.c, rwsem.c)."""


def late_unlocks(structure: EventStructure) -> Iterator[str]:
    """What has to be known of those of a lock in an object that may be freed: who frees it because
    he was the last to hold that lock may do so too early."""
    freed = {cell for e in structure.events if e.primitive == FREE for cell in e.cells}
    told: dict[str, None] = {}
    for event in structure.events:
        if (
            event.primitive in _TWICE
            and event.origin is not None
            and freed.intersection(event.cells)
        ):
            told[f"{event.origin.span}: {event.primitive} is one access here"] = None
    for place in told:
        yield f"{place}; a kernel's may come to the lock after the next has it, and has freed it"
