"""Which primitive is a weaker or stronger form of which: the same deed, less or more order.

Sources: Documentation/memory-barriers.txt, Documentation/atomic_t.txt (the order suffixes), and
Documentation/core-api/refcount-vs-atomic.rst.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.primitives import all_primitives, primitives

PLAIN_FORMS = {"load": "load", "store": "store"}
"""Shape -> the plain C access that a marked access may become."""

_WEAKER_FENCES: dict[str, tuple[str, ...]] = {
    "smp_mb": ("smp_wmb", "smp_rmb", "barrier"),
    "mb": ("smp_mb", "wmb", "rmb", "barrier"),
    "smp_wmb": ("barrier",),
    "wmb": ("smp_wmb", "barrier"),
    "smp_rmb": ("smp_read_barrier_depends", "barrier"),
    "rmb": ("smp_rmb", "barrier"),
    "smp_read_barrier_depends": ("barrier",),
    "read_barrier_depends": ("smp_read_barrier_depends", "barrier"),
    "smp_acquire__after_ctrl_dep": ("barrier",),
    "dma_mb": ("dma_wmb", "dma_rmb", "barrier"),
    "dma_wmb": ("barrier",),
    "dma_rmb": ("barrier",),
}
_AROUND = ("smp_mb__before_", "smp_mb__after_")
"""Full barriers for a place beside one kind of operation; without it they are compiler barriers."""

_WEAKER_ACCESSES: dict[str, tuple[str, ...]] = {
    "smp_load_acquire": ("READ_ONCE",),
    "rcu_dereference": ("READ_ONCE",),
    "smp_store_release": ("WRITE_ONCE",),
    "smp_store_mb": ("WRITE_ONCE",),  # its barrier comes after the store: no release
    "set_mb": ("WRITE_ONCE",),
    "rcu_assign_pointer": ("RCU_INIT_POINTER",),
    "READ_ONCE": ("plain",),
    "ACCESS_ONCE": ("plain",),
    "ACCESS_ONCE=": ("plain",),
    "WRITE_ONCE": ("plain",),
    "clear_bit_unlock": ("clear_bit",),
    "test_and_set_bit": ("test_and_set_bit_lock",),
    "test_bit_acquire": ("test_bit",),
    # A refcount has no form that is full: without a suffix it is relaxed.
    "refcount_inc_not_zero_acquire": ("refcount_inc_not_zero",),
    "refcount_add_not_zero_acquire": ("refcount_add_not_zero",),
    "refcount_set_release": ("refcount_set",),
}
_VARIANTS = {
    **{f"rcu_dereference_{kind}": "rcu_dereference" for kind in ("raw", "bh", "sched", "check")},
    "__smp_cond_load_acquire": "smp_load_acquire",
}
"""Primitives that are as weak as another, and that nothing is strengthened to: which of them it
is says what lockdep checks, or that it is a macro's."""
_SPELLINGS = {"ACCESS_ONCE": "READ_ONCE", "ACCESS_ONCE=": "WRITE_ONCE"}
"""Old names, with the names that the stronger forms are told by."""
_STRONGER_PLAIN = {"load": ("READ_ONCE", "smp_load_acquire"), "store": ("WRITE_ONCE",)}
_RELAXED, _ONE_WAY = "_relaxed", ("_acquire", "_release")


@cache
def weaker(name: str, kernel: str) -> tuple[str, ...]:
    """The weaker forms of a primitive at a kernel point, ``plain`` included."""
    return tuple(dict.fromkeys(_there(_weaker(name), kernel)))


@cache
def stronger(name: str, kernel: str) -> tuple[str, ...]:
    """The stronger forms of a primitive (or of a plain ``load`` or ``store``)."""
    if name in _STRONGER_PLAIN:
        return tuple(_there(_STRONGER_PLAIN[name], kernel))
    own = _SPELLINGS.get(name, name)
    found = [o for o in primitives(kernel) if own in _weaker(o) and o not in _VARIANTS]
    if name in ("barrier", "cpu_relax"):
        found = ["smp_rmb", "smp_wmb", "smp_mb"]
    elif name == "smp_read_barrier_depends":
        found = ["smp_rmb", "smp_mb"]
    return tuple(dict.fromkeys(_there(found, kernel)))


_JOINED = {
    "READ_ONCE": "smp_load_acquire",
    "ACCESS_ONCE": "smp_load_acquire",
    "WRITE_ONCE": "smp_store_release",
    "rcu_assign_pointer": "smp_store_release",
}


@cache
def joined(shape: str, kernel: str) -> dict[str, str]:
    """The marked loads that have an acquire form, or stores that have a release form, each with
    that: what a barrier beside it may be joined with."""
    known = primitives(kernel)
    suffix = {"load": "_acquire", "store": "_release"}[shape]
    forms = {name: _JOINED.get(name, name + suffix) for name in known}
    return {n: to for n, to in forms.items() if known[n].shape == shape and to in known}


def _there(names: Iterable[str], kernel: str) -> list[str]:
    known = primitives(kernel)
    return [name for name in names if name == "plain" or name in known]


def _weaker(name: str) -> tuple[str, ...]:
    name = _VARIANTS.get(name, name)
    if name in _WEAKER_FENCES:
        return _WEAKER_FENCES[name]
    if name.startswith(_AROUND):
        return ("barrier",)
    if name in _WEAKER_ACCESSES:
        return _WEAKER_ACCESSES[name]
    if name.endswith(_RELAXED):
        return ()
    for suffix in _ONE_WAY:
        if name.endswith(suffix) and name.startswith(("atomic", "xchg", "cmpxchg", "try_cmpxchg")):
            stem = name.removesuffix(suffix)
            return (stem + _RELAXED, stem)[: 2 if stem.endswith(("_read", "_set")) else 1]
    known = all_primitives().get(name)
    if known is None or known.shape != "rmw" or name.startswith("refcount"):
        return ()
    return tuple(name + suffix for suffix in (*_ONE_WAY, _RELAXED))


def same_deed(one: Primitive, other: Primitive) -> bool:
    """Whether two primitives differ in nothing but their order."""
    return (
        one.operands == other.operands
        or [kind for kind, _ in one.operands] == [kind for kind, _ in other.operands]
    ) and (one.test, one.new, one.result, one.fail_stores, one.blocks, one.shape, one.misuse) == (
        other.test,
        other.new,
        other.result,
        other.fail_stores,
        other.blocks,
        other.shape,
        other.misuse,
    )
