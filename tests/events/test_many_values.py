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


@pytest.mark.parametrize(
    ("sought", "verdict"),
    [
        (12 + 100 * 1 + 10000 * 12, "VIOLATED"),  # all bits
        (2 + 100 * 3 + 10000 * 12, "VIOLATED"),  # P1 may come between any two reads: bits 2 and 11
        (0, "VIOLATED"),
        (12 + 100 * 2 + 10000 * 12, "SAFE"),  # twelve bits from the second one on
        (3 + 100 * 1 + 10000 * 2, "SAFE"),  # three bits among two
    ],
)
def test_bits_of_a_word_of_many_values(sought: int, verdict: str, tmp_path: Path) -> None:
    """The word has 4,096 values where P2 reads it: what is found there is found bit by bit."""
    reader = (
        "P2(int *y, int *z) { unsigned r = READ_ONCE(*y);"
        " WRITE_ONCE(*z, hweight32(r) + 100 * ffs(r) + 10000 * fls(r)); }\n"
    )
    text = sum_of_bits(12, 0).replace("~exists (y=0)", f"{reader}~exists (z={sought})")
    path = tmp_path / "bits.litmus"
    path.write_text(text)
    assert fresh_checker().check(Request(path, "sc")).verdict == verdict
