"""What a suite expects is expected of its own cells alone: `as expected` of another program, or of
one configuration, would be exit code 0 for a verdict that nobody looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.batch.suite import Suite, load_suite
from ksmcheck.check.verdict import SAFE, VIOLATED, Request, Verdict
from ksmcheck.record import replace
from ksmcheck.report.expectation import belonging
from ksmcheck.text import InputError

SUITE = """
[columns]
models = ["tso", "lkmm", "lkmm-plain"]
marked = ["lkmm"]
kernels = ["6.12"]

[letters]
S = "safe"
V = "violated"

[[scenario]]
id = "one"
file = "t.litmus"
property = "P"

[[scenario]]
id = "two"
file = "t.litmus"
property = "P"
defines = ["TWO"]

[[variant]]
name = "shipped"
what = "as it is"

[[variant]]
name = "bare"
what = "without a barrier"
remove = ["smp_mb@P0"]

[[variant]]
name = "early"
what = "the store first"
defines = ["EARLY"]
"""
# Columns: tso, lkmm (marked stores), lkmm-plain.
ONE = """
[reasons]
all = "why"
["6.12"]
shipped = { is = "S V R", S = "all", V = "all", R = "all" }
bare = { is = "V V R", V = "all", R = "all" }
early = { is = "V S -", S = "all", V = "all" }
"""
TWO = """
[reasons]
all = "why"
["6.12"]
shipped = { is = "V S S", S = "all", V = "all" }
"""


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    (tmp_path / "suite.toml").write_text(SUITE)
    (tmp_path / "t.litmus").write_text("C t\n{ }\nP0(int *x) { WRITE_ONCE(*x, 1); }\n")
    (tmp_path / "expected").mkdir()
    (tmp_path / "expected" / "one.toml").write_text(ONE)
    (tmp_path / "expected" / "two.toml").write_text(TWO)
    return load_suite(tmp_path)


def letter(suite: Suite, model: str, variant: str = "shipped", *words: str) -> str | None:
    """``words``: definitions, and ``-SITE`` for what is removed."""
    found = belonging(request(suite, model, variant, *words), suite).expectation
    return None if found is None else found.letter


def request(suite: Suite, model: str, variant: str, *words: str) -> Request:
    return Request(
        suite.folder / "t.litmus",
        model,
        variant=variant,
        defines=tuple((word, "1") for word in words if not word.startswith("-")),
        removed=frozenset(word[1:] for word in words if word.startswith("-")),
    )


def test_a_cell_of_the_table(suite: Suite) -> None:
    assert letter(suite, "tso") == "S"
    assert letter(suite, "lkmm") == "R"
    assert letter(suite, "lkmm", "shipped", "MARKED_STORES") == "V"
    assert letter(suite, "tso", "bare", "-smp_mb@P0") == "V"
    assert letter(suite, "lkmm", "early", "MARKED_STORES", "EARLY") == "S"


def test_the_scenario_is_the_one_with_these_definitions(suite: Suite) -> None:
    assert belonging(request(suite, "tso", "shipped"), suite).scenario == "one"
    assert belonging(request(suite, "tso", "shipped", "TWO"), suite).scenario == "two"
    assert letter(suite, "tso", "shipped", "TWO") == "V"
    assert letter(suite, "lkmm", "shipped", "TWO") == "S"


def test_of_another_program_nothing_is_expected(suite: Suite) -> None:
    for variant, words in [
        ("shipped", ("-smp_mb@P0",)),
        ("bare", ()),
        ("bare", ("-smp_mb@P0", "-smp_wmb@P0")),
        ("early", ()),
        ("early", ("EARLY", "MORE")),
        ("shipped", ("EARLY",)),
        ("unheard-of", ()),
    ]:
        assert letter(suite, "tso", variant, *words) is None
    assert letter(suite, "power") is None
    # tso has one column, of plain stores; and what is `-` is no cell.
    assert letter(suite, "tso", "shipped", "MARKED_STORES") is None
    assert letter(suite, "lkmm", "early", "EARLY") is None
    pinned = replace(request(suite, "tso", "shipped"), config="default")
    assert belonging(pinned, suite).expectation is None
    older = replace(request(suite, "tso", "shipped"), kernel="3.9")
    assert belonging(older, suite).expectation is None
    assert belonging(replace(older, path=suite.folder / "u.litmus"), suite).scenario is None


def test_what_meets_it(suite: Suite) -> None:
    found = belonging(request(suite, "lkmm", "shipped"), suite).expectation
    assert found is not None
    assert (found.word, found.reason) == (VIOLATED, "why")
    race = Verdict(request(suite, "lkmm", "shipped"), "t", "", VIOLATED, flags=("data-race",))
    assert found.met_by(race)
    assert not found.met_by(replace(race, flags=()))
    assert not found.met_by(replace(race, verdict=SAFE, flags=()))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"S V R"', '"S V"', "2 letters, 3 columns"),
        ('S = "all", V = "all", R', 'V = "all", R', "shipped, S: no reason ''"),
        ('V = "all", R = "all" }\nbare', 'V = "al", R = "all" }\nbare', "V: no reason 'al'"),
    ],
)
def test_a_table_that_is_none(suite: Suite, old: str, new: str, said: str) -> None:
    """Letters one too few would stand under the wrong models."""
    assert old in ONE
    (suite.folder / "expected" / "one.toml").write_text(ONE.replace(old, new, 1))
    with pytest.raises(InputError) as error:
        load_suite(suite.folder)
    assert said in str(error.value)
