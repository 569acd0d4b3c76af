"""The second access of who gives a mutex or an rw_semaphore back (``kernel.waking``).

It stands behind the first, as a part of the same call, where such a lock lies in what is freed.
Without another thread that may wait for one, nobody looks for it.
"""

from __future__ import annotations

from collections.abc import Collection

from ksmcheck.kernel.layout import Layouts
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.types import INT, ArrayOf, CType, StructType
from ksmcheck.kernel.waking import GIVES_BACK, LOOKS, MUTEX, RWSEM
from ksmcheck.program.graph import Step
from ksmcheck.program.ir import Access
from ksmcheck.record import Struct, field, replace

_WAITS = (("mutex_lock", MUTEX), ("down_", RWSEM))


class _Look(Struct, frozen=True, eq=False):
    steps: list[Step]
    access: Access
    lock: str
    thread: int


class LateLooks(Struct):
    """Those of all threads, as far as they are lowered. ``waits`` has the threads that may wait for
    a lock of each kind, ``writes`` tells whether any takes an rw_semaphore for itself: readers do
    not wait for each other."""

    looks: list[_Look] = field(default_factory=list)
    writes: bool = False
    waits: dict[str, set[int]] = field(default_factory=dict)

    def note(self, primitive: Primitive, access: Access, steps: list[Step], thread: int) -> None:
        """Behind the access of a primitive. A look is taken out again where none is needed, which
        only the end tells."""
        self.writes |= primitive.name.startswith("down_write")
        if primitive.blocks:
            for beginning, waited in _WAITS:
                if primitive.name.startswith(beginning):
                    self.waits.setdefault(waited, set()).add(thread)
        elif (lock := GIVES_BACK.get(primitive.name)) is not None:
            asks = replace(access, name=LOOKS[lock], args=access.args[:1], result_type=INT.ints)
            steps.append(asks)
            self.looks.append(_Look(steps, asks, lock, thread))

    def settle(self, freed: Collection[CType], layouts: Layouts) -> None:
        """Keeps the looks at locks that may be freed, and that another thread may wait for."""
        for look in self.looks:
            waits = self.waits.get(look.lock, set()) - {look.thread}
            if look.lock == RWSEM and not self.writes:
                waits = set()
            if not waits or not any(_has(type, look.lock, layouts) for type in freed):
                look.steps[:] = [step for step in look.steps if step is not look.access]


def _has(type: CType, lock: str, layouts: Layouts) -> bool:
    if isinstance(type, ArrayOf):
        return _has(type.element, lock, layouts)
    if not isinstance(type, StructType):
        return False
    if (type.kind, type.tag) == ("struct", lock):
        return True
    return any(_has(member.type, lock, layouts) for member in layouts.of(type, None).members)
