"""<linux/completion.h>: what was done before complete() is there after wait_for_completion().

Why: the count is stored under the completion's lock and looked at under it, so that who finds it
has taken the lock behind the release that followed (Documentation/memory-barriers.txt, on locks).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import Verdict
from tests.fresh import fresh_checker

MACHINES = ("sc", "tso", "armv7", "armv8", "power", "riscv", "alpha", "lkmm")
POINTS = [(m, k) for m in MACHINES for k in ("3.9", "6.12") if (m, k) != ("riscv", "3.9")]
FEW = [("armv8", "6.12"), ("alpha", "3.9"), ("lkmm", "6.12")]
"""Those that tell the most apart; other spellings of the same are asked of them alone."""


def check(text: str, tmp_path: Path, model: str, kernel: str = "6.12", **more: object) -> Verdict:
    path = tmp_path / "t.litmus"
    path.write_text(f"C t\n#include <linux/completion.h>\n{text}")
    return fresh_checker().check(Request(path, model, kernel, **more))  # type: ignore[arg-type]


_DONE = """{{ }}
P0(struct completion *c, int *x) {{ *x = 1; {done} }}
P1(struct completion *c, int *x) {{ {wait} BUG_ON(*x != 1); }}
"""
_WAIT = "wait_for_completion(c);"
_WAITS = (
    _WAIT,
    "if (wait_for_completion_killable(c)) return;",
    "if (!try_wait_for_completion(c)) return;",
    "if (!wait_for_completion_timeout(c, 10)) return;",
    "if (!completion_done(c)) return;",
    "while (!completion_done(c)) cpu_relax();",
)
_DONES = ("complete(c);", "complete_all(c);")


@pytest.mark.parametrize(
    ("done", "wait", "model", "kernel"),
    [
        (done, wait, *at)
        for done in _DONES
        for wait in _WAITS
        for at in (POINTS if (done, wait) == (_DONES[0], _WAIT) else FEW)
    ],
)
def test_what_was_done_is_there(
    done: str, wait: str, model: str, kernel: str, tmp_path: Path
) -> None:
    """In LKMM both accesses are plain, and that they do not race is part of it."""
    found = check(_DONE.format(done=done, wait=wait), tmp_path, model, kernel)
    # Only wait_for_completion() itself is an await: completion_done() takes the lock each time.
    assert found.verdict in ("SAFE", "SAFE up to k" if wait.startswith("while") else "SAFE")


@pytest.mark.parametrize("model", ["armv7", "armv8", "power", "riscv", "alpha"])
def test_its_lock_is_what_orders(model: str, tmp_path: Path) -> None:
    lock = frozenset(f"raw_spin_{w}@complete" for w in ("lock_irqsave", "unlock_irqrestore"))
    text = _DONE.format(done="complete(c);", wait=_WAIT)
    assert check(text, tmp_path, model, removed=lock).verdict == "VIOLATED"


@pytest.mark.parametrize(("model", "kernel"), POINTS)
def test_who_waits_may_free_it(model: str, kernel: str, tmp_path: Path) -> None:
    """A completion on the stack: complete() has left it when wait_for_completion() returns. The
    comment in completion_done() says the same of that."""
    for wait in (_WAIT, "if (!completion_done(c)) return;"):
        text = f"""{{ }}
P0(struct completion *c) {{ complete(c); }}
P1(struct completion *c) {{ {wait} c->done = 7; }}
exists (c.done=8)
"""
        assert check(text, tmp_path, model, kernel).observation == "Never"


_TWO = """{{ }}
P0(struct completion *c, int *x) {{ *x = 1; {done} }}
P1(struct completion *c, int *x) {{ wait_for_completion(c); int r0 = *x; }}
P2(struct completion *c, int *x) {{ wait_for_completion(c); int r0 = *x; }}
~exists (1:r0=0 \\/ 2:r0=0)
"""


@pytest.mark.parametrize(
    ("done", "verdict", "model", "kernel"),
    [
        *(("complete(c); complete(c);", "SAFE", *at) for at in POINTS),
        *(("complete_all(c);", "SAFE", *at) for at in FEW),
        # One of the two waits for ever.
        *(("complete(c);", "VACUOUS", *at) for at in POINTS),
        *(("", "VACUOUS", *at) for at in FEW),
    ],
)
def test_each_completion_is_for_one(
    done: str, verdict: str, model: str, kernel: str, tmp_path: Path
) -> None:
    assert check(_TWO.format(done=done), tmp_path, model, kernel).verdict == verdict


@pytest.mark.parametrize("kernel", ["3.9", "6.12"])
def test_the_count(kernel: str, tmp_path: Path) -> None:
    """One thread: a completion may come before the wait; after complete_all() nobody waits."""
    again = "INIT_COMPLETION(*c);" if kernel == "3.9" else "reinit_completion(c);"
    text = f"""DECLARE_COMPLETION(d);
{{ }}
P0(struct completion *c)
{{
	DECLARE_COMPLETION_ONSTACK(own);

	init_completion(c);
	BUG_ON(completion_done(c) || try_wait_for_completion(c));
	BUG_ON(wait_for_completion_timeout(c, 5));
	complete(c);
	complete(c);
	BUG_ON(!completion_done(c));
	wait_for_completion(c);
	BUG_ON(!try_wait_for_completion(c));
	BUG_ON(try_wait_for_completion(c));
	complete(&own);
	BUG_ON(wait_for_completion_interruptible(&own));
	complete_all(&d);
	complete_all(c);
	wait_for_completion(c);
	wait_for_completion(c);
	BUG_ON(!completion_done(c));
	{again}
	BUG_ON(completion_done(c));
}}
"""
    assert check(text, tmp_path, "armv8", kernel).verdict == "SAFE"


_SERVED = """#include <linux/list.h>

struct request {
	struct list_head node;
	struct completion done;
	int result;
};

static LIST_HEAD(queue);
static DEFINE_SPINLOCK(queue_lock);

static int submit(struct request *req)
{
	init_completion(&req->done);
	spin_lock(&queue_lock);
	list_add_tail(&req->node, &queue);
	spin_unlock(&queue_lock);
	wait_for_completion(&req->done);
	return req->result;
}

static void serve(void)
{
	struct request *req = NULL;

	spin_lock(&queue_lock);
	if (!list_empty(&queue)) {
		req = list_first_entry(&queue, struct request, node);
		list_del(&req->node);
	}
	spin_unlock(&queue_lock);
	if (req) {
		req->result = 7;
		complete(&req->done);
	}
}
struct request one;
{ }
P0(void) { BUG_ON(submit(&one) != 7); }
P1(void) { serve(); }
"""


@pytest.mark.parametrize("model", MACHINES)
def test_a_request_and_its_answer(model: str, tmp_path: Path) -> None:
    """Queue, lock and completion together, as a driver has them. One that is put on the queue
    before its completion is made ready races with who completes it."""
    assert check(_SERVED, tmp_path, model).verdict == "SAFE"
    init = "\tinit_completion(&req->done);\n"
    late = _SERVED.replace(init, "").replace("\twait_for", init + "\twait_for")
    found = check(late, tmp_path, model)
    if model == "lkmm":
        assert (found.verdict, found.subject) == ("VIOLATED", "data-race")
