"""ksmcheck: a weak-memory-model concurrency checker for Linux-kernel C."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # For type checkers, which know the package of this name as a module that cannot be called.
    from ksmcheck.whatif.api import whatif as whatif

__version__ = "0.1.0"

_API = {"check": "ksmcheck.check", "load": "ksmcheck.check"}


def __getattr__(name: str) -> Any:
    # Resolved on first use: importing ksmcheck must not import a solver or a parser.
    from importlib import import_module

    if name == "whatif":
        return import_module("ksmcheck.whatif")  # the package itself can be called
    if name in _API:
        return getattr(import_module(_API[name]), name)
    raise AttributeError(f"module 'ksmcheck' has no attribute {name!r}")
