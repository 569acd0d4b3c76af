"""A session that is opened when it is first asked: most tests without a turn need no solver."""

from __future__ import annotations

from collections.abc import Callable

from ksmcheck.solve.limits import Limits
from ksmcheck.solve.session import Session


class Deferred:
    """``opens`` gives the session."""

    def __init__(self, opens: Callable[[], Session]) -> None:
        self._opens = opens
        self._opened: Session | None = None

    @property
    def session(self) -> Session:
        if self._opened is None:
            self._opened = self._opens()
        return self._opened

    def limit(self, limits: Limits) -> None:
        """New limits from now on. (A session that is not opened yet begins with those of its
        request.)"""
        if self._opened is not None:
            self._opened.limit(limits)

    def close(self) -> None:
        """Frees the solver, if it was asked."""
        if self._opened is not None:
            self._opened.close()
