"""Expressions of instructions on concrete numbers, with the events that they were computed from.

The replay's own reading of the operators; the compiler's is in ``events``.
"""

from __future__ import annotations

from collections.abc import Mapping

from ksmcheck.kernel.ints import IntType
from ksmcheck.program.ir import Const, Expr, Op, Use
from ksmcheck.record import Struct
from ksmcheck.text import InternalError

NOTHING: frozenset[int] = frozenset()


class Number(Struct, frozen=True):
    """A number in the range of the type that it was made for, and the ids of the events behind."""

    value: int
    reads: frozenset[int] = NOTHING


def fit(value: int, type: IntType) -> int:
    """The number of the type's range that is congruent to ``value``."""
    size = 1 << type.width
    value %= size
    return value - size if type.signed and 2 * value >= size else value


def value_of(expr: Expr, registers: Mapping[str, Number]) -> Number:
    """Registers that nothing was put into hold 0."""
    if isinstance(expr, Const):
        return Number(expr.value)
    if isinstance(expr, Use):
        known = registers.get(expr.reg)
        return Number(0) if known is None else Number(fit(known.value, expr.type), known.reads)
    if isinstance(expr, Op):
        args = [value_of(a, registers) for a in expr.args]
        if expr.op == "pick":  # the chosen arm is all that the result depends on
            return Number(fit((args[1] if args[0].value else args[2]).value, expr.type), _arm(args))
        if expr.op == "alone":
            return Number(fit(args[0].value, expr.type))
        if expr.op == "branch":  # stores wait for it, loads do not
            return Number(args[0].value, frozenset(min(r, ~r) for r in args[0].reads))
        reads = NOTHING.union(*(a.reads for a in args))
        return Number(fit(_apply(expr.op, [a.value for a in args]), expr.type), reads)
    raise InternalError(f"replay: {expr} in an instruction")


def _arm(args: list[Number]) -> frozenset[int]:
    return args[1].reads if args[0].value else args[2].reads


def _apply(op: str, v: list[int]) -> int:
    if op == "with":
        return v[0]
    if op == "ite":
        return v[1] if v[0] else v[2]
    if len(v) == 1:
        return {"cast": v[0], "neg": -v[0], "bitnot": -1 - v[0], "lnot": int(v[0] == 0)}[op]
    a, b = v
    if op in ("shl", "shr"):
        power = 1 << b
        return a * power if op == "shl" else a // power
    if op in ("div", "mod"):  # towards 0
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        return quotient if op == "div" else a - b * quotient
    table = {
        "add": a + b,
        "sub": a - b,
        "mul": a * b,
        "and": a & b,
        "or": a | b,
        "xor": a ^ b,
        "eq": a == b,
        "ne": a != b,
        "lt": a < b,
        "le": a <= b,
        "gt": a > b,
        "ge": a >= b,
        "land": a != 0 and b != 0,
        "lor": a != 0 or b != 0,
    }
    return int(table[op])
