"""The baseline file, and which verdict says less than another."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.gate.baseline import Baseline, Known, baseline_text, read_baseline, write_baseline
from ksmcheck.gate.outcome import says_less
from ksmcheck.text import InputError

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
need = st.dictionaries(words, st.sampled_from(["needed", "idle", "undecided"]), min_size=1)
needs = st.dictionaries(
    st.tuples(words, words),
    st.dictionaries(words, need, min_size=1, max_size=2),
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


SMALL = Baseline(
    {("s", "6.12", "shipped"): {"tso": "SAFE"}},
    {"6.12": {"f.h f": (Known((), ("  ()", "* neded()")), Known(("s",), ("  ()",)))}},
    {("s", "6.12"): {"smp_mb@f": {"tso": "needed", "sc": "idle"}}},
)


def test_a_baseline_that_was_cut_is_incomplete(tmp_path: Path) -> None:
    """Wherever: at the end of a table what is left is TOML, and each of its facts is right."""
    path = tmp_path / "b.toml"
    write_baseline(path, SMALL)
    lines = path.read_text().splitlines(keepends=True)
    for kept in range(len(lines)):
        path.write_text("".join(lines[:kept]))
        with pytest.raises(InputError):
            read_baseline(path)
    cut = lines[: lines.index('[verdicts.s."6.12".shipped]\n')]
    path.write_text("".join(cut))
    with pytest.raises(InputError, match="is incomplete: its last line is not"):
        read_baseline(path)


def test_a_baseline_from_before_there_was_an_end_is_read(tmp_path: Path) -> None:
    path = tmp_path / "b.toml"
    write_baseline(path, SMALL)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(line for line in lines if "end of the baseline" not in line))
    assert read_baseline(path) == SMALL


@pytest.mark.parametrize(
    ("right", "wrong", "word", "said"),
    [
        ("needed = [", "neded = [", "neded", "none of needed, idle, undecided"),
        ("only = [", "olny = [", "olny", "none of only, outline"),
        (
            "[necessity.",
            "[neccessity.",
            "neccessity",
            "none of format, end, full, verdicts, necessity, outlines",
        ),
        ('= "SAFE"', '= "SAEF"', "SAEF", "no verdict"),
    ],
)
def test_a_misspelt_word_is_shown(
    tmp_path: Path, right: str, wrong: str, word: str, said: str
) -> None:
    path = tmp_path / "b.toml"
    text = baseline_text(SMALL)
    assert text.count(right) == 1
    text = text.replace(right, wrong)
    path.write_text(text)
    with pytest.raises(InputError) as raised:
        read_baseline(path)
    told = raised.value.diagnostic
    assert told.message == f"not a baseline: {word!r} is {said}"
    assert told.hint is not None
    assert told.hint.startswith("did you mean ")
    assert told.span is not None
    assert told.span.start == text.index(wrong) + wrong.index(word)


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
