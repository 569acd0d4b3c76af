"""<linux/wait.h>: what is ordered between a waker and who waits, and what is not.

Documentation/memory-barriers.txt, "SLEEP AND WAKE-UP FUNCTIONS": set_current_state() is a full
barrier between joining the queue and the look at the condition; a waker has one only where it wakes
somebody, so that the condition's own accesses have to order what they tell of. And the comment at
waitqueue_active() in include/linux/wait.h: a look at the queue needs a full barrier before it, or a
wake-up may be lost (SB: forbidden with a barrier on both sides alone, litmus/classic/SB).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import Verdict
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

MACHINES = ("sc", "tso", "armv7", "armv8", "power", "riscv", "alpha", "lkmm")
POINTS = [(m, k) for m in MACHINES for k in ("3.9", "6.12") if (m, k) != ("riscv", "3.9")]
FEW = [("armv8", "6.12"), ("alpha", "3.9"), ("lkmm", "6.12")]
"""Those that tell the most apart; other spellings of the same are asked of them alone."""
NOTE = "assuming that who sleeps is woken: a wake-up too early is not looked for (<linux/wait.h>)"


def check(text: str, tmp_path: Path, model: str, kernel: str = "6.12", **more: Any) -> Verdict:
    path = tmp_path / "t.litmus"
    path.write_text(f"C t\n#include <linux/wait.h>\n{text}")
    return fresh_checker().check(Request(path, model, kernel, **more))


_TOLD = """{{ }}
P0(wait_queue_head_t *wq, int *ready, int *x)
{{
	WRITE_ONCE(*x, 1);
	{wmb}
	WRITE_ONCE(*ready, 1);
	{wake}
}}
P1(wait_queue_head_t *wq, int *ready, int *x)
{{
	{wait}
	{rmb}
	int r0 = READ_ONCE(*x);
}}
~exists (1:r0=0)
"""


_CALLS = [
    ("wait_event(*wq, READ_ONCE(*ready));", "wake_up(wq);"),
    ("wait_event_idle(*wq, READ_ONCE(*ready));", "wake_up_all(wq);"),
    ("if (wait_event_killable(*wq, READ_ONCE(*ready))) return;", "wake_up_nr(wq, 1);"),
    (
        "if (wait_event_interruptible(*wq, READ_ONCE(*ready))) return;",
        "wake_up_interruptible(wq);",
    ),
]


@pytest.mark.parametrize(
    ("wait", "wake", "model", "kernel"),
    [(*calls, *at) for calls in _CALLS for at in (POINTS if calls == _CALLS[0] else FEW)],
)
def test_the_condition_orders(
    wait: str, wake: str, model: str, kernel: str, tmp_path: Path
) -> None:
    """And nothing else: who finds it at first has slept nowhere."""
    whole = _TOLD.format(wait=wait, wake=wake, wmb="smp_wmb();", rmb="smp_rmb();")
    found = check(whole, tmp_path, model, kernel)
    assert (found.verdict, found.notes) == ("SAFE", (NOTE,))
    for missing in ("smp_wmb@P0", "smp_rmb@P1"):
        found = check(whole, tmp_path, model, kernel, removed=frozenset((missing,)))
        # READ_ONCE of 6.12 has a barrier of its own on Alpha.
        itself = model in ("sc", "tso") or (model, kernel, missing) == (
            "alpha",
            "6.12",
            "smp_rmb@P1",
        )
        assert found.verdict == ("SAFE" if itself else "VIOLATED")
        assert found.notes == ((NOTE,) if itself else ())


_ROUND = """{{ }}
P0(wait_queue_head_t *wq, int *ready)
{{
	WRITE_ONCE(*ready, 1);
	{look}
	if (r0)
		wake_up(wq);
}}
P1(wait_queue_head_t *wq, int *ready)
{{
	DEFINE_WAIT(wait);

	prepare_to_wait(wq, &wait, TASK_UNINTERRUPTIBLE);
	int r0 = READ_ONCE(*ready);
}}
exists (0:r0=0 /\\ 1:r0=0)
"""


@pytest.mark.parametrize(("model", "kernel"), POINTS)
def test_a_wake_up_may_be_lost(model: str, kernel: str, tmp_path: Path) -> None:
    for look, lost in (
        ("int r0 = waitqueue_active(wq);", model != "sc"),
        ("smp_mb(); int r0 = waitqueue_active(wq);", False),
        *((("int r0 = wq_has_sleeper(wq);", False),) if kernel == "6.12" else ()),
    ):
        found = check(_ROUND.format(look=look), tmp_path, model, kernel)
        assert found.observation == ("Sometimes" if lost else "Never")
        assert not found.notes


@pytest.mark.parametrize("model", ["armv8", "power", "riscv", "lkmm"])
def test_the_barrier_of_the_waiter_is_needed(model: str, tmp_path: Path) -> None:
    text = _ROUND.format(look="smp_mb(); int r0 = waitqueue_active(wq);")
    site = frozenset(("smp_mb@prepare_to_wait",))
    assert check(text, tmp_path, model, removed=site).observation == "Sometimes"


@pytest.mark.parametrize(("model", "kernel"), POINTS)
def test_who_waits_is_seen_until_the_condition_holds(
    model: str, kernel: str, tmp_path: Path
) -> None:
    """And the queue is empty when it has come away."""
    text = """{ }
