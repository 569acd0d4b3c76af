"""What is printed, compared with files that a person has read: tests/report/golden.

Every test here has one violating execution only, so that no solver can choose another. After an
intended change: KSMCHECK_PROMOTE=1 pytest tests/report, and read the diff.
"""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

import pytest
from rich.console import Console

from ksmcheck.check import Checker, Request
from ksmcheck.explain.tell import telling_of
from ksmcheck.report.console import Paper
from ksmcheck.report.dot import execution_dot
from ksmcheck.report.states import states_text
from ksmcheck.report.structure import structure_text
from ksmcheck.report.text import Said, print_verdict

HERE = Path(__file__).parent
CLASSIC = HERE.parents[1] / "litmus" / "classic"

VERDICTS: dict[str, tuple[Path, str, bool, int]] = {
    # name: test, model, --full, columns
    # Message passing; armv8 orders neither the two reads nor anything else here.
    "message-passing": (CLASSIC / "MP" / "MP+wmb+po.litmus", "armv8", False, 130),
    # Store buffering, reachable on tso: both reads come before both stores.
    "store-buffering": (CLASSIC / "SB" / "SB.litmus", "tso", False, 130),
    "store-buffering-sc": (CLASSIC / "SB" / "SB.litmus", "sc", False, 130),
    # Helpers, folding, a failing BUG_ON, pointers by name.
    "publish": (HERE / "publish.litmus", "armv8", False, 130),
    "publish-full": (HERE / "publish.litmus", "armv8", True, 130),
    "publish-narrow": (HERE / "publish.litmus", "armv8", False, 84),
    # A data race: which two accesses.
    "race": (HERE / "spawn.litmus", "lkmm", False, 130),
}


def compare(name: str, text: str) -> None:
    """Against the golden file; writes it instead if KSMCHECK_PROMOTE is set."""
    path = HERE / "golden" / f"{name}.txt"
    if os.environ.get("KSMCHECK_PROMOTE"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def printed(path: Path, model: str, full: bool, width: int) -> str:
    checker = Checker()
    verdict = checker.check(Request(path, model))
    out = io.StringIO()
    terminal = Console(file=out, width=width, force_terminal=True, no_color=True, highlight=False)
    print_verdict(
        Paper(out, terminal if width != 130 else None),
        verdict,
        Said(telling_of(checker, verdict), full=full),
    )
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())
    plain = plain.replace(str(path), path.name)
    return re.sub(r"\d+ ms", "N ms", plain)


@pytest.mark.parametrize("name", VERDICTS)
def test_verdicts_read_well(name: str) -> None:
    compare(name, printed(*VERDICTS[name]))


@pytest.mark.parametrize("name", ["publish", "publish-narrow", "message-passing"])
def test_columns_fit(name: str) -> None:
    """No line of the execution is wider than asked, and no word is cut in two."""
    text = printed(*VERDICTS[name])
    rows = [line for line in text.splitlines() if "│" in line or "┼" in line]
    assert rows
    assert max(len(r) for r in rows) <= VERDICTS[name][3]


def test_final_states_read_as_herd7_prints_them() -> None:
    compare(
        "states", states_text(Checker().states(Request(CLASSIC / "SB" / "SB.litmus", "tso"))) + "\n"
    )


def test_a_structure_listing() -> None:
    path = CLASSIC / "MP" / "MP+wmb+rmb.litmus"
    structure = Checker().workshop.structure(Request(path, "power"), "lwsync")
    compare("structure", structure_text(structure) + "\n")


def test_a_graph() -> None:
    verdict = Checker().check(Request(CLASSIC / "SB" / "SB.litmus", "tso"))
    assert verdict.witness is not None
    compare("graph", execution_dot(verdict.witness) + "\n")
