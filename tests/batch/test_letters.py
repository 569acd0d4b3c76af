"""The letter of each kind of verdict: of an answer, of one up to a bound, of none."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.batch.letters import letter_of
from ksmcheck.check import Checker, Request
from ksmcheck.check.verdict import BOUNDED, SAFE, UNKNOWN, VACUOUS, VIOLATED, Verdict

REQUEST = Request(Path("t.litmus"))


@pytest.mark.parametrize(
    ("verdict", "letter"),
    [(SAFE, "S"), (VIOLATED, "V"), (BOUNDED, "K"), (VACUOUS, "0"), (UNKNOWN, "?")],
)
def test_a_property(verdict: str, letter: str) -> None:
    assert letter_of(Verdict(REQUEST, "t", "", verdict)) == letter


@pytest.mark.parametrize(
    ("flags", "letter"),
    [
        (("data-race",), "R"),
        (("unmatched-srcu-lock",), "V"),
        (("unmatched-srcu-lock", "data-race"), "R"),
    ],
)
def test_a_flag(flags: tuple[str, ...], letter: str) -> None:
    """Only a race is called one; beside an answer to `exists` a flag is told all the same."""
    for seen in (None, "Never", "Sometimes"):
        verdict = SAFE if seen else VIOLATED
        assert letter_of(Verdict(REQUEST, "t", "", verdict, seen, flags=flags)) == letter


@pytest.mark.parametrize(("seen", "letter"), [("Never", "N"), ("Sometimes", "Y"), ("Always", "Y")])
def test_what_was_asked_for(seen: str, letter: str) -> None:
    assert letter_of(Verdict(REQUEST, "t", "", SAFE, seen)) == letter


@pytest.mark.parametrize("verdict", [VACUOUS, UNKNOWN])
def test_where_nothing_is_known_nothing_was_seen(verdict: str) -> None:
    assert letter_of(Verdict(REQUEST, "t", "", verdict, "Never")) in "0?"


# P0 goes round as long as P1 has not stored: no number of rounds is enough.
ROUNDS = """C rounds
{{ }}
P0(int *x, int *y) {{ int r0; r0 = READ_ONCE(*x); while (xchg(y, 0) == 0) ; {} }}
P1(int *x, int *y) {{ WRITE_ONCE(*x, 4); WRITE_ONCE(*y, 1); }}
exists ({})
"""
ASSERTED = "BUG_ON(READ_ONCE(*x) == 5);"


@pytest.mark.parametrize(
    ("asserted", "asked", "observation", "letter"),
    [
        # x may still be 0 when it is read: it is 0 or 4.
        (ASSERTED, "0:r0=0", "Sometimes", "K"),
        (ASSERTED, "x=4", "Always", "K"),
        (ASSERTED, "0:r0=3", "Never", "K"),
        # That it can be so is no matter of bounds, and nothing else is asked.
        ("", "0:r0=0", "Sometimes", "Y"),
        ("", "x=4", "Always", "Y"),
        ("", "0:r0=3", "Never", "K"),
    ],
)
def test_up_to_a_bound(
    asserted: str, asked: str, observation: str, letter: str, tmp_path: Path
) -> None:
    """An assertion may fail in a round more, whatever was seen before. That of an ``Always`` was
    forgotten, and a gate recorded it without a word."""
    path = tmp_path / "rounds.litmus"
    path.write_text(ROUNDS.format(asserted, asked))
    verdict = Checker().check(Request(path, "tso"))
    assert verdict.observation == observation
    if asserted:
        assert verdict.verdict == BOUNDED
    assert letter_of(verdict) == letter
