"""<linux/wait.h> with -D KSMCHECK_WAKE_FUNCTIONS: a queue is a list of entries, each with a
function.

What a waker calls is said in kernel/sched/wait.c: all entries that are not exclusive, and as many
of the exclusive ones as it asks for; a function that returns less than 0 ends it. The cases of
wait_woken() follow the comment there: of what the barriers A, B and C are between, one side sees
the other's.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import Verdict
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

ON = (("KSMCHECK_WAKE_FUNCTIONS", "1"),)
TOP = """C t
#include <linux/wait.h>
static DECLARE_WAIT_QUEUE_HEAD(wq);
int ready;
int seen;
"""


def check(text: str, tmp_path: Path, model: str, **more: object) -> Verdict:
    path = tmp_path / "t.litmus"
    path.write_text(TOP + text)
    request = Request(path, model, **{"liveness": True, "defines": ON, **more})  # type: ignore[arg-type]
    return fresh_checker().check(request)


WAITS = "P{}(void) {{ wait_event{}(wq, READ_ONCE(ready)); }}\n"
WAKES = "{{ }}\nP0(void) {{ WRITE_ONCE(ready, 1); {} }}\n"


@pytest.mark.parametrize("model", ["sc", "tso", "armv8", "power", "lkmm"])
def test_a_look_at_the_queue_needs_a_barrier(model: str, tmp_path: Path) -> None:
    """The comment at waitqueue_active(): SB, with a barrier on the waiter's side alone."""
    look = WAKES.format("{} if (waitqueue_active(&wq)) wake_up(&wq);")
    waiter = WAITS.format(1, "")
    lost = "SAFE" if model == "sc" else "VIOLATED"
    assert check(look.replace("{}", "") + waiter, tmp_path, model).verdict == lost
    assert check(look.replace("{}", "smp_mb();") + waiter, tmp_path, model).verdict == "SAFE"
    sleeper = WAKES.format("if (wq_has_sleeper(&wq)) wake_up(&wq);")
    assert check(sleeper + waiter, tmp_path, model).verdict == "SAFE"


@pytest.mark.parametrize(
    ("exclusive", "wake", "verdict"),
    [
        ("_interruptible", "wake_up(&wq);", "SAFE"),
        ("_interruptible_exclusive", "wake_up(&wq);", "VIOLATED"),
        ("_interruptible_exclusive", "wake_up_nr(&wq, 2);", "SAFE"),
        ("_interruptible_exclusive", "wake_up_all(&wq);", "SAFE"),
        ("_interruptible_exclusive", "wake_up_interruptible_poll(&wq, 1);", "VIOLATED"),
    ],
)
def test_how_many_are_woken(exclusive: str, wake: str, verdict: str, tmp_path: Path) -> None:
    both = WAITS.format(1, exclusive) + WAITS.format(2, exclusive)
    assert check(WAKES.format(wake) + both, tmp_path, "sc").verdict == verdict


OWN = """static int told(wait_queue_entry_t *curr, unsigned int mode, int flags, void *key)
{{
	WRITE_ONCE(seen, seen + key_to_poll(key));
	return {};
}}
DECLARE_WAITQUEUE(first, NULL);
wait_queue_entry_t second;
{{ }}
P0(void)
{{
	init_waitqueue_func_entry(&first, told);
	init_waitqueue_func_entry(&second, told);
	add_wait_queue(&wq, &first);
	{}(&wq, &second);
	wake_up_poll(&wq, 3);
	remove_wait_queue(&wq, &first);
	wake_up_poll(&wq, 10);
}}
forall (seen={})
"""


@pytest.mark.parametrize(
    ("returned", "add", "sum_of_keys"),
    [
        (0, "add_wait_queue", 3 + 3 + 10),
        (1, "add_wait_queue", 3 + 3 + 10),
        (-1, "add_wait_queue", 3 + 10),
        (0, "add_wait_queue_exclusive", 3 + 3 + 10),
    ],
)
def test_a_function_of_ones_own(returned: int, add: str, sum_of_keys: int, tmp_path: Path) -> None:
    assert check(OWN.format(returned, add, sum_of_keys), tmp_path, "sc").verdict == "SAFE"
    assert check(OWN.format(returned, add, sum_of_keys + 1), tmp_path, "sc").verdict == "VIOLATED"


