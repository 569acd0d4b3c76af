"""Numbers that are written otherwise and are the same: ``0x200`` for ``512``."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HEXADECIMAL = re.compile(r"(?<![\w.])0[xX]([0-9a-fA-F]+)(?![\w.])")
_INT_MAX = 0x7FFFFFFF


def as_now(before: Sequence[str], now: Sequence[str]) -> tuple[str, ...]:
    """The lines that were recorded, those that say what a line of now says as that one does."""
    spelt = {_plainly(line): line for line in now}
    kept = set(now)
    return tuple(line if line in kept else spelt.get(_plainly(line), line) for line in before)


def _plainly(line: str) -> str:
    return _HEXADECIMAL.sub(_decimal, line)


def _decimal(found: re.Match[str]) -> str:
    """C17 6.4.4.1: up to INT_MAX both are ints; above, only the hexadecimal one may be unsigned."""
    value = int(found[1], 16)
    return str(value) if value <= _INT_MAX else found[0]
