"""The kernel's headers that come with ksmcheck: what ``#include <linux/...>`` reads.

Each is kernel C of our own, made of the primitives that a model knows (``kernel/include``). Other
headers hold nothing but what is known without them, and are read as empty ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from ksmcheck.record import Struct
from ksmcheck.store.paths import headers_dir
from ksmcheck.syntax.files import read_source
from ksmcheck.syntax.pp_macros import in_private
from ksmcheck.syntax.tokens import Token, tokenize
from ksmcheck.text import Source


class Header(Struct, frozen=True):
    """``kernels`` are those that it tells of: from a first one on, and up to a last."""

    path: Path
    kernels: tuple[tuple[str, str | None], ...]

    @property
    def said(self) -> str:
        """The kernels in words."""
        spans = (f"{a} on" if b is None else f"{a} to {b}" for a, b in self.kernels)
        return f"it is there from {', and from '.join(spans)}"


# What lies between two spans was not read.
_LISTS: tuple[tuple[str, str | None], ...] = (("3.9", "3.13"), ("6.1", None))
_KERNELS: dict[str, tuple[tuple[str, str | None], ...]] = {
    "asm/local.h": (("6.1", None),),
    "linux/completion.h": _LISTS,
    "linux/cpumask.h": (("6.1", None),),
    "linux/jump_label.h": (("6.1", None),),
    "linux/kref.h": (("4.11", None),),
    "linux/list.h": _LISTS,
    "linux/list_bl.h": (("6.1", None),),
    "linux/list_nulls.h": (("6.1", None),),
    "linux/llist.h": (("6.12", None),),
    "linux/local_lock.h": (("6.1", None),),
    "linux/percpu.h": _LISTS,
    "linux/rculist.h": _LISTS,
    "linux/rculist_bl.h": (("6.1", None),),
    "linux/rculist_nulls.h": (("6.12", None),),
    "linux/rcuwait.h": (("6.1", None),),
    "linux/sched.h": _LISTS,
    "linux/sched/wake_q.h": (("6.1", None),),
    "linux/semaphore.h": _LISTS,
    "linux/seqlock.h": (("3.9", None),),
    "linux/static_key.h": (("6.1", None),),
    "linux/wait.h": _LISTS,
    "linux/wait_bit.h": (("6.1", None),),
}

_KNOWN_WITHOUT = frozenset(
    f"linux/{name}.h"
    for name in (
        "align",
        "atomic",
        "bit_spinlock",
        "bitfield",
        "bitmap",
        "bitops",
        "bits",
        "bug",
        "build_bug",
        "cache",
        "cleanup",
        "compiler",
        "container_of",
        "compiler_types",
        "err",
        "errno",
        "export",
        "init",
        "kconfig",
        "kernel",
        "limits",
        "log2",
        "math",
        "minmax",
        "module",
        "mutex",
        "nospec",
        "overflow",
        "preempt",
        "printk",
        "rcupdate",
        "refcount",
        "rwlock",
        "rwlock_types",
        "rwsem",
        "slab",
        "smp",
        "spinlock",
        "spinlock_types",
        "srcu",
        "stddef",
        "string",
        "swab",
        "types",
        "virtio_ring",
        "vmalloc",
    )
)
"""Of these, ksmcheck has what it has at all without an ``#include``."""

_READS = tuple(
    f"{lead}read{size}"
    for lead, sizes in (("", "bwlq"), ("__raw_", "bwlq"), ("io", ("8", "16", "32", "64")))
    for size in sizes
)

_NOT_MODELLED = {
    "a callback of this kind": "call_srcu call_rcu_sched call_rcu_bh call_rcu_tasks srcu_barrier",
    "memory of each CPU that is allocated": "alloc_percpu alloc_percpu_gfp free_percpu",
    "sleep of this kind": "swake_up_one swake_up_all swait_event swait_event_exclusive "
    "wait_event_interruptible_locked wait_event_interruptible_locked_irq "
    "wait_event_interruptible_lock_irq wait_on_bit_timeout wait_on_bit_action "
    "wait_var_event_timeout rcuwait_wait_event_timeout schedule_hrtimeout msleep usleep_range",
    "a counter with a mutex": "seqcount_mutex_t seqcount_ww_mutex_t "
    "seqcount_mutex_init SEQCNT_MUTEX_ZERO",
    "device memory": " ".join(
        f"{name}{relaxed}"
        for name in (*_READS, *(read.replace("read", "write") for read in _READS))
        for relaxed in ("", "_relaxed")
    ),
    "time": "udelay ndelay mdelay fsleep jiffies get_jiffies_64 time_after time_before ktime_get "
    "ktime_get_ns sched_clock local_clock get_cycles mod_timer add_timer del_timer timer_setup",
}

