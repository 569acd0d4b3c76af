"""All mutants of the toy are noticed, and nothing is said of what changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.gate.drift import Comparison, open_comparison
from ksmcheck.gate.drift_record import read_record
from ksmcheck.record import replace
from tests.drift.blind_spots import blind_spots
from tests.drift.conftest import TOY
from tests.drift.harmless import free_names, renamed, respaced
from tests.drift.mutate import all_mutants, noticed

COMPARISON = open_comparison(TOY / "kernel", TOY / "kernel.toml")
RECORD = read_record(COMPARISON.data.record_path("1.0"), COMPARISON.data.reasons)


@pytest.mark.parametrize("name", [f.name for f, _ in COMPARISON.followed()])
def test_every_mutant_is_noticed(toy: Comparison, name: str) -> None:
    function, followed = next(p for p in toy.followed() if p[0].name == name)
    mutants = list(all_mutants(toy, followed))
    assert len(mutants) >= 3
    missed = [m.what for m in mutants if not noticed(toy, function, followed, RECORD[name], m)]
    assert not missed


def test_no_token_of_the_text_is_in_no_skeleton(toy: Comparison) -> None:
    assert [x for _, followed in toy.followed() for x in blind_spots(toy, followed)] == []


def test_the_mutants_are_of_every_kind(toy: Comparison) -> None:
    kinds = {m.kind for _, followed in toy.followed() for m in all_mutants(toy, followed)}
    assert kinds == {"delete", "swap", "replace", "move"}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_nothing_is_said_of_names_comments_and_space(data: st.DataObject) -> None:
    function, followed = data.draw(st.sampled_from(COMPARISON.followed()))
    names = free_names(COMPARISON, followed)
    chosen = data.draw(st.sets(st.sampled_from(names))) if names else set()
    every = data.draw(st.integers(1, 4))
    text = renamed(COMPARISON.tree.text(followed.file), chosen)
    tree = COMPARISON.tree.with_text(followed.file, text)
    span = tree.defined(followed.name, followed.file)[0].span
    tree = tree.with_text(followed.file, respaced(text, span.start, span.end, every))
    changed = replace(COMPARISON, tree=tree, _contents=None)
    assert changed.function(function, followed, RECORD[function.name]) == []


def test_there_is_something_to_rename() -> None:
    names = {f.name: free_names(COMPARISON, k) for f, k in COMPARISON.followed()}
    assert {"lodge", "how", "expected", "door", "key", "retry", "gone"} - {"key"} <= set(
        names["enter"]
    )
    assert {"distance", "far", "seen", "last_seen", "to", "from"} <= set(names["move"])
