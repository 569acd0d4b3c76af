"""A kernel tree of our own, in a kernel's style, and what an encoding of it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ksmcheck.gate.drift import Comparison, Finding, open_comparison
from ksmcheck.gate.drift_record import read_record
from ksmcheck.record import replace

TOY = Path(__file__).parent / "toy"
Findings = Callable[..., list[Finding]]


@pytest.fixture(scope="session")
def toy() -> Comparison:
    return open_comparison(TOY / "kernel", TOY / "kernel.toml")


@pytest.fixture
def findings(toy: Comparison) -> Findings:
    """All findings of the toy, after ``old`` was replaced by ``new`` once in a file."""
    record = read_record(toy.data.record_path("1.0"), toy.data.reasons)

    def run(old: str = "", new: str = "", file: str = "mm/door.c") -> list[Finding]:
        text = toy.tree.text(file)
        assert text.count(old) == 1 or not old, f"{old!r} is there {text.count(old)} times"
        tree = toy.tree.with_text(file, text.replace(old, new) if old else text)
        changed = replace(toy, tree=tree, _contents=None)
        found = []
        for function, followed in changed.followed():
            found += changed.function(function, followed, record[function.name])
        return found

    return run
