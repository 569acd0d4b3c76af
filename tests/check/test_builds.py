"""What a build of the kernel decides, and what is there for tools alone.

Expected by the kernel's own words: include/linux/kconfig.h ("IS_ENABLED(CONFIG_FOO) evaluates to 1
if CONFIG_FOO is set to 'y' or 'm', 0 otherwise"), nospec.h, and docs/litmus-language.md: what is
modelled is SMP with words of 64 bits.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request, Verdict
from ksmcheck.text import InputError
from tests.fresh import fresh_checker


def check(text: str, folder: Path, model: str = "armv8", **more: object) -> Verdict:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{text}\n")
    return fresh_checker().check(Request(path, model, **more))  # type: ignore[arg-type]


ONE = """#define CONFIG_A 1
#define CONFIG_B_MODULE 1
int x;
struct list {{ int n; long d[]; }};
{{ }}
P0(void) {{ {} }}"""


@pytest.mark.parametrize(
    ("demand", "holds"),
    [
        ("IS_ENABLED(CONFIG_A)", True),
        ("IS_ENABLED(CONFIG_B)", True),
        ("IS_ENABLED(CONFIG_C)", False),
        ("IS_BUILTIN(CONFIG_A) && !IS_BUILTIN(CONFIG_B)", True),
        ("!IS_MODULE(CONFIG_A) && IS_MODULE(CONFIG_B)", True),
        ("IS_ENABLED(CONFIG_SMP) && IS_ENABLED(CONFIG_64BIT)", True),
        ("IS_ENABLED(CONFIG_CPU_BIG_ENDIAN)", False),
        ("in_task() && !in_nmi() && !in_hardirq()", True),
        ("lockdep_is_held(&x) && rcu_read_lock_held()", True),
        ("time_after(2, 1) && !time_after(1, 1) && time_after_eq(1, 1)", True),
        ("time_before(ULONG_MAX, 0) && time_after(LONG_MIN, LONG_MAX)", True),
        ("ULONG_CMP_GE(0UL, ULONG_MAX) && ULONG_CMP_LT(ULONG_MAX, 0UL)", True),
        ("array_index_nospec(2, 3) == 2 && array_index_nospec(3, 3) == 0", True),
        ("array_index_nospec(-1, 3) == 0", True),
        ("div_u64(10, 3) == 3 && div64_u64(1UL << 40, 1UL << 39) == 2", True),
        ("mul_u32_u32(-1, 2) == 0x1fffffffeUL", True),
        ("reciprocal_scale(1u << 31, 6) == 3 && reciprocal_scale(-1, 6) == 5", True),
        ("struct_size((struct list *)0, d, 2) == 8 + 2 * sizeof(long)", True),
        ("__builtin_expect(x + 2, 0) == 2 && !(__builtin_constant_p(x) && x)", True),
        ("sizeof(typeof_member(struct list, n)) == sizeof(int)", True),
        ("kasan_check_read(&x, 4) && kasan_check_write(&x, 4)", True),
        ("array_index_mask_nospec(2, 3) == ~0UL && array_index_mask_nospec(3, 3) == 0", True),
    ],
)
def test_values(demand: str, holds: bool, tmp_path: Path) -> None:
    found = check(ONE.format(f"BUG_ON(!({demand}));"), tmp_path).verdict
    assert found == ("SAFE" if holds else "VIOLATED")


def test_options_in_conditions_and_from_outside(tmp_path: Path) -> None:
    text = ONE.format(
        "\n#if IS_ENABLED(CONFIG_A) && !IS_ENABLED(CONFIG_C) && defined(CONFIG_SMP)\n"
        "BUG_ON(!IS_ENABLED(CONFIG_D));\n#else\nBUG();\n#endif\n"
    )
    assert check(text, tmp_path, defines=(("CONFIG_D", "1"),)).verdict == "SAFE"
    assert check(text, tmp_path).verdict == "VIOLATED"
    assert check(f"#undef CONFIG_SMP\n{text}", tmp_path).verdict == "VIOLATED"


def test_barriers_of_smp_are_there(tmp_path: Path) -> None:
    """Code that the kernel keeps for SMP: without its barrier both may read 0 (store buffering)."""
    text = """static void order(void)
{
#ifdef CONFIG_SMP
	smp_mb();
#endif
}
{ }
P0(int *x, int *y) { WRITE_ONCE(*x, 1); order(); int r0 = READ_ONCE(*y); }
P1(int *x, int *y) { WRITE_ONCE(*y, 1); order(); int r0 = READ_ONCE(*x); }
~exists (0:r0=0 /\\ 1:r0=0)"""
    for model in ("tso", "armv8", "lkmm"):
        assert check(text, tmp_path, model).verdict == "SAFE"


ANNOTATED = """{ }
static noinline_for_stack void __lockfunc take(arch_spinlock_t *l) __acquires(l)
{
	rwsem_acquire(&l->dep_map, 0, 0, _RET_IP_);
	lock_contended(&l->dep_map, _RET_IP_);
	arch_spin_lock(l);
	lock_acquired(&l->dep_map, _RET_IP_);
}
static void leave(arch_spinlock_t *l)
	__must_hold(l) __releases(l)
{
	lockdep_assert_irqs_disabled();
	lockdep_assert(!arch_spin_is_locked(l));
	DEBUG_NET_WARN_ON_ONCE(arch_spin_is_locked(l));
	instrument_atomic_read_write(l, sizeof(*l));
	kcsan_release();
	might_lock(&l->inner);
	might_lock_read(&l->inner);
	arch_spin_unlock(l);
}
P0(arch_spinlock_t *l, int *x) { take(l); *x = *x + 1; leave(l); }
P1(arch_spinlock_t *l, int *x) { take(l); *x = *x + 1; BUG_ON(!arch_spin_is_locked(l)); leave(l); }
forall (x=2)"""


@pytest.mark.parametrize("model", ["armv8", "power", "lkmm"])
def test_annotations_change_nothing(model: str, tmp_path: Path) -> None:
    """arch_spin_lock() is what raw_spin_lock() is made of: a lock excludes."""
    assert check(ANNOTATED, tmp_path, model).verdict == "SAFE"


def test_a_lock_of_the_tests_own(tmp_path: Path) -> None:
    """Who defines arch_spinlock_t and arch_spin_lock() means these."""
    own = """typedef atomic_t arch_spinlock_t;
