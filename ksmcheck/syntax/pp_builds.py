"""Macros of the kernel that a build decides, or that are there for tools: its configuration, and
what sparse, lockdep, KASAN's compiler and speculation are told.

Sources: include/linux/kconfig.h, compiler_types.h, compiler.h, lockdep.h, kasan.h, kernel.h,
nospec.h, rcupdate.h, preempt.h and virtio_ring.h of kernels 6.1 and 6.12. What is in "6.1" may be
older.
"""

from __future__ import annotations

_NOTHING = "((void)0)"

# What is modelled is SMP and LP64, whatever the test says. Any other option is what its #define or
# -D says, and not set without: so it is to the kernel, too.
_CONFIGURATION = (
    "CONFIG_SMP 1",
    "CONFIG_64BIT 1",
    # An option that is set is the macro 1, and brings a 1 before the 0 of those that are not. (What
    # comes last is there to be mentioned: only such macros are defined.)
    "ksmcheck_set_1 ,1",
    "ksmcheck_second(a, b, ...) b",
    "ksmcheck_pick(...) ksmcheck_second(__VA_ARGS__, 0)",
    "ksmcheck_is_set(value) ksmcheck_pick(ksmcheck_set_##value, 0, ksmcheck_set_1)",
    "IS_BUILTIN(option) ksmcheck_is_set(option)",
    "ksmcheck_value(value) ksmcheck_is_set(value)",
    "IS_MODULE(option) ksmcheck_value(option##_MODULE)",
    "IS_ENABLED(option) (IS_BUILTIN(option) || IS_MODULE(option))",
)

# What lockdep calls a lock is an argument that no build without it reads.
_LOCKDEP = (
    *(f"{what}_acquire(m, s, t, i) {_NOTHING}" for what in ("spin", "mutex", "rwsem")),
    f"rwsem_acquire_read(m, s, t, i) {_NOTHING}",
    *(f"{what}_release(m, i) {_NOTHING}" for what in ("spin", "mutex", "rwsem")),
    *(
        f"lockdep_assert_{what}() {_NOTHING}"
        for what in (
            "irqs_disabled",
            "irqs_enabled",
            "preemption_disabled",
            "preemption_enabled",
            "in_irq",
            "in_softirq",
            "no_hardirq",
        )
    ),
    f"lockdep_assert_not_held(l) {_NOTHING}",
    f"lockdep_assert_none_held_once() {_NOTHING}",
    f"lock_acquired(m, i) {_NOTHING}",
    f"lock_contended(m, i) {_NOTHING}",
    f"might_lock(l) {_NOTHING}",
    f"might_lock_read(l) {_NOTHING}",
    f"lock_acquire(l, s, t, r, c, n, i) {_NOTHING}",
    f"lock_release(l, i) {_NOTHING}",
    *(
        f"lock_acquire_{how}(l, s, t, n, i) {_NOTHING}"
        for how in ("exclusive", "shared", "shared_recursive")
    ),
    *(
        f"lock_map_{what}(l) {_NOTHING}"
        for what in ("acquire", "acquire_try", "acquire_read", "acquire_tryread", "release", "sync")
    ),
    *(f"seqcount_acquire{how}(m, s, t, i) {_NOTHING}" for how in ("", "_read")),
    f"seqcount_release(m, i) {_NOTHING}",
    *(f"lockdep_{what}() {_NOTHING}" for what in ("on", "off")),
    f"lockdep_set_class(l, key) {_NOTHING}",
    f"lockdep_set_class_and_name(l, key, name) {_NOTHING}",
    f"lockdep_set_subclass(l, sub) {_NOTHING}",
    f"lockdep_set_novalidate_class(l) {_NOTHING}",
    f"lockdep_init_map(l, name, key, sub) {_NOTHING}",
    f"RCU_LOCKDEP_WARN(c, s) {_NOTHING}",
    # Without lockdep all is held that is asked for.
    "lockdep_is_held(l) (1)",
    *(f"rcu_read_lock_{kind}held() (1)" for kind in ("", "bh_", "sched_", "any_")),
    f"lockdep_assert(c) {_NOTHING}",
    f"lockdep_assert_once(c) {_NOTHING}",
    f"DEBUG_NET_WARN_ON_ONCE(c) {_NOTHING}",
)

# What tells a sanitizer of an access, which stands beside; no other build has it.
_SANITIZERS = (
    f"ASSERT_EXCLUSIVE_WRITER(v) {_NOTHING}",
    f"ASSERT_EXCLUSIVE_ACCESS(v) {_NOTHING}",
    *(f"kcsan_{what}() {_NOTHING}" for what in ("mb", "wmb", "rmb", "release")),
    *(
        f"instrument_{which}{how}(v, n) {_NOTHING}"
        for which in ("", "atomic_")
        for how in ("read", "write", "read_write")
    ),
    "kasan_check_read(p, n) (1)",
    "kasan_check_write(p, n) (1)",
    f"kmsan_check_memory(p, n) {_NOTHING}",
    f"kmsan_unpoison_memory(p, n) {_NOTHING}",
    f"kasan_record_aux_stack(p) {_NOTHING}",
    f"kasan_record_aux_stack_noalloc(p) {_NOTHING}",
    *(f"instrumentation_{what}() {_NOTHING}" for what in ("begin", "end")),
)

