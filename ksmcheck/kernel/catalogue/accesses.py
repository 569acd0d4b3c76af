"""Single loads and stores, and fences.

Sources: include/linux/compiler.h (3.9), include/asm-generic/{barrier,rwonce}.h and
include/linux/{rcupdate,srcu}.h (6.12); versions after the kernel's change log.
"""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.kernel.primitive import Primitive
from ksmcheck.record import replace

FREE = "kfree"
"""Of one scalar of what is freed (``program.freeing``)."""

FREED = "Freed"
"""The tag of its two accesses."""

VOLATILE_LOAD = "volatile load"
"""No C name: what a volatile access is, and nobody calls."""


def accesses() -> Iterator[Primitive]:
    """Plain and marked loads and stores.

    READ_ONCE and WRITE_ONCE are accepted at every kernel point: before 3.19 they stand for the
    volatile access that was then spelt ACCESS_ONCE.
    """
    yield from _loads()
    yield from _stores()


def _loads() -> Iterator[Primitive]:
    yield _load("load", ())
    once = _load("READ_ONCE", ("once-load",), macro=True)
    yield once
    # Of an object or through a pointer that is volatile: the access alone, without what a machine's
    # macro adds to it.
    yield replace(once, name=VOLATILE_LOAD, classes=("volatile-load",), form_of=once.name)
    yield _load("ACCESS_ONCE", ("once-load",), macro=True, until="4.15")
    yield _load("smp_load_acquire", ("acquire-load",), since="3.14")
    # One look of smp_cond_load_acquire (syntax.pp_kernel), with the order that the last one has.
    yield _load("__smp_cond_load_acquire", ("cond-acquire-load",), since="4.18")
    yield _load("rcu_dereference", ("rcu-load",), macro=True)
    for variant in ("raw", "bh", "sched"):
        yield _load(f"rcu_dereference_{variant}", ("rcu-load",), macro=True)
    for variant in ("check", "protected"):
        yield Primitive(
            f"rcu_dereference_{variant}",
            ("ptr", "any"),
            ("p", "condition"),
            "load",
            result="old",
            result_type="cell",
            macro=True,
            # Under the updater's lock: a plain load, without the dependency barrier.
            classes=("rcu-load",) if variant == "check" else ("protected-load",),
        )


def _stores() -> Iterator[Primitive]:
    yield _store("store", ())
    yield _store("WRITE_ONCE", ("once-store",), macro=True)
    # What the parser calls ``ACCESS_ONCE(x) = v``.
    yield _store("ACCESS_ONCE=", ("once-store",), macro=True, until="4.15")
    yield _store("RCU_INIT_POINTER", ("once-store",), macro=True)
    yield _store("smp_store_release", ("release-store",), since="3.14")
    yield _store("smp_store_mb", ("mb-store",), macro=True, since="4.2")
    yield _store("set_mb", ("mb-store",), macro=True, until="4.2")
    publish = _store("rcu_assign_pointer", ("rcu-store",), macro=True)
    # include/linux/rcupdate.h: a constant NULL publishes nothing, and is stored without a barrier.
    null = _store("rcu_assign_pointer=NULL", ("rcu-null-store",), macro=True, since="4.8")
    yield replace(publish, for_null=null.name)
    yield replace(null, form_of=publish.name)


def _load(
    name: str,
    classes: tuple[str, ...],
    *,
    macro: bool = False,
    since: str | None = None,
    until: str | None = None,
) -> Primitive:
    return Primitive(
        name,
        ("ptr",),
        ("p",),
        "load",
        result="old",
        result_type="cell",
        since=since,
        until=until,
        macro=macro,
        classes=classes,
    )


def _store(
    name: str,
    classes: tuple[str, ...],
    *,
    macro: bool = False,
    since: str | None = None,
    until: str | None = None,
) -> Primitive:
    return Primitive(
        name,
        ("ptr", "val"),
        ("p", "v"),
        "store",
        new="v",
        since=since,
        until=until,
        macro=macro,
        classes=classes,
    )


def fences() -> Iterator[Primitive]:
    """Barriers; RCU's markers are fences too, as LKMM has them."""
    for name, since, until, classes in _FENCES:
        yield Primitive(name, (), (), "fence", since=since, until=until, classes=classes)
    for side in ("before", "after"):
        around = (f"fence-{side}-rmw", "fence-around-rmw")
        for word in ("clear_bit", "atomic_inc", "atomic_dec"):
            # Deprecated aliases until 3.18; since 3.16 they were smp_mb__{before,after}_atomic.
            yield Primitive(f"smp_mb__{side}_{word}", (), (), "fence", until="3.18", classes=around)
        yield Primitive(f"smp_mb__{side}_atomic", (), (), "fence", since="3.16", classes=around)


