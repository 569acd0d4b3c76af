"""SAT solvers behind one narrow interface."""

from __future__ import annotations

from ksmcheck.solve.backends.backend import Backend
from ksmcheck.solve.backends.native import Native
from ksmcheck.text import InputError

NAMES = ("cadical", "glucose", "minisat", "z3", "both")
DEFAULT = "cadical"


def open_backend(name: str) -> Backend:
    """A new solver; ``name`` is one of NAMES. Raises InputError for any other.

    ``both`` is CaDiCaL and z3, which have to agree.
    """
    if name not in NAMES:
        raise InputError(f"there is no solver {name!r}", hint=f"solvers: {', '.join(NAMES)}")
    if name == "z3":
        return _z3()
    if name == "both":
        from ksmcheck.solve.backends.both import Both

        return Both(Native(DEFAULT), _z3())
    return Native(name)


def _z3() -> Backend:
    from ksmcheck.solve.backends.z3 import Z3

    return Z3()


__all__ = ["DEFAULT", "NAMES", "Backend", "open_backend"]
