"""<linux/sched/wake_q.h>: a wake-up that is put off, and one that another has put off already.

Why: the comment in __wake_q_add() (kernel/sched/core.c): who finds the task on a queue leaves it to
the other waker, whose wake_up_process() has to see "our pending state": the store of it and the
look at the task are SB with that waker's removal of the task and the sleeper's look. On x86 a
failed cmpxchg is a barrier all the same, and Alpha has the full form of it alone.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import Verdict
from tests.fresh import fresh_checker

MACHINES = ("sc", "tso", "armv7", "armv8", "power", "riscv", "alpha", "lkmm")

TEXT = """C t
#include <linux/sched/wake_q.h>
{ }
P0(int *x, struct task_struct **sleeper)
{
	WRITE_ONCE(*sleeper, current);
	for (;;) {
		set_current_state(TASK_KILLABLE);
		if (READ_ONCE(*x) || signal_pending_state(TASK_KILLABLE, current))
			break;
		io_schedule();
	}
	__set_current_state(TASK_RUNNING);
}
P1(struct task_struct **sleeper)
{
	DEFINE_WAKE_Q(wake_q);
	struct task_struct *task = READ_ONCE(*sleeper);

	if (task) {
		wake_q_add(&wake_q, task);
		wake_up_q(&wake_q);
	}
}
P2(int *x, struct task_struct **sleeper)
{
	DEFINE_WAKE_Q(wake_q);
	struct task_struct *task;

	while (!(task = READ_ONCE(*sleeper)))
		cpu_relax();
	WRITE_ONCE(*x, 1);
	wake_q_add(&wake_q, task);
	BUG_ON(wake_q_empty(&wake_q));
	wake_up_q(&wake_q);
}
"""


def check(text: str, tmp_path: Path, model: str, removed: frozenset[str] = frozenset()) -> Verdict:
    path = tmp_path / "t.litmus"
    path.write_text(text)
    return fresh_checker().check(Request(path, model, removed=removed, liveness=True))


@pytest.mark.parametrize("model", MACHINES)
def test_the_task_is_woken_by_one_or_the_other(model: str, tmp_path: Path) -> None:
    text = TEXT.replace("\tBUG_ON(wake_q_empty(&wake_q));\n", "")
    assert check(text, tmp_path, model).verdict == "SAFE"
    without = frozenset(("smp_mb__before_atomic@wake_q_add",))
    lost = "SAFE" if model in ("sc", "tso", "alpha") else "VIOLATED"
    assert check(text, tmp_path, model, without).verdict == lost


def test_whom_another_has_put_on_a_queue_is_not_put_on_ones_own(tmp_path: Path) -> None:
    assert check(TEXT, tmp_path, "sc").subject.startswith("BUG_ON")