# Sums that a smaller machine has functions for (linux/math64.h, linux/math.h).
_SUMS = (
    "div_u64(n, d) ((u64)(n) / (u32)(d))",
    "div64_u64(n, d) ((u64)(n) / (u64)(d))",
    "mul_u32_u32(a, b) ((u64)(u32)(a) * (u32)(b))",
    "reciprocal_scale(v, r) ((u32)((u64)(u32)(v) * (u32)(r) >> 32))",
)

# Numbers that wrap around: how far one is ahead of the other (linux/jiffies.h, rcupdate.h).
_AHEAD = (
    "time_after(a, b) ((long)((unsigned long)(b) - (unsigned long)(a)) < 0)",
    "time_before(a, b) time_after(b, a)",
    "time_after_eq(a, b) (!time_after(b, a))",
    "time_before_eq(a, b) time_after_eq(b, a)",
    "ULONG_CMP_GE(a, b) (ULONG_MAX / 2 >= (a) - (b))",
    "ULONG_CMP_LT(a, b) (!ULONG_CMP_GE(a, b))",
)

# All ones or nothing, without a branch: what is masked depends on both by data, as the kernel's.
_MASK = "(-(unsigned long)((unsigned long)(i) < (unsigned long)(s)))"

# Guests and devices that are as coherent as CPUs are take the barriers of CPUs.
_VIRTIO = tuple(
    f"virtio_{name}(weak) ({{ if (weak) virt_{name}(); else {other}(); }})"
    for name, other in (("mb", "mb"), ("rmb", "dma_rmb"), ("wmb", "dma_wmb"))
)


def builds() -> dict[str, tuple[str, ...]]:
    """What stands behind ``#define``, by the kernel version that has it first."""
    return {
        "2.6": (
            *_CONFIGURATION,
            "__acquires(x)",
            "__releases(x)",
            "__must_hold(x)",
            "__section(name)",
            "__printf(format, first)",
            f"__acquire(x) {_NOTHING}",
            f"__release(x) {_NOTHING}",
            "__cond_lock(x, c) (c)",
            # A thread is a task. Whether softirqs or interrupts are off is not kept.
            f"touch_nmi_watchdog() {_NOTHING}",
            "in_nmi() (0)",
            "in_irq() (0)",
            "local_save_flags(f) ((void)((f) = 0))",
            "OPTIMIZER_HIDE_VAR(v) ((void)(v))",
            "__builtin_expect(x, value) (x)",
            # A compiler may always say so, and what follows is the same either way.
            "__builtin_constant_p(x) (0)",
            "_RET_IP_ 0UL",
            "_THIS_IP_ 0UL",
        ),
        "6.1": (
            *_LOCKDEP,
            *_SANITIZERS,
            *_SUMS,
            *_AHEAD,
            *_VIRTIO,
            "virtio_store_mb(weak, p, v)"
            " ({ if (weak) virt_store_mb(*(p), v); else { WRITE_ONCE(*(p), v); mb(); } })",
            "in_hardirq() (0)",
            "in_task() (1)",
            "migrate_disable() barrier()",
            "migrate_enable() barrier()",
            *(f"preempt_{what}_notrace() barrier()" for what in ("disable", "enable")),
            "preempt_enable_no_resched() barrier()",
            # Without PREEMPT_RT preemption is off already where these are called.
            *(f"preempt_{what}_nested() {_NOTHING}" for what in ("disable", "enable")),
            # That the next might_sleep() is meant so (linux/kernel.h).
            f"sched_annotate_sleep() {_NOTHING}",
            f"might_fault() {_NOTHING}",
            f"might_alloc(flags) {_NOTHING}",
            f"dump_stack() {_NOTHING}",
            "mem_dump_obj(p) ((void)(p))",
            "rcu_pointer_handoff(p) (p)",
            "barrier_data(p) ({ (void)(p); barrier(); })",
            "ACCESS_PRIVATE(p, member) ((p)->member)",
            "compiletime_assert(c, message) BUILD_BUG_ON(!(c))",
            f"compiletime_assert_atomic_type(t) {_NOTHING}",
            f"array_index_mask_nospec(i, s) {_MASK}",
            "array_index_nospec(i, s) ({ typeof(i) at__ = (i); typeof(s) of__ = (s);"
            " (typeof(at__))(at__ & array_index_mask_nospec(at__, of__)); })",
        ),
        "6.6": ("__counted_by(member)",),
        # It differs from call_rcu() in how soon the grace period begins.
        "6.12": ("call_rcu_hurry(head, f) call_rcu(head, f)",),
    }
