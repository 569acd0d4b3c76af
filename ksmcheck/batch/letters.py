"""Verdicts as the one-letter cells of a suite's table."""

from __future__ import annotations

from ksmcheck.check.verdict import BOUNDED, SAFE, UNKNOWN, VACUOUS, VIOLATED, Verdict

WORDS = {
    "S": "safe",
    "V": "violated",
    "R": "race",
    "Y": "reachable",
    "N": "unreachable",
    "K": "safe up to k",
    "0": "vacuous",
    "?": "unknown",
    "-": "n/a",
}


_RACE = "data-race"


def letter_of(verdict: Verdict) -> str:
    """The letter of a verdict; ``R`` where LKMM's data-race flag is what is violated, but ``V``
    where the flags say something else (a lock that nobody releases)."""
    if verdict.flags:
        return "R" if _RACE in verdict.flags else "V"
    if verdict.observation is not None and verdict.verdict in (SAFE, BOUNDED):
        # What was seen stays so: but more rounds may show it, or that another property fails.
        never = verdict.observation == "Never"
        if verdict.verdict == BOUNDED and (never or set(verdict.properties) - {"exists"}):
            return "K"
        return "N" if never else "Y"
    return {SAFE: "S", VIOLATED: "V", BOUNDED: "K", VACUOUS: "0", UNKNOWN: "?"}[verdict.verdict]
