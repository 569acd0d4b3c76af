"""What may be done to a named place of a test, as a value."""

from __future__ import annotations

from ksmcheck.record import Struct

REMOVE = "remove"
WEAKEN = "weaken"
STRENGTHEN = "strengthen"
REPLACE = "replace"
MOVE = "move"
DROP = "drop"
INSERT = "insert"

KINDS = (REMOVE, WEAKEN, STRENGTHEN, REPLACE, MOVE, DROP, INSERT)

PLAIN = "plain"
"""The ``to`` of a marked access that becomes a plain one."""

UP, DOWN = "up", "down"


class Change(Struct, frozen=True, order=True):
    """One mutation of a test.

    ``site`` is the name of a place as ``ksmcheck sites`` shows it; for INSERT ``FILE:LINE`` of the
    statement before which a barrier comes, or ``FILE:LINE:COLUMN``. ``to`` is, for WEAKEN,
    STRENGTHEN and REPLACE, the primitive that it becomes (or ``plain``), for MOVE ``up`` or
    ``down``, for INSERT the barrier.
    """

    site: str
    kind: str
    to: str = ""

    def __str__(self) -> str:
        """As a phrase: ``weaken smp_mb@P0 to smp_wmb``."""
        if self.kind == INSERT:
            return f"insert {self.to} before {self.site}"
        return f"{self.kind} {self.site}{self._towards}"

    @property
    def what(self) -> str:
        """The phrase without the place: ``weaken to smp_wmb``."""
        return f"{self.kind}{self._towards}"

    @property
    def _towards(self) -> str:
        if not self.to:
            return ""
        return f" {self.to}" if self.kind == MOVE else f" to {self.to}"
