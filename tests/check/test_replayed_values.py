"""Expressions whose types and values the replay has to find as the compiler did.

Each value is C17's; what it rests on is said beside it. A violation is shown only if the replay
comes to the same value.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check.verdict import Request
from tests.fresh import fresh_checker

LEAST = "({ __auto_type a = (%s); __auto_type b = (%s); a < b ? a : b; })"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        # ARRAY_SIZE is a size_t (6.5.3.4): -1 becomes the largest one, and 3 is the least.
        (LEAST % ("-1", "ARRAY_SIZE(array)"), 3),
        ("0 < ({ typeof(ARRAY_SIZE(array)) n = -1; n; })", 1),
        # A statement expression has its last expression's type: int here, -1 stays less than 0.
        ("(x ? ({ int a = 5; a; }) : 1) - 2 < 0", 1),
        (LEAST % ("0", "-1 - ({ short t = 1; t -= 1; t; })"), -1),
        # ... and unsigned int here: 0x80000000 stays positive in a long.
        ("({ __auto_type t = ({ u32 s = 0; s; }); t |= 1u << 31; t; }) > 0", 1),
        # case 0xffffffff is 4294967295 in the type of the switch (6.8.4.2), not -1.
        ("({ int r = 0; switch (-1l - x) { case 0xffffffff: r = 1; } r; })", 0),
        ("({ int r = 0; switch (-1 - x) { case 0xffffffff: r = 1; } r; })", 1),
    ],
)
def test_values(tmp_path: Path, expression: str, value: int) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(
        f"C t\nint x; int array[3];\n{{ }}\nP0(void) {{ long r = {expression}; }}\n"
        f"~exists (0:r={value})\n"
    )
    found = fresh_checker().check(Request(path, "sc"))
    assert (found.verdict, found.subject) == ("VIOLATED", "~exists")


def shown(tmp_path: Path, body: str, condition: str) -> str:
    path = tmp_path / "t.litmus"
    path.write_text(
        f"C t\nint x; int y; int z;\n{{ }}\nP0(void) {{ {body} }}\n"
        f"P1(void) {{ WRITE_ONCE(x, 1); }}\n~exists ({condition})\n"
    )
    return fresh_checker().check(Request(path, "armv8")).verdict


def test_two_equal_arms_are_no_choice(tmp_path: Path) -> None:
    """``a ? b : b`` is ``b``: the branch depends on y's read alone."""
    body = "int a = READ_ONCE(x); int b = READ_ONCE(y); if (a ? b : b) WRITE_ONCE(z, 1);"
    assert shown(tmp_path, body, "0:a=1 /\\ z=0") == "VIOLATED"


def test_what_is_fixed_in_one_round_is_fixed(tmp_path: Path) -> None:
    """i is 0 in the first round and 1 in the second, whatever x is: the first stores 7, with no
    dependency on x."""
    body = """
    int r = READ_ONCE(x); int i = 0;
    again:
        if (r) WRITE_ONCE(y, 1);
        WRITE_ONCE(z, i ? r : 7);
        if (i++ < 1) goto again;
    """
    assert shown(tmp_path, body, "0:r=1 /\\ z=1") == "VIOLATED"


def test_an_array_that_is_looked_ahead_to(tmp_path: Path) -> None:
    """It is as long as its list, before its declaration is come to."""
    path = tmp_path / "t.litmus"
    path.write_text("""C t
int x;
static int third(int *p, int n) { return p[n - 1]; }
{ }
P0(void)
{
	int r = 0;
	if (READ_ONCE(x)) r = 1;
	int a[] = { 1, 2, 3 };
	r = third(a, ARRAY_SIZE(a));
}
~exists (0:r=3)
""")
    assert fresh_checker().check(Request(path, "sc")).verdict == "VIOLATED"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("r ? NULL : &y", "&y"),
        ("r ? &y : NULL", "NULL"),
        ("READ_ONCE(x) ? &y : NULL", "NULL"),
        ("(r == 1 ? NULL : &y) ?: NULL", "&y"),
        ("(int *)(sizeof(NULL) + sizeof(typeof(NULL)))", "(int *)16"),
    ],
)
def test_null_in_a_choice(tmp_path: Path, expression: str, value: str) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(
        f"C t\nint x; int y;\n{{ }}\nP0(void) {{ int r = 0; int *p = {expression}; }}\n"
        f"~exists (0:p={value})\n"
    )
    assert fresh_checker().check(Request(path, "sc")).verdict == "VIOLATED"


@pytest.mark.parametrize(
    "body",
    [
        # Two ways meet before all do, at end: u is 2 or 0 there, and what is chosen depends on y.
        "if (READ_ONCE(x)) { if (READ_ONCE(z)) goto end; u = 0; }"
        "u = READ_ONCE(y) ? 0 : !(u ^ 1); end: WRITE_ONCE(z, u);",
        "if (READ_ONCE(x)) { if (READ_ONCE(z)) return; u = 0; }"
        "if (u == 2) { if (READ_ONCE(y) ? 0 : !(u ^ 2)) WRITE_ONCE(z, 1); }",
        # So too in one round of a loop, and where they meet at the head of another.
        "for (int i = 0; i < 2; i++) { if (READ_ONCE(x)) { if (READ_ONCE(z)) goto end; u = i; }"
        "WRITE_ONCE(z, READ_ONCE(y) ? 0 : u > 4); } end: ;",
        "if (READ_ONCE(x)) { if (READ_ONCE(z)) goto end; u = 0; }"
        "for (int i = 0; i < 2; i++) WRITE_ONCE(z, READ_ONCE(y) ? 0 : u > 4); end: ;",
        # A loop of constants between leaves u fixed at 1: no dependency.
        "if (READ_ONCE(x)) { if (READ_ONCE(z) && 0) goto end; }"
        "for (int i = 0; i < 2; i++) u = 1; WRITE_ONCE(z, READ_ONCE(y) ? 0 : u > 4); end: ;",
        # What is known although a read stands beside it, on a way that may not be taken.
        "int v = 0; if (READ_ONCE(x)) { u = (READ_ONCE(y), v); if (u) goto end; } v = 2;"
        "WRITE_ONCE(z, u ? READ_ONCE(y) : 1); end: ;",
    ],
)
def test_where_two_ways_meet_and_a_third_does_not(tmp_path: Path, body: str) -> None:
    """Every final state has an execution, whose dependencies are found by the compiler and, on
    another graph, by the replay."""
    path = tmp_path / "t.litmus"
    text = f"C t\nint x; int y; int z;\n{{ }}\nP0(void) {{ int u = 2; {body} }}\n"
    for x in (0, 1):
        path.write_text(f"{text}P1(void) {{ WRITE_ONCE(x, {x}); }}\nlocations [z]\n")
        checker = fresh_checker()
        found = checker.states(Request(path, "armv8")).states
        checker.forget()
        for (z,) in found:
            path.write_text(f"{text}P1(void) {{ WRITE_ONCE(x, {x}); }}\n~exists (z={z})\n")
            assert checker.check(Request(path, "armv8")).verdict == "VIOLATED"
            checker.forget()
