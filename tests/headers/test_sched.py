"""<linux/sched.h>: who goes to sleep, and who wakes it.

Documentation/memory-barriers.txt, "SLEEP AND WAKE-UP FUNCTIONS": set_current_state() is a full
barrier between the task's state and the look at the condition, and a waker has one between what it
did and its look at the state. It had not always: up to 4.13 try_to_wake_up() began with smp_wmb(),
or what a machine had made of smp_mb__before_spinlock() (commit e0acd0a68ec7, 2013), and took the
task's lock. That is a full barrier where taking a lock is one: on x86 (locked instructions), ARMv7
and Alpha (a full barrier behind the exclusives), and not on arm64 (load-acquire) and POWER (isync).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import SAFE, VIOLATED, Verdict
from ksmcheck.gate.telling import outcome_of
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

POINTS = [
    (model, kernel)
    for kernel in ("3.9", "6.12")
    for model in ("sc", "tso", "armv7", "armv8", "power", "alpha", "lkmm")
]
LOST = {("armv8", "3.9"), ("power", "3.9"), ("lkmm", "3.9")}

SLEEP = """C t
#include <linux/sched.h>
struct task_struct *sleeper;
int cond;
int data;
{{ }}
P0()
{{
	WRITE_ONCE(sleeper, current);
	for (;;) {{
		{state};
		if (READ_ONCE(cond))
			break;
		schedule();
	}}
	__set_current_state(TASK_RUNNING);
}}
P1()
{{
	struct task_struct *p;

	while (!(p = READ_ONCE(sleeper)))
		cpu_relax();
	WRITE_ONCE(cond, 1);
	{wake};
}}
"""
STATE = "set_current_state(TASK_INTERRUPTIBLE)"


def check(text: str, tmp_path: Path, model: str, kernel: str = "6.12") -> Verdict:
    path = tmp_path / "t.litmus"
    path.write_text(text)
    return fresh_checker().check(Request(path, model, kernel, liveness=True))


@pytest.mark.parametrize(("model", "kernel"), POINTS)
@pytest.mark.parametrize(
    "wake", ["wake_up_process(p)", "wake_up_state(p, TASK_NORMAL)", "wake_up_state(p, 1)"]
)
def test_a_sleeper_is_woken(wake: str, model: str, kernel: str, tmp_path: Path) -> None:
    verdict = check(SLEEP.format(state=STATE, wake=wake), tmp_path, model, kernel)
    assert verdict.verdict == (VIOLATED if (model, kernel) in LOST else SAFE)
    if verdict.witness is not None:
        assert verdict.witness.failure.name == "liveness"


@pytest.mark.parametrize("model", ["tso", "armv8", "power", "lkmm"])
def test_a_state_without_its_barrier_loses_the_wake_up(model: str, tmp_path: Path) -> None:
    """The look at the condition may come before the state is seen: SB, on x86 too."""
    text = SLEEP.format(state="__set_current_state(TASK_INTERRUPTIBLE)", wake="wake_up_process(p)")
    assert check(text, tmp_path, model).verdict == VIOLATED
    assert check(text, tmp_path, "sc").verdict == SAFE


@pytest.mark.parametrize("model", ["sc", "lkmm"])
def test_who_wakes_others_only_lets_it_sleep(model: str, tmp_path: Path) -> None:
    """TASK_UNINTERRUPTIBLE is 2, and nobody wakes a task of that kind with 1."""
    state = "set_current_state(TASK_UNINTERRUPTIBLE)"
    for wake in ("wake_up_state(p, TASK_INTERRUPTIBLE)", "(void)p"):
        text = SLEEP.format(state=state, wake=wake)
        assert check(text, tmp_path, model).verdict == VIOLATED


@pytest.mark.parametrize(("model", "kernel"), POINTS)
def test_who_is_woken_sees_what_was_done_before(model: str, kernel: str, tmp_path: Path) -> None:
    """ "Blocking" in kernel/sched/core.c's notes on program order: what the waker did before comes
    before what the task does when it runs again. It sleeps once, whatever the condition."""
    text = """C t
