"""ksmcheck: a weak-memory-model concurrency checker for Linux-kernel C."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # For type checkers, which know packages of these names as modules that cannot be called.
    from ksmcheck.check.check import check as check
    from ksmcheck.check.check import load as load
    from ksmcheck.whatif.api import whatif as whatif

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Resolved on first use: importing ksmcheck must not import a solver or a parser.
    from importlib import import_module

    if name in ("check", "whatif"):
        return import_module(f"ksmcheck.{name}")  # the package itself can be called
    if name == "load":
        return import_module("ksmcheck.check").load
    raise AttributeError(f"module 'ksmcheck' has no attribute {name!r}")
