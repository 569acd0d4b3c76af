"""SAT solvers behind one narrow interface."""

from __future__ import annotations

from ksmcheck.solve.backends.backend import Backend
from ksmcheck.solve.backends.native import Native
from ksmcheck.text import InputError

NAMES = ("cadical", "glucose", "minisat")
DEFAULT = "cadical"


def open_backend(name: str) -> Backend:
    """A new solver; ``name`` is one of NAMES. Raises InputError for any other."""
    if name not in NAMES:
        raise InputError(f"there is no solver {name!r}", hint=f"solvers: {', '.join(NAMES)}")
    return Native(name)


__all__ = ["DEFAULT", "NAMES", "Backend", "open_backend"]