#include <linux/sched.h>
struct task_struct *sleeper;
int data;
{ }
P0()
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	WRITE_ONCE(sleeper, current);
	schedule();
	BUG_ON(READ_ONCE(data) != 1);
}
P1()
{
	struct task_struct *p;

	while (!(p = READ_ONCE(sleeper)))
		cpu_relax();
	WRITE_ONCE(data, 1);
	wake_up_process(p);
}
"""
    path = tmp_path / "t.litmus"
    path.write_text(text)
    assert fresh_checker().check(Request(path, model, kernel)).verdict == SAFE


def test_what_a_sleeper_looks_at_is_shown(tmp_path: Path) -> None:
    """Of an execution that needs no reordering, too: where P0 waits, and who set its state."""
    text = SLEEP.format(state=STATE, wake="(void)p")
    checker = fresh_checker()
    path = tmp_path / "t.litmus"
    path.write_text(text)
    for model in ("sc", "power"):  # there a barrier follows the look
        execution = outcome_of(
            checker, checker.check(Request(path, model, liveness=True))
        ).execution
        assert execution is not None
        needed = [s.place.text.strip() for s in execution.steps if s.needed]
        assert "schedule();" in needed
        assert f"{STATE};" in needed


# include/linux/sched.h of 3.9 and 6.12. Where only the value matters, it is the kernel's.
_STATES = {
    "3.9": "__TASK_STOPPED 4 __TASK_TRACED 8 EXIT_ZOMBIE 16 EXIT_DEAD 32 TASK_DEAD 64"
    " TASK_WAKEKILL 128 TASK_WAKING 256 TASK_PARKED 512 TASK_STOPPED 132 TASK_TRACED 136",
    "6.12": "__TASK_STOPPED 4 __TASK_TRACED 8 EXIT_DEAD 16 EXIT_ZOMBIE 32 TASK_PARKED 64"
    " TASK_DEAD 128 TASK_WAKEKILL 256 TASK_WAKING 512 TASK_NOLOAD 1024 TASK_NEW 2048"
    " TASK_RTLOCK_WAIT 4096 TASK_FREEZABLE 8192 TASK_FROZEN 32768 TASK_STOPPED 260 TASK_TRACED 8",
}


@pytest.mark.parametrize("kernel", _STATES)
def test_the_numbers_of_states(kernel: str, tmp_path: Path) -> None:
    words = _STATES[kernel].split()
    pairs = zip(words[::2], words[1::2], strict=True)
    code = "".join(f"\tBUG_ON({name} != {number});\n" for name, number in pairs)
    path = tmp_path / "t.litmus"
    path.write_text(f"C t\n#include <linux/sched.h>\n{{ }}\nP0(void)\n{{\n{code}}}\n")
    assert fresh_checker().check(Request(path, "sc", kernel)).verdict == SAFE


def test_a_parked_task_is_woken_as_such(tmp_path: Path) -> None:
    """wake_up_process() leaves it alone, for TASK_NORMAL has not that bit."""
    state = "set_current_state(TASK_PARKED)"
    path = tmp_path / "t.litmus"
    for wake, verdict in (("wake_up_state(p, TASK_PARKED)", SAFE), ("wake_up_process(p)", None)):
        path.write_text(SLEEP.format(state=state, wake=wake))
        found = fresh_checker().check(Request(path, "armv8", liveness=True)).verdict
        assert found == (verdict or "VIOLATED")


def test_whether_a_task_runs(tmp_path: Path) -> None:
    text = """C t
