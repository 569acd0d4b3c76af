"""AArch64 accesses of a pair of registers: values and orders, by the manual (Arm ARM DDI 0487)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker
from tests.isa.one_column import one_column

PAIR = "int64_t x[2]={1,2}; 0:X9=x; int64_t 0:X0; int64_t 0:X1"
WORDS = "int x[2]={1,2}; 0:X9=x; int64_t 0:X0; int64_t 0:X1"
VALUES = [
    # start state, code, what holds in the end
    (PAIR, "LDXP X0,X1,[X9]", r"0:X0=1 /\ 0:X1=2"),
    (WORDS, "LDAXP W0,W1,[X9]", r"0:X0=1 /\ 0:X1=2"),
    (PAIR, "LDXP X9,X1,[X9]", r"0:X9=1 /\ 0:X1=2"),  # the base is used before it is loaded
    (PAIR, "LDP X9,X1,[X9]", r"0:X9=1 /\ 0:X1=2"),
    ("int64_t x[3]={1,2,3}; 0:X9=x", "LDP X9,X1,[X9,#8]", r"0:X9=2 /\ 0:X1=3"),
    (WORDS.replace("2}", "-2}"), "LDPSW X0,X1,[X9]", r"0:X0=1 /\ 0:X1=-2"),
    (PAIR, "LDIAPP X0,X1,[X9],#16 ; SUB X9,X9,#16", r"0:X0=1 /\ 0:X1=2 /\ 0:X9=x"),
    (PAIR, "MOV X0,#5 ; MOV X1,#6 ; STILP X0,X1,[X9]", "x={5,6}"),
    (
        PAIR,
        "ADD X9,X9,#16 ; MOV X0,#5 ; MOV X1,#6 ; STILP X0,X1,[X9,#-16]!",
        r"x={5,6} /\ 0:X9=x",
    ),
    (PAIR, "STXP W0,X2,X3,[X9]", r"0:X0=1 /\ x={1,2}"),  # nothing is reserved
    (PAIR, "LDXP X0,X1,[X9] ; CLREX ; STXP W0,X2,X3,[X9]", r"0:X0=1 /\ x={1,2}"),
    (PAIR, "LDXP X0,X1,[X9] ; STXP W0,X2,X3,[X9]", r"(0:X0=1 /\ x={1,2} \/ 0:X0=0 /\ x={0,0})"),
    # CASP: both halves are compared, and both registers get the old values (C3.2.12).
    (PAIR, "MOV X0,#1 ; MOV X1,#2 ; CASP X0,X1,X2,X3,[X9]", r"x={0,0} /\ 0:X0=1 /\ 0:X1=2"),
    (PAIR, "MOV X0,#1 ; MOV X1,#3 ; CASPA X0,X1,X2,X3,[X9]", r"x={1,2} /\ 0:X0=1 /\ 0:X1=2"),
    (PAIR, "MOV X0,#3 ; MOV X1,#2 ; CASPL X0,X1,X2,X3,[X9]", r"x={1,2} /\ 0:X0=1 /\ 0:X1=2"),
    (WORDS, "MOV W0,#1 ; MOV W1,#2 ; CASPAL W0,W1,W2,W3,[X9]", "x={0,0}"),
    # The words above those that are compared do not matter, and come back as zeros.
    (WORDS, "MOV X0,#-4 ; MOV W1,#2 ; CASP W0,W1,W2,W3,[X9]", r"x={1,2} /\ 0:X0=1 /\ 0:X1=2"),
    (PAIR, "MOV X0,#5 ; MOV X1,#6 ; SWPP X0,X1,[X9]", r"x={5,6} /\ 0:X0=1 /\ 0:X1=2"),
    (PAIR, "MOV X0,#4 ; MOV X1,#3 ; LDSETPAL X0,X1,[X9]", r"x={5,3} /\ 0:X0=1 /\ 0:X1=2"),
    (PAIR, "MOV X0,#1 ; MOV X1,#1 ; LDCLRPA X0,X1,[X9]", r"x={0,2} /\ 0:X0=1 /\ 0:X1=2"),
]


def observation(text: str, folder: Path, model: str = "armv8") -> str | None:
    file = folder / "t.litmus"
    file.write_text(text)
    listed = fresh_checker().states(Request(file, model)).observation
    if "forall" not in text:  # asked in the other way too: a witness is replayed
        assert fresh_checker().check(Request(file, model)).observation == listed
    return listed


@pytest.mark.parametrize(("start", "code", "holds"), VALUES, ids=[v[1] for v in VALUES])
def test_values(start: str, code: str, holds: str, tmp_path: Path) -> None:
    forall = one_column("AArch64", start, code, f"forall ({holds})")
    assert observation(forall, tmp_path) == "Always"
    exists = one_column("AArch64", start, code, f"exists ({holds})")
    assert observation(exists, tmp_path) == "Always"


def two(start: str, rows: str, condition: str) -> str:
    lines = "".join(f" {row.strip()} ;\n" for row in rows.split(";"))
    start = f"{{ {start}; 0:X9=x; 1:X9=x; 0:X8=y; 1:X8=y; }}"
    return f"AArch64 t\n{start}\n P0 | P1 ;\n{lines}{condition}\n"


TWO = "int64_t x[2]={0,0}; int64_t y"
FLAG = "MOV X7,#1 | LDR X6,[X8] ; STR X7,[X9,#8] | NOP"
COMPARED = (
    "MOV X7,#1 | MOV X0,#{expected} ; STR X7,[X8] | MOV X2,#2 ; DMB ST | CASP X0,X1,X2,X3,[X9] ;"
    "STR X7,[X9] | EOR X5,X0,X0 ; | LDR X6,[X8,X5]"
)

ORDERS = [
    # P1 loads y, then what P0 stored before it.
    (
        "an address dependency orders both halves (B2.3.2)",
        f"{FLAG} ; DMB ST | EOR X5,X6,X6 ; STR X7,[X8] | ADD X4,X9,X5 ; NOP | LDXP X0,X1,[X4]",
        r"exists (1:X6=1 /\ 1:X1=0)",
        "Never",
    ),
    (
        "but not of LDNP (C3.2.9)",
        f"{FLAG} ; DMB ST | EOR X5,X6,X6 ; STR X7,[X8] | ADD X4,X9,X5 ; NOP | LDNP X0,X1,[X4]",
        r"exists (1:X6=1 /\ 1:X1=0)",
        "Sometimes",
    ),
    (
        "a barrier does (C3.2.9)",
        f"{FLAG} ; DMB ST | NOP ; STR X7,[X8] | DMB LD ; NOP | LDNP X0,X1,[X9]",
        r"exists (1:X6=1 /\ 1:X1=0)",
        "Never",
    ),
    (
        "nothing orders a load-exclusive behind a load",
        f"{FLAG} ; DMB ST | NOP ; STR X7,[X8] | LDXP X0,X1,[X9]",
        r"exists (1:X6=1 /\ 1:X1=0)",
        "Sometimes",
    ),
    (
        "LDP's halves are not in order with each other (B2.2.1)",
        "MOV X7,#1 | LDP X0,X1,[X9] ; STR X7,[X9,#8] | ; DMB ST | ; STR X7,[X9] |",
        r"exists (1:X0=1 /\ 1:X1=0)",
        "Sometimes",
    ),
    (
        "LDIAPP's are",
        "MOV X7,#1 | LDIAPP X0,X1,[X9] ; STR X7,[X9,#8] | ; DMB ST | ; STR X7,[X9] |",
        r"exists (1:X0=1 /\ 1:X1=0)",
        "Never",
    ),
    (
        "STILP stores the first first",
        "MOV X7,#1 | LDR X1,[X9,#8] ; STILP X7,X7,[X9] | DMB LD ; NOP | LDR X0,[X9]",
        r"exists (1:X1=1 /\ 1:X0=0)",
        "Never",
    ),
    (
        "with write-back the second first (C6.2, STILP)",
        "MOV X7,#1 | LDR X1,[X9,#8] ; ADD X9,X9,#16 | DMB LD ;STILP X7,X7,[X9,#-16]! | LDR X0,[X9]",
        r"exists (1:X1=1 /\ 1:X0=0)",
        "Sometimes",
    ),
    (
        "a failing CASP is a load of the whole pair (B2.2.1)",
        "MOV X2,#1 | MOV X0,#5 ; MOV X3,#1 | NOP ; CASP X0,X1,X2,X3,[X9] | CASP X0,X1,X2,X3,[X9]",
        r"exists (1:X0=1 /\ 1:X1=0 \/ 1:X0=0 /\ 1:X1=1)",
        "Never",
    ),
    (
        "no store of another thread comes between the halves' load and store",
        "MOV X2,#1 | MOV X7,#5 ; MOV X3,#1 | NOP ; CASP X0,X1,X2,X3,[X9] | STR X7,[X9,#8]",
        r"exists (0:X0=0 /\ 0:X1=5 /\ x={1,1})",
        "Never",
    ),
    (
        "what a CASP that succeeds gives depends on no memory, as with CAS (B2.3.3)",
        COMPARED.format(expected=1),
        r"exists (1:X6=0 /\ x={2,0})",
        "Sometimes",
    ),
    (
        "where it fails it depends on what was loaded",
        COMPARED.format(expected=7),
        r"exists (1:X6=0 /\ 1:X0=1)",
        "Never",
    ),
]


@pytest.mark.parametrize(
    ("rows", "condition", "expected"), [o[1:] for o in ORDERS], ids=[o[0] for o in ORDERS]
)
def test_orders(rows: str, condition: str, expected: str, tmp_path: Path) -> None:
    assert observation(two(TWO, rows, condition), tmp_path) == expected


@pytest.mark.parametrize("model", ["armv8", "sc"])
def test_a_single_load_exclusive_gives_the_second_of_a_pair_no_read(
    model: str, tmp_path: Path
) -> None:
    """LDXR, then STXP, at one address is constrained unpredictable (B2.9.5): both ways are listed,
    and the second half is no atomic update."""
    rows = "LDXP X0,X1,[X9] | MOV X7,#5 ; LDXR X2,[X9] | STR X7,[X9,#8] ; STXP W6,X2,X3,[X9] |"
    condition = r"exists (0:X6=0 /\ 0:X1=0 /\ x={0,0})"  # the foreign store in between is lost
    assert observation(two(TWO, rows, condition), tmp_path, model) == "Sometimes"
    both = rows.replace("LDXR X2,[X9]", "NOP")  # 5 is stored before the load, or it stays
    assert observation(two(TWO, both, condition), tmp_path, model) == "Never"


@pytest.mark.parametrize("between", ["CASP X2,X3,X4,X5,[X8]", "LDP X2,X3,[X8]", "SWPP X4,X5,[X8]"])
def test_other_pairs_do_not_come_between(between: str, tmp_path: Path) -> None:
    """A store-exclusive is paired with its load-exclusive, and no foreign store is lost."""
    start = "int64_t x[2]={0,0}; int64_t y[2]={0,0}"
    rows = f"LDXP X0,X1,[X9] | MOV X7,#5 ; {between} | STR X7,[X9,#8] ; STXP W6,X2,X3,[X9] |"
    for model in ("armv8", "sc"):
        lost = r"exists (0:X6=0 /\ 0:X1=0 /\ x={0,0})"
        assert observation(two(start, rows, lost), tmp_path, model) == "Never"
        later = r"exists (0:X6=0 /\ 0:X1=0 /\ x={0,5})"
        assert observation(two(start, rows, later), tmp_path, model) == "Sometimes"


WRONG = [
    ("CASP ^X1,X2,X4,X5,[X9]", "a pair begins with a register of even number"),
    ("CASP X0,X1,^X4,X6,[X9]", "a pair begins with a register of even number"),
    ("CASP X0,X1,^W4,W5,[X9]", "the pairs of registers have one width"),
    ("LDXP X0,^X0,[X9]", "two values into one register"),
    ("LDP X0,^W1,[X9]", "the registers of a pair have one width"),
    ("STP X0,^W1,[X9]", "the registers of a pair have one width"),
    ("STXP ^X0,X1,X2,[X9]", "what tells the success is a W register"),
    ("^SWPP W0,W1,[X9]", "SWPP takes two X registers"),
    ("^RCWCASP X0,X1,X2,X3,[X9]", "the instruction 'RCWCASP' is not supported"),
]


@pytest.mark.parametrize(("marked", "message"), WRONG, ids=[w[0] for w in WRONG])
def test_wrong(marked: str, message: str, tmp_path: Path) -> None:
    from tests.isa.test_errors import points_at, run

    text = one_column("AArch64", PAIR, marked, "exists (0:X0=1)")
    file = tmp_path / "t.litmus"
    file.write_text(text.replace("^", "", 1))
    error = run(file)
    assert message in error.diagnostic.message
    assert points_at(error, text.index("^")), error.diagnostic.render()
