"""What one way of a branch assigns decides other branches, and nothing else.

P0 reads x and P1 copies z to x, so that P0 reads its own store to z from the future (``seen`` is 1)
unless that store waits for the read: load buffering, forbidden by the kernel's model where there is
a control dependency. The answers under ``lkmm`` are those of herd7 7.58 with the model of Linux
6.12, asked for each of these programs.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker

TEST = """C t
{{ }}
P0(int *x, int *z, int *seen, int *u) {{
	int b = READ_ONCE(*x);
	WRITE_ONCE(*seen, b);
	{}
}}
P1(int *x, int *z) {{
	int r1 = READ_ONCE(*z);
	WRITE_ONCE(*x, r1);
}}
exists (seen=1)
"""
STORE = "{ WRITE_ONCE(*z, 1); }"

WAITS = [
    f"int a = 1; if (b) {{ a = 0; }} if (a == 0) {STORE}",
    f"int a; if (b) {{ a = 0; }} else {{ a = 1; }} if (a == 0) {STORE}",
    f"int a; if (b) {{ a = 2; }} else {{ a = 1; }} if (a) {STORE}",
    f"int a = 1; if (b) {{ a = 0; }} int c = a + 1; if (c == 1) {STORE}",
    f"int a = 0; if (b) {{ a = READ_ONCE(*u); }} if (a == 0) {STORE}",
    f"int a = 0; if (b) {{ int d = READ_ONCE(*u); if (d == 0) {{ a = 1; }} }} if (a) {STORE}",
    f"int a = 0; if (b) {{ a = 1; }} int c = 0; if (a) {{ c = 1; }} if (c) {STORE}",
]
GOES_AHEAD = [
    "int a = 1; if (b) { a = 0; } WRITE_ONCE(*z, 1 - a);",
    "int a = 0; if (b) { a = 1; } int c = xchg_relaxed(z, a);",
    "int a = 0; if (b) { a = 1; } int c = cmpxchg_relaxed(z, 0, a);",
    "int a = 0; if (b) { a = READ_ONCE(*u); } WRITE_ONCE(*z, a + 1);",
    "int a = 0; if (b) { a = 1; } if (a) { WRITE_ONCE(*u, 3); } WRITE_ONCE(*z, 1);",
    f"int a = 0; if (b) {{ a = 1; }} a = 1; if (a) {STORE}",
    # What was assigned before the branch.
    f"int a = 1; if (b == 0) {{ a = 0; }} if (a == 1) {STORE}",
    "int a = 1; if (b) { int d = READ_ONCE(*u); if (d == 1) { a = 0; } } if (a) " + STORE,
]

# Not asked of herd7, which has no functions, and no ``?:``; the same by the rule above.
CALLS = """static int early(int b) { if (b) return 1; return 0; }
static int late(int b) { int r = 7; if (b) r = 0; else r = 8; return r; }
static void into(int *r, int b) { *r = 0; if (b) *r = 1; }
static int bad(void) { barrier(); return -5; }
"""
WAITS_TOO = [
    f"if (early(b)) {STORE}",
    f"if (late(b) == 0) {STORE}",
    f"int r = early(b); barrier(); if (r) {STORE}",
    f"int r; into(&r, b); if (r) {STORE}",
    f"int r = 0; if (b) r = bad(); if (r == -5) {STORE}",
    f"int r = b && bad(); if (r) {STORE}",
    f"int r = b ? bad() : 0; if (r) {STORE}",
    f"int r = early(b) ? 5 : 6; if (r == 5) {STORE}",
    f"int (*f)(void) = bad; int r = 0; if (b) r = f(); if (r) {STORE}",
    f"for (int i = 0; i < 2; i++) if (early(b)) {STORE}",
    f"int r = 0; while (b && r < 2) r++; if (r == 2) {STORE}",
    f"if (b == 0) goto out; if (early(b)) {STORE} out: ;",
]


def observed(code: str, model: str, folder: Path, top: str = "") -> str | None:
    path = folder / "t.litmus"
    path.write_text(TEST.format(code).replace("{ }\n", "{ }\n" + top, 1))
    return fresh_checker().states(Request(path, model)).observation


@pytest.mark.parametrize("code", WAITS)
def test_a_branch_on_what_a_branch_chose(code: str, tmp_path: Path) -> None:
    assert observed(code, "lkmm", tmp_path) == "Never"


@pytest.mark.parametrize("code", GOES_AHEAD)
def test_nothing_else_waits(code: str, tmp_path: Path) -> None:
    assert observed(code, "lkmm", tmp_path) == "Sometimes"


@pytest.mark.parametrize("model", ["lkmm", "armv8", "power", "alpha"])
@pytest.mark.parametrize("code", WAITS_TOO)
def test_through_calls_and_selections(code: str, model: str, tmp_path: Path) -> None:
    """On machines, too: however it is compiled, the store is under a branch on what was read."""
    assert observed(code, model, tmp_path, CALLS) == "Never"


@pytest.mark.parametrize("model", ["armv8", "lkmm"])
def test_of_two_locals_the_one_that_was_assigned(model: str, tmp_path: Path) -> None:
    """b is what it was where p points to a: nothing that c decides."""
    path = tmp_path / "t.litmus"
    code = "int a = 0, b = 0; int *p = READ_ONCE(w) ? &a : &b; int c = READ_ONCE(x); if (c) *p = 1;"
    path.write_text(
        f"C t\nint x; int z; int w;\n{{ }}\nP0(void) {{ {code} if (b == 0) WRITE_ONCE(z, 1); }}\n"
        "P1(void) { WRITE_ONCE(w, 1); int r1 = READ_ONCE(z); WRITE_ONCE(x, r1); }\n"
        "exists (0:c=1)\n"
    )
    assert fresh_checker().check(Request(path, model)).observation == "Sometimes"


def test_a_loop_that_only_waits_ends(tmp_path: Path) -> None:
    """Each round hangs on reads of its own, and gives nothing new all the same."""
    path = tmp_path / "t.litmus"
    path.write_text(
        "C t\nint x; int y; int z;\nstatic void mark(int *p) { *p = 1; }\n{ }\n"
        "P0(void) { int waited = 0; while (!READ_ONCE(x)) { if (READ_ONCE(y)) mark(&waited); }\n"
        "smp_mb(); WRITE_ONCE(z, 1 + waited); }\n"
        "P1(void) { WRITE_ONCE(y, 1); smp_mb(); WRITE_ONCE(x, 1); }\n~exists (z=3)\n"
    )
    assert fresh_checker().check(Request(path, "armv8")).verdict == "SAFE"


@pytest.mark.parametrize("use", ["WRITE_ONCE(y, r);", "if (r) WRITE_ONCE(y, 1);"])
@pytest.mark.parametrize("chosen", ["c ? &d : &x", "e == 2 ? &d : &x"])
def test_a_pointer_to_a_local_or_to_memory(chosen: str, use: str, tmp_path: Path) -> None:
    """What is read in memory hangs on the pointer by its address, and as no choice of a value:
    the replay finds the same."""
    path = tmp_path / "t.litmus"
    code = "int d = 5; int c = READ_ONCE(w); int e = 0; if (c == 0) e = 1; else e = 2;"
    path.write_text(
        f"C t\nint x; int y; int w;\n{{ }}\nP0(void) {{ {code} int r = *({chosen}); {use} }}\n"
        "P1(void) { WRITE_ONCE(x, 1); }\nexists (y=1)\n"
    )
    assert fresh_checker().check(Request(path, "armv8")).observation == "Sometimes"


def test_a_way_that_no_value_takes(tmp_path: Path) -> None:
    """A truth is never 3: behind the join no way but one is left, and what it assigned was chosen
    all the same (``bool`` is not looked into by a test of the text alone)."""
    path = tmp_path / "t.litmus"
    path.write_text(
        "C t\nint other;\n{ }\n"
        "static int never(bool k) { return k == 3 ? READ_ONCE(other) : 1; }\n"
        "P0(int *x, int *z) { if (never(READ_ONCE(*x))) WRITE_ONCE(*z, 1); }\n"
        "P1(int *x, int *z) { int r1 = READ_ONCE(*z); WRITE_ONCE(*x, r1); }\n"
        "exists (z=1)\n"
    )
    verdict = fresh_checker().check(Request(path, "lkmm"))  # with a witness, which is replayed
    assert verdict.observation == "Always"
    path.write_text(path.read_text().replace("exists (z=1)", "exists (x=1 /\\ 0:r0=1)"))
    path.write_text(path.read_text().replace("never(READ_ONCE(*x))", "never(r0 = READ_ONCE(*x))"))
    assert fresh_checker().check(Request(path, "lkmm")).observation == "Never"
