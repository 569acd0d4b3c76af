"""A register that nothing assigns is 0 in herd7's dialect; that it is meant so is seldom."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker


def notes(code: str, folder: Path, start: str = "") -> tuple[str, ...]:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{{ {start} }}\nP0(int *x, int *y) {{ {code} }}\nexists (x=1)\n")
    return fresh_checker().check(Request(path, "sc")).notes


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "int r9c = READ_ONCE(*x); if (rc9) WRITE_ONCE(*y, 1);",
            "rc9 is 0: nothing declares or assigns it; did you mean r9c?",
        ),
        (
            "smp_store_release(other, 1);",
            "other is 0: nothing declares or assigns it",
        ),
    ],
)
def test_it_is_said(code: str, said: str, tmp_path: Path) -> None:
    (note,) = notes(code, tmp_path)
    assert note.endswith(said)
    assert note.startswith(f"{tmp_path / 't.litmus'}:3:")


@pytest.mark.parametrize(
    ("code", "start"),
    [
        ("r1 = READ_ONCE(*x); WRITE_ONCE(*y, r1);", ""),
        ("WRITE_ONCE(*y, r1);", "0:r1=3;"),
        ("int r1; WRITE_ONCE(*y, r1);", ""),
        ("if (0) { r2 = 1; } WRITE_ONCE(*y, r2);", ""),
    ],
)
def test_what_something_assigns(code: str, start: str, tmp_path: Path) -> None:
    assert not any("nothing declares" in note for note in notes(code, tmp_path, start))


def test_a_program_that_is_equal_has_a_note_of_its_own(tmp_path: Path) -> None:
    """Of two tests that say the same, one misspelt and one with a 0."""
    checker = fresh_checker()
    for name, value in (("a", "0"), ("b", "r1")):
        path = tmp_path / f"{name}.litmus"
        path.write_text(f"C t\n{{ }}\nP0(int *x) {{ WRITE_ONCE(*x, {value}); }}\nexists (x=1)\n")
    said = [checker.check(Request(tmp_path / f"{n}.litmus", "sc")).notes for n in ("a", "b")]
    assert [len(notes) for notes in said] == [0, 1]
