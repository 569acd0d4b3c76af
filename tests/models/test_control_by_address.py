"""A read that tells where a condition looks has the control dependency, too, under LKMM.

tools/memory-model/Documentation/explanation.txt (6.12): "a read event X and a write event Y are
linked by a control dependency if Y syntactically lies within an arm of an if statement and X
affects the evaluation of the if condition via a data or address dependency". herd7 has one from
everything that is read in the condition itself, and from what was read into the variables in it
(herd/event.ml ``cond_comp``; modelUtils.ml ``ctrl_three``); a variable that was read through a
pointer earlier brings its own read alone.

The tests are of one kind, load buffering: P1 sets the pointer after it saw what P0 stored, in the
arm, after it read the pointer. A fence orders P1. ``*p`` is never written, so that no plain access
takes part in a race; being plain, it orders nothing by itself.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker

TEST = """C t
{{ int a = 1; int b = 1; int *p = a; }}
P0(int **p, int *n, int *y)
{{
	int *r1;
	int r2 = 0;

	r1 = READ_ONCE(*p);
	{then}
}}
P1(int **p, int *b, int *y)
{{
	int r3;

	r3 = READ_ONCE(*y);
	smp_mb();
	WRITE_ONCE(*p, b);
}}
exists (0:r1=b /\\ 1:r3=1)
"""
STORE = "WRITE_ONCE(*y, 1);"
IN_THE_CONDITION = [
    f"if (*r1) {STORE}",
    f"if (!*r1) r2 = 1; else {STORE}",
    f"if ((*r1 + 3) * 2 == 8) {STORE}",
    f"if (r1[0] == 1) {STORE}",
    f"if (*n == 0 && *r1 == 1) {STORE}",
    f"if (*n == 1 || *r1 == 1) {STORE}",
    f"if (*r1 == 1) if (*n == 0) {STORE}",
    f"if (READ_ONCE(*r1)) {STORE}",  # by address and control, one after the other
    f"while (*r1 != r2) {{ r2 = 1; {STORE} }}",
]
ELSEWHERE = [
    f"r2 = *r1; if (r2) {STORE}",  # the variable's read is plain, and orders nothing
    f"if (*n == 0) {STORE}",
    f"if (*r1) r2 = 1; {STORE}",  # not in the arm
]


def observed(then: str, folder: Path, engine: str) -> str | None:
    path = folder / "t.litmus"
    path.write_text(TEST.format(then=then))
    # A witness has passed the replay, which finds dependencies by itself.
    found = fresh_checker().states(Request(path, "lkmm", engine=engine))
    assert found.flags == ()
    return found.observation


@pytest.mark.parametrize("engine", ["lazy", "tuple", "explicit"])
@pytest.mark.parametrize("then", IN_THE_CONDITION)
def test_in_the_condition(then: str, engine: str, tmp_path: Path) -> None:
    assert observed(then, tmp_path, engine) == "Never"


@pytest.mark.parametrize("engine", ["lazy", "tuple", "explicit"])
@pytest.mark.parametrize("then", ELSEWHERE)
def test_elsewhere(then: str, engine: str, tmp_path: Path) -> None:
    assert observed(then, tmp_path, engine) == "Sometimes"


TWO_STEPS = """C two-steps
{ int a = 1; int *p = a; int *q = a; int **pp = p; }
P0(int ***pp, int *y)
{
	int **r1;

	r1 = READ_ONCE(*pp);
	if (**r1)
		WRITE_ONCE(*y, 1);
}
P1(int ***pp, int **q, int *y)
{
	int r3;

	r3 = READ_ONCE(*y);
	smp_mb();
	WRITE_ONCE(*pp, q);
}
exists (0:r1=q /\\ 1:r3=1)
"""


@pytest.mark.parametrize(
    ("access", "expected"), [("**r1", "Never"), ("READ_ONCE(**r1)", "Never"), ("1", "Sometimes")]
)
def test_the_way_to_the_way(access: str, expected: str, tmp_path: Path) -> None:
    """The read that gave ``r1`` is two accesses away, the first of them plain."""
    path = tmp_path / "t.litmus"
    path.write_text(TWO_STEPS.replace("**r1)", f"{access})"))
    assert fresh_checker().states(Request(path, "lkmm")).observation == expected
