"""How many values one value may have before the search is given up, and said to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker


def sum_of_bits(bits: int, sought: int) -> str:
    """P0 adds up what it reads of so many locations, each worth a power of two and 0 or 1."""
    params = ", ".join(f"int *x{i}" for i in range(bits))
    reads = " ".join(f"r += READ_ONCE(*x{i}) << {i};" for i in range(bits))
    writes = " ".join(f"WRITE_ONCE(*x{i}, 1);" for i in range(bits))
    return (
        f"C bits\n{{ }}\nP0(int *y, {params}) {{ int r = 0; {reads} WRITE_ONCE(*y, r); }}\n"
        f"P1({params}) {{ {writes} }}\n~exists (y={sought})\n"
    )


@pytest.mark.parametrize(
    ("bits", "sought", "verdict"),
    [
        (12, 4095, "VIOLATED"),  # all bits: P1 comes first
        (12, 4096, "SAFE"),  # twelve bits add up to 4095 at most
        (14, 16384, "UNKNOWN"),  # 16,384 values are more than are looked at
    ],
)
def test_a_sum_of_bits(bits: int, sought: int, verdict: str, tmp_path: Path) -> None:
    path = tmp_path / "bits.litmus"
    path.write_text(sum_of_bits(bits, sought))
    assert fresh_checker().check(Request(path, "sc")).verdict == verdict
