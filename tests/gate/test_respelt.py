"""Numbers by their values: C17 6.4.4.1."""

from __future__ import annotations

import pytest

from ksmcheck.gate.respelt import as_now
from tests.gate.conftest import Project


@pytest.mark.parametrize(
    ("before", "now", "same"),
    [
        ("* WRITE_ONCE(*x, 0x200)", "* WRITE_ONCE(*x, 512)", True),
        ("* WRITE_ONCE(*x, 512)", "* WRITE_ONCE(*x, 0X200)", True),
        ("  if(a&0x7fffffff)", "  if(a&2147483647)", True),
        ("* WRITE_ONCE(*x, 0x200)", "* WRITE_ONCE(*x, 513)", False),
        # Unsigned int, and long.
        ("  if(a<0x80000000)", "  if(a<2147483648)", False),
        ("* WRITE_ONCE(a0x10, 1)", "* WRITE_ONCE(a16, 1)", False),
    ],
)
def test_what_is_the_same_number(before: str, now: str, same: bool) -> None:
    assert (as_now((before,), (now,)) == (now,)) == same


def test_two_lines_of_one_value_stay_apart() -> None:
    both = ("* WRITE_ONCE(*x, 0x1)", "* WRITE_ONCE(*x, 1)")
    assert as_now(both, both) == both


def test_a_constant_in_decimals_is_no_change(project: Project) -> None:
    project.edit("static void publish", "#define ONE 0x1\nstatic void publish")
    project.edit("WRITE_ONCE(*y, 1)", "WRITE_ONCE(*y, ONE)")
    project.record()
    project.edit("#define ONE 0x1", "#define ONE 1")
    ran = project.gate()
    assert (ran.code, "error" in ran.out) == (0, False), ran.out
    project.edit("#define ONE 1", "#define ONE 2")
    assert project.gate().code == 1
