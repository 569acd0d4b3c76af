"""What C does not evaluate in ``?:``, ``&&`` and ``||`` nothing depends on.

gcc 12 -O2 makes of ``WRITE_ONCE(*x, a ? b : 1)`` for RISC-V a branch on a around a move of b: where
a is 0 the store waits for a alone. So P0's store may be seen before its read of y returns.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker

_TEST = """C t
{{ }}
P0(int *x, int *y, int *z)
{{
	int a = READ_ONCE(*z);
	int b = READ_ONCE(*y);
	WRITE_ONCE(*x, {value});
}}
P1(int *x, int *y)
{{
	int r = READ_ONCE(*x);
	smp_mb();
	WRITE_ONCE(*y, r);
}}
P2(int *z) {{ WRITE_ONCE(*z, 1); }}
exists (0:a={a} /\\ 0:b=1)
"""


@pytest.mark.parametrize(
    ("value", "a", "seen"),
    [
        ("a ? b : 1", 0, True),
        ("a ? b + 1 : 1", 0, True),
        ("(a && b) + 1", 0, True),
        ("(a || b) ? 1 : 2", 1, True),
        ("!a ? b + 1 : 1", 1, True),
        # What is evaluated is waited for.
        ("a ? b : 1", 1, False),
        ("(a || b) + 1", 0, False),
        ("(a && b) + 0", 1, False),
        ("a * 2 + (b | 1)", 0, False),
    ],
)
@pytest.mark.parametrize("model", ["riscv", "armv8", "power", "lkmm"])
def test_load_buffering(value: str, a: int, seen: bool, model: str, tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(_TEST.format(value=value, a=a))
    found = fresh_checker().check(Request(path, model, "6.12"))
    assert (found.observation == "Sometimes") == seen
