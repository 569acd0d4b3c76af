"""What is said below a matrix: which places matter, and of which that is not known."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check.verdict import BOUNDED, SAFE, UNKNOWN, VACUOUS, VIOLATED, Request, Verdict
from ksmcheck.program.change import REMOVE, WEAKEN, Change
from ksmcheck.record import replace
from ksmcheck.report.matrix import answer_object, rows_of, summary
from ksmcheck.report.sets import minimal_text, repair_text
from ksmcheck.whatif.matrix import Answer
from ksmcheck.whatif.minimal import KEEP, MinimalSet

REQUEST = Request(Path("t.litmus"))
RMB, WMB = Change("smp_rmb@P1", REMOVE), Change("smp_wmb@P0", REMOVE)
VERDICTS = {
    "safe": Verdict(REQUEST, "t", "", SAFE),
    "violated": Verdict(REQUEST, "t", "", VIOLATED),
    "race": Verdict(REQUEST, "t", "", VIOLATED, flags=("data-race",)),
    "reachable": Verdict(REQUEST, "t", "", SAFE, "Sometimes"),
    "unreachable": Verdict(REQUEST, "t", "", SAFE, "Never"),
    "safe up to k": Verdict(REQUEST, "t", "", BOUNDED),
    "vacuous": Verdict(REQUEST, "t", "", VACUOUS, reason="no execution runs to its end"),
    "unknown": Verdict(REQUEST, "t", "", UNKNOWN, reason="no time left"),
}


def cell(model: str, word: str, *changes: Change) -> Answer:
    request = replace(REQUEST, model=model, changes=changes)
    if word == "not possible":
        return Answer(request, changes, None, "there is none")
    found = Answer(request, changes, replace(VERDICTS[word], request=request))
    assert found.word == word
    return found


@pytest.mark.parametrize("word", ["violated", "race", "reachable"])
def test_what_breaks_is_needed(word: str) -> None:
    cells = [cell("sc", "safe"), cell("sc", word, RMB), cell("sc", "safe", WMB)]
    assert list(summary(cells)) == ["sc needs smp_rmb@P1"]


@pytest.mark.parametrize("word", ["safe", "unreachable", "vacuous"])
def test_what_breaks_nothing_is_not(word: str) -> None:
    cells = [cell("sc", "unreachable"), cell("sc", word, RMB)]
    assert list(summary(cells)) == ["sc needs none of them"]


@pytest.mark.parametrize("word", ["unknown", "safe up to k"])
def test_what_is_not_known_is_not_called_unneeded(word: str) -> None:
    """`none of them` stood there after a time-out."""
    cells = [cell("sc", "safe"), cell("sc", word, RMB)]
    said = "sc needs none of them for sure; not decided: smp_rmb@P1"
    assert next(summary(cells)) == said
    cells.append(cell("sc", "violated", WMB))
    assert next(summary(cells)) == "sc needs smp_wmb@P0; not decided: smp_rmb@P1"
    # Another change there breaks it, and so it is known.
    cells.append(cell("sc", "violated", Change(RMB.site, WEAKEN, "barrier")))
    assert next(summary(cells)) == "sc needs smp_wmb@P0, smp_rmb@P1"


@pytest.mark.parametrize(
    "word", ["violated", "race", "reachable", "safe up to k", "vacuous", "unknown"]
)
def test_of_what_is_not_safe_nothing_is_needed(word: str) -> None:
    """To take something away shows nothing where it is broken anyhow."""
    cells = [cell("sc", word), cell("sc", "violated", RMB)]
    mends = (
        "; --repair looks for what mends it" if word in ("violated", "race", "reachable") else ""
    )
    assert next(summary(cells)) == f"sc: {word} as it is{mends}"


def test_each_machine_has_its_own_needs() -> None:
    cells = [
        *(cell("tso", "safe"), cell("tso", "safe", RMB), cell("tso", "safe", WMB)),
        *(cell("armv8", "safe"), cell("armv8", "violated", RMB), cell("armv8", "safe", WMB)),
        cell("sc", "safe"),
    ]
    assert list(summary(cells)) == [
        "tso needs none of them",
        "armv8 needs smp_rmb@P1",
        "sc: there is no place to change so",
    ]
    rows = rows_of(cells)
    assert list(rows) == [(), (RMB,), (WMB,)]
    assert {model: c.word for model, c in rows[RMB,].items()} == {
        "tso": "safe",
        "armv8": "violated",
    }


def test_why_there_is_no_verdict() -> None:
    cells = [
        cell("sc", "safe"),
        cell("sc", "not possible", RMB),
        cell("sc", "unknown", WMB),
        cell("tso", "unknown"),
        cell("tso", "unknown", WMB),
    ]
    assert list(summary(cells))[-3:] == [
        "- remove smp_rmb@P1: there is none",
        "? remove smp_wmb@P0, sc: no time left",
        "? as it is, tso: no time left",
    ]
    assert answer_object(cells[1])["reason"] == "there is none"
    assert answer_object(cells[2])["reason"] == "no time left"


def test_sets_in_words() -> None:
    """A weaker form is told as such, and what costs nothing has a price too."""
    kept = ((WMB.site, KEEP), ("smp_mb@P1", "smp_rmb"))
    assert minimal_text(MinimalSet(("tso",), kept, ()), 0.0) == (
        "{ smp_wmb@P0, smp_mb@P1 as smp_rmb }  cost 0"
    )
    assert minimal_text(MinimalSet(("tso",), (), ()), None) == "{ }: none"
    assert repair_text((Change("smp_wmb@P0", "strengthen", "smp_mb"),), 4.5).endswith("  cost 4.5")
