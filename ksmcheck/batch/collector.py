"""The collector of cyclic garbage, for processes that do nothing but check."""

from __future__ import annotations

import atexit
import gc


def calm_collector() -> None:
    """Collects cyclic garbage rarely: a check makes many objects that live until it ends, and
    looking through them again and again is a third of its time. What is large is freed by counting
    references: there are no cycles in it."""
    gc.set_threshold(1_000_000, 20, 100)
    # The interpreter looks through everything once more as it ends, though the memory is the
    # system's again a moment later: that was a seventh of a tiny check.
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
