"""The condition of ``?:`` and the operands of ``&&`` decide like those of ``if``.

Expected by what docs/litmus-language.md says of control dependencies: one goes to a store that is
on one way and not on the other, and there is none where both ways lead to it. So under armv8, load
buffering is forbidden by the first and allowed by the second. The compiler and the replay had two
notions of what is a branch here; each witness is replayed.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker

TEXT = """C t
{{ }}
P0(int *x, int *y, int *z)
{{
	int r0 = READ_ONCE(*z);
	int r2;
	int r3;

	{code}
}}
P1(int *x, int *y)
{{
	int r1 = READ_ONCE(*y);
	WRITE_ONCE(*x, r1);
}}
exists (0:r0=0 /\\ 0:r2=1 /\\ 1:r1=1)
"""
READ = "(r2 = READ_ONCE(*x))"
STORE = "({ WRITE_ONCE(*y, 1); 1; })"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (f"{READ} || r0", "Never"),
        (f"!(!{READ} && !r0)", "Never"),
        (f"likely({READ} || r0)", "Never"),
        (f"(smp_rmb(), {READ} || r0)", "Never"),
        (f"{READ} || 12", "Sometimes"),
        (f"!({READ} && 0)", "Sometimes"),
        (f"(r3 = 1, {READ} || r3)", "Sometimes"),
    ],
)
@pytest.mark.parametrize(
    "form",
    [
        "if ({condition}) {store};",
        "r3 = ({condition}) ? {store} : 0;",
        "r3 = ({condition}) && {store};",
        "r3 = !({condition}) || {store};",
    ],
)
def test_load_buffering(form: str, condition: str, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(TEXT.format(code=form.format(condition=condition, store=STORE)))
    checker = fresh_checker()
    assert checker.check(Request(path, "armv8")).observation == expected
    assert checker.states(Request(path, "armv8")).observation == expected
    assert checker.check(Request(path, "sc")).observation == "Never"


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize(
    ("code", "values"),
    [
        ("v = (a || r) ? b : 3;", (3, 5)),
        ("v = (a || 12) ? (b ?: 7) : 3;", (5, 5)),
        ("v = (a && r) || (b && 3);", (1, 1)),
        ("v = ((a, r) || 3) ? b : a;", (5, 5)),
        ("v = (c = 3, a || 12) ? b : 3;", (5, 5)),
        ("v = (a && 0) ? 3 : b;", (5, 5)),
    ],
)
def test_plain_reads(code: str, values: tuple[int, int], start: int, tmp_path: Path) -> None:
    """Each was an internal error of the replay, for one start value of ``a`` or for both."""
    path = tmp_path / "t.litmus"
    shared = f"int a = {start}; int b = 5; int c; int x;"
    body = f"int v; int r = c; {code} WRITE_ONCE(x, v);"
    path.write_text(f"C t\n{shared}\n{{ }}\nP0(void) {{ {body} }}\nexists (x={values[start]})\n")
    assert fresh_checker().check(Request(path, "sc")).observation == "Always"


@pytest.mark.parametrize(
    "arms",
    [
        "r : r",
        "r : (int)r",
        "(typeof(r))r : (int)(r)",
        "(long)r : r",
        "(unsigned)r : r",
        "(int)p : p",
        "(long)(int)r : (unsigned long)r",
        "(short)(unsigned)r : (short)(long)r",
        "(int)(unsigned)r : r",
    ],
)
def test_operands_that_say_the_same(arms: str, tmp_path: Path) -> None:
    """The choice is none, so nothing is computed from its condition: it was an internal error."""
    path = tmp_path / "t.litmus"
    code = f"int r = READ_ONCE(*y); int p = r; long v = READ_ONCE(*x) ? {arms}; WRITE_ONCE(*z, v);"
    text = f"C t\n{{ y = 4; }}\nP0(int *x, int *y, int *z) {{ {code} }}\nexists (z=4)\n"
    path.write_text(text)
    assert fresh_checker().check(Request(path, "armv8")).observation == "Always"