P0(wait_queue_head_t *wq, int *ready)
{
	int r0 = waitqueue_active(wq);
	WRITE_ONCE(*ready, 1);
	wake_up(wq);
}
P1(wait_queue_head_t *wq, int *ready) { wait_event(*wq, READ_ONCE(*ready)); }
"""
    for final, word in (
        ("exists (0:r0=1)", "Sometimes"),
        ("exists (0:r0=0)", "Sometimes"),
        ("exists (wq.waiters=0)", "Always"),
    ):
        assert check(text + final, tmp_path, model, kernel).observation == word


@pytest.mark.parametrize("model", MACHINES)
def test_time_may_be_up(model: str, tmp_path: Path) -> None:
    """0 where the condition does not hold in the end, else what is left, 1 at the least."""
    text = """{{ }}
P0(wait_queue_head_t *wq, int *ready) {{ WRITE_ONCE(*ready, 1); wake_up(wq); }}
P1(wait_queue_head_t *wq, int *ready)
{{
	long left = wait_event_timeout(*wq, READ_ONCE(*ready), {time});

	BUG_ON(left && !READ_ONCE(*ready));
}}
exists (1:left={left})
"""
    for time, left, word in ((5, 0, "Sometimes"), (5, 5, "Sometimes"), (0, 1, "Sometimes")):
        found = check(text.format(time=time, left=left), tmp_path, model)
        assert (found.verdict, found.observation) == ("SAFE", word)


def test_nobody_makes_it_hold(tmp_path: Path) -> None:
    text = (
        "{ }\nP0(wait_queue_head_t *wq, int *x) { wait_event(*wq, READ_ONCE(*x)); }\nexists (x=0)"
    )
    assert check(text, tmp_path, "armv8").verdict == "VACUOUS"


@pytest.mark.parametrize("kernel", ["3.9", "6.12"])
def test_one_after_the_other(kernel: str, tmp_path: Path) -> None:
    text = """DECLARE_WAIT_QUEUE_HEAD(q);
{ }
P0(wait_queue_head_t *wq)
{
	DEFINE_WAIT(wait);

	init_waitqueue_head(wq);
	BUG_ON(waitqueue_active(wq) || waitqueue_active(&q));
	prepare_to_wait(wq, &wait, TASK_INTERRUPTIBLE);
	prepare_to_wait_exclusive(wq, &wait, TASK_INTERRUPTIBLE);
	BUG_ON(!waitqueue_active(wq));
	finish_wait(wq, &wait);
	finish_wait(wq, &wait);
	BUG_ON(waitqueue_active(wq));
	wait_event(q, true);
	BUG_ON(wait_event_timeout(q, false, 5));
	BUG_ON(wait_event_timeout(q, true, 5) != 5);
	BUG_ON(waitqueue_active(&q));
}
"""
    assert check(text, tmp_path, "armv8", kernel).verdict == "SAFE"


# With wake-ups: who waits sleeps in schedule(), and somebody has to wake it.

WAKING = """{{ }}
P0(wait_queue_head_t *wq, int *ready)
{{
	{wait}
	BUG_ON(!READ_ONCE(*ready));
}}
P1(wait_queue_head_t *wq, int *ready)
{{
	WRITE_ONCE(*ready, 1);
	{wake}
}}
"""
WAIT = "wait_event(*wq, READ_ONCE(*ready));"
BY_HAND = """DEFINE_WAIT(wait);
	for (;;) {
		prepare_to_wait(wq, &wait, TASK_UNINTERRUPTIBLE);
		if (READ_ONCE(*ready))
			break;
		schedule();
	}
	finish_wait(wq, &wait);"""
WAKE_UPS: dict[str, Any] = {"defines": (("KSMCHECK_WAKE_UPS", "1"),), "liveness": True}


@pytest.mark.parametrize(
    ("wait", "model", "kernel"), [*((WAIT, *at) for at in POINTS), *((BY_HAND, *at) for at in FEW)]
)
def test_a_wake_up_is_lost_where_the_queue_seems_empty(
    wait: str, model: str, kernel: str, tmp_path: Path
) -> None:
    """wake_up() looks at the queue under its lock, and is never too early. A look without it needs
    the full barrier that the comment at waitqueue_active() asks for: SB, on x86 too."""
    for wake, lost in (
        ("wake_up(wq);", False),
        ("smp_mb(); if (waitqueue_active(wq)) wake_up(wq);", False),
        ("if (waitqueue_active(wq)) wake_up(wq);", model != "sc"),
        ("", True),
    ):
        text = WAKING.format(wait=wait, wake=wake)
        verdict = check(text, tmp_path, model, kernel, **WAKE_UPS)
        assert verdict.verdict == ("VIOLATED" if lost else "SAFE"), wake
        if lost:
            assert verdict.subject == "liveness"


def test_all_who_wait_are_woken_and_leave_the_queue(tmp_path: Path) -> None:
    """However they came to go on: woken, or because they found the condition in time. What armv8
    forbids sc does too."""
    text = """{ }
