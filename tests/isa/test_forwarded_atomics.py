"""AArch64: what an atomic's two accesses order of what comes after them, and what a CAS hands on.

Expected by the manual as it is since 2022 (Arm ARM DDI 0487, B2.3: Atomic-ordered-before begins at
the load of the pair), and by the outcomes of herd7's catalogue, aarch64-pick and aarch64.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.assembly import usual_model
from tests.fresh import fresh_checker


def observation(text: str, folder: Path) -> str | None:
    file = folder / "t.litmus"
    file.write_text(text)
    request = Request(file, usual_model(file))
    checker = fresh_checker()
    found = checker.states(request).observation
    assert checker.check(request).observation == found
    return found


ATOMICS = {
    "SWP": ["SWP W7,W8,[{place}]"],
    "LDADD": ["LDADD W7,W8,[{place}]"],
    "LDXR": ["LDXR W8,[{place}]", "STXR W6,W7,[{place}]"],
}


def table(first: list[str], second: list[str], start: str, condition: str) -> str:
    """A test of two threads, an instruction a line."""
    lines = max(len(first), len(second))
    columns = (first + [""] * (lines - len(first)), second + [""] * (lines - len(second)))
    rows = "\n".join(f" {a} | {b} ;" for a, b in zip(*columns, strict=True))
    return f"AArch64 t\n{{ {start} }}\n P0 | P1 ;\n{rows}\nexists ({condition})\n"


PUBLISH = ["MOV W9,#1", "STR W9,[X0]", "STLR W9,[X1]"]
START = "0:X0=x; 0:X1=y; 1:X0=x; 1:X1=y; 1:X2=z; 1:X7=1;"


@pytest.mark.parametrize("atomic", ATOMICS.values(), ids=ATOMICS.keys())
def test_a_store_that_waits_for_a_branch_holds_no_acquire_up(
    atomic: list[str], tmp_path: Path
) -> None:
    """The atomic's store waits for the branch; its load does not, and with that not the LDAR that
    the store is forwarded to, nor what that orders."""
    lines = [step.format(place="X2") for step in atomic]
    code = ["LDR W3,[X1]", "CBNZ W3,L0", "L0:", *lines, "LDAR W5,[X2]", "LDR W4,[X0]"]
    end = " /\\ 1:X6=0" if len(atomic) > 1 else ""
    text = table(PUBLISH, code, START, f"1:X3=1 /\\ 1:X4=0{end}")
    assert observation(text, tmp_path) == "Sometimes"
    # A barrier of loads after the branch does.
    code.insert(3, "DMB LD")
    text = table(PUBLISH, code, START, f"1:X3=1 /\\ 1:X4=0{end}")
    assert observation(text, tmp_path) == "Never"


@pytest.mark.parametrize("atomic", ATOMICS.values(), ids=ATOMICS.keys())
def test_the_load_of_the_pair_is_before_that_acquire(atomic: list[str], tmp_path: Path) -> None:
    """Where the atomic itself has read the flag."""
    lines = [step.format(place="X1") for step in atomic]
    end = " /\\ 1:X6=0" if len(atomic) > 1 else ""
    for load, word in (("LDAR", "Never"), ("LDAPR", "Never"), ("LDR", "Sometimes")):
        code = [*lines, f"{load} W5,[X1]", "LDR W4,[X0]"]
        # Read back is what was just written, but for LDADD 2.
        wrote = 2 if "LDADD" in atomic[0] else 1
        text = table(PUBLISH, code, START, f"1:X8=1 /\\ 1:X5={wrote} /\\ 1:X4=0{end}")
        assert observation(text, tmp_path) == word, load


LATER = {
    "load": (PUBLISH, ["LDR W4,[X0,W11,SXTW]"], "1:X4=0"),
    "store": (
        ["LDR W8,[X0]", "MOV W9,#1", "STLR W9,[X1]"],
        ["MOV W4,#1", "STR W4,[X0,W11,SXTW]"],
        "0:X8=1",
    ),
}
"""What the first thread does, what the second does at an address that hangs on W11, and what it
takes to come before the flag is read."""


@pytest.mark.parametrize("later", LATER.values(), ids=LATER.keys())
def test_a_cas_that_succeeds_hands_on_nothing_of_its_operand(
    later: tuple[list[str], list[str], str], tmp_path: Path
) -> None:
    """W3 is read from the flag, and compared with z. It may get z's value or keep its own, so that
    what is computed from it waits for neither of the two alone."""
    first, last, early = later
    start = "z=1; " + START.replace("1:X7=1;", "")
    code = ["LDR W3,[X1]", "MOV W10,W3", "CAS W3,WZR,[X2]", "EOR W11,W3,W3", *last]
    text = table(first, code, start, f"1:X10=1 /\\ {early}")
    assert observation(text, tmp_path) == "Sometimes"
    code.remove("CAS W3,WZR,[X2]")
    text = table(first, code, start, f"1:X10=1 /\\ {early}")
    assert observation(text, tmp_path) == "Never"


@pytest.mark.parametrize("later", LATER.values(), ids=LATER.keys())
def test_a_cas_that_fails_hands_on_what_it_has_read(
    later: tuple[list[str], list[str], str], tmp_path: Path
) -> None:
    first, last, early = later
    code = ["MOV W3,#5", "MOV W6,#7", "CAS W3,W6,[X1]", "EOR W11,W3,W3", *last]
    text = table(first, code, START.replace("1:X7=1;", ""), f"1:X3=1 /\\ {early}")
    assert observation(text, tmp_path) == "Never"


def test_a_cas_that_succeeds_keeps_later_stores_back(tmp_path: Path) -> None:
    """Its success hangs on what it has read: a pick dependency (LB+rel+CAS-ok-MRs-addr)."""
    read = ["LDR W8,[X0]", "MOV W9,#1", "STLR W9,[X1]"]
    code = ["MOV W3,#1", "CAS W3,WZR,[X1]", "EOR W11,W3,W3", "MOV W4,#1", "STR W4,[X0,W11,SXTW]"]
    text = table(read, code, START.replace("1:X7=1;", ""), "0:X8=1 /\\ 1:X3=1 /\\ y=0")
    assert observation(text, tmp_path) == "Never"
    code.remove("EOR W11,W3,W3")
    code[-1] = "STR W4,[X0]"
    text = table(read, code, START.replace("1:X7=1;", ""), "0:X8=1 /\\ 1:X3=1 /\\ y=0")
    assert observation(text, tmp_path) == "Sometimes"


def test_neither_does_a_pair(tmp_path: Path) -> None:
    code = ["LDR W3,[X1]", "MOV W10,W3", "MOV W2,#1", "CASP W2,W3,W4,W5,[X6]"]
    code += ["EOR W11,W3,W3", "LDR W12,[X0,W11,SXTW]"]
    start = "int z[2]={1,1}; " + START.replace("1:X2=z; 1:X7=1;", "1:X6=z;")
    text = table(PUBLISH, code, start, "1:X10=1 /\\ 1:X12=0")
    assert observation(text, tmp_path) == "Sometimes"


# The same from kernel C, under both ways to compile atomics.

KERNEL = """C t
{{ }}
P0(int *x, int *y) {{ WRITE_ONCE(*x, 1); smp_store_release(y, 1); }}
P1(int *x, int *y, atomic_t *a)
{{
	int r0 = READ_ONCE(*y);
	if (r0) {{
		{}(a);
		int r2 = atomic_read_acquire(a);
		int r1 = READ_ONCE(*x);
	}}
}}
exists (1:r0=1 /\\ 1:r1=0)
"""


@pytest.mark.parametrize(
    ("atomic", "word"),
    [("atomic_inc", "Sometimes"), ("smp_rmb(); atomic_inc", "Never")],
)
def test_as_a_kernel_developer_meets_it(atomic: str, word: str, tmp_path: Path) -> None:
    file = tmp_path / "t.litmus"
    file.write_text(KERNEL.format(atomic))
    for model in ("armv8", "lkmm"):
        assert fresh_checker().check(Request(file, model)).observation == word, model
