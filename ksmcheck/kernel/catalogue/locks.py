"""Locks: a cell that is 0 when free. Spin locks and mutexes are 1 when held.

Reader-writer locks and semaphores are 1 when a writer holds them, and twice the number of readers
where those do. How the kernel queues who waits is left out: a waiter is there when the lock is free
for it. That a ``trylock`` may fail where somebody waits is said by a machine's row (``spurious``).

Sources: include/linux/{spinlock,mutex,xarray,rwlock,rwsem}.h. Interrupt and bottom-half variants
are the same lock: interrupts are not modelled. A ``flags`` argument is not evaluated
(what gives it a value is ``syntax/c_saved_flags``).
"""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.kernel.primitive import Primitive
from ksmcheck.record import Struct, replace

_PLAIN = ("", "_irq", "_bh")


class _Side(Struct, frozen=True):
    """``free``: whether it may come in; ``taken``: what the cell is then."""

    name: str
    free: str
    taken: str


_SIDES = (_Side("read", "!(old & 1)", "old + 2"), _Side("write", "old == 0", "1"))


def locks() -> Iterator[Primitive]:
    for base in ("spin", "raw_spin"):
        yield from _spin(base)
        init = f"{base}_lock_init"
        yield Primitive(init, ("ptr",), ("lock",), "store", new="0", classes=("spin-lock-init",))
    yield from (replace(lock, since="4.17") for lock in _spin("xa"))
    yield from _mutex()
    yield from _rwlock()
    yield from _rwsem()


def _spin(base: str) -> Iterator[Primitive]:
    for suffix in _PLAIN:
        yield _lock(f"{base}_lock{suffix}")
        yield _unlock(f"{base}_unlock{suffix}")
    yield _lock(f"{base}_lock_irqsave", flags=True)
    yield _unlock(f"{base}_unlock_irqrestore", flags=True)
    if base == "xa":
        yield _trylock("xa_trylock")
        return
    for suffix in _PLAIN:
        yield _trylock(f"{base}_trylock{suffix}")
    yield _trylock(f"{base}_trylock_irqsave", flags=True)
    yield _is_locked(f"{base}_is_locked")


def _mutex() -> Iterator[Primitive]:
    yield _lock("mutex_lock")
    yield _unlock("mutex_unlock")
    yield _trylock("mutex_trylock")
    yield _is_locked("mutex_is_locked")


def _rwlock() -> Iterator[Primitive]:
    """No ``_bh`` and ``_irq`` form of trylock was ever there."""
    for side in _SIDES:
        kind = f"rwlock-{side.name}"
        for suffix in _PLAIN:
            yield _taking(f"{side.name}_lock{suffix}", side, kind)
            yield _giving(f"{side.name}_unlock{suffix}", side, kind)
        yield _taking(f"{side.name}_lock_irqsave", side, kind, flags=True)
        yield _giving(f"{side.name}_unlock_irqrestore", side, kind, flags=True)
        yield _trying(f"{side.name}_trylock", side, kind)
    yield _trying("write_trylock_irqsave", _SIDES[1], "rwlock-write", flags=True)


def _rwsem() -> Iterator[Primitive]:
    for side in _SIDES:
        kind = f"rwsem-{side.name}"
        yield _taking(f"down_{side.name}", side, kind)
        yield _giving(f"up_{side.name}", side, kind)
        yield _trying(f"down_{side.name}_trylock", side, kind)
    yield Primitive(
        "downgrade_write", ("ptr",), ("lock",), "store", new="2", classes=("rwsem-downgrade",)
    )
    yield _is_locked("rwsem_is_locked")


def _taking(name: str, side: _Side, kind: str, flags: bool = False) -> Primitive:
    params, names = _arguments(flags)
    return Primitive(
        name,
        params,
        names,
        "rmw",
        test=side.free,
        new=side.taken,
        blocks=True,
        classes=(f"{kind}-lock",),
    )


def _trying(name: str, side: _Side, kind: str, flags: bool = False) -> Primitive:
    return replace(
        _taking(name, side, kind, flags),
        result="ok",
        result_type="int",
        blocks=False,
        classes=(f"{kind}-trylock",),
    )


def _giving(name: str, side: _Side, kind: str, flags: bool = False) -> Primitive:
    """A writer is alone, and its store frees the lock; readers are counted down."""
    params, names = _arguments(flags)
    shape, new = ("rmw", "old - 2") if side.name == "read" else ("store", "0")
    return Primitive(name, params, names, shape, new=new, classes=(f"{kind}-unlock",))


def _arguments(flags: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return (("ptr", "any"), ("lock", "flags")) if flags else (("ptr",), ("lock",))


def _kind(name: str, what: str) -> tuple[str, ...]:
    """``mutex-lock`` or ``spin-lock``; ``xa_`` and ``raw_spin_`` locks are spin locks."""
    own = next((kind for kind in ("mutex", "rwsem") if name.startswith(kind)), "spin")
    return (f"{own}-{what}",)


def _lock(name: str, flags: bool = False) -> Primitive:
    params, names = _arguments(flags)
    return Primitive(
        name,
        params,
        names,
        "rmw",
        test="old == 0",
        new="1",
        blocks=True,
        classes=_kind(name, "lock"),
    )


def _unlock(name: str, flags: bool = False) -> Primitive:
    params, names = _arguments(flags)
    return Primitive(name, params, names, "store", new="0", classes=_kind(name, "unlock"))


def _trylock(name: str, flags: bool = False) -> Primitive:
    params, names = _arguments(flags)
    return Primitive(
        name,
        params,
        names,
        "rmw",
        test="old == 0",
        new="1",
        result="ok",
        result_type="int",
        classes=_kind(name, "trylock"),
    )


def _is_locked(name: str) -> Primitive:
    """The outcome is ok where the lock is held: LKMM has two kinds of event for it."""
    return Primitive(
        name,
        ("ptr",),
        ("lock",),
        "load",
        test="old != 0",
        result="ok",
        result_type="int",
        classes=_kind(name, "is-locked"),
    )
