"""C's operators on numbers (ISO C17 6.5)."""

from __future__ import annotations

import pytest

from ksmcheck.kernel.ints import S32, S64, U8, U64, DivisionByZero, IntType, apply


@pytest.mark.parametrize(
    ("op", "type", "args", "result"),
    [
        # 6.5.5 p6: towards 0, and (a / b) * b + a % b is a.
        ("div", S32, (-7, 2), -3),
        ("mod", S32, (-7, 2), -1),
        ("div", S32, (7, -2), -3),
        ("mod", S32, (7, -2), 1),
        ("div", S32, (-7, -2), 3),
        # 6.5.7: the sign is kept, as gcc has it; bit 63 is the last one.
        ("shr", S64, (-8, 1), -4),
        ("shl", U64, (1, 63), 1 << 63),
        ("shr", U64, (1 << 63, 63), 1),
        # -fno-strict-overflow: it wraps.
        ("add", S32, (2**31 - 1, 1), -(2**31)),
        ("neg", U8, (1,), 255),
        ("lnot", S32, (5,), 0),
    ],
)
def test_value(op: str, type: IntType, args: tuple[int, ...], result: int) -> None:
    assert apply(op, type, args) == result


@pytest.mark.parametrize("op", ["div", "mod"])
def test_by_zero(op: str) -> None:
    with pytest.raises(DivisionByZero):
        apply(op, S32, (1, 0))


@pytest.mark.parametrize("op", ["shl", "shr"])
@pytest.mark.parametrize("places", [-1, 64])
def test_a_shift_out_of_the_widest_type(op: str, places: int) -> None:
    with pytest.raises(DivisionByZero):
        apply(op, U64, (1, places))
