"""A failing program made as small as it goes."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from tests.random.tree import Program, smaller


def shrink(program: Program, fails: Callable[[Program], bool], seconds: float = 60.0) -> Program:
    """A program that still fails and of which no piece can be taken away (or the time is over)."""
    end = monotonic() + seconds
    again = True
    while again and monotonic() < end:
        again = False
        for less in smaller(program):
            if monotonic() >= end:
                break
            if fails(less):
                program, again = less, True
                break
    return program
