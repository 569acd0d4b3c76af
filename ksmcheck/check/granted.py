"""What is taken for granted of memory that is allocated and freed."""

from __future__ import annotations

from collections.abc import Collection

from ksmcheck.events.structure import EventStructure
from ksmcheck.kernel.catalogue.accesses import FREE
from ksmcheck.syntax.litmus_allocated import OBJECT

MEMORY = "assuming that no allocation fails"

_TWICE = frozenset(("mutex_unlock", "up_read", "up_write", "downgrade_write"))
"""One access here. In a kernel they give the lock back, and then look for who waits
(kernel/locking/mutex.c, rwsem.c)."""


def allocates(structure: EventStructure) -> bool:
    """Whether some thread may allocate something."""
    return any(cell.local is not None and cell.local.name == OBJECT for cell in structure.cells)


def late_unlock(structure: EventStructure, without: Collection[str]) -> str | None:
    """Why nothing can be promised where such a lock lies in what may be freed: who frees it because
    he was the last to hold it may do so too early. The calls at some sites are not there."""
    present = [e for e in structure.events if e.origin and e.origin.site not in without]
    freed = {cell for event in present if event.primitive == FREE for cell in event.cells}
    for event in present:
        if event.primitive in _TWICE and freed.intersection(event.cells) and event.origin:
            name = event.primitive
            return f"{name} at {event.origin.span} is one access here, of a lock that may be freed"
    return None