_INSTEAD = {
    "no worker runs what is queued: write a thread that takes what is queued by smp_load_acquire() "
    "from a store-release behind the queuer's test_and_set_bit(), clears the bit, calls smp_mb(), "
    "and then the function": (
        "queue_work queue_work_on schedule_work schedule_work_on schedule_on_each_cpu flush_work "
        "flush_workqueue cancel_work cancel_work_sync queue_delayed_work mod_delayed_work "
        "schedule_delayed_work cancel_delayed_work cancel_delayed_work_sync INIT_WORK DECLARE_WORK "
        "INIT_DELAYED_WORK irq_work_queue tasklet_schedule"
    ),
    "no other CPU runs it: write a thread that does": (
        "smp_call_function smp_call_function_single smp_call_function_many on_each_cpu "
        "on_each_cpu_cond on_each_cpu_mask stop_machine"
    ),
    "a grace period that has begun somewhere else is not modelled: call_rcu() of a function that "
    "stores to a variable has one": (
        "get_state_synchronize_rcu start_poll_synchronize_rcu poll_state_synchronize_rcu "
        "cond_synchronize_rcu get_state_synchronize_srcu start_poll_synchronize_srcu "
        "poll_state_synchronize_srcu"
    ),
    "the memory of processes is not modelled: read or write a variable": (
        "copy_to_user copy_from_user get_user put_user __get_user __put_user "
        "copy_from_user_nofault copy_to_user_nofault unsafe_get_user unsafe_put_user"
    ),
    "arrays are not allocated, nor objects with room behind them: declare them at file level": (
        "kcalloc kvcalloc kmalloc_array kvmalloc_array krealloc kmemdup kmalloc_node kzalloc_node"
    ),
    "code that is patched while it runs is not modelled, a static key keeps the value that it is "
    "defined with: read a variable": (
        "static_branch_enable static_branch_disable static_branch_inc static_branch_dec "
        "static_branch_enable_cpuslocked static_branch_disable_cpuslocked "
        "static_branch_inc_cpuslocked static_branch_dec_cpuslocked static_key_enable "
        "static_key_disable static_key_slow_inc static_key_slow_dec static_key_count"
    ),
    "a lock in the same word as a count is not modelled: write the word as a u64, and take the "
    "half of it that is the lock by cmpxchg": (
        "lockref_get lockref_get_not_zero lockref_get_not_dead lockref_put_return "
        "lockref_put_or_lock lockref_put_not_zero lockref_mark_dead lockref_init "
        "arch_spin_value_unlocked"
    ),
    "no model here has the system call: smp_mb() on both sides orders more": (
        "membarrier sys_membarrier"
    ),
    "whether interrupts, softirqs or preemption are off is not kept: define it as what it is "
    "there": (
        "in_interrupt in_softirq in_serving_softirq in_atomic irqs_disabled preempt_count "
        "preemptible"
    ),
}
"""What to write for a name."""

_MEMBERS = {
    "wait_queue_entry": ("flags", "private", "func", "entry"),
    "wait_queue_head": ("head",),
}
"""Members that structs of <linux/wait.h> have as a list of entries alone."""

_DEFINED = re.compile(
    r"^#\s*define[ \t]+(?P<macro>[A-Za-z_]\w*)"
    r"|^static inline [\w ]*?[ *](?P<function>\w+)\("
    r"|^(?:typedef .*?|\} )(?P<type>\w+);"
    r"|^(?:typedef )?struct (?P<tag>\w+) \{",
    re.MULTILINE,
)


def header(name: str) -> Header | None:
    """The header that ``#include <name>`` reads."""
    kernels = _KERNELS.get(name)
    return None if kernels is None else Header(headers_dir() / name, kernels)


def is_known_without(name: str) -> bool:
    """Whether the kernel's header of that name may be included, and adds nothing."""
    return name in _KNOWN_WITHOUT


def header_names() -> list[str]:
    """Of those that add something."""
    return sorted(_KERNELS)


def header_tokens(found: Header, name: str) -> tuple[Source, list[Token]]:
    """Its text and tokens. It is called as it was included: where ksmcheck is installed concerns
    nobody."""
    return _tokens(f"<{name}>", read_source(found.path).text)


@cache
def _tokens(name: str, text: str) -> tuple[Source, list[Token]]:
    """Once for all tests of a run: half of the time that a header takes is for its characters."""
    source = Source(name, text)
    return source, in_private(tokenize(source))


@cache
def _owners() -> dict[str, str]:
    # Of several the first in the alphabet: <linux/sched.h> has the states of tasks.
    return {
        match[match.lastgroup or 0]: name
        for name in reversed(header_names())
        for match in _DEFINED.finditer(read_source(headers_dir() / name).text)
    }


def owner_of(name: str) -> str | None:
    """The header that defines a name, for some kernel."""
    return _owners().get(name)


def defined_names() -> Iterable[str]:
    """What the headers define, for some kernel."""
    return _owners()


def member_hint(tag: str, member: str) -> str | None:
    """What gives a struct of a header a member that the kernel's has."""
    if member not in _MEMBERS.get(tag, ()):
        return None
    return "a queue is a list of entries with functions with -D KSMCHECK_WAKE_FUNCTIONS"


def include_hint(name: str) -> str | None:
    """What to include for a name that nothing defines, where one of the headers does; or that what
    it names is not modelled, and what to write for it."""
    owner = owner_of(name)
    if owner is None:
        instead = next((hint for hint, names in _INSTEAD.items() if name in names.split()), None)
        if instead is not None:
            return instead
        if name.startswith("trace_"):
            return f"if it is a tracepoint: #define {name}(...) do {{ }} while (0)"
        what = next((w for w, names in _NOT_MODELLED.items() if name in names.split()), None)
        return None if what is None else f"{what} is not modelled"
    return f"#include <{owner}> defines it, for the kernels that have it"
