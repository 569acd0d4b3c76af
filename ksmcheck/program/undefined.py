"""Arithmetic that C leaves undefined for some operands, and what is demanded so that it is not.

Division by zero and a shift by the width or more (C17 6.5.5, 6.5.7) are findings, like a wild
pointer: an assertion before the operation. The operation itself then gets an operand that is
always good, so that the rest of the execution, the finding reported, has values.
"""

from __future__ import annotations

from typing import NamedTuple

from ksmcheck.kernel.ints import S32, U64
from ksmcheck.kernel.types import IntegerType, promote
from ksmcheck.program import fold
from ksmcheck.program.ir import DIVISION, SHIFT, Const, Expr
from ksmcheck.program.values import Value


class Demand(NamedTuple):
    """``holds`` is demanded, ``right`` is the right operand where it holds and harmless elsewhere.

    The harmless operand is 1 for a division and 0 for a shift: both leave the left one alone.
    """

    kind: str
    holds: Expr
    right: Value


def demand(op: str, left: Value, right: Value) -> Demand | None:
    """What ``left op right`` demands of ``right``; None if nothing, or if it is a constant."""
    if not isinstance(left.type, IntegerType) or not isinstance(right.type, IntegerType):
        return None
    if isinstance(right.expr, Const):
        return None
    ints = right.type.ints
    if op in ("/", "%"):
        holds = fold.op("ne", S32, right.expr, Const(0, ints))
        kind, harmless = DIVISION, 1
    elif op in ("<<", ">>"):
        # As an unsigned number, so that a negative one is too large.
        width = Const(promote(left.type).ints.width, U64)
        holds = fold.op("lt", S32, fold.cast(U64, right.expr), width)
        kind, harmless = SHIFT, 0
    else:
        return None
    good = fold.op("ite", ints, holds, right.expr, Const(harmless, ints))
    return Demand(kind, holds, Value(good, right.type))
