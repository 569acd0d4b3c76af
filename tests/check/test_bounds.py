"""The proof that a loop was unrolled far enough also holds for what a flag may need.

Under lkmm one iteration that changes nothing stays in a loop, since its plain read may race; it
takes up one of the copies that the rounds which do write need as well.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Checker
from ksmcheck.check.verdict import BOUNDED, Request, Verdict
from tests.fresh import fresh_checker

# Every execution goes round exactly twice with a write (z = 1, then w = 1), each time with y = 1
# read. A round that reads y = 0 reads x by a plain load which nothing orders with P1's plain store
# of x: a data race (explanation.txt of the kernel's memory model, section on plain accesses). It
# writes nothing: x is never 7. So an execution with the race goes round three times.
TEST = """C needs-an-idle-round
{ }
P0(int *x, int *y, int *z, int *w)
{
	while (READ_ONCE(*w) == 0) {
		if (READ_ONCE(*y) == 0) {
			if (*x == 7)
				WRITE_ONCE(*z, 5);
		} else if (READ_ONCE(*z) == 0) {
			WRITE_ONCE(*z, 1);
		} else {
			WRITE_ONCE(*w, 1);
		}
	}
}
P1(int *x, int *y)
{
	*x = 1;
	smp_store_release(y, 1);
}
~exists (x=2)
"""


@pytest.mark.parametrize(
    ("unroll", "verdict"),
    [(1, "UNKNOWN"), (2, BOUNDED), (3, "VIOLATED"), (None, "VIOLATED")],
)
def test_a_race_beside_as_many_rounds_as_the_bound_allows(
    tmp_path: Path, unroll: int | None, verdict: str
) -> None:
    path = tmp_path / "needs-an-idle-round.litmus"
    path.write_text(TEST)
    found = fresh_checker().check(Request(path, "lkmm", "6.12", unroll=unroll))
    assert found.verdict == verdict
    assert found.flags == (("data-race",) if verdict == "VIOLATED" else ())


def test_without_flags_the_idle_round_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "needs-an-idle-round.litmus"
    path.write_text(TEST)
    found = fresh_checker().check(Request(path, "armv8", "6.12", unroll=2))
    assert found.verdict == "SAFE"


TWICE = """C goes-round-twice
{ }
P0(int *x)
{
	while (READ_ONCE(*x) < 2)
		atomic_inc(x);
}
~exists (x=3)
"""


def test_other_models_begin_at_the_bound_that_one_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "goes-round-twice.litmus"
    path.write_text(
        TWICE.replace("int *x", "atomic_t *x").replace("READ_ONCE(*x)", "atomic_read(x)")
    )
    asked: list[int | None] = []
    known = Checker._known

    def noted(self: Checker, request: Request, config: str, started: float) -> Verdict:
        asked.append(request.unroll)
        return known(self, request, config, started)

    monkeypatch.setattr(Checker, "_known", noted)
    checker = fresh_checker()
    assert [checker.check(Request(path, model)).verdict for model in ("sc", "tso")] == ["SAFE"] * 2
    assert asked == [1, 2, 2]
    checker.forget()
    assert checker.check(Request(path, "sc")).verdict == "SAFE"
    assert asked == [1, 2, 2, 1, 2]


def test_a_round_that_writes_nothing_reaches_no_bound(tmp_path: Path) -> None:
    """P0 writes to c in one round at most, for it then reads what it wrote: of the others none need
    be, and so two rounds are enough."""
    path = tmp_path / "t.litmus"
    path.write_text(
        "C t\n{ int c = 1; }\n"
        "P0(int *x, int *c) { while (!READ_ONCE(*x)) { if (READ_ONCE(*c)) WRITE_ONCE(*c, 0); } }\n"
        "P1(int *x) { WRITE_ONCE(*x, 1); }\n~exists (x=2)\n"
    )
    assert fresh_checker().check(Request(path, "sc", unroll=1)).verdict == "SAFE"


def test_a_bit_that_is_set_already_is_waited_for(tmp_path: Path) -> None:
    """test_and_set_bit() that finds it set stores what was there, if anything at all."""
    path = tmp_path / "t.litmus"
    path.write_text(
        "C t\n{ unsigned long w = 1; }\n"
        "P0(unsigned long *w) { while (test_and_set_bit(0, w)) cpu_relax(); }\n"
        "P1(unsigned long *w) { clear_bit(0, w); }\n~exists (w=2)\n"
    )
    assert fresh_checker().check(Request(path, "sc", unroll=1)).verdict == "SAFE"
