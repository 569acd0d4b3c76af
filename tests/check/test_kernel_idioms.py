"""Macros of the kernel that order nothing: what they give, what they read, what they demand."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request, Verdict
from ksmcheck.text import InputError
from tests.fresh import fresh_checker


def check(text: str, folder: Path, model: str = "lkmm", kernel: str = "6.12") -> Verdict:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{text}\n")
    return fresh_checker().check(Request(path, model, kernel=kernel))


# Expected by the kernel's headers: linux/minmax.h, linux/err.h, linux/math.h.
@pytest.mark.parametrize(
    ("code", "x"),
    [
        ("min(3, 2)", 2),
        ("max(3L, -2L)", 3),
        ("min(max(1, 5), min(4, 9))", 4),
        ("({ long most = max(one += 3, 3); most * 10 + one; })", 44),
        ("min_t(unsigned char, 257, 3)", 1),
        ("max_t(unsigned int, -1, 3)", 0xFFFFFFFF),
        ("clamp(7, 1, 5)", 5),
        ("clamp(-7, 1, 5)", 1),
        ("clamp_t(int, 3, 1, 5)", 3),
        ("clamp_val(one, 2, 9)", 2),
        ("abs(-4) + abs(2)", 6),
        ("DIV_ROUND_UP(7, 2)", 4),
        ("IS_ERR((int *)-4095) * 10 + IS_ERR((int *)-4096)", 10),
        ("IS_ERR_OR_NULL(NULL) + 2 * IS_ERR_OR_NULL(&one)", 1),
        ("PTR_ERR(ERR_PTR(-22))", -22),
        ("({ long two = 2; swap(one, two); one * 10 + two; })", 21),
        ('({ cond_resched(); WARN_ONCE(one != 1, "%d", one); one; })', 1),
    ],
)
def test_values(code: str, x: int, tmp_path: Path) -> None:
    text = f"{{ }}\nP0(long *x)\n{{\n\tlong one = 1;\n\tWRITE_ONCE(*x, {code});\n}}\nforall (x={x})"
    verdict = check(text, tmp_path)
    assert verdict.verdict == "SAFE"
    wrong = check(text.replace(f"forall (x={x})", f"forall (x={x + 1})"), tmp_path)
    assert wrong.verdict == "VIOLATED"


NOTHING = [
    "might_sleep()",
    "might_sleep_if(r0)",
    "cond_resched()",
    "preempt_disable(); preempt_enable()",
    "local_irq_disable(); local_irq_enable()",
    "local_irq_save(flags); local_irq_restore(flags)",
    "prefetch(x)",
    "prefetchw(x)",
    "lockdep_assert_held(lock)",
    'pr_info("%d\\n", r0)',
    'printk(KERN_ERR "%s: %d\\n", __func__, r0)',
    'pr_warn_ratelimited("a")',
    'pr_info("%s is %s\\n", "x", r0 ? "set" : "clear")',
    'WARN(r0 > 7, "%d", r0)',
    "VM_WARN_ON_FOLIO(r0 > 7, x)",
    "preempt_disable_notrace(); preempt_enable_no_resched()",
    "preempt_disable_nested(); preempt_enable_nested()",
    "lock_map_acquire(&dep_map); lock_map_release(&dep_map)",
    "lock_acquire_shared(&dep_map, 0, 0, NULL, _THIS_IP_); lock_release(&dep_map, _THIS_IP_)",
    "lockdep_set_class(lock, &key); lockdep_assert_in_softirq()",
    "sched_annotate_sleep(); might_fault(); might_alloc(GFP_KERNEL); dump_stack()",
    "kasan_record_aux_stack_noalloc(x); instrumentation_begin(); instrumentation_end()",
]

MP = """{{ }}
P0(int *x, int *y) {{ WRITE_ONCE(*x, 1); smp_wmb(); WRITE_ONCE(*y, 1); }}
P1(int *x, int *y, spinlock_t *lock)
{{
	unsigned long flags;
	int r0 = READ_ONCE(*y);
	{};
	int r1 = READ_ONCE(*x);
}}
exists (1:r0=1 /\\ 1:r1=0)"""


@pytest.mark.parametrize("code", NOTHING)
@pytest.mark.parametrize("model", ["lkmm", "armv8"])
def test_they_order_nothing(code: str, model: str, tmp_path: Path) -> None:
    """A read barrier in their place forbids it (so says the last line)."""
    assert check(MP.format(code), tmp_path, model).observation == "Sometimes"
    assert check(MP.format(f"{code}; smp_rmb()"), tmp_path, model).observation == "Never"


def test_a_message_that_prints_a_shared_variable_reads_it(tmp_path: Path) -> None:
    text = "int n;\n{ }\nP0(void) { WRITE_ONCE(n, 1); }\nP1(void) { CODE; }\n~exists (n=2)"
    assert check(text.replace("CODE", 'pr_err("n is %d\\n", n)'), tmp_path).flags == ("data-race",)
    which = 'pr_err("n is %s\\n", n ? "set" : "clear")'
    assert check(text.replace("CODE", which), tmp_path).flags == ("data-race",)
    assert check(text.replace("CODE", 'pr_err("n\\n")'), tmp_path).verdict == "SAFE"
    # What is only printed if the warning holds is only read then.
    silent = check(text.replace("CODE", 'WARN(0, "n is %d\\n", n)'), tmp_path)
    assert (silent.verdict, silent.flags) == ("SAFE", ())


def test_a_warning_is_a_demand(tmp_path: Path) -> None:
    text = "int n;\n{ }\nP0(void) { WRITE_ONCE(n, 1); }\nP1(void) { CODE; }"
    for code in (
        'WARN(READ_ONCE(n), "n")',
        'WARN_ONCE(READ_ONCE(n) == 1, "%d", 3)',
        'if (WARN(READ_ONCE(n), "n")) return',
        'VM_WARN_ONCE(READ_ONCE(n), "n")',
        "VM_BUG_ON_MM(READ_ONCE(n), &n)",
    ):
        assert check(text.replace("CODE", code), tmp_path, "sc").verdict == "VIOLATED", code
    assert check(text.replace("CODE", 'WARN(READ_ONCE(n) > 1, "n")'), tmp_path).verdict == "SAFE"


def test_a_lock_that_has_to_be_held(tmp_path: Path) -> None:
    text = "spinlock_t l;\n{ }\nP0(void) { CODE assert_spin_locked(&l); END }"
    held = text.replace("CODE", "spin_lock_nested(&l, 1);").replace("END", "spin_unlock(&l);")
    assert check(held, tmp_path, "sc").verdict == "SAFE"
    free = text.replace("CODE", "").replace("END", "")
    assert check(free, tmp_path, "sc").verdict == "VIOLATED"


@pytest.mark.parametrize(
    "call", ["nested(&l, 1)", "nest_lock(&l, &l)", "irqsave_nested(&l, flags, 1)"]
)
def test_what_lockdep_is_told_besides_changes_no_lock(call: str, tmp_path: Path) -> None:
    """Without lockdep the kernel's macros are the lock itself (linux/spinlock.h)."""
    thread = "P{}(void) {{ unsigned long flags; {}; n++; spin_unlock(&l); }}\n"
    both = thread.format(0, f"spin_lock_{call}") + thread.format(1, "spin_lock(&l)")
    both = "spinlock_t l; int n;\n{ }\n" + both
    assert check(both + "\nforall (n=2)", tmp_path, "armv8").verdict == "SAFE"


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        ("spinlock_t", "spin"),
        ("raw_spinlock_t", "raw_spin"),
        ("rwlock_t", "read"),
        ("rwlock_t", "write"),
    ],
)
def test_flags_have_a_value_once_saved(kind: str, base: str, tmp_path: Path) -> None:
    """The macros of linux/spinlock.h and rwlock.h assign to flags, which is handed on as any
    value is."""
    text = f"""{kind} l; unsigned long kept = 5; int n;
static unsigned long take({kind} *l)
{{
	unsigned long flags;

	{base}_lock_irqsave(l, flags);
	return flags;
}}
static void take_to({kind} *l, unsigned long *flags) {{ {base}_lock_irqsave(l, *flags); }}
static void drop({kind} *l, unsigned long flags) {{ {base}_unlock_irqrestore(l, flags); }}
{{ }}
P0(void)
{{
	unsigned long flags = take(&l), again;

	drop(&l, flags);
	take_to(&l, &again);
	drop(&l, again);
	{base}_lock_irqsave(&l, kept);
	drop(&l, kept);
	n = flags + again + kept + 1;
}}
forall (n=1 /\\ kept=0)"""
    assert check(text, tmp_path, "lkmm").verdict == "SAFE"
    text = text.replace("forall", "exists")
    assert check(text, tmp_path, "armv8").witness is not None  # replayed


