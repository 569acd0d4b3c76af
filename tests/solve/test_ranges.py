"""What candidates may contain is known tightly enough: what can not race is not looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.prepare import Workshop
from ksmcheck.solve.session import Session


@pytest.mark.parametrize(("store", "may_race"), [("WRITE_ONCE(*x, 1)", False), ("*x = 1", True)])
def test_marked_accesses_behind_branches_do_not_race(
    store: str, may_race: bool, tmp_path: Path
) -> None:
    """A race has a plain access (kernel's explanation.txt, "Plain accesses and data races"); that
    an access is marked does not hang on whether it is executed."""
    path = tmp_path / "t.litmus"
    path.write_text(
        "C t\n{ }\n"
        f"P0(int *x, int *y) {{ if (READ_ONCE(*y)) {store}; }}\n"
        "P1(int *x, int *y) { WRITE_ONCE(*y, 1); if (READ_ONCE(*y)) READ_ONCE(*x); }\n"
        "exists (true)\n"
    )
    workshop, request = Workshop(), Request(path, "lkmm")
    (config,) = workshop.configs(request)
    session = Session(workshop.structure(request, config), workshop.model("lkmm").compiled)
    assert ("data-race" in session.reach.raisable) is may_race
