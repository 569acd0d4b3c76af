"""C's integers: widths, signedness, wrap-around, and the operators on them.

Source: ISO C17 6.3.1 (conversions) and 6.5 (operators); signed overflow wraps, as the kernel is
built with -fno-strict-overflow. LP64.
"""

from __future__ import annotations

from collections.abc import Callable

from ksmcheck.record import Struct


class IntType(Struct, frozen=True):
    """An integer type: ``width`` in bits (1, 8, 16, 32, 64) and whether it is signed."""

    width: int
    signed: bool

    def wrap(self, value: int) -> int:
        """The value of this type that is congruent to ``value`` modulo 2**width."""
        value &= (1 << self.width) - 1
        if self.signed and value >> (self.width - 1):
            return value - (1 << self.width)
        return value

    def raw(self, value: int) -> int:
        """The memory image of ``value``: an unsigned number of ``width`` bits."""
        return value & ((1 << self.width) - 1)

    def __str__(self) -> str:
        return f"{'s' if self.signed else 'u'}{self.width}"


def unsigned(width: int) -> IntType:
    """The unsigned type of a width."""
    return _UNSIGNED.get(width) or IntType(width, False)


BOOL = IntType(1, False)
U8 = IntType(8, False)
S32 = IntType(32, True)
U32 = IntType(32, False)
S64 = IntType(64, True)
U64 = IntType(64, False)
ADDRESS = U64
_UNSIGNED = {1: BOOL, 8: U8, 16: IntType(16, False), 32: U32, 64: U64}


def passing(source: IntType, middle: IntType, goal: IntType) -> bool:
    """Whether a conversion from ``source`` to ``goal`` by way of ``middle`` is that without it."""
    return middle.width >= goal.width or _holds(middle, source)


def _holds(type: IntType, values: IntType) -> bool:
    """Whether ``type`` represents every value of type ``values``."""
    if type.signed == values.signed:
        return type.width >= values.width
    return type.signed and type.width > values.width


def conversions(source: IntType, goals: tuple[IntType, ...]) -> tuple[IntType, ...]:
    """Those of the conversions from ``source`` to one goal after the other that change a value.
    ``_Bool`` asks whether a value is 0, and is left as it stands."""
    kept = [source]
    for goal in goals:
        while goal != BOOL and len(kept) > 1 and passing(kept[-2], kept[-1], goal):
            kept.pop()
        if goal != kept[-1]:
            kept.append(goal)
    return tuple(kept[1:])


class DivisionByZero(ArithmeticError):
    """``/`` or ``%`` by zero, or a shift by the width or more: C gives it no meaning."""


def _div(a: int, b: int) -> int:
    if b == 0:
        raise DivisionByZero
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def _mod(a: int, b: int) -> int:
    return a - b * _div(a, b)


def _shift(a: int, b: int) -> int:
    if not 0 <= b < 64:
        raise DivisionByZero
    return a << b


def _shift_right(a: int, b: int) -> int:
    if not 0 <= b < 64:
        raise DivisionByZero
    return a >> b


def _lowest(a: int) -> int:
    return (a & -a).bit_length() - 1 if a else 63


def _highest(a: int) -> int:
    return max(a.bit_length() - 1, 0)


OPERATORS: dict[str, Callable[..., int]] = {
    "neg": lambda a: -a,
    "bitnot": lambda a: ~a,
    "lnot": lambda a: int(not a),
    "lowest": _lowest,
    "highest": _highest,
    "weight": lambda a: a.bit_count(),
    "cast": lambda a: a,
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": _div,
    "mod": _mod,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "shl": _shift,
    "shr": _shift_right,
    "eq": lambda a, b: int(a == b),
    "ne": lambda a, b: int(a != b),
    "lt": lambda a, b: int(a < b),
    "le": lambda a, b: int(a <= b),
    "gt": lambda a, b: int(a > b),
    "ge": lambda a, b: int(a >= b),
    "land": lambda a, b: int(bool(a) and bool(b)),
    "lor": lambda a, b: int(bool(a) or bool(b)),
    "ite": lambda c, a, b: a if c else b,
    "pick": lambda c, a, b: a if c else b,
    "alone": lambda a: a,
    "with": lambda a, *_: a,
    "branch": lambda a: a,
}
"""Operators on normalised values; the caller wraps the result to the operation's type. ``lowest``
and ``highest`` (the number of such a bit that is 1, of 0 as halving finds it: 63 and 0) and
``weight`` (how many are) are of unsigned words of 64 bits."""


def apply(op: str, type: IntType, args: tuple[int, ...]) -> int:
    """The value of ``op`` on normalised arguments, normalised to ``type``.

    Raises DivisionByZero where C leaves the result undefined.
    """
    return type.wrap(OPERATORS[op](*args))
