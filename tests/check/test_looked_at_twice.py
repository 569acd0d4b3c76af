"""An arm of ``?:`` is looked at for its type, and again for its value.

What each program does is plain from its text: herd7's registers start as 0.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

TEST = """C arms
static int f(int a)
{
	int r9 = a + 40;

	return r9;
}
{ }
P0(int *x, int *y)
{
	int c = READ_ONCE(*x);
	BODY
}
P1(int *x)
{
	WRITE_ONCE(*x, 1);
}
exists (0:c=1)
locations [LISTED]
"""


def states(body: str, listed: str, path: Path) -> set[str]:
    file = path / "t.litmus"
    file.write_text(TEST.replace("BODY", body).replace("LISTED", listed), encoding="utf-8")
    request = Request(file, "sc")
    found = fresh_checker().states(request)
    assert (
        fresh_checker().check(request).witness is not None
    )  # the replay reads the text on its own
    return {str(state) for state in found.states}


@pytest.mark.parametrize(
    ("arm", "value"),
    [
        ("c ? (r9 = 1, READ_ONCE(*y)) : 3", 1),
        ("c ? (r9 = 1) : 0", 1),
        ("c ?: (r9 = READ_ONCE(*x))", None),
        ("c ? ({ r9 = 1; READ_ONCE(*y); }) : 0", 1),
        ("c ? f((r9 = 1)) + READ_ONCE(*y) : 0", 1),
        ("c && (r9 = 1)", 1),
    ],
)
def test_a_register_begins_in_an_arm(arm: str, value: int | None, tmp_path: Path) -> None:
    """It is 0 where that arm is not taken, and no local of a function has its place."""
    body = f"int t = {arm};\n\tint u = f(2);"
    found = states(body, "0:c; 0:r9; 0:u", tmp_path)
    wanted = {(0, 0, 42), (1, value or 0, 42)}
    if value is None:  # where c was 0, x is read once more
        wanted.add((0, 1, 42))
    assert found == {str(state) for state in wanted}


def test_a_register_that_a_run_does_not_assign(tmp_path: Path) -> None:
    found = states("if (c)\n\t\tr9 = 1;", "0:c; 0:r9", tmp_path)
    assert found == {"(0, 0)", "(1, 1)"}


def test_a_label_in_an_arm(tmp_path: Path) -> None:
    body = "int t = c ? ({ int k = 0; again: k++; if (k < 2) goto again; k + READ_ONCE(*y); }) : 3;"
    assert states(body, "0:c; 0:t", tmp_path) == {"(0, 3)", "(1, 2)"}


def test_arms_in_arms(tmp_path: Path) -> None:
    """Each level once more, not twice as often: 20 levels are no work."""
    arm = "7"
    for number in range(20):
        arm = f"(READ_ONCE(*y) ? {arm} : {number})"
    assert states(f"int t = {arm};", "0:t", tmp_path) == {"(0, 19)", "(1, 19)"}


def test_the_last_value_of_a_local_that_is_pointed_to(tmp_path: Path) -> None:
    file = tmp_path / "t.litmus"
    file.write_text(
        """C pointed
static void set(int *p, s8 *q, unsigned int *u)
{
	*p = -1;
	*q = -2;
	*u = 0xffffffff;
}
{ }
P0(int *x)
{
	int t; s8 s; unsigned int v;

	set(&t, &s, &v);
}
exists (0:t=-1 /\\ 0:t<0 /\\ 0:s=-2 /\\ 0:v=-1 /\\ 0:v>0)
""",
        encoding="utf-8",
    )
    assert fresh_checker().check(Request(file, "sc")).observation == "Always"


GUARDED = """C guarded
{ z=1; }
P0(int *x, int *y, int *z, int *w)
{
	int r0 = READ_ONCE(*w);

	if (CONDITION)
		WRITE_ONCE(*y, 1);
}
P1(int *x, int *y)
{
	int r1 = READ_ONCE(*y);

	smp_mb();
	WRITE_ONCE(*x, 1);
}
exists (1:r1=1)
"""


@pytest.mark.parametrize(
    ("condition", "observation"),
    [
        # The store is in a branch of each read: the cycle needs x to be read after it.
        ("READ_ONCE(*x) && READ_ONCE(*z) && r0 == 0", "Never"),
        ("r0 == 0 && READ_ONCE(*x) && READ_ONCE(*z)", "Never"),
        ("READ_ONCE(*x) == 1 && (r0 = READ_ONCE(*z)) != 0 && r0 < 5", "Never"),
        ("unlikely(READ_ONCE(*x) && READ_ONCE(*z)) && r0 == 0", "Never"),
        ("READ_ONCE(*x) && READ_ONCE(*z) && sizeof(int) == 4", "Never"),
        ("(READ_ONCE(*x) && READ_ONCE(*z)) || r0", "Never"),
        ("(r0 = 1, READ_ONCE(*x) && READ_ONCE(*z))", "Never"),
        # Without x nothing is asked of it.
        ("READ_ONCE(*z) && r0 == 0", "Sometimes"),
        # What was chosen is compared (herd7: Never, with the block in front of the `if`).
        ("({ int b = 0; if (READ_ONCE(*x)) b = 1; b; })", "Never"),
    ],
)
def test_what_stands_in_conditions(condition: str, observation: str, tmp_path: Path) -> None:
    """``&&`` and ``||`` count like ``if``, whatever stands to the right of them. w is 0 and nobody
    changes it."""
    file = tmp_path / "t.litmus"
    text = GUARDED.replace("CONDITION", condition)
    file.write_text(text, encoding="utf-8")
    for model in ("lkmm", "armv8"):
        assert fresh_checker().check(Request(file, model)).observation == observation, model


JUMP = """C jump
{ }
P0(int *x, int *y)
{
	int c = READ_ONCE(*x);
	int t = 0;

	BODY
}
P1(int *x)
{
	WRITE_ONCE(*x, 1);
}
~exists (y=1)
"""


@pytest.mark.parametrize(
    "body",
    [
        "if (c == 7)\n\t\tgoto in;\n\tt = c ? ({ in: *y = *y + 1; READ_ONCE(*y); }) : 9;",
        "if (c == 7)\n\t\tgoto in;\n\tt = ({ in: *y = *y + 1; READ_ONCE(*y); });",
        "t = ({ in: *y = *y + 1; READ_ONCE(*y); });\n\tif (c == 7)\n\t\tgoto in;",
        "switch (c) { case 0: t = ({ case 1: *y = *y + 1; READ_ONCE(*y); }); }",
        "switch (c) { case 0: t = 1 ? 5 : ({ case 1: *y = 1; READ_ONCE(*y); }); }",
    ],
)
def test_nothing_jumps_into_a_value(body: str, tmp_path: Path) -> None:
    """GNU C refuses it; what would the value be of which the beginning was not run?"""
    file = tmp_path / "t.litmus"
    file.write_text(JUMP.replace("BODY", body), encoding="utf-8")
    with pytest.raises(InputError, match=r"jump into a statement expression|outside of a switch"):
        fresh_checker().check(Request(file, "sc"))
