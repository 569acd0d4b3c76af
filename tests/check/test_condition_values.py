"""Expressions in conditions have C's values (C17 6.3 and 6.5, LP64), as gcc 12 computes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker

TEXT = """C t
unsigned char c = 200; short s = -3; unsigned u = 5;
{ }
P0(void)
{
	unsigned char r0 = 250;
	short r1 = -2;
	unsigned r2 = 7;

	WRITE_ONCE(u, u);
}
"""


@pytest.mark.parametrize(
    ("holds", "condition"),
    [
        # Registers inside expressions, promoted and converted as variables are.
        (True, "0:r0 + 10 = 260"),
        (True, "0:r1 * 0:r1 = 4 /\\ 0:r0 = c + 50"),
        (False, "0:r1 < 0:r2"),
        (True, "0:r1 + 0 < (int)0:r2"),
        (True, "(short)0:r1 = s + 1"),
        (True, "(unsigned char)(0:r0 + 10) = 4"),
        (True, "!0:r1 = 0"),
        # && and || as numbers, whatever stands on their right.
        (True, "(s && c) + 1 = 2"),
        (False, "(u - 5 || c - 200) + (0 && 0:r0) != 0"),
        (True, "((1 || c) ^ 4) = 5 /\\ ((c && u) << 2) = 4"),
        (True, "-(0:r0 && c) < u - 5 \\/ s < 0"),
    ],
)
def test_values(holds: bool, condition: str, tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(f"{TEXT}exists ({condition})\n")
    checker = fresh_checker()
    assert checker.states(Request(path, "sc")).observation == ("Always" if holds else "Never")
    checker.forget()
    # The opposite is violated, and the replay finds the same in its own way.
    path.write_text(TEXT + (f"~exists ({condition})\n" if holds else f"forall ({condition})\n"))
    assert checker.check(Request(path, "sc")).verdict == "VIOLATED"
