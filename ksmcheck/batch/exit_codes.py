"""Exit codes: of one verdict, and of many (the gravest, in the order 3, 2, 1, 5, 4, 0)."""

from __future__ import annotations

from collections.abc import Iterable

from ksmcheck.check.verdict import BOUNDED, UNKNOWN, VACUOUS, VIOLATED, Verdict

AS_EXPECTED, DIFFERENT, INPUT, BUG, INCONCLUSIVE, EMPTY = 0, 1, 2, 3, 4, 5

SIGNAL = 130
"""What a shell says of a process that SIGINT ended; of no verdict."""

_GRAVITY = (BUG, INPUT, DIFFERENT, EMPTY, INCONCLUSIVE, AS_EXPECTED)


def code_of(verdict: Verdict, *, allow_bounded: bool = False) -> int:
    """The exit code of one verdict of which nothing is expected."""
    if verdict.verdict == UNKNOWN or (verdict.verdict == BOUNDED and not allow_bounded):
        return INCONCLUSIVE
    if verdict.verdict == VACUOUS:
        return EMPTY
    return DIFFERENT if verdict.verdict == VIOLATED else AS_EXPECTED


def gravest(codes: Iterable[int]) -> int:
    """The exit code of a batch."""
    return min(codes, key=_GRAVITY.index, default=AS_EXPECTED)
