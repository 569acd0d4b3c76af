"""Spin locks and mutexes: a cell that is 0 when free and 1 when held.

Sources: include/linux/{spinlock,mutex,xarray}.h. Interrupt and bottom-half variants are the same
lock: interrupts are not modelled. A ``flags`` argument is not evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.kernel.primitive import Primitive
from ksmcheck.record import replace

_PLAIN = ("", "_irq", "_bh")


def locks() -> Iterator[Primitive]:
    for base in ("spin", "raw_spin"):
        yield from _spin(base)
    yield from (replace(lock, since="4.17") for lock in _spin("xa"))
    yield from _mutex()


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


def _arguments(flags: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return (("ptr", "any"), ("lock", "flags")) if flags else (("ptr",), ("lock",))


def _kind(name: str, what: str) -> tuple[str, ...]:
    """``mutex-lock`` or ``spin-lock``; ``xa_`` and ``raw_spin_`` locks are spin locks."""
    return (f"{'mutex' if name.startswith('mutex') else 'spin'}-{what}",)


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
