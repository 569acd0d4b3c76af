"""The collector of cyclic garbage, for processes that do nothing but check."""

from __future__ import annotations

import gc


def calm_collector() -> None:
    """Collects cyclic garbage rarely: a check makes many objects that live until it ends, and
    looking through them again and again is a third of its time."""
    gc.set_threshold(200_000, 20, 100)
