"""Conversions that change nothing, against conversions of values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ksmcheck.kernel.ints import BOOL, S32, S64, U8, IntType, conversions

TYPES = [IntType(width, signed) for width in (8, 16, 32, 64) for signed in (False, True)]
types = st.sampled_from(TYPES)
# Many end in zeros: a narrow type makes 0 of them, and then _Bool is another than without it.
numbers = st.builds(lambda n, k: n << k, st.integers(-(2**17), 2**17), st.integers(0, 48))


def through(value: int, goals: tuple[IntType, ...]) -> int:
    for goal in goals:
        value = int(value != 0) if goal == BOOL else goal.wrap(value)
    return value


@given(types, st.lists(st.sampled_from([*TYPES, BOOL])).map(tuple), numbers)
def test_what_is_left_converts_alike(source: IntType, goals: tuple[IntType, ...], n: int) -> None:
    value = source.wrap(n)
    left = conversions(source, goals)
    assert through(value, left) == through(value, goals)
    assert conversions(source, left) == left
    assert all(a != b for a, b in zip((source, *left), left, strict=False))


def test_a_cast_to_bool_asks_the_narrow_value() -> None:
    """C17 6.3.1.2: ``(_Bool)(u8)256`` is 0, ``(_Bool)256`` is 1."""
    assert conversions(S32, (U8, BOOL)) == (U8, BOOL)


def test_a_wider_type_on_the_way_is_left_out() -> None:
    """C17 6.3.1.3 p1: a value that the type on the way represents is unchanged by it."""
    assert conversions(U8, (S32, S64)) == (S64,)
    assert conversions(IntType(8, True), (IntType(32, False), S64)) == (IntType(32, False), S64)
