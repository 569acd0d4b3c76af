"""<linux/wait_bit.h> and <linux/rcuwait.h>: waiting for a bit, for a variable, and of one task.

Why: the comment at wake_up_bit() (kernel/sched/wait_bit.c): it looks at the queue by
waitqueue_active(), so that some full barrier has to stand between what is waited for and it, or the
wake-up is lost (SB). clear_bit_unlock() is a release, with no barrier behind itself but on x86. And
the comment in rcuwait_wake_up() (kernel/exit.c): barrier (B) pairs with that of
set_current_state().
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import Verdict
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

MACHINES = ("sc", "tso", "armv7", "armv8", "power", "riscv", "alpha", "lkmm")
WAKE_UPS = (("KSMCHECK_WAKE_UPS", "1"),)
NOTE = "assuming that who sleeps is woken: a wake-up too early is not looked for "


def check(
    text: str, tmp_path: Path, model: str, header: str = "wait_bit", **more: object
) -> Verdict:
    path = tmp_path / "t.litmus"
    path.write_text(f"C t\n#include <linux/{header}.h>\n{text}")
    return fresh_checker().check(Request(path, model, **more))  # type: ignore[arg-type]


_TOLD = """{{ w = 1; }}
P0(unsigned long *w, int *x) {{ *x = 1; {wake} }}
P1(unsigned long *w, int *x) {{ {wait} BUG_ON(*x != 1); }}
"""


@pytest.mark.parametrize(
    ("wake", "wait"),
    [
        ("clear_and_wake_up_bit(0, w);", "wait_on_bit(w, 0, TASK_UNINTERRUPTIBLE);"),
        ("clear_and_wake_up_bit(0, w);", "wait_on_bit_lock(w, 0, TASK_UNINTERRUPTIBLE);"),
        ("test_and_clear_wake_up_bit(0, w);", "wait_on_bit(w, 0, TASK_UNINTERRUPTIBLE);"),
        (
            "test_and_clear_wake_up_bit(0, w);",
            "if (wait_on_bit_io(w, 0, TASK_INTERRUPTIBLE)) return;",
        ),
    ],
)
@pytest.mark.parametrize("model", ["armv8", "power", "lkmm"])
def test_what_was_done_before_is_there(wait: str, wake: str, model: str, tmp_path: Path) -> None:
    """The bit is cleared by a release and looked at by an acquire; LKMM finds no race."""
    text = _TOLD.format(wait=wait, wake=wake)
    found = check(text, tmp_path, model)
    assert (found.verdict, found.notes) == ("SAFE", (f"{NOTE}(<linux/wait_bit.h>)",))
    if "lock" not in wait:
        found = check(text, tmp_path, model, defines=WAKE_UPS, liveness=True)
        assert (found.verdict, found.notes) == ("SAFE", ())


_BIT = """{{ w = 1; }}
P0(unsigned long *w) {{ clear_bit_unlock(0, w); {barrier} wake_up_bit(w, {bit}); }}
P1(unsigned long *w) {{ wait_on_bit(w, 0, TASK_UNINTERRUPTIBLE); }}
{more}
"""


@pytest.mark.parametrize("model", MACHINES)
def test_a_barrier_before_the_look_for_sleepers(model: str, tmp_path: Path) -> None:
    """x86's locked instructions are barriers; all others need one. (On Alpha the waker's look at
    another waiter would bring one, were it READ_ONCE.)"""
    full = _BIT.format(barrier="smp_mb__after_atomic();", bit=0, more="")
    assert check(full, tmp_path, model, defines=WAKE_UPS, liveness=True).verdict == "SAFE"
    none = _BIT.format(barrier="", bit=0, more="")
    found = check(none, tmp_path, model, defines=WAKE_UPS, liveness=True).verdict
    assert found == ("SAFE" if model in ("sc", "tso") else "VIOLATED")


@pytest.mark.parametrize(
    "text",
    [
        # Another bit, another word, a variable at the same place.
        _BIT.format(barrier="", bit=1, more=""),
        _BIT.format(barrier="", bit=0, more="").replace("wake_up_bit(w,", "wake_up_bit(&w[1],"),
        _BIT.format(barrier="", bit=0, more="").replace("wake_up_bit(w, 0)", "wake_up_var(w)"),
        # Whoever sets the bit anew before the waiter looks has to clear it, too.
        _BIT.format(barrier="", bit=0, more="P2(unsigned long *w) { set_bit(0, w); }"),
    ],
)
def test_who_is_not_woken(text: str, tmp_path: Path) -> None:
    text = text.replace("{ w = 1; }", "{ unsigned long w[2] = {1, 0}; }")
    assert check(text, tmp_path, "sc", defines=WAKE_UPS, liveness=True).verdict == "VIOLATED"


_VAR = """{{ v = 1; }}
P0(atomic_t *v, int *x) {{ *x = 1; {wake} }}
P1(atomic_t *v, int *x)
{{
	wait_var_event{how}(v, !atomic_read_acquire(v));
	BUG_ON(*x != 1);
}}
"""


@pytest.mark.parametrize(
    ("how", "model"),
    [*(("", m) for m in MACHINES), ("_interruptible", "armv8"), ("_killable", "armv8")],
)
def test_a_variable_that_is_waited_for(how: str, model: str, tmp_path: Path) -> None:
    text = _VAR.format(wake="atomic_dec_and_wake_up(v);", how=how)
    assert check(text, tmp_path, model, defines=WAKE_UPS, liveness=True).verdict == "SAFE"
    assert check(text, tmp_path, model).notes == (f"{NOTE}(<linux/wait_bit.h>)",)
    text = _VAR.format(wake="store_release_wake_up(&v->counter, 0);", how=how)
    assert check(text, tmp_path, model, defines=WAKE_UPS, liveness=True).verdict == "SAFE"
    # A store may stand in x86's store buffer.
    text = _VAR.format(wake="atomic_set_release(v, 0); wake_up_var(v);", how=how)
    found = check(text, tmp_path, model, defines=WAKE_UPS, liveness=True).verdict
    assert found == ("SAFE" if model == "sc" else "VIOLATED")


def test_what_is_not_told(tmp_path: Path) -> None:
    text = _BIT.format(barrier="", bit=0, more="")
    assert check(text, tmp_path, "sc", liveness=True).verdict == "UNKNOWN"
    text = _TOLD.format(wait="wait_on_bit_lock(w, 0, TASK_UNINTERRUPTIBLE);", wake="")
    with pytest.raises(InputError, match="nobody waits exclusively"):
        check(text, tmp_path, "sc", defines=WAKE_UPS, liveness=True)
    with pytest.raises(InputError) as refused:
        check(text, tmp_path, "sc", kernel="3.9")
    assert "from 6.1 on" in (refused.value.diagnostic.hint or "")


_RCUWAIT = """{ }
P0(struct rcuwait *w, int *ready)
{
	rcuwait_wait_event(w, READ_ONCE(*ready), TASK_UNINTERRUPTIBLE);
}
P1(struct rcuwait *w, int *ready)
{
	WRITE_ONCE(*ready, 1);
	rcuwait_wake_up(w);
}
"""


@pytest.mark.parametrize("model", MACHINES)
def test_one_task_that_waits(model: str, tmp_path: Path) -> None:
    """Without (B) the look at the task may come before the store: SB, on x86 too. Without (A) the
    look at the condition may come before that the task sleeps."""
    assert check(_RCUWAIT, tmp_path, model, "rcuwait", liveness=True).verdict == "SAFE"
    lost = "SAFE" if model == "sc" else "VIOLATED"
    without = frozenset(("smp_mb@rcuwait_wake_up",))
    found = check(_RCUWAIT, tmp_path, model, "rcuwait", liveness=True, removed=without)
    assert found.verdict == lost
