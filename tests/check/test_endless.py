"""Threads that go round for ever: what their branches control ends where the ways meet again, as
it does in threads that end. Each violation has passed the replay, which looks for itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker

OTHER = "P1(void) { BUG_ON(READ_ONCE(z) == 1); }\nforall (true)\n"


@pytest.mark.parametrize(
    "body",
    [
        "if (READ_ONCE(x)) WRITE_ONCE(y, 1); WRITE_ONCE(z, 1); while (u) WRITE_ONCE(y, u);",
        "if (READ_ONCE(x)) { } else { u = 2; } WRITE_ONCE(z, 1); for (;;) WRITE_ONCE(y, u);",
        "for (;;) { if (READ_ONCE(x)) WRITE_ONCE(y, 1); WRITE_ONCE(z, 1); }",
        "for (;;) { u = READ_ONCE(x); while (u == 2) u = READ_ONCE(x); WRITE_ONCE(z, 1); }",
        "again: if (READ_ONCE(x)) WRITE_ONCE(y, 1); WRITE_ONCE(z, 1); goto again;",
        "if (READ_ONCE(x)) for (;;) WRITE_ONCE(y, 1); else WRITE_ONCE(z, 1); for (;;) y++;",
        # All rounds depend on the one read; a replay that noted it for each would not end.
        "u = READ_ONCE(x); WRITE_ONCE(z, 1); while (!u) { }",
        "switch (READ_ONCE(x)) { case 0: u++; case 1: u++; } WRITE_ONCE(z, 1); for (;;) y = u;",
    ],
)
def test_a_thread_without_an_end(body: str, tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(f"C t\nint x; int y; int z;\n{{ }}\nP0(void) {{ int u = 3; {body} }}\n{OTHER}")
    for model in ("sc", "armv8"):
        verdict = fresh_checker().check(Request(path, model))
        assert verdict.verdict == "VIOLATED"
        assert verdict.witness is not None
        assert verdict.witness.failure.name == "BUG_ON"


# P1 sets y, which ends P0, or x, which fails its assertion and leaves it waiting.
EITHER = """C either
{ }
P0(int *x, int *y) { BUG_ON(READ_ONCE(*x)); while (!READ_ONCE(*y)) cpu_relax(); }
P1(int *x, int *y, int *z) { if (READ_ONCE(*z)) WRITE_ONCE(*x, 1); else WRITE_ONCE(*y, 1); }
P2(int *z) { WRITE_ONCE(*z, 1); }
"""

# As P1 starts its grace period, P0 is in a section that it does not leave before y is set: so that
# does not end, x is not set, and nothing fails. But LKMM speaks of sections that end alone.
HELD_UP = """C held-up
{ }
P0(int *s, int *x, int *y)
{
	rcu_read_lock();
	smp_store_release(s, 1);
	BUG_ON(READ_ONCE(*x));
	while (!READ_ONCE(*y))
		cpu_relax();
	rcu_read_unlock();
}
P1(int *s, int *x, int *y)
{
	if (smp_load_acquire(s)) {
		synchronize_rcu();
		WRITE_ONCE(*x, 1);
	} else {
		WRITE_ONCE(*y, 1);
	}
}
"""


def test_an_assertion_that_fails_before_a_thread_waits_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(EITHER)
    assert fresh_checker().check(Request(path, "lkmm")).verdict == "VIOLATED"


def test_a_filter_cannot_tell_which_of_these_executions_count(tmp_path: Path) -> None:
    """A filter is of final states (herd7), which an execution without an end has none of."""
    path = tmp_path / "t.litmus"
    path.write_text(f"{EITHER}filter (y=1)\nexists (x=1)\n")
    verdict = fresh_checker().check(Request(path, "lkmm"))
    assert verdict.verdict == "UNKNOWN"
    assert verdict.reason is not None
    assert "the filter says nothing" in verdict.reason


def test_a_grace_period_may_not_end_while_a_thread_waits_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(HELD_UP)
    verdict = fresh_checker().check(Request(path, "lkmm"))
    assert verdict.verdict == "UNKNOWN"
    assert verdict.reason is not None
    assert "a grace period with it may not end" in verdict.reason


# If P0 reads 8, it goes round so often that no bound is enough.
ROUND_AND_ROUND = """C round
{ }
P0(int *x) { int a; a = READ_ONCE(*x); while (a != 0) { a = a + 1; WRITE_ONCE(*x, a); } }
P1(int *x) { WRITE_ONCE(*x, 8); }
P2(int *x) { int a; a = READ_ONCE(*x); }
"""


def test_always_is_said_up_to_the_bound_and_sometimes_at_once(tmp_path: Path) -> None:
    """What is seen in all executions so far may not be seen in one that goes round more often; what
    is seen in some and not in others stays so. Twice round again makes three rounds."""
    path = tmp_path / "t.litmus"
    path.write_text(f"{ROUND_AND_ROUND}exists (~x=77)\n")
    always = fresh_checker().check(Request(path, "sc", unroll=2))
    assert (always.observation, always.verdict, always.bound) == ("Always", "SAFE up to k", 3)
    path.write_text(f"{ROUND_AND_ROUND}exists (2:a=8)\n")
    sometimes = fresh_checker().check(Request(path, "sc", unroll=2))
    assert (sometimes.observation, sometimes.verdict) == ("Sometimes", "SAFE")


def test_a_misuse_before_a_lock_that_is_never_free(tmp_path: Path) -> None:
    """One of the two threads has no end, and neither a loop nor an assertion in its text."""
    path = tmp_path / "t.litmus"
    path.write_text(
        "C t\n{ refcount_t r = REFCOUNT_INIT(0); spinlock_t l; }\n"
        "P0(refcount_t *r, spinlock_t *l) { refcount_inc(r); spin_lock(l); }\n"
        "P1(spinlock_t *l) { spin_lock(l); }\nexists (true)\n"
    )
    verdict = fresh_checker().check(Request(path, "lkmm"))
    assert (verdict.verdict, verdict.subject) == ("VIOLATED", "misuse of refcount_inc")