P0(wait_queue_head_t *wq, int *ready) { wait_event(*wq, READ_ONCE(*ready)); }
P1(wait_queue_head_t *wq, int *ready) { wait_event(*wq, READ_ONCE(*ready)); }
P2(wait_queue_head_t *wq, int *ready) { WRITE_ONCE(*ready, 1); wake_up_all(wq); }
~exists (wq.waiters.counter!=0)
"""
    assert check(text, tmp_path, "armv8", **WAKE_UPS).verdict == "SAFE"


def test_without_wake_ups_nothing_is_said_of_them(tmp_path: Path) -> None:
    for wait in (WAIT, BY_HAND):
        text = "#include <linux/sched.h>\n" + WAKING.format(wait=wait, wake="wake_up(wq);")
        verdict = check(text, tmp_path, "lkmm", liveness=True)
        assert verdict.verdict == "UNKNOWN"
        assert "-D KSMCHECK_WAKE_UPS" in (verdict.reason or "")


@pytest.mark.parametrize(("model", "kernel"), [("sc", "3.9"), ("armv8", "6.12"), ("lkmm", "6.12")])
def test_a_waker_finds_who_sleeps_in_its_state(model: str, kernel: str, tmp_path: Path) -> None:
    """wake_up() wakes both kinds of sleepers (TASK_NORMAL), wake_up_interruptible() one, and leaves
    the others on the queue: include/linux/wait.h, and try_to_wake_up()'s look at the state."""
    for wait, wake, woken in (
        ("wait_event", "wake_up", True),
        ("wait_event_interruptible", "wake_up", True),
        ("wait_event_interruptible", "wake_up_interruptible", True),
        ("wait_event", "wake_up_interruptible", False),
        ("wait_event", "wake_up_interruptible_all", False),
    ):
        text = WAKING.format(wait=f"{wait}(*wq, READ_ONCE(*ready));", wake=f"{wake}(wq);")
        verdict = check(text, tmp_path, model, kernel, **WAKE_UPS)
        assert verdict.verdict == ("SAFE" if woken else "VIOLATED"), (wait, wake)


