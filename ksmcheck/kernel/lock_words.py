"""Where the locks lie in what is allocated.

They are free, as all are at the start, and zeros that are stored to the whole object are none to
its locks: nobody would come past a lock that holds garbage, so that what is behind it would be
SAFE, whatever it is, and LKMM's locks are only taken and released.
"""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.kernel.layout import Layouts
from ksmcheck.kernel.types import ArrayOf, CType, StructType

_LOCKS = frozenset(("spinlock_t", "raw_spinlock_t", "rwlock_t", "mutex", "rw_semaphore"))


def lock_offsets(type: CType, layouts: Layouts, at: int = 0) -> Iterator[int]:
    """The offset of each lock in a type that lies at ``at``."""
    if isinstance(type, ArrayOf):
        size = layouts.size(type.element, None)
        for index in range(type.length or 0):
            yield from lock_offsets(type.element, layouts, at + index * size)
    elif isinstance(type, StructType) and type.tag in _LOCKS:
        yield at
    elif isinstance(type, StructType):
        for member in layouts.of(type, None).members:
            yield from lock_offsets(member.type, layouts, at + member.offset)
