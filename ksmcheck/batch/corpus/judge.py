"""An answer beside what was expected."""

from __future__ import annotations

from ksmcheck.batch.corpus.answer import ANSWERED, Answer
from ksmcheck.batch.corpus.deviations import Deviation
from ksmcheck.batch.corpus.expected import Expected
from ksmcheck.record import Struct

AGREES, DISAGREES, DEVIATES, UNJUDGED = "agrees", "disagrees", "deviates", "nothing expected"


class Difference(Struct, frozen=True):
    """What is not as expected. ``observation``: ours and theirs, where they differ.

    ``missing`` states (and ``missing_flags``) are theirs alone, ``extra`` ones ours alone.
    """

    observation: tuple[str | None, str] | None = None
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    missing_flags: tuple[str, ...] = ()
    extra_flags: tuple[str, ...] = ()

    @property
    def states(self) -> bool:
        return bool(self.missing or self.extra)

    @property
    def flags(self) -> bool:
        return bool(self.missing_flags or self.extra_flags)

    def __bool__(self) -> bool:
        return bool(self.observation or self.states or self.flags)


class Judged(Struct, frozen=True):
    """``outcome``: agrees, disagrees, deviates, nothing expected, or why there is no answer
    (timeout, unsupported, error). ``deviation`` is the one listed for the test, if any."""

    answer: Answer
    expected: Expected | None
    outcome: str
    difference: Difference
    deviation: Deviation | None = None

    @property
    def stale(self) -> bool:
        """A deviation is listed, and there is none."""
        return self.deviation is not None and self.outcome == AGREES


def judge(answer: Answer, expected: Expected | None, deviation: Deviation | None) -> Judged:
    """Compares what both sides speak of: in verdict mode, or beside a comment, not the states."""
    none = Difference()
    if answer.status != ANSWERED:
        return Judged(answer, expected, answer.status, none, deviation)
    if expected is None or (expected.observation is None and answer.flags is None):
        return Judged(answer, expected, UNJUDGED, none, deviation)
    found = difference(answer, expected)
    outcome = DISAGREES if found else AGREES
    if found and deviation is not None and deviation.observation in (None, answer.observation):
        outcome = DEVIATES
    return Judged(answer, expected, outcome, found, deviation)


def difference(answer: Answer, expected: Expected) -> Difference:
    """All that differs between an answer and an expectation."""
    word = expected.observation
    differs = word is not None and word != answer.observation
    ours, theirs = _both(answer.states, expected.states)
    our_flags, their_flags = _both(answer.flags, expected.flags)
    return Difference(
        observation=(answer.observation, word) if differs and word is not None else None,
        missing=tuple(sorted(theirs - ours)),
        extra=tuple(sorted(ours - theirs)),
        missing_flags=tuple(sorted(their_flags - our_flags)),
        extra_flags=tuple(sorted(our_flags - their_flags)),
    )


def _both(
    ours: tuple[str, ...] | None, theirs: frozenset[str] | None
) -> tuple[frozenset[str], frozenset[str]]:
    """Two sets to compare; two empty ones where one side says nothing."""
    if ours is None or theirs is None:
        return frozenset(), frozenset()
    return frozenset(ours), theirs
