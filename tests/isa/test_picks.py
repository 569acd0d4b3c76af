"""Pick dependencies of AArch64 (Arm ARM DDI 0487, B2.3): what a selection decides by.

Each row is a way from a read to the last access of a thread, in a test of two threads; the letters
are herd7 7.58's answers (N: never, S: sometimes) to the outcome in which that access came first.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker

READ = {
    "ldr": "LDR W1,[X10]",
    "cas": "MOV W1,#1 ; MOV W9,#5 ; CAS W1,W9,[X10]",
    "swp": "MOV W9,#1 ; SWP W9,W1,[X10]",
}
"""They read 1; the CAS succeeds, and its register may keep its own 1."""

THROUGH = {
    "mov": "MOV W2,W1",
    "csel": "MOV W3,#1 ; CMP W1,#0 ; CSEL W2,W3,W4,EQ",
    "arm": "CMP W4,#0 ; CSEL W2,W1,W3,EQ",
    "cset": "CMP W1,#1 ; CSET W2,EQ",
    "twice": "MOV W3,#1 ; CMP W1,#0 ; CSEL W2,W3,W4,EQ ; CMP W2,#0 ; CSEL W2,W3,W4,EQ",
    "branch": "CMP W1,#0 ; CSEL W2,W1,W3,EQ ; CBNZ W2,L1 ; L1: ; MOV W2,#0",
}
INTO = (
    "EOR W5,W2,W2 ; ADD W5,W5,#1 ; STR W5,[X11]",  # a store's value
    "EOR W5,W2,W2 ; MOV W6,#1 ; STR W6,[X11,W5,SXTW]",  # its address
    "EOR W5,W2,W2 ; LDR W7,[X12,W5,SXTW] ; MOV W6,#1 ; STR W6,[X11]",  # an address before it
    "CBNZ W2,L0 ; L0: ; MOV W6,#1 ; STR W6,[X11]",  # a branch before it
    "EOR W5,W2,W2 ; MOV W6,#1 ; CAS W5,W6,[X11]",  # what it is compared with
    "EOR W5,W2,W2 ; LDR W7,[X11,W5,SXTW]",  # a load's address
    "CBNZ W2,L0 ; L0: ; LDR W7,[X11]",  # a branch before it
    "CBNZ W2,L0 ; L0: ; ISB ; LDR W7,[X11]",  # a branch and an ISB
    "EOR W5,W2,W2 ; LDR W6,[X12,W5,SXTW] ; ISB ; LDR W7,[X11]",  # an address and an ISB
)
# A load waits for what it reads through, not for what picks; stores wait for both.
ANSWERS = [
    ("ldr", "mov", "NNNNN NSNN"),
    ("ldr", "csel", "NNNNN SSNN"),
    ("ldr", "arm", "NNNNN NSNN"),
    ("ldr", "cset", "NNNNN SSNN"),
    ("ldr", "twice", "NNNNN SSNN"),
    ("ldr", "branch", "NNNNN SSNN"),
    ("cas", "mov", "NNNNN SSNN"),
    ("cas", "csel", "NNNNN SSNN"),
    ("cas", "arm", "NNNNN SSNN"),
    ("swp", "mov", "NNNNN NSNN"),
    ("swp", "csel", "NNNNN SSNN"),
    ("swp", "twice", "NNNNN SSNN"),
]


def written(code: str, stores: bool) -> str:
    """The other thread stores 1 to y after it has read x, or written it."""
    first = "LDR W1,[X11] ;" if stores else "MOV W1,#1 ; STR W1,[X11] ;"
    lines = [one.strip() for one in f"{first} DMB SY ; MOV W2,#1 ; STR W2,[X10]".split(";")]
    mine = [one.strip() for one in code.split(";")]
    height = max(len(lines), len(mine))
    rows = zip(
        lines + [""] * (height - len(lines)), mine + [""] * (height - len(mine)), strict=True
    )
    body = "\n".join(f" {a} | {b} ;" for a, b in rows)
    outcome = "0:X1=1" if stores else "1:X7=0"
    return f"""AArch64 pick
{{ 0:X10=y; 0:X11=x; 1:X10=y; 1:X11=x; 1:X12=z; }}
 P0 | P1 ;
{body}
exists ({outcome} /\\ 1:X1=1)
"""


@pytest.mark.parametrize(("read", "through", "answers"), ANSWERS)
def test_as_herd7_has_it(read: str, through: str, answers: str, tmp_path: Path) -> None:
    checker, said = fresh_checker(), ""
    for number, into in enumerate(INTO):
        path = tmp_path / f"{number}.litmus"
        path.write_text(written(f"{READ[read]} ; {THROUGH[through]} ; {into}", number < 5))
        request = Request(path, "armv8")
        observation = checker.states(request).observation
        assert checker.check(request).observation == observation  # its witness was replayed
        said += {"Never": "N", "Sometimes": "S"}[str(observation)]
    assert said == answers.replace(" ", "")


ONE_WAY = """AArch64 way
{ 0:X10=y; 0:X11=x; 1:X10=y; 1:X11=x; 1:X12=z; 1:X13=w; 1:X6=1; }
 P0           | P1                   ;
 LDR W1,[X11] | LDR W1,[X10]         ;
 DMB SY       | LDR W8,[X13]         ;
 MOV W2,#1    | CBNZ W8,LEFT         ;
 STR W2,[X10] | CMP W1,#0            ;
              | CSET W2,EQ           ;
              | EOR W5,W2,W2         ;
              | LDR W7,[X12,W5,SXTW] ;
              | LEFT:                ;
              | STR W6,[X11]         ;
exists (0:X1=1 /\\ 1:X1=1 /\\ 1:X8={taken})
"""


@pytest.mark.parametrize(("init", "taken", "word"), [("", 0, "Never"), ("w=1; ", 1, "Sometimes")])
def test_the_other_way_waits_for_nothing(init: str, taken: int, word: str, tmp_path: Path) -> None:
    """Of two ways that meet, one has an access with a picked address; herd7 7.58 says the same."""
    path = tmp_path / "t.litmus"
    path.write_text(ONE_WAY.replace("{ 0", "{ " + init + "0").replace("{taken}", str(taken)))
    assert fresh_checker().states(Request(path, "armv8")).observation == word
