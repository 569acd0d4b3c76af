"""Short names for expressions over registers, as instruction tables need them.

Registers hold numbers of ``WORD``; an operation of another width casts its operands to that and its
result back (without a sign, as the machines of 64 bits do it unless they say otherwise).
"""

from __future__ import annotations

from ksmcheck.kernel.ints import ADDRESS, BOOL, IntType
from ksmcheck.program.ir import Const, Expr, Op, Use

WORD = ADDRESS


def number(value: int, type: IntType = WORD) -> Const:
    return Const(type.wrap(value), type)


def cast(type: IntType, expr: Expr) -> Expr:
    if isinstance(expr, Const):
        return number(expr.value, type)
    if isinstance(expr, Use) and type.width <= expr.type.width:
        return Use(expr.reg, type)
    return expr if expr.type == type else Op("cast", (expr,), type)


def op(name: str, type: IntType, *args: Expr) -> Op:
    """An operator on operands of ``type``."""
    return Op(name, tuple(cast(type, a) for a in args), type)


def shift(name: str, type: IntType, value: Expr, amount: Expr) -> Op:
    """A shift; the amount counts modulo the width, as machines have it."""
    return Op(name, (cast(type, value), op("and", WORD, amount, number(type.width - 1))), type)


def shift_out(name: str, type: IntType, value: Expr, amount: Expr, bits: int) -> Expr:
    """A shift by the low ``bits`` of ``amount``: further than the width nothing is left, but the
    sign of a signed type."""
    places = op("and", WORD, amount, number((1 << bits) - 1))
    near = compare("lt", WORD, places, number(type.width))
    moved = shift(name, type, value, places)
    last = shift(name, type, value, number(type.width - 1))
    beyond: Expr = last if type.signed and name == "shr" else number(0, type)
    return Op("ite", (near, moved, beyond), type)


def high_product(left: IntType, right: IntType, one: Expr, two: Expr) -> Expr:
    """The upper half of the product of two numbers of one width, each signed as its type is.

    It has twice their width, and the shift by it is made in two: no type here is shifted by 64.
    """
    width = left.width
    double = IntType(2 * width, left.signed)
    product = op("mul", double, cast(double, cast(left, one)), cast(double, cast(right, two)))
    half = shift("shr", double, product, number(width // 2))
    return cast(IntType(width, False), shift("shr", double, half, number(width // 2)))


def compare(name: str, type: IntType, left: Expr, right: Expr) -> Op:
    """A comparison of operands of ``type``: 0 or 1."""
    return Op(name, (cast(type, left), cast(type, right)), BOOL)


def select(type: IntType, condition: Expr, first: Expr, second: Expr) -> Op:
    """The one or the other. What the condition was computed from picks the result: that makes
    stores wait, as a branch does, and no loads (Arm ARM B2.3, pick dependency)."""
    chosen = Op("pick", (condition, first, second), type)
    return Op("with", (chosen, Op("branch", (condition,), BOOL)), type)


def negation(expr: Expr) -> Expr:
    return Op("lnot", (expr,), BOOL)


def both(left: Expr, right: Expr) -> Expr:
    return Op("land", (left, right), BOOL)


def either(left: Expr, right: Expr) -> Expr:
    return Op("lor", (left, right), BOOL)
