"""AArch64 instructions that set the flags from flags (Arm ARM C6.2): with carry, conditional.

What a condition selects is a pick dependency, as with CSEL (``select``).
"""

from __future__ import annotations

from functools import partial

from ksmcheck.isa.aarch64_arithmetic import CONDITIONS, C, difference_flags, sum_flags
from ksmcheck.isa.aarch64_operands import assign, register, value_of
from ksmcheck.isa.dialect import Handler
from ksmcheck.isa.expressions import WORD, both, compare, either, negation, number, op, select
from ksmcheck.isa.micro import Micros
from ksmcheck.isa.operands import Line
from ksmcheck.kernel.ints import BOOL, S32, U32, IntType
from ksmcheck.program.ir import Expr, Op, Set, Use

_HELD = Use("held", WORD)
_CHOSEN = Use("flag.chosen", BOOL)


def _with_carry(invert: bool, flags: bool, line: Line) -> Micros:
    """``ADC X0,X1,X2``; SBC adds the complement; ADCS and SBCS set the flags."""
    line.expect(3)
    return _sum(line, value_of(line[1]), value_of(line[2]), invert, flags)


def _negated(flags: bool, line: Line) -> Micros:
    """``NGC X0,X1``: SBC of 0."""
    line.expect(2)
    right = value_of(line[1])
    return _sum(line, number(0, right.type), right, True, flags)


def _sum(line: Line, left: Expr, right: Expr, invert: bool, flags: bool) -> Micros:
    dst, width = register(line[0])
    type = WORD if width == 64 else U32
    if invert:
        right = Op("bitnot", (right,), type)
    total = op("add", type, op("add", type, left, right), Op("cast", (C,), type))
    if not flags:
        return assign(dst, total)
    signed = IntType(width, True)
    negative, wrapped = compare("lt", signed, total, number(0)), compare("lt", type, total, left)
    odd = [
        compare("ne", S32, compare("lt", signed, side, number(0)), negative)
        for side in (left, right)
    ]
    return (
        Set(_HELD.reg, Op("cast", (total,), WORD)),  # before the carry in it is another
        Set("flag.N", negative),
        Set("flag.Z", compare("eq", type, total, number(0))),
        Set("flag.V", both(odd[0], odd[1])),
        Set("flag.C", either(wrapped, both(C, compare("eq", type, total, left)))),
        *assign(dst, _HELD),
    )


def _compare_if(name: str, line: Line) -> Micros:
    """``CCMP X0,X1,#4,NE``: compared if the condition holds, else the number is the flags."""
    line.expect(4)
    left, condition, other = value_of(line[0]), CONDITIONS.get(line[3].text.upper()), line[2]
    if condition is None:
        raise line[3].wrong(f"'{line[3].text}' is not a condition", "EQ, NE, LT, GE, ...")
    otherwise = other.immediate()
    if not 0 <= otherwise < 16:
        raise other.wrong("the flags are a number of 4 bits")
    constant = line[1].number()
    right = value_of(line[1]) if constant is None else number(constant, left.type)
    compared = (difference_flags if name == "sub" else sum_flags)(left.type, left, right)
    chosen: list[Set] = []
    for micro, bit in zip(compared, (8, 4, 2, 1), strict=True):
        assert isinstance(micro, Set)
        arms = micro.expr, number(int(bool(otherwise & bit)), BOOL)
        chosen.append(Set(micro.reg, select(BOOL, _CHOSEN, *arms)))
    return (Set(_CHOSEN.reg, condition), *chosen)


def _invert_carry(line: Line) -> Micros:
    line.expect(0)
    return (Set("flag.C", negation(C)),)


def flags() -> dict[str, Handler]:
    """The handlers by mnemonic."""
    return {
        "ADC": partial(_with_carry, False, False),
        "ADCS": partial(_with_carry, False, True),
        "SBC": partial(_with_carry, True, False),
        "SBCS": partial(_with_carry, True, True),
        "NGC": partial(_negated, False),
        "NGCS": partial(_negated, True),
        "CCMP": partial(_compare_if, "sub"),
        "CCMN": partial(_compare_if, "add"),
        "CFINV": _invert_carry,
    }