def test_flags_of_a_trylock_have_a_value_even_where_it_fails(tmp_path: Path) -> None:
    text = "spinlock_t l; int n;\n{ }\nP0(void)\n{ unsigned long flags, more;\n"
    text += "if (spin_trylock_irqsave(&l, flags) && !spin_trylock_irqsave(&l, more))\n"
    text += "{ n = 1 + flags + more; spin_unlock_irqrestore(&l, flags); } }\nforall (n=1)"
    assert check(text, tmp_path, "lkmm").verdict == "SAFE"


def test_flags_are_assigned_under_the_lock(tmp_path: Path) -> None:
    """_raw_spin_lock_irqsave returns them: a shared place for them is safe behind the lock, and is
    raced for by who does without."""
    take = "{ spin_lock_irqsave(&l, kept); spin_unlock_irqrestore(&l, kept); }"
    head = f"spinlock_t l; unsigned long kept;\n{{ }}\nP0(void) {take}\n"
    assert not check(head + f"P1(void) {take}\nexists (kept=0)", tmp_path, "lkmm").flags
    raced = check(head + "P1(void) { kept = 0; }\nexists (kept=0)", tmp_path, "lkmm")
    assert "data-race" in raced.flags


def test_a_tests_own_irqsave_is_its_own(tmp_path: Path) -> None:
    text = "int n;\nstatic int spin_lock_irqsave(int *p, int v) { *p = v; return v; }\n"
    text += "{ }\nP0(void) { int v = 3; n = v + spin_lock_irqsave(&n, v); }\nforall (n=6)"
    assert check(text, tmp_path, "lkmm").verdict == "SAFE"


def test_each_from_its_kernel_on(tmp_path: Path) -> None:
    text = "int n;\n{ }\nP0(void) { VM_WARN_ON_FOLIO(n, &n); }\n~exists (n=1)"
    assert check(text, tmp_path, "sc").verdict == "SAFE"
    with pytest.raises(InputError, match="VM_WARN_ON_FOLIO"):
        check(text, tmp_path, "sc", kernel="3.9")


def test_a_tests_own_function_wins(tmp_path: Path) -> None:
    text = "int n;\nstatic int min(int a, int b) { return a * 10 + b; }\n"
    text += "{ }\nP0(void) { WRITE_ONCE(n, min(1, 2)); }\nforall (n=12)"
    assert check(text, tmp_path, "sc").verdict == "SAFE"
