"""A run in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ksmcheck.batch.corpus.answer import ERROR, TIMEOUT, UNSUPPORTED
from ksmcheck.batch.corpus.judge import AGREES, DEVIATES, DISAGREES, UNJUDGED, Judged
from ksmcheck.batch.exit_codes import AS_EXPECTED, BUG, DIFFERENT, INCONCLUSIVE, INPUT, gravest

_CODES = {
    AGREES: AS_EXPECTED,
    DEVIATES: AS_EXPECTED,
    UNJUDGED: AS_EXPECTED,
    DISAGREES: DIFFERENT,
    UNSUPPORTED: INPUT,
    ERROR: BUG,
    TIMEOUT: INCONCLUSIVE,
}


def exit_code(judged: Sequence[Judged]) -> int:
    """The gravest of all tests."""
    return gravest(_CODES[one.outcome] for one in judged)


def summary_of(judged: Sequence[Judged], seconds: float, unlisted: int = 0) -> dict[str, Any]:
    """Counts by outcome, differences by kind, times in seconds (``seconds``: of the whole run).
    ``unlisted``: litmus files that the table of answers does not list."""
    counts = Counter(one.outcome for one in judged)
    wrong = [one.difference for one in judged if one.outcome == DISAGREES]
    return {
        "tests": len(judged),
        **{name.replace(" ", "_"): counts[name] for name in _CODES},
        "differ_in": {
            "observation": sum(d.observation is not None for d in wrong),
            "states": sum(d.states for d in wrong),
            "flags": sum(d.flags for d in wrong),
        },
        **({"not_listed": unlisted} if unlisted else {}),
        "seconds": round(seconds, 3),
        "cpu_of_tests": round(sum(one.answer.cpu for one in judged), 3),
        "exit_code": exit_code(judged),
    }


def summary_line(judged: Sequence[Judged], seconds: float, unlisted: int = 0) -> str:
    """``420 tests: 400 agree, 20 disagree (...), ...; 3.2 s``."""
    found = summary_of(judged, seconds)
    parts = [f"{found['agrees']} agree", f"{found['disagrees']} disagree"]
    if found["disagrees"]:
        kinds = ", ".join(f"{kind} {count}" for kind, count in found["differ_in"].items() if count)
        parts[-1] += f" ({kinds})"
    for name, words in (
        ("deviates", "deviate as listed"),
        ("nothing_expected", "without expectation"),
        ("timeout", "timed out"),
        ("unsupported", "unsupported"),
        ("error", "failed in ksmcheck"),
    ):
        if found[name]:
            parts.append(f"{found[name]} {words}")
    if unlisted:
        files = "1 file" if unlisted == 1 else f"{unlisted} files"
        parts.append(f"{files} not listed")
    tests = "1 test" if len(judged) == 1 else f"{len(judged)} tests"
    return f"{tests}: {', '.join(parts)}; {seconds:.1f} s"