static void arch_spin_lock(arch_spinlock_t *l) { while (atomic_cmpxchg(l, 0, 1)) cpu_relax(); }
static void arch_spin_unlock(arch_spinlock_t *l) { atomic_set(l, 0); }
static int arch_spin_is_locked(arch_spinlock_t *l) { return atomic_read(l); }
"""
    # Unlocked by a relaxed store: on arm64 what was done inside may come after it.
    assert check(own + ANNOTATED, tmp_path).verdict == "VIOLATED"
    assert check(own.replace("set", "set_release") + ANNOTATED, tmp_path).verdict == "SAFE"


RING = """{{ }}
P0(__virtio16 *slot, __virtio16 *idx) {{ WRITE_ONCE(*slot, 1); {} WRITE_ONCE(*idx, 1); }}
P1(__virtio16 *slot, __virtio16 *idx)
{{
	int r0 = READ_ONCE(*idx);
	virtio_rmb(true);
	int r1 = READ_ONCE(*slot);
}}
~exists (1:r0=1 /\\ 1:r1=0)"""


@pytest.mark.parametrize("model", ["armv8", "power", "lkmm"])
@pytest.mark.parametrize(
    ("barrier", "verdict"),
    [
        ("virtio_wmb(true);", "SAFE"),
        ("virtio_mb(true);", "SAFE"),
        ("virtio_mb(false);", "SAFE"),
        ("virtio_rmb(true);", "VIOLATED"),
        ("barrier_data(slot);", "VIOLATED"),
    ],
)
def test_rings_of_virtio(barrier: str, verdict: str, model: str, tmp_path: Path) -> None:
    """include/linux/virtio_ring.h: those of CPUs where the other side is as coherent as one. On
    POWER smp_rmb is lwsync, which orders stores as well."""
    if (barrier, model) == ("virtio_rmb(true);", "power"):
        verdict = "SAFE"
    assert check(RING.format(barrier), tmp_path, model).verdict == verdict


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("trace_something(1)", "#define trace_something(...)"),
        ("kcalloc(4, 4, GFP_KERNEL)", "arrays are not allocated"),
        ("in_interrupt()", "is not kept"),
        ("schedule_work(&x)", "no worker runs what is queued"),
        ("on_each_cpu(f, NULL, 1)", "write a thread that does"),
        ("cond_synchronize_rcu(x)", "call_rcu() of a function"),
        ("copy_to_user(a, b, 4)", "the memory of processes is not modelled"),
        ("swait_event_exclusive(x, 1)", "sleep of this kind is not modelled"),
        ("wait_event_interruptible_locked_irq(q, x)", "sleep of this kind is not modelled"),
        ("writel(1, &x)", "device memory is not modelled"),
        ("readl_relaxed(&x)", "device memory is not modelled"),
        ("iowrite32(1, &x)", "device memory is not modelled"),
        ("udelay(10)", "time is not modelled"),
        ("lockref_get(&x)", "a lock in the same word as a count is not modelled"),
        ("arch_spin_value_unlocked(x)", "take the half of it that is the lock by cmpxchg"),
        ('printk_deferred(KERN_WARNING "x")', "define it as a function"),
        ("static_branch_unlikely(&x)", "<linux/jump_label.h>"),
        ("static_branch_enable(&x)", "read a variable"),
        ("WRITE_ONCE(x, TASK_UNINTERRUPTIBLE)", "<linux/sched.h>"),
    ],
)
def test_what_to_write_instead(code: str, advice: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        check(ONE.format(f"{code};"), tmp_path)
    assert advice in (refused.value.diagnostic.hint or "")
