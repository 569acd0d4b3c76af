"""Volatile accesses are READ_ONCE's but for what a machine's macro adds to it: the mb of Alpha
(arch/alpha/include/asm/rwonce.h), which is not in the access.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker

MP = """C t
{declared}
{{ }}
P0(void) {{ WRITE_ONCE(x, 1); smp_wmb(); WRITE_ONCE(y, 1); }}
P1(void) {{ int r0 = {y}; int r1 = {x}; }}
exists (1:r0=1 /\\ 1:r1=0)
"""
CAST = "*(volatile int *)&{}"


def observation(text: str, folder: Path, model: str, kernel: str = "6.12") -> str | None:
    file = folder / "t.litmus"
    file.write_text(text)
    return fresh_checker().check(Request(file, model, kernel=kernel)).observation


@pytest.mark.parametrize("model", ["alpha", "alpha-letter"])
@pytest.mark.parametrize("kernel", ["3.9", "6.12"])
def test_two_volatile_reads_are_in_no_order_on_alpha(
    model: str, kernel: str, tmp_path: Path
) -> None:
    for declared, read in (("int x; int y;", CAST), ("volatile int x; volatile int y;", "{}")):
        text = MP.format(declared=declared, y=read.format("y"), x=read.format("x"))
        assert observation(text, tmp_path, model, kernel) == "Sometimes"
    macro = MP.format(declared="int x; int y;", y="READ_ONCE(y)", x="READ_ONCE(x)")
    assert observation(macro, tmp_path, model) == "Never"


def test_they_are_marked_accesses_of_lkmm(tmp_path: Path) -> None:
    text = MP.format(declared="volatile int x; volatile int y;", y="y", x="x")
    text = text.replace("WRITE_ONCE(x, 1)", "x = 1").replace("WRITE_ONCE(y, 1)", "y = 1")
    file = tmp_path / "t.litmus"
    file.write_text(text)
    found = fresh_checker().states(Request(file, "lkmm"))
    assert (found.observation, found.flags) == ("Sometimes", ())


def test_a_volatile_cast_in_herds_dialect(tmp_path: Path) -> None:
    text = "C t\n{ }\nP0(int *x, int *y) { WRITE_ONCE(*x, 1); smp_wmb(); WRITE_ONCE(*y, 1); }\n"
    text += "P1(int *x, int *y) { int r0 = *(volatile int *)y; int r1 = *(volatile int *)x; }\n"
    text += "exists (1:r0=1 /\\ 1:r1=0)\n"
    assert observation(text, tmp_path, "alpha") == "Sometimes"
    file = tmp_path / "t.litmus"
    assert fresh_checker().states(Request(file, "lkmm")).flags == ()
