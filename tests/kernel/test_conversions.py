"""Conversions that change nothing, against conversions of values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ksmcheck.kernel.ints import BOOL, IntType, conversions

TYPES = [IntType(width, signed) for width in (8, 16, 32, 64) for signed in (False, True)]
types = st.sampled_from(TYPES)


def through(value: int, goals: tuple[IntType, ...]) -> int:
    for goal in goals:
        value = int(value != 0) if goal == BOOL else goal.wrap(value)
    return value


@given(types, st.lists(st.sampled_from([*TYPES, BOOL])).map(tuple), st.integers(-(2**64), 2**64))
def test_what_is_left_converts_alike(source: IntType, goals: tuple[IntType, ...], n: int) -> None:
    value = source.wrap(n)
    left = conversions(source, goals)
    assert through(value, left) == through(value, goals)
    assert conversions(source, left) == left
    assert all(a != b for a, b in zip((source, *left), left, strict=False))
