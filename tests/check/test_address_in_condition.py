"""``exists (x=y)`` asks for the address of y, as herd7 does; it is said where it is not meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker

_SAID = "y is an address here, which x never holds"


def notes(text: str, folder: Path) -> str:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{text}\n")
    return " ".join(fresh_checker().check(Request(path, "sc", "6.12")).notes)


@pytest.mark.parametrize("end", ["exists (x=y)", "forall (x=y)", "~exists (x=y)", "forall (x!=y)"])
def test_of_numbers_it_is_said(end: str, tmp_path: Path) -> None:
    """Whatever the verdict is."""
    text = "{ }\nP0(int *x, int *y) { WRITE_ONCE(*x, 1); WRITE_ONCE(*y, 1); }\n"
    assert _SAID in notes(text + end, tmp_path)
    assert _SAID not in notes(text + end.replace("=y", "=[y]"), tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "{ int *x = &y; }\nP0(int **x, int *y) { int *r0 = READ_ONCE(*x); }",  # by its type
        "{ x=y; }\nP0(int *x) { int r0 = READ_ONCE(*x); }",  # it holds one at first
        "{ }\nP0(int *x, int *y) { WRITE_ONCE(*x, y); }",  # one is stored
        "{ }\nP0(int *x, int *y, int *z) { WRITE_ONCE(*x, z); }",  # another one
        "{ 0:r0=y; }\nP0(int *x) { WRITE_ONCE(*x, r0); }",
    ],
)
def test_where_addresses_are_about_it_is_not(text: str, tmp_path: Path) -> None:
    assert notes(f"{text}\nexists (x=y)", tmp_path) == ""
    assert notes(f"{text}\nexists (0:r0=y)", tmp_path) == "" if "r0 =" in text else True


def test_c_has_no_such_rule(tmp_path: Path) -> None:
    """Without parameters names are values."""
    text = "int x;\nint y;\n{ }\nP0(void) { WRITE_ONCE(x, 1); WRITE_ONCE(y, 1); }\nforall (x=y)"
    assert notes(text, tmp_path) == ""


@pytest.mark.parametrize(
    ("code", "end", "observation"),
    [
        ("int *r0 = READ_ONCE(*h) + 1;", "0:r0=x+4", "Always"),
        ("int *r0 = READ_ONCE(*h) - 1;", "0:r0=x+-4", "Always"),
        ("int *r0 = READ_ONCE(*h) - 1;", "0:r0=x-4", "Always"),
        ("int *r0 = READ_ONCE(*h) + 1;", "0:r0=x+1", "Never"),
        ("WRITE_ONCE(*h, READ_ONCE(*h) + 1);", "h=x+4", "Always"),
        ("int r0 = READ_ONCE(*x) + 4;", "0:r0=x+4", "Always"),  # of a number, the value of x
    ],
)
def test_beside_a_location(code: str, end: str, observation: str, tmp_path: Path) -> None:
    """A state is printed as ``0:r0=x+4``: four bytes behind x. The same text asks for it."""
    path = tmp_path / "t.litmus"
    path.write_text(
        f"C t\n{{ x=7; int *h=&x; }}\nP0(int **h, int *x) {{ {code} }}\nexists ({end})\n"
    )
    assert fresh_checker().check(Request(path, "sc")).observation == observation