def test_its_caller_may_have_the_lock(tmp_path: Path) -> None:
    wake = "spin_lock(&wq->lock); wake_up_locked(wq); spin_unlock(&wq->lock);"
    text = WAKING.format(wait=WAIT, wake=wake)
    assert check(text, tmp_path, "armv8", **WAKE_UPS).verdict == "SAFE"


def test_nobody_has_to_wake_who_sleeps_for_a_time(tmp_path: Path) -> None:
    wait = "if (!wait_event_timeout(*wq, READ_ONCE(*ready), 9)) return;"
    for wake in ("", "wake_up(wq);"):
        text = WAKING.format(wait=wait, wake=wake)
        assert check(text, tmp_path, "lkmm", **WAKE_UPS).verdict == "SAFE"


@pytest.mark.parametrize(
    "call", ["wake_up_nr(wq, 1)", "wait_event_interruptible_exclusive(*wq, READ_ONCE(*ready))"]
)
def test_that_one_alone_is_woken_is_refused(call: str, tmp_path: Path) -> None:
    """All would be, and so nobody forgotten."""
    with pytest.raises(InputError) as refused:
        check(WAKING.format(wait=WAIT, wake=f"{call};"), tmp_path, "lkmm", **WAKE_UPS)
    assert refused.value.diagnostic.span is not None
    assert "exclusively" in (refused.value.diagnostic.hint or "")


JOINING = """DECLARE_WAITQUEUE(wait, current);
	add_wait_queue(wq, &wait);
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (READ_ONCE(*ready))
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	remove_wait_queue(wq, &wait);"""


@pytest.mark.parametrize(("model", "kernel"), FEW)
def test_who_joins_by_hand_is_found(model: str, kernel: str, tmp_path: Path) -> None:
    """The two barriers of SB are set_current_state()'s, and the waker's before its look; the lock
    of the queue orders two that both take it."""
    for wait, wake, lost in (
        (JOINING, "wake_up_interruptible_sync_poll(wq, 1);", False),
        (JOINING, "smp_mb(); if (waitqueue_active(wq)) wake_up(wq);", False),
        (JOINING, "if (waitqueue_active(wq)) wake_up(wq);", True),
        (JOINING.replace("set_current", "__set_current", 1), "wake_up_sync(wq);", True),
        (JOINING.replace("TASK_INT", "TASK_UNINT"), "wake_up_interruptible(wq);", True),
    ):
        text = WAKING.format(wait=wait, wake=wake)
        verdict = check(text, tmp_path, model, kernel, **WAKE_UPS)
        assert verdict.verdict == ("VIOLATED" if lost else "SAFE"), (wait, wake)


def test_who_joined_by_hand_stays_when_it_is_woken(tmp_path: Path) -> None:
    """default_wake_function() leaves the queue alone: who sleeps again need not join again, and is
    found again. autoremove_wake_function() takes out."""
    text = """{{ }}
P0(wait_queue_head_t *wq, int *ready)
{{
	{wait}
}}
P1(wait_queue_head_t *wq, int *ready)
{{
	wake_up(wq);
	WRITE_ONCE(*ready, 1);
	wake_up(wq);
}}
~exists (wq.waiters.counter!={left})
"""
    stays = JOINING.replace("remove_wait_queue(wq, &wait);", "")
    for wait, left in ((JOINING, 0), (stays, 1), (BY_HAND, 0)):
        found = check(text.format(wait=wait, left=left), tmp_path, "armv8", **WAKE_UPS)
        assert found.verdict == "SAFE", wait


def test_both_kinds_of_entries_are_apart(tmp_path: Path) -> None:
    """A task may wait on a queue that it has joined, as epoll does."""
    wait = "DECLARE_WAITQUEUE(wait, current); add_wait_queue(wq, &wait); " + WAIT
    text = WAKING.format(wait=f"{wait} int r0 = waitqueue_active(wq);", wake="wake_up(wq);")
    text += "~exists (~(0:r0=1 /\\ wq.waiters.counter=1))"
    assert check(text, tmp_path, "sc", **WAKE_UPS).verdict == "SAFE"


