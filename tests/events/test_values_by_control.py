"""A value that a branch chooses depends on nothing, so it may justify what the branch looked at.

``crypto-control-data`` is the kernel's example (McKenney, "Control dependencies and crypto"; its
header says Result: Sometimes): the store comes after both ways have met, and no dependency goes
from the read to it. The others follow by the same reasoning: reads of x are not ordered before the
writes of y (LKMM: ctrl ends where the ways meet), so the cycle of values is no cycle of order. In
sc and tso a read is ordered before every later write, and there is one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check.verdict import Request
from tests.fresh import fresh_checker

BACK = "P1(int *x, int *y) { int r2 = READ_ONCE(*y); WRITE_ONCE(*x, r2); }"
PROGRAMS = {
    "crypto-control-data": f"""{{ }}
P0(int *x, int *y) {{ int r1 = 1; if (READ_ONCE(*x) == 0) r1 = 0; WRITE_ONCE(*y, r1); }}
{BACK}
exists (0:r1=1)""",
    "both": """{ }
P0(int *x, int *y) { int r2 = 0; if (READ_ONCE(*x)) r2 = 1; WRITE_ONCE(*y, r2); }
P1(int *x, int *y) { int r2 = 0; if (READ_ONCE(*y)) r2 = 1; WRITE_ONCE(*x, r2); }
exists (0:r2=1)""",
    "a read behind the branch": f"""{{ z=1; }}
P0(int *x, int *y, int *z)
{{ int r1 = 0; if (READ_ONCE(*x)) r1 = READ_ONCE(*z); WRITE_ONCE(*y, r1); }}
{BACK}
exists (0:r1=1)""",
    "a truth": """bool x; bool y;
{ }
P0(void) { bool b = false; if (READ_ONCE(x)) b = true; WRITE_ONCE(y, b); }
P1(void) { bool c = READ_ONCE(y); WRITE_ONCE(x, c); }
exists (1:c=1)""",
    "what a cmpxchg expects": f"""{{ z=1; }}
P0(int *x, int *y, int *z)
{{ int e = 0; if (READ_ONCE(*x)) e = 1; cmpxchg_relaxed(z, e, 2); WRITE_ONCE(*y, *z == 2); }}
{BACK}
exists (z=2)""",
    "an address": f"""int a; int b = 1;
{{ }}
P0(int *x, int *y)
{{ int *p = &a; if (READ_ONCE(*x)) p = &b; int r = READ_ONCE(*p); WRITE_ONCE(*y, r); }}
{BACK}
exists (1:r2=1)""",
}
CHOSEN_BY_DATA = f"""{{ }}
P0(int *x, int *y) {{ int r = READ_ONCE(*x); WRITE_ONCE(*y, r ? 1 : 0); }}
{BACK}
exists (0:r=1)"""


def word(tmp_path: Path, text: str, model: str, engine: str) -> str | None:
    path = tmp_path / "t.litmus"
    path.write_text(f"C t\n{text}\n")
    request = Request(path, model, engine=engine)
    verdict = fresh_checker().check(request)  # with a witness, which is replayed
    assert fresh_checker().states(request).observation == verdict.observation
    return verdict.observation


@pytest.mark.parametrize("engine", ["lazy", "tuple", "explicit"])
@pytest.mark.parametrize("name", list(PROGRAMS))
def test_it_may_justify_itself(tmp_path: Path, name: str, engine: str) -> None:
    assert word(tmp_path, PROGRAMS[name], "lkmm", engine) == "Sometimes"
    for model in ("sc", "tso"):
        assert word(tmp_path, PROGRAMS[name], model, engine) == "Never", model


def test_a_choice_between_0_and_1_may_be_another_number_yet(tmp_path: Path) -> None:
    """P0 writes 2, P1 copies it: nothing to it but that the branches before it give 0 or 1."""
    text = """{ }
P0(int *y) { WRITE_ONCE(*y, 2); }
P1(int *y) { int r0 = READ_ONCE(*y); int r1 = 0; if (!r0) r1 = 1; if (r0) r1 = r0; }
exists (1:r1=2)"""
    assert word(tmp_path, text, "sc", "lazy") == "Sometimes"


@pytest.mark.parametrize("engine", ["lazy", "tuple", "explicit"])
def test_not_where_data_chooses(tmp_path: Path, engine: str) -> None:
    """``?:`` without side effects is data: the dependency orders the read before the write."""
    for model in ("lkmm", "armv8", "power", "sc"):
        assert word(tmp_path, CHOSEN_BY_DATA, model, engine) == "Never", model