WOKEN = """{ }
P0(void)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);

	add_wait_queue(&wq, &wait);
	while (!READ_ONCE(ready))
		wait_woken(&wait, TASK_INTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);
	remove_wait_queue(&wq, &wait);
}
P1(void)
{
	WRITE_ONCE(ready, 1);
	wake_up(&wq);
}
"""


@pytest.mark.parametrize(
    ("removed", "machines_that_sleep_on"),
    [
        ((), set()),
        # The flag is seen before the condition, taken back, and the task's state is looked at
        # before it is set. x86 keeps stores in order, and POWER has an lwsync behind the lock of
        # the queue (PPC_ACQUIRE_BARRIER), between the two.
        (("smp_mb@woken_wake_function",), {"armv8"}),
    ],
)
@pytest.mark.parametrize("model", ["sc", "tso", "armv8", "power"])
def test_wait_woken(
    removed: tuple[str, ...], machines_that_sleep_on: set[str], model: str, tmp_path: Path
) -> None:
    found = check(WOKEN, tmp_path, model, removed=frozenset(removed)).verdict
    assert found == ("VIOLATED" if model in machines_that_sleep_on else "SAFE")


@pytest.mark.parametrize("liveness", [True, False])
def test_nothing_is_taken_on_trust(liveness: bool, tmp_path: Path) -> None:
    text = """{ }
P0(void)
{
	DEFINE_WAIT(wait);

	prepare_to_wait_event(&wq, &wait, TASK_INTERRUPTIBLE);
	if (!READ_ONCE(ready))
		schedule();
	finish_wait(&wq, &wait);
}
P1(void) { WRITE_ONCE(ready, 1); wake_up(&wq); }
"""
    found = check(text + "~exists (ready=2)", tmp_path, "tso", liveness=liveness)
    assert (found.verdict, found.notes) == ("SAFE", ())


def test_a_queue_that_nobody_initialised(tmp_path: Path) -> None:
    text = "wait_queue_head_t blank;\n{ }\nP0(void) { wake_up(&blank); }\n"
    found = check(text, tmp_path, "sc")
    assert (found.verdict, found.subject) == ("VIOLATED", "bad address")
    text = text.replace("wake_up(", "init_waitqueue_head(&blank); wake_up(")
    assert check(text, tmp_path, "sc").verdict == "SAFE"


@pytest.mark.parametrize("defines", [(), (("KSMCHECK_WAKE_UPS", "1"),)])
def test_what_needs_them_says_so(defines: tuple[tuple[str, str], ...], tmp_path: Path) -> None:
    for code in (
        "struct wait_queue_entry e = { .func = NULL };",
        "DEFINE_WAIT(e); e.flags = 0;",
        "void *first = wq.head.next;",
    ):
        with pytest.raises(InputError) as caught:
            check(f"{{ }}\nP0(void) {{ {code} }}", tmp_path, "sc", defines=defines)
        assert "has no member" in caught.value.diagnostic.message
        assert "-D KSMCHECK_WAKE_FUNCTIONS" in (caught.value.diagnostic.hint or "")


@pytest.mark.parametrize(
    "code",
    ["DEFINE_WAIT_FUNC(e, told)", "wait_woken(&e, 1, 1)", "add_wait_queue_exclusive(&wq, &e)"],
)
def test_calls_that_need_them_say_so(code: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        check(f"{{ }}\nP0(void) {{ {code}; }}", tmp_path, "sc", defines=())
    assert "-D KSMCHECK_WAKE_FUNCTIONS" in (caught.value.diagnostic.hint or "")


def test_before_6_1(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"from kernel 6\.1 on"):
        check("{ }\nP0(void) { wake_up(&wq); }", tmp_path, "sc", kernel="3.9")