@pytest.mark.parametrize("call", ["DECLARE_WAITQUEUE(w, current);", "add_wait_queue(wq, 0);"])
def test_who_joins_by_hand_sleeps(call: str, tmp_path: Path) -> None:
    """In schedule(), from which a wake_up() that wakes nobody would not call it."""
    with pytest.raises(InputError) as refused:
        check(WAKING.format(wait=call, wake="wake_up(wq);"), tmp_path, "sc")
    assert "-D KSMCHECK_WAKE_UPS" in (refused.value.diagnostic.hint or "")


def test_who_defines_it_means_that(tmp_path: Path) -> None:
    text = """static void add_wait_queue(wait_queue_head_t *wq, void *entry)
{ atomic_inc(&wq->waiters); }
{ }
P0(wait_queue_head_t *wq) { add_wait_queue(wq, NULL); int r0 = waitqueue_active(wq); }
forall (0:r0=1)
"""
    for defines in ((), (("KSMCHECK_WAKE_UPS", "1"),)):
        assert check(text, tmp_path, "sc", defines=defines).verdict == "SAFE"


LOCKED = """{{ spinlock_t l; }}
P0(wait_queue_head_t *wq, spinlock_t *l, int *ready, int *done)
{{
	spin_lock_irq(l);
	{wait}
	*done = *ready;
	spin_unlock_irq(l);
}}
P1(wait_queue_head_t *wq, spinlock_t *l, int *ready)
{{
	spin_lock_irq(l);
	*ready = 1;
	spin_unlock_irq(l);
	{wake}
}}
~exists (done!=1)
"""
UNDER_A_LOCK = [
    "wait_event_lock_irq(*wq, *ready, *l);",
    "wait_event_lock_irq_cmd(*wq, *ready, *l, WRITE_ONCE(*done, 2));",
    "wait_event_cmd(*wq, *ready, spin_unlock_irq(l), spin_lock_irq(l));",
    "wait_event_cmd(*wq, *ready, do { spin_unlock_irq(l); } while (0), spin_lock_irq(l));",
    "while (!*ready) { DEFINE_WAIT(w); prepare_to_wait_event(wq, &w, TASK_UNINTERRUPTIBLE);"
    " spin_unlock_irq(l); schedule(); spin_lock_irq(l); finish_wait(wq, &w); }",
]


@pytest.mark.parametrize("wait", UNDER_A_LOCK)
@pytest.mark.parametrize("model", ["armv8", "lkmm"])
def test_the_lock_is_left_for_the_sleep_alone(wait: str, model: str, tmp_path: Path) -> None:
    """So nothing races, and the waker can get it; it is held when the condition is looked at."""
    text = LOCKED.format(wait=wait, wake="wake_up(wq);")
    assert check(text, tmp_path, model, **WAKE_UPS).verdict == "SAFE"
    lost = check(LOCKED.format(wait=wait, wake=""), tmp_path, model, **WAKE_UPS)
    assert (lost.verdict, lost.subject) == ("VIOLATED", "liveness")
    if "schedule" not in wait:
        found = check(text, tmp_path, model)
        assert found.verdict.startswith("SAFE") and found.notes == (NOTE,)


@pytest.mark.parametrize("defines", [(), (("KSMCHECK_WAKE_UPS", "1"),)])
def test_who_joined_looks_before_it_sleeps(
    defines: tuple[tuple[str, str], ...], tmp_path: Path
) -> None:
    """___wait_event(): the queue is joined, and the condition may hold then. So who is seen on the
    queue may still have its lock."""
    text = """{ spinlock_t l; }
P0(wait_queue_head_t *wq, spinlock_t *l, int *ready, int *left)
{
	spin_lock_irq(l);
	wait_event_lock_irq_cmd(*wq, READ_ONCE(*ready), *l, WRITE_ONCE(*left, 1));
	spin_unlock_irq(l);
}
P1(wait_queue_head_t *wq, int *ready)
{
	WRITE_ONCE(*ready, 1);
	smp_mb();
	int r0 = waitqueue_active(wq);
}
exists (1:r0=1 /\\ left=0)
"""
    assert check(text, tmp_path, "sc", defines=defines).observation == "Sometimes"
