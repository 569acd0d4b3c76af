"""A verdict in plain values: what the gate compares, keeps on disk and reports."""

from __future__ import annotations

from ksmcheck.record import Struct
from ksmcheck.report.findings import Execution, Place


class Refusal(Struct, frozen=True):
    """Why there is no verdict: the test means nothing under the model, at ``place``."""

    message: str
    place: Place
    details: tuple[str, ...] = ()
    hint: str = ""


class Outcome(Struct, frozen=True):
    """``verdict`` as the terminal says it (``SAFE up to 4``, ``Sometimes``), but ``RACE`` where a
    flag of the model is raised; ``letter`` as in a suite's tables.

    ``reason`` says why UNKNOWN or VACUOUS; ``bound_at`` the loops whose bound is reached. Where
    there is a ``refusal``, the verdict is ``n/a`` and the letter REFUSED.
    """

    verdict: str
    letter: str
    config: str
    property: str
    seconds: float
    reason: str = ""
    bound_at: tuple[str, ...] = ()
    execution: Execution | None = None
    refusal: Refusal | None = None


REFUSED = "!"
NOT_KEPT = ("?", REFUSED)
"""Another run may have more time; and a refusal costs none."""


WORDS = {
    "S": ("SAFE",),
    "V": ("VIOLATED",),
    "R": ("RACE",),
    "Y": ("Sometimes", "Always"),
    "N": ("Never",),
    "K": ("SAFE up to k",),
    "0": ("VACUOUS",),
    "?": ("UNKNOWN",),
}
"""What a suite's letter may be as a verdict."""


def says_less(now: str, before: str) -> bool:
    """Whether a verdict proves less than another without contradicting it: UNKNOWN or nothing
    executed where there was an answer, a bound where there was none or a larger one."""
    if now in _NO_ANSWER:
        return before not in _NO_ANSWER or (now, before) == _NO_ANSWER
    mine, other = _bounded(now), _bounded(before)
    if mine is None or before in _NO_ANSWER:
        return False
    if other is None:
        return before == mine[0]
    return mine[0] == other[0] and mine[1] < other[1]


_NO_ANSWER = ("UNKNOWN", "VACUOUS")


def _bounded(verdict: str) -> tuple[str, int] | None:
    """``SAFE up to 4`` as its word and its bound."""
    word, _, bound = verdict.rpartition(" up to ")
    return (word, int(bound)) if bound.isdigit() else None