#include <linux/sched.h>
{ }
P0(void)
{
	int r0 = task_is_running(current);

	__set_current_state(TASK_UNINTERRUPTIBLE);
	int r1 = task_is_running(current);
	__set_current_state(TASK_RUNNING);
}
forall (0:r0=1 /\\ 0:r1=0)
"""
    path = tmp_path / "t.litmus"
    path.write_text(text)
    assert fresh_checker().check(Request(path, "armv8")).verdict == SAFE


TIMED = """C t
#include <linux/sched.h>
struct task_struct *sleeper;
int cond;
int data;
{{ }}
P0()
{{
	long left = {timeout};
	int r0;

	WRITE_ONCE(sleeper, current);
	for (;;) {{
		set_current_state(TASK_INTERRUPTIBLE);
		if (READ_ONCE(cond))
			break;
		if (!left)
			break;
		left = schedule_timeout(left);
	}}
	__set_current_state(TASK_RUNNING);
	r0 = READ_ONCE(cond) ? READ_ONCE(data) : 2;
}}
P1()
{{
	struct task_struct *p = READ_ONCE(sleeper);

	WRITE_ONCE(data, 1);
	smp_wmb();
	WRITE_ONCE(cond, 1);
	if (p)
		wake_up_process(p);
}}
{asked}
"""


@pytest.mark.parametrize("model", ["sc", "armv8", "lkmm"])
def test_who_sleeps_for_a_time_goes_on(model: str, tmp_path: Path) -> None:
    """Woken or not: include/linux/sched.h and kernel/time/timer.c, schedule_timeout()."""
    for asked in ("0:left=0 /\\ 0:r0=2", "0:left=9 /\\ 0:r0=1", "0:left=0 /\\ 0:r0=1"):
        text = TIMED.format(timeout=9, asked=f"exists ({asked})")
        path = tmp_path / "t.litmus"
        path.write_text(text)
        assert fresh_checker().check(Request(path, model)).observation == "Sometimes", asked
    text = TIMED.format(timeout=9, asked="~exists (~(0:left=0 \\/ 0:left=9))")
    assert check(text, tmp_path, model).verdict == SAFE


def test_who_sleeps_for_all_time_is_woken_by_others_alone(tmp_path: Path) -> None:
    """MAX_SCHEDULE_TIMEOUT: P1 may have looked for the sleeper too early."""
    text = TIMED.format(timeout="MAX_SCHEDULE_TIMEOUT", asked="")
    verdict = check(text, tmp_path, "sc")
    assert verdict.verdict == VIOLATED
    assert verdict.witness is not None and verdict.witness.failure.name == "liveness"


@pytest.mark.parametrize(
    "sleep",
    [
        "schedule_timeout_interruptible(9)",
        "schedule_timeout_uninterruptible(9)",
        "schedule_timeout_killable(9)",
        "schedule_timeout_idle(9)",
        "schedule_timeout(0)",
        "schedule_timeout(-1)",
        "io_schedule_timeout(0)",
    ],
)
def test_time_that_nobody_ends_is_up(sleep: str, tmp_path: Path) -> None:
    text = f"""C t
#include <linux/sched.h>
{{ }}
P0(void) {{ long r0 = {sleep}; int r1 = task_is_running(current); }}
forall (0:r0=0 /\\ 0:r1=1)
"""
    assert check(text, tmp_path, "armv8").verdict == SAFE


@pytest.mark.parametrize("order", [("sched", "wait"), ("wait", "sched")])
def test_beside_queues_of_which_wake_ups_are_not_modelled(
    order: tuple[str, str], tmp_path: Path
) -> None:
    """prepare_to_wait() leaves the task's state alone then, and no time would ever be up."""
    includes = "\n".join(f"#include <linux/{name}.h>" for name in order)
    text = (
        f"C t\n{includes}\n{{ }}\nP0(void) {{ long r0 = schedule_timeout(9); }}\nexists (0:r0=0)\n"
    )
    path = tmp_path / "t.litmus"
    path.write_text(text)
    with pytest.raises(InputError) as refused:
        fresh_checker().check(Request(path, "sc"))
    assert "-D KSMCHECK_WAKE_UPS" in (refused.value.diagnostic.hint or "")
    asked = Request(path, "sc", defines=(("KSMCHECK_WAKE_UPS", "1"),))
    assert fresh_checker().check(asked).observation == "Never"


def test_own_definition_of_a_timed_sleep(tmp_path: Path) -> None:
    text = """C t
#include <linux/sched.h>
#include <linux/wait.h>
static long schedule_timeout(long timeout) { return 3; }
{ }
P0(void) { long r0 = schedule_timeout(9); }
forall (0:r0=3)
"""
    assert check(text, tmp_path, "sc").verdict == SAFE


def test_a_missing_argument_is_told_of_by_the_name_that_is_written(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    text = "#include <linux/wait.h>\n{ }\nP0(void) { schedule_timeout(); }\nexists (0:r0=0)\n"
    path.write_text(f"C t\n{text}")
    with pytest.raises(InputError, match="schedule_timeout takes 1 argument, not 0"):
        fresh_checker().check(Request(path, "sc"))
