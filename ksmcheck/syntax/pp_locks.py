"""Macros of the kernel that take locks: those that a signal would end, and those that take one
where a count comes to zero.

Sources: include/linux/mutex.h, rwsem.h, mmap_lock.h, spinlock.h, lib/dec_and_lock.c, lib/refcount.c
and kernel/locking/mutex.c of kernels 6.1 and 6.12. What is in "6.1" or "6.12" may be older.
"""

from __future__ import annotations

# A lock is free at the start without it; those of a spinlock are primitives (kernel/catalogue).
_STARTED = tuple(
    f"{name}(l) ((void)(*(l) = ({type}){{ 0 }}))"
    for name, type in (
        ("rwlock_init", "rwlock_t"),
        ("mutex_init", "struct mutex"),
        ("init_rwsem", "struct rw_semaphore"),
    )
)


def _nested(name: str) -> str:
    """What lockdep is told besides changes no lock."""
    return f"{name}_nested(l, n) {name}(l)"


_NESTED = (
    *(
        f"{kind}_lock_{how}(l, n) {kind}_lock(l)"
        for kind in ("spin", "raw_spin", "mutex")
        for how in ("nested", "nest_lock")
    ),
    "spin_lock_irqsave_nested(l, f, n) spin_lock_irqsave(l, f)",
    "raw_spin_lock_irqsave_nested(l, f, n) raw_spin_lock_irqsave(l, f)",
    _nested("down_read"),
    _nested("down_write"),
    "down_write_nest_lock(l, n) down_write(l)",
)

# linux/mmap_lock.h; what 6.x notes beside the lock for walks under a vma's own lock is left out.
_MMAP_LOCK = (
    "mmap_init_lock(mm) init_rwsem(&(mm)->mmap_lock)",
    *(
        f"mmap_{side}_{what}(mm) {called}(&(mm)->mmap_lock)"
        for side in ("read", "write")
        for what, called in (
            ("lock", f"down_{side}"),
            ("unlock", f"up_{side}"),
            ("trylock", f"down_{side}_trylock"),
            ("lock_killable", f"down_{side}_killable"),
        )
    ),
    "mmap_write_downgrade(mm) downgrade_write(&(mm)->mmap_lock)",
)


def _unsignalled(name: str, lock: str) -> str:
    """Nobody is killed or interrupted here: the lock is taken, and that is 0."""
    return f"{name}(l) ({{ {lock}(l); 0; }})"


_UNSIGNALLED_MUTEX = tuple(
    line
    for name in ("mutex_lock_interruptible", "mutex_lock_killable")
    for line in (_unsignalled(name, "mutex_lock"), _nested(name))
)


# A call returns a constant on each way, so that what comes later depends on the branches alone.
_LAST = (
    "({{ typeof(c) count__ = (c); typeof(l) lock__ = (l); {answer} last__ = 0;"
    " if (!{quick}) {{ {lock}; if ({last}(count__)) last__ = 1; else {unlock}; }}"
    " last__; }})"
)


def _last_of_atomic(name: str, lock: str, unlock: str, flags: str = "") -> str:
    """Counts down without the lock while that cannot come to zero, and under it if it may."""
    return f"{name}(c, l{flags}) " + _LAST.format(
        answer="int",
        quick="atomic_add_unless(count__, -1, 1)",
        last="atomic_dec_and_test",
        lock=f"{lock}(lock__{flags})",
        unlock=f"{unlock}(lock__{flags})",
    )


def _last_of_refcount(name: str, lock: str, unlock: str, flags: str = "") -> str:
    """As above. Its ``flags`` are given by their address."""
    saved = flags and ", *(f)"
    return f"{name}(c, l{flags}) " + _LAST.format(
        answer="bool",
        quick="refcount_dec_not_one(count__)",
        last="refcount_dec_and_test",
        lock=f"{lock}(lock__{saved})",
        unlock=f"{unlock}(lock__{saved})",
    )


_SPIN = "spin_lock", "spin_unlock"
_MUTEX = "mutex_lock", "mutex_unlock"
_IRQSAVE = "spin_lock_irqsave", "spin_unlock_irqrestore", ", f"
_RAW = "raw_spin_lock", "raw_spin_unlock"
_RAW_IRQSAVE = "raw_spin_lock_irqsave", "raw_spin_unlock_irqrestore", ", f"


def idioms_of_locks() -> dict[str, tuple[str, ...]]:
    """What stands behind ``#define``, by the kernel version that has it first."""
    return {
        "2.6": (
            *_STARTED,
            *_NESTED,
            *_UNSIGNALLED_MUTEX,
            _last_of_atomic("atomic_dec_and_lock", *_SPIN),
            _last_of_atomic("atomic_dec_and_mutex_lock", *_MUTEX),
        ),
        "4.7": (_unsignalled("down_write_killable", "down_write"),),
        "4.11": (
            # It tells the block layer that the task waits, which orders nothing.
            "mutex_lock_io(l) mutex_lock(l)",
            "mutex_lock_io_nested(l, n) mutex_lock(l)",
            _last_of_refcount("refcount_dec_and_lock", *_SPIN),
            _last_of_refcount("refcount_dec_and_mutex_lock", *_MUTEX),
        ),
        "4.15": (_unsignalled("down_read_killable", "down_read"),),
        "5.8": _MMAP_LOCK,
        "5.11": (_unsignalled("down_read_interruptible", "down_read"),),
        "6.1": (
            "mmap_assert_locked(mm) ((void)WARN_ON(!rwsem_is_locked(&(mm)->mmap_lock)))",
            _nested("down_read_killable"),
            _nested("down_write_killable"),
            _last_of_atomic("atomic_dec_and_lock_irqsave", *_IRQSAVE),
            _last_of_refcount("refcount_dec_and_lock_irqsave", *_IRQSAVE),
        ),
        "6.12": (
            # Of a writer the count is 1. The kernel looks at its own bit for that.
            "rwsem_assert_held(l) ((void)WARN_ON(!rwsem_is_locked(l)))",
            "rwsem_assert_held_write(l) ((void)WARN_ON(READ_ONCE((l)->count) != 1))",
            "mmap_assert_write_locked(mm) rwsem_assert_held_write(&(mm)->mmap_lock)",
            _last_of_atomic("atomic_dec_and_raw_lock", *_RAW),
            _last_of_atomic("atomic_dec_and_raw_lock_irqsave", *_RAW_IRQSAVE),
        ),
    }
