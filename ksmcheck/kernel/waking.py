"""Who gives a sleeping lock back may come to it once more, to wake who waits for it.

By then somebody else may hold the lock, give it back and free it (kernel/locking/mutex.c,
``__mutex_unlock_slowpath``; rwsem.c, ``rwsem_wake``).
"""

from __future__ import annotations

MUTEX, RWSEM = "mutex", "rw_semaphore"
"""The tags of the locks."""
LOOKS = {MUTEX: "mutex_is_locked", RWSEM: "rwsem_is_locked"}
"""The read that stands for all that is done then."""
GIVES_BACK = {
    "mutex_unlock": MUTEX,
    "up_read": RWSEM,
    "up_write": RWSEM,
    "downgrade_write": RWSEM,
}
"""The calls that give a lock back, with what they give."""


def late_look(access: str, site: str) -> str | None:
    """The call of which an access at a site (as in ``Origin.site``) is the second, with which it
    looks for who waits; None where it is none."""
    call = site.split("@")[0]
    lock = GIVES_BACK.get(call)
    return call if lock is not None and access == LOOKS[lock] else None