_FENCES: tuple[tuple[str, str | None, str | None, tuple[str, ...]], ...] = (
    ("smp_mb", None, None, ()),
    ("smp_rmb", None, None, ()),
    ("smp_wmb", None, None, ()),
    ("mb", None, None, ()),
    ("rmb", None, None, ()),
    ("wmb", None, None, ()),
    ("dma_mb", "6.0", None, ()),
    ("dma_rmb", "3.19", None, ()),
    ("dma_wmb", "3.19", None, ()),
    ("barrier", None, None, ()),
    ("cpu_relax", None, None, ()),
    ("smp_read_barrier_depends", None, "5.9", ("dependency-fence",)),
    ("read_barrier_depends", None, "5.9", ("dependency-fence",)),
    ("smp_mb__before_spinlock", "3.12", "4.14", ()),
    ("smp_mb__after_spinlock", "4.14", None, ()),
    ("smp_mb__after_unlock_lock", "3.14", None, ()),
    ("smp_mb__after_srcu_read_unlock", "3.14", None, ()),
    ("smp_acquire__after_ctrl_dep", "4.8", None, ()),
    ("rcu_read_lock", None, None, ("rcu-marker",)),
    ("rcu_read_unlock", None, None, ("rcu-marker",)),
    ("synchronize_rcu", None, None, ("grace-period",)),
    ("synchronize_rcu_expedited", None, None, ("grace-period",)),
)


def freeing() -> Iterator[Primitive]:
    """What kfree() does to each scalar of the object: it keeps its value, and is written to, as an
    allocator may do what it likes with the memory (mm/slub.c, set_freepointer)."""
    yield Primitive(FREE, ("ptr",), ("p",), "rmw", new="old")


EITHER = "either-answer"
"""The class of what the kernel may answer with yes or with no at any time."""
_EITHER = {
    "__VERIFIER_nondet_bool": 0,
    "signal_pending": 1,
    "fatal_signal_pending": 1,
    "need_resched": 0,
    "tif_need_resched": 0,
    "spin_is_contended": 1,
    "raw_spin_is_contended": 1,
    "rwlock_is_contended": 1,
    "rwsem_is_contended": 1,
    "spin_needbreak": 1,
    "rwlock_needbreak": 1,
    "kthread_should_stop": 0,
    "kthread_should_park": 0,
}
"""With the number of arguments."""
EITHER_ANSWERS = frozenset(_EITHER)
PASSING_ANSWERS = frozenset(("__VERIFIER_nondet_bool", "need_resched", "tif_need_resched"))
"""Whose yes does not last, where it is asked for again and again (--liveness): the scheduler has
its turn meanwhile. A no may with all of them."""
STANDING_ANSWERS = EITHER_ANSWERS - PASSING_ANSWERS
"""Whose yes may, for nothing but the thread itself ends it: it is there still (kernel/signal.c,
kernel/kthread.c), or who waits for a lock waits for this thread."""


def either_answers() -> Iterator[Primitive]:
    """What is up to a signal, to the scheduler or to who waits for a lock, none of which a test
    has: the answer is free. The outcome is ok where it is no. The test looks at an old value that
    nothing reads, so that nothing decides it (kernel/sched, kernel/signal.c)."""
    for name, arguments in _EITHER.items():
        names = ("of",) * arguments
        yield Primitive(
            name,
            ("any",) * arguments,
            names,
            "fence",
            test="old == 0",
            result="!ok",
            result_type="int",
            classes=(EITHER,),
        )


def rcu_callbacks() -> Iterator[Primitive]:
    """What ``syntax.litmus_callbacks`` makes of call_rcu: the call, the look at it by who calls the
    function (kernel/rcu/tree.c has both names), and that this is done."""
    yield _store("call_rcu", ("rcu-callback",))
    yield _store("rcu_barrier_callback", ("rcu-callback",))
    yield _load("rcu_do_batch", ("rcu-callback-load",))


def srcu() -> Iterator[Primitive]:
    """Sleepable RCU as LKMM models it: lock reads an index, unlock gives it back."""
    for name, since in (("srcu_read_lock", None), ("srcu_down_read", "6.3")):
        yield Primitive(
            name,
            ("ptr",),
            ("s",),
            "load",
            result="old",
            result_type="int",
            since=since,
            classes=("srcu-lock",),
        )
    for name, since in (("srcu_read_unlock", None), ("srcu_up_read", "6.3")):
        yield Primitive(
            name,
            ("ptr", "val"),
            ("s", "index"),
            "store",
            new="index",
            since=since,
            classes=("srcu-unlock",),
        )
    for name in ("synchronize_srcu", "synchronize_srcu_expedited"):
        yield Primitive(name, ("ptr",), ("s",), "fence", classes=("srcu-grace-period",))
