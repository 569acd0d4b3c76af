"""What the kernel may answer with yes or with no at any time: signals, the scheduler, contention.

Nothing in a test says which it is, so each call has both answers, whatever the others were; and no
machine orders anything by it.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import SAFE, VIOLATED, Verdict
from ksmcheck.kernel.catalogue.accesses import EITHER_ANSWERS
from ksmcheck.kernel.primitives import all_primitives
from ksmcheck.program.change import INSERT, Change
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

MODELS = ("sc", "tso", "armv7", "armv8", "power", "riscv", "alpha", "lkmm")


def check(text: str, folder: Path, model: str = "armv8", **more: object) -> Verdict:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{{ }}\n{text}\n")
    return fresh_checker().check(Request(path, model, "6.12", **more))  # type: ignore[arg-type]


def _call(name: str) -> str:
    return f"{name}({'l' if all_primitives()[name].params else ''})"


@pytest.mark.parametrize("engine", ["lazy", "tuple", "explicit"])
@pytest.mark.parametrize("name", sorted(EITHER_ANSWERS))
def test_each_call_has_both_answers(name: str, engine: str, tmp_path: Path) -> None:
    body = f"int a = {_call(name)}; int b = {_call(name)};"
    text = f"P0(spinlock_t *l) {{ {body} }}\nexists (0:a=%d /\\ 0:b=%d)"
    for a, b in product((0, 1), repeat=2):
        found = check(text % (a, b), tmp_path, engine=engine)
        assert found.observation == "Sometimes"
        assert found.witness is not None
    assert check(text % (2, 0), tmp_path, engine=engine).observation == "Never"


@pytest.mark.parametrize("model", MODELS)
def test_nothing_is_ordered_by_an_answer(model: str, tmp_path: Path) -> None:
    """Load buffering, which all but sc and tso have where nothing orders the accesses; alpha not at
    6.12, for there a barrier is a part of READ_ONCE() (arch/alpha/include/asm/rwonce.h)."""
    thread = "P%d(int *x, int *y) { int r = READ_ONCE(*%s); if (signal_pending(current)) %s; }\n"
    text = "".join(
        thread % (i, a, f"WRITE_ONCE(*{b}, 1)") for i, (a, b) in enumerate((("x", "y"), ("y", "x")))
    )
    found = check(text + "exists (0:r=1 /\\ 1:r=1)", tmp_path, model)
    assert found.observation == ("Never" if model in ("sc", "tso", "alpha") else "Sometimes")


@pytest.mark.parametrize(
    ("loop", "waits"),
    [
        ("while (!need_resched()) cpu_relax();", True),
        ("while (!READ_ONCE(*x)) if (signal_pending(current)) return;", True),
        # Who is asked to reschedule does, and is not asked for ever.
        ("while (need_resched()) cpu_relax();", False),
        # Who waits for a lock waits for its holder; whether that is this thread nobody looks at.
        ("spin_lock(l); while (spin_is_contended(l)) cpu_relax(); spin_unlock(l);", True),
        ("while (rwsem_is_contended(l)) cpu_relax();", True),
        ("do { if (need_resched()) cond_resched(); } while (!READ_ONCE(*y));", False),
        # A signal is pending until the thread handles it, which it does behind the loop
        # (kernel/signal.c, dequeue_signal()); who is to stop is so for good (kernel/kthread.c sets
        # KTHREAD_SHOULD_STOP, and nothing clears it); who is to park, until it has parked.
        ("while (signal_pending(current)) cpu_relax();", True),
        ("for (;;) { if (fatal_signal_pending(current)) continue; return; }", True),
        ("while (kthread_should_stop()) cpu_relax();", True),
        ("while (kthread_should_park()) cond_resched();", True),
        ("while (signal_pending(current) && need_resched()) cond_resched();", False),
        # It is pending in one of two looks only where it comes between them, so in no other round.
        (
            "for (int n = 1; n == 1;) { n = 0; for (int i = 0; i < 2; i++) "
            "if (signal_pending(current)) n++; }",
            False,
        ),
    ],
)
def test_what_may_last(loop: str, waits: bool, tmp_path: Path) -> None:
    threads = f"P0(int *x, int *y, spinlock_t *l) {{ {loop} }}\nP1(int *y) {{ WRITE_ONCE(*y, 1); }}"
    found = check(threads, tmp_path, liveness=True)
    assert found.verdict == (VIOLATED if waits else SAFE)


def test_the_ways_of_a_loop(tmp_path: Path) -> None:
    """How often is it left in the first round, how often in the second?"""
    text = """P0(int *x)
{
	int n = 0;
	for (int i = 0; i < 2; i++) {
		if (__VERIFIER_nondet_bool())
			continue;
		if (fatal_signal_pending(current))
			break;
		n += i + 1;
	}
}
exists (0:n=%d)"""
    seen = {n for n in range(5) if check(text % n, tmp_path).observation == "Sometimes"}
    assert seen == {0, 1, 2, 3}


@pytest.mark.parametrize(
    "own", ["#define need_resched() 0\n", "static int need_resched(void) { return 0; }\n"]
)
def test_a_test_may_have_its_own(own: str, tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(f"C t\n{own}{{ }}\nP0(int *x) {{ int r = need_resched(); }}\nexists (0:r=1)\n")
    assert fresh_checker().check(Request(path, "armv8", "6.12")).observation == "Never"


@pytest.mark.parametrize(
    ("state", "may"),
    [("TASK_INTERRUPTIBLE", True), ("TASK_KILLABLE", True), ("TASK_UNINTERRUPTIBLE", False)],
)
def test_who_sleeps_uninterruptibly_has_no_signal(state: str, may: bool, tmp_path: Path) -> None:
    """include/linux/sched/signal.h, signal_pending_state()."""
    path = tmp_path / "t.litmus"
    body = f"int r = signal_pending_state({state}, current);"
    path.write_text(
        f"C t\n#include <linux/sched.h>\n{{ }}\nP0(int *x) {{ {body} }}\nexists (0:r=1)\n"
    )
    found = fresh_checker().check(Request(path, "armv8", "6.12"))
    assert (found.observation == "Sometimes") == may


@pytest.mark.parametrize("checks", [True, False])
def test_an_allocation_that_fails(checks: bool, tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    failing = "#define kmalloc(...) (__VERIFIER_nondet_bool() ? NULL : kmalloc(__VA_ARGS__))\n"
    body = f"struct s *p = kmalloc(sizeof(*p), 0); {'if (!p) return;' if checks else ''} p->a = 1;"
    path.write_text(f"C t\n{failing}struct s {{ int a; }};\n{{ }}\nvoid P0(void) {{ {body} }}\n")
    found = fresh_checker().check(Request(path, "armv8", "6.12"))
    assert found.verdict == (SAFE if checks else VIOLATED)


@pytest.mark.parametrize("name", ["need_resched", "signal_pending"])
def test_it_is_no_barrier_to_insert(name: str, tmp_path: Path) -> None:
    text = "P0(int *x)\n{\n\tWRITE_ONCE(*x, 1);\n}\nexists (x=1)"
    change = Change(f"{tmp_path / 't.litmus'}:5", INSERT, name)
    with pytest.raises(InputError, match=f"'{name}' is no barrier"):
        check(text, tmp_path, changes=(change,))
