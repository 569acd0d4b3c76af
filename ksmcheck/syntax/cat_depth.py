"""How deep a model may nest, and its functions call themselves.

Evaluators of cat call themselves for each level of an expression and for each call of a function,
and a function that takes a set of some hundred events apart needs a dozen of Python's frames for
each of them: more than the thousand that Python allows by itself.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Frames that C code calls, such as those of a generator in a `frozenset`, take 0.6 KB of the stack,
# which mostly has 8 MB; they are a quarter of all at most. Other frames take none.
_FRAMES = 20_000

TOO_DEEP = "this is nested too deeply, or calls itself without end"


@contextmanager
def deep() -> Iterator[None]:
    """Inside, Python allows the depth that models may have."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
