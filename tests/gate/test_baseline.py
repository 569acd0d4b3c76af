"""The baseline file, and which verdict says less than another."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.gate.baseline import Baseline, Known, baseline_text, read_baseline, write_baseline
from ksmcheck.gate.outcome import says_less

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
said = st.sampled_from(["SAFE", "SAFE up to 4", "VIOLATED", "RACE", "Never up to 8", "UNKNOWN"])
verdicts = st.dictionaries(
    st.tuples(words, words, words), st.dictionaries(words, said, min_size=1), max_size=3
)
outlines = st.dictionaries(
    words,
    st.dictionaries(
        words,
        st.lists(
            st.builds(
                Known,
                st.lists(words, max_size=2).map(tuple),
                st.lists(words, max_size=3).map(tuple),
            ),
            min_size=1,
            max_size=2,
        ).map(tuple),
        min_size=1,
        max_size=2,
    ),
    max_size=2,
)
needs = st.dictionaries(
    st.tuples(words, words),
    st.dictionaries(words, st.dictionaries(words, words, min_size=1), min_size=1, max_size=2),
    max_size=2,
)


@settings(max_examples=150, deadline=None)
@given(st.builds(Baseline, verdicts, outlines, needs, st.booleans()))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, made: Baseline) -> None:
    path = tmp_path_factory.mktemp("baseline") / "b.toml"
    write_baseline(path, made)
    found = read_baseline(path)
    assert found == made
    assert baseline_text(found) == path.read_text(encoding="utf-8")


def test_one_changed_verdict_is_one_changed_line() -> None:
    columns = {"tso": "SAFE", "armv8": "SAFE", "power": "SAFE"}
    before = baseline_text(Baseline({("s", "6.12", "shipped"): columns}, {}, {}))
    columns = {**columns, "armv8": "VIOLATED"}
    after = baseline_text(Baseline({("s", "6.12", "shipped"): columns}, {}, {}))
    pairs = list(zip(before.splitlines(), after.splitlines(), strict=True))
    assert [a for a, b in pairs if a != b] == ['armv8 = "SAFE"']


@pytest.mark.parametrize("first", ["usual", "own"])
def test_which_outline_holds_for_whom(first: str) -> None:
    """The own one, else the usual one; with marked stores what is not recorded is as without. A
    merge may have changed their order."""
    usual, own, marked = ("* a()",), ("* b()",), ("* c()",)
    both = Known((), usual), Known(("two",), own)
    outlines: dict[str, dict[str, tuple[Known, ...]]] = {
        "6.12": {"f.h f": both if first == "usual" else both[::-1]},
        "6.12 marked": {"f.h g": (Known((), marked),)},
    }
    baseline = Baseline({}, outlines, {})
    assert baseline.outline("6.12", "f.h f", "one") == usual
    assert baseline.outline("6.12", "f.h f", "two") == own
    assert baseline.outline("6.12 marked", "f.h f", "two") == own
    assert baseline.outline("6.12 marked", "f.h g", "one") == marked
    assert baseline.outline("6.12", "f.h g", "one") is None
    assert baseline.outline("3.9", "f.h f", "one") is None


LESS = [
    ("UNKNOWN", "SAFE"),
    ("UNKNOWN", "VIOLATED"),
    ("UNKNOWN", "VACUOUS"),
    ("VACUOUS", "SAFE"),
    ("SAFE up to 4", "SAFE"),
    ("SAFE up to 2", "SAFE up to 4"),
    ("Never up to 4", "Never"),
]
CONTRARY = [
    ("VIOLATED", "SAFE"),
    ("SAFE", "VIOLATED"),
    ("SAFE up to 4", "VIOLATED"),
    ("Sometimes", "Never"),
    ("RACE", "VIOLATED"),
]


@pytest.mark.parametrize(("now", "before"), LESS)
def test_it_says_less(now: str, before: str) -> None:
    assert says_less(now, before)
    assert not says_less(before, now)


@pytest.mark.parametrize(("now", "before"), CONTRARY)
def test_it_says_something_else(now: str, before: str) -> None:
    assert not says_less(now, before)


@pytest.mark.parametrize("word", ["SAFE", "UNKNOWN", "VACUOUS", "SAFE up to 4"])
def test_nothing_says_less_than_itself(word: str) -> None:
    assert not says_less(word, word)
