"""Damaged texts of our own: a few hundred of each kind; ``make fuzz`` tries many more."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.text import InputError
from tests.random import fuzz
from tests.random.fuzz import Target, failures, outcome, targets

COUNTS = {"litmus": 300, "header": 60, "cat": 200}
FIRST = 7_000


@pytest.mark.parametrize("name", COUNTS)
def test_a_tree_or_a_clear_error(name: str) -> None:
    counts, bad = failures(targets()[name], range(FIRST, FIRST + COUNTS[name]))
    assert not bad, f"python -m tests.random.fuzz --only {name} --seed {next(iter(bad))} --count 1"
    # Both ends have to be reached, or the texts are damaged too much or too little.
    assert min(counts["read"], counts["refused"]) > 0.05 * COUNTS[name]


def test_what_must_not_be_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "SECONDS", 0.1)

    def read(path: Path, data: bytes) -> None:
        if data == b"hang":
            while True:
                pass
        raise (InputError("no") if data == b"no" else KeyError(0))

    target = Target((), read)
    words = [outcome(target, Path("x"), data) for data in (b"no", b"hang", b"bug")]
    assert words == ["refused", "hang", "KeyError"]
