"""Data processing that compilers rarely need: numbers by hand from the manuals."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Checker, Request
from ksmcheck.check.assembly import usual_model
from tests.isa.one_column import in_full, one_column

M32 = (1 << 32) - 1
TOP = 1 << 63

CASES: list[tuple[str, str, str, str, int]] = [
    # dialect, start state, code, register or location, its value
    # A shift's '#' may be left out (as herd7 has it), and its number be hexadecimal.
    ("AArch64", "0:X0=-1", "MOVK W0,#2,LSL 16", "0:X0", 0x2FFFF),
    ("AArch64", "0:X0=-1", "MOVK X0,#2,lsl#0x10", "0:X0", -1 - 0xFFFD0000),
    ("AArch64", "", "MOVZ X0,#1,LSL #48", "0:X0", 1 << 48),
    ("AArch64", "", "MOVN W0,#1,LSL #16", "0:X0", 0xFFFEFFFF),
    ("AArch64", "", "MOVN X0,#1,LSL #16", "0:X0", -0x10001),
    # (2^63)^2 = 2^126; -2^63 * 2 = -2^64; 2^63 * 2 = 2^64.
    ("AArch64", f"0:X1={TOP}", "UMULH X0,X1,X1", "0:X0", 1 << 62),
    ("AArch64", f"0:X1={TOP}; 0:X2=2", "SMULH X0,X1,X2", "0:X0", -1),
    ("AArch64", f"0:X1={TOP}; 0:X2=2", "UMULH X0,X1,X2", "0:X0", 1),
    ("AArch64", "0:X1=-1; 0:X2=-1", "SMULH X0,X1,X2", "0:X0", 0),
    ("AArch64", "0:X1=-1; 0:X2=-1", "UMULH X0,X1,X2", "0:X0", -2),
]


@pytest.mark.parametrize(
    ("dialect", "start", "code", "place", "value"), CASES, ids=[f"{c[0]}-{c[2]}" for c in CASES]
)
def test_result(
    dialect: str, start: str, code: str, place: str, value: int, tmp_path: Path
) -> None:
    file = tmp_path / "t.litmus"
    start = in_full(dialect, start, place)
    file.write_text(one_column(dialect, start, code, f"forall ({place}={value})"))
    checker, request = Checker(), Request(file, usual_model(file))
    observed = checker.states(request)
    assert observed.observation == "Always", observed.states
    # The replay has an evaluator of its own: let it see the same value, in an execution to show.
    file.write_text(file.read_text().replace("forall", "exists"))
    assert Checker().check(request).observation == "Always"


def test_what_is_multiplied_is_depended_on(tmp_path: Path) -> None:
    """The upper half of a small product is 0, and still data: load buffering with two such
    dependencies is forbidden (Arm ARM B2.3)."""
    file = tmp_path / "t.litmus"
    file.write_text("""AArch64 LB+datas
{ uint64_t x; uint64_t y; 0:X1=x; 0:X3=y; 1:X1=y; 1:X3=x; }
P0             | P1             ;
LDR X0,[X1]    | LDR X0,[X1]    ;
UMULH X2,X0,X0 | SMULH X2,X0,X0 ;
ADD X2,X2,#1   | ADD X2,X2,#1   ;
STR X2,[X3]    | STR X2,[X3]    ;
exists (0:X0=1 /\\ 1:X0=1)
""")
    assert Checker().check(Request(file, "armv8")).observation == "Never"
