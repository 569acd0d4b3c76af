"""When and how the exact tuple encoding joins the clauses of a base encoding.

The engine "tuple" starts with it. The lazy engine takes it in when judging candidates has become
much dearer than finding them, and for a flag that very many candidates do not raise.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from ksmcheck.cat.algebra import Check
from ksmcheck.cat.compile import CompiledCat
from ksmcheck.events.value_sets import TooManyValues
from ksmcheck.solve.base import Base
from ksmcheck.solve.refused import Refused

if TYPE_CHECKING:
    # Loaded where the encoding is asked for.
    from ksmcheck.solve.tuple_checks import TupleChecks

AS_ENGINE = 16_000_000
AS_HELP = 100_000
"""Clauses worth adding: a large formula makes every later search of the lazy engine slower."""

_CANDIDATES = 50
_PAIRS_A_CANDIDATE = 800
"""To encode a program of n events costs about as much as judging n * n / 800 candidates."""

_RATIO = 3.0


class NeedsOwnGround(Exception):
    """The exact encoding would join, and other sessions use the clauses too."""


class Exact:
    """``complete``: all requirements are encoded. ``refused``: why that cannot be, or None."""

    def __init__(self, base: Base, cat: CompiledCat, most: int, shared: bool = False) -> None:
        """``most``: clauses that the encoding may take, roughly. ``shared``: nothing may join."""
        self.shared = shared
        self.complete = False
        self.refused: str | None = None
        self._base = base
        self._cat = cat
        self._most = most
        self._checks: TupleChecks | None = None
        self._judged = 0
        self._solving = 0.0
        self._judging = 0.0

    def join(self) -> None:
        """Adds all requirements, unless they are refused."""
        if self.complete or self.refused is not None:
            return
        try:
            self._own(c for c in self._cat.checks if not c.flag).require_all()
        except (Refused, TooManyValues) as refusal:
            self.refused = str(refusal) or "too many values"
        else:
            self.complete = True

    def confine(self, known: int, check: Check) -> None:
        """Where literal ``known`` holds, the model raises the flag; nothing if that is refused."""
        with suppress(Refused, TooManyValues):
            self._base.gates.add(-known, self._own((check,)).raised(check))

    def spent(self, solving: float, judging: float) -> None:
        """One more candidate was judged and taught something; times in seconds."""
        self._judged += 1
        self._solving += solving
        self._judging += judging
        count = len(self._base.events)
        enough = _CANDIDATES + count * count // _PAIRS_A_CANDIDATE
        if self._judged > enough and self._judging > _RATIO * self._solving:
            self.join()

    def _own(self, checks: Iterable[Check]) -> TupleChecks:
        """The encoding, to be added to. Whether it is too large is known before a ground of our own
        is asked for."""
        sized = self._sized(checks)
        if self.shared:
            raise NeedsOwnGround
        return sized

    def _sized(self, checks: Iterable[Check]) -> TupleChecks:
        """The encoding, if these are not too large for it as a help."""
        if self._checks is None:
            from ksmcheck.solve.tuple_checks import TupleChecks

            self._checks = TupleChecks(self._base, self._cat, self._most)
        if self._most == AS_HELP and self._checks.size(checks) > AS_HELP:
            raise Refused("the exact encoding of the model is too large here")
        return self._checks
