"""Arithmetic that C leaves undefined for some operands, and what is demanded so that it is not.

Division by zero, of the least number by -1, and a shift by the width or more (C17 6.5.5, 6.5.7) are
findings, like a wild pointer: an assertion before the operation. The operation itself then gets an
operand that is always good, so that the rest of the execution, the finding reported, has values.
The kernel is built with -fno-strict-overflow, which gives sums and products a meaning, but not this
quotient: x86 traps.
"""

from __future__ import annotations

from functools import reduce
from typing import NamedTuple

from ksmcheck.kernel.ints import S32, U64, IntType
from ksmcheck.kernel.types import IntegerType, common, promote
from ksmcheck.program import fold
from ksmcheck.program.ir import DIVISION, OVERFLOW, SHIFT, Const, Expr
from ksmcheck.program.values import Value


class Demand(NamedTuple):
    """``checks`` are demanded (kind, and what has to hold); ``right`` is the right operand where
    they hold and harmless elsewhere.

    The harmless operand is 1 for a division and 0 for a shift: both leave the left one alone.
    """

    checks: tuple[tuple[str, Expr], ...]
    right: Value


def demand(op: str, left: Value, right: Value) -> Demand | None:
    """What ``left op right`` demands of its operands; None if nothing, or if that is known."""
    if not isinstance(left.type, IntegerType) or not isinstance(right.type, IntegerType):
        return None
    ints = right.type.ints
    checks: list[tuple[str, Expr]] = []
    harmless = 1 if op in ("/", "%") else 0
    if op in ("/", "%"):
        if not isinstance(right.expr, Const):
            checks.append((DIVISION, fold.op("ne", S32, right.expr, Const(0, ints))))
        checks += _fits(left, right, common(left.type, right.type).ints)
    elif op in ("<<", ">>") and not isinstance(right.expr, Const):
        # As an unsigned number, so that a negative one is too large.
        width = Const(promote(left.type).ints.width, U64)
        checks.append((SHIFT, fold.op("lt", S32, fold.cast(U64, right.expr), width)))
    if not checks:
        return None
    holds = reduce(lambda a, b: fold.op("land", S32, a, b), [holds for _, holds in checks])
    good = fold.op("ite", ints, holds, right.expr, Const(harmless, ints))
    return Demand(tuple(checks), Value(good, right.type))


def _fits(left: Value, right: Value, type: IntType) -> list[tuple[str, Expr]]:
    """That the least number is not divided by -1, unless it is plain that it is not."""
    if not type.signed:
        return []
    # Also where it is divided by 0, which is refused as long as that is seen to be a constant.
    if isinstance(right.expr, Const) and type.wrap(right.expr.value) != -1:
        return []
    least, minus = Const(-(1 << (type.width - 1)), type), Const(-1, type)
    differ = [
        fold.op("ne", S32, fold.cast(type, side.expr), number)
        for side, number in ((left, least), (right, minus))
    ]
    holds = fold.op("lor", S32, *differ)
    return [] if isinstance(holds, Const) and holds.value else [(OVERFLOW, holds)]
