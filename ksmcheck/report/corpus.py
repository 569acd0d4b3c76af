"""A corpus run as text: what disagrees, then what has no answer, then the numbers."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence

from ksmcheck.batch.corpus.answer import ERROR, TIMEOUT, UNSUPPORTED, Answer
from ksmcheck.batch.corpus.judge import DEVIATES, DISAGREES, Difference, Judged
from ksmcheck.batch.corpus.summary import summary_line

SHOWN = 6
"""States that are listed of each side; the JSON has them all."""


def corpus_text(
    judged: Sequence[Judged], seconds: float, unlisted: int = 0, *, full: bool = False
) -> str:
    """The report; its last line is the summary."""
    shown = sys.maxsize if full else SHOWN
    parts = [
        _disagreements(judged, shown),
        _unanswered("timed out", judged, TIMEOUT),
        _unanswered("unsupported", judged, UNSUPPORTED),
        _unanswered("failed in ksmcheck (bugs of ours; the JSON has tracebacks)", judged, ERROR),
        _deviations(judged),
        _stale(judged),
    ]
    lines = [line for part in parts for line in part]
    return "\n".join([*lines, summary_line(judged, seconds, unlisted)])


def _disagreements(judged: Sequence[Judged], shown: int) -> Iterator[str]:
    found = [one for one in judged if one.outcome == DISAGREES]
    if not found:
        return
    rows = [("disagree", "observation", "states", "flags")]
    rows += [(one.answer.file, *_cells(one.difference)) for one in found]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    for row, one in zip(rows, [None, *found], strict=True):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        if one is not None:
            yield from _listed("missing", one.difference.missing, shown)
            yield from _listed("extra", one.difference.extra, shown)
    yield ""


def _cells(found: Difference) -> tuple[str, str, str]:
    word = "-"
    if found.observation:
        word = f"{found.observation[0] or 'none'}, expected {found.observation[1]}"
    flags = [*(f"no {f}" for f in found.missing_flags), *(f"extra {f}" for f in found.extra_flags)]
    states = f"{len(found.missing)} missing, {len(found.extra)} extra" if found.states else "-"
    return word, states, ", ".join(flags) or "-"


def _listed(title: str, states: Sequence[str], shown: int) -> Iterator[str]:
    for state in states[:shown]:
        yield f"    {title:7}  {state}"
    if len(states) > shown:
        yield f"    {title:7}  ... {len(states) - shown} more"


def _unanswered(title: str, judged: Sequence[Judged], outcome: str) -> Iterator[str]:
    """The tests without an answer under their reasons, the commonest first."""
    found = [one.answer for one in judged if one.outcome == outcome]
    if not found:
        return
    yield f"{title}: {len(found)}"
    counts = Counter(answer.reason for answer in found)
    for reason, count in counts.most_common():
        yield f"  {reason}" + (f" ({count} tests)" if count > 1 else "")
        for answer in found:
            if answer.reason == reason:
                yield f"    {_named(answer)}"
    yield ""


def _named(answer: Answer) -> str:
    """The test with the place. A place in a header, or in our own code, does not say which test."""
    place = answer.place
    if place is None:
        return answer.file
    return place if f"/{answer.file}:" in f"/{place}" else f"{answer.file} ({place})"


def _deviations(judged: Sequence[Judged]) -> Iterator[str]:
    found = [one for one in judged if one.outcome == DEVIATES]
    if not found:
        return
    yield f"deviate as listed: {len(found)}"
    for deviation in dict.fromkeys(one.deviation for one in found):
        assert deviation is not None
        yield f"  {deviation.id}: {deviation.reason} ({deviation.source})"
        yield from (f"    {one.answer.file}" for one in found if one.deviation == deviation)
    yield ""


def _stale(judged: Sequence[Judged]) -> Iterator[str]:
    found = [one for one in judged if one.stale]
    for one in found:
        assert one.deviation is not None
        yield f"listed as deviation {one.deviation.id}, but agrees: {one.answer.file}"
    if found:
        yield ""
