"""Pointers that may be astray, where final states are asked for."""

from __future__ import annotations

from pathlib import Path

from ksmcheck.check import Request
from tests.fresh import fresh_checker


def test_a_wild_pointer_counts_for_the_condition(tmp_path: Path) -> None:
    """No final state is listed of an execution that goes astray, but it is one."""
    path = tmp_path / "t.litmus"
    path.write_text(
        "C t\n{ int a = 1; int *p = &a; }\n"
        "P0(int **p) { int *r = READ_ONCE(*p); int v = *r; }\n"
        "P1(int **p) { WRITE_ONCE(*p, 0); }\nexists (~0:r=0)\n"
    )
    found = fresh_checker().states(Request(path, "sc"))
    assert found.observation == "Sometimes"
    assert found.flags == ("bad-address",)


def test_a_wild_pointer_is_a_finding(tmp_path: Path) -> None:
    """Its execution has passed the replay, which looks for itself where the accesses are."""
    path = tmp_path / "t.litmus"
    path.write_text(
        "C t\n{ int a = 1; int *p = &a; }\n"
        "P0(int **p) { int *r = READ_ONCE(*p); int v = *r; }\n"
        "P1(int **p) { WRITE_ONCE(*p, 0); }\n~exists (0:v=7)\n"
    )
    verdict = fresh_checker().check(Request(path, "sc"))
    assert (verdict.verdict, verdict.subject) == ("VIOLATED", "bad address")
