"""Which models let a read take what its own thread stores later, worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.cat.own_future import reads_own_future
from ksmcheck.model.load import load_model, shipped_models


@pytest.mark.parametrize("model", shipped_models())
def test_all_that_are_shipped_forbid_it(model: str) -> None:
    """Each has coherence for each location."""
    assert not reads_own_future(load_model(model).compiled)


@pytest.mark.parametrize(
    ("axioms", "may"),
    [
        ("acyclic po-loc | rf | co | fr", False),
        ("acyclic po | rf", False),
        ("irreflexive po-loc ; rf", False),
        ("irreflexive [R] ; (po & loc) ; [W] ; (rf & int) ; [R]", False),
        ("empty (rf ; po) & id", False),
        ("let com = rf | co\nlet rec hb = po | com | (hb ; hb)\nirreflexive hb", False),
        ("acyclic rf | co | fr", True),
        # What they say is of other executions.
        ("acyclic (po & ext) | rf", True),
        ("acyclic (po \\ loc) | rf", True),
        ("acyclic po | (rf & ext)", True),
        ("irreflexive [W] ; po-loc ; rf", True),
        # Or of some that have tags or relations of their own.
        ("irreflexive [Acquire & R] ; po-loc ; rf", True),
        ("acyclic (po \\ rmw) | rf", True),
        ("acyclic (po \\ [Once] ; po) | rf", True),
        # A flag forbids nothing, and what has to be there is another thing.
        ("flag ~acyclic po | rf as circle", True),
        ("~acyclic po | rf", True),
    ],
)
def test_by_hand(axioms: str, may: bool, tmp_path: Path) -> None:
    file = tmp_path / "own.cat"
    file.write_text(f'"own"\n{axioms}\n')
    assert reads_own_future(load_model(str(file)).compiled) == may
