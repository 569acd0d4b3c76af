"""Power instructions on the bits of the condition register, and comparisons and branches in their
general forms (Power ISA, Book I 2.4, 2.5 and 3.3.10).

The fourth bit of each field (summary overflow, or unordered) is not modelled: nothing here sets it.
"""

from __future__ import annotations

import re
from functools import partial

from ksmcheck.isa.dialect import Handler
from ksmcheck.isa.expressions import WORD, compare, negation, number, op
from ksmcheck.isa.micro import Go, Micros
from ksmcheck.isa.operands import Line, Operand
from ksmcheck.isa.power_operands import compared, field, value_of
from ksmcheck.kernel.ints import BOOL, IntType
from ksmcheck.program.ir import Expr, Set, Use

BITS = ("lt", "gt", "eq")
_NAMED = re.compile(r"(?:4\s*\*\s*)?cr([0-7])(?:\s*\*\s*4)?\s*\+\s*(lt|gt|eq|so|un)\Z", re.I)
_LOGIC: dict[str, tuple[str, bool, bool]] = {
    # the operator, whether the second is negated, whether the result is
    "crand": ("and", False, False),
    "cror": ("or", False, False),
    "crxor": ("xor", False, False),
    "crnand": ("and", False, True),
    "crnor": ("or", False, True),
    "creqv": ("xor", False, True),
    "crandc": ("and", True, False),
    "crorc": ("or", True, False),
}


def condition_bit(operand: Operand) -> str:
    """``2``, ``eq``, ``4*cr1+gt``: the register that stands for a bit of the condition register."""
    named = _NAMED.match(operand.text)
    if named is not None:
        index, bit = named[1], named[2].lower()
    elif operand.text.lower() in (*BITS, "so", "un"):
        index, bit = "0", operand.text.lower()
    else:
        place = operand.number()
        if place is None or not 0 <= place < 32:
            raise operand.wrong(
                f"'{operand.text}' is no bit of the condition register", "0 to 31, eq, 4*cr1+eq"
            )
        index, bit = str(place // 4), (*BITS, "so")[place % 4]
    if bit not in BITS:
        raise operand.wrong("a bit of the condition register for overflow is not modelled")
    return f"flag.cr{index}.{bit}"


def _logic(name: str, line: Line) -> Micros:
    """``crand 2,6,10``: what it is computed from is depended on, also where it cancels."""
    line.expect(3)
    dst, one, two = (condition_bit(operand) for operand in line.operands)
    return _combined(name, dst, one, two)


def _combined(name: str, dst: str, one: str, two: str) -> Micros:
    operator, inverted, negated = _LOGIC[name]
    right: Expr = Use(two, BOOL)
    value: Expr = op(operator, BOOL, Use(one, BOOL), negation(right) if inverted else right)
    return (Set(dst, negation(value) if negated else value),)


def _short(name: str, line: Line) -> Micros:
    """``crset 2``, ``crclr 2``, ``crmove 2,6``, ``crnot 2,6``: one operand counts twice."""
    line.expect(2 if name in ("cror", "crnor") else 1)
    dst, source = condition_bit(line[0]), condition_bit(line.operands[-1])
    return _combined(name, dst, source, source)


def _copy(line: Line) -> Micros:
    """``mcrf cr1,cr0``."""
    line.expect(2)
    dst, source = field(line[0]), field(line[1])
    return tuple(Set(f"{dst}.{bit}", Use(f"{source}.{bit}", BOOL)) for bit in BITS)


def _compare(signed: bool, immediate: bool, line: Line) -> Micros:
    """``cmp cr0,1,r1,r2``: of doublewords (1) or words (0)."""
    line.expect(4)
    where, wide = field(line[0]), line[1].immediate()
    if wide not in (0, 1):
        raise line[1].wrong("0 compares words, 1 doublewords")
    right: Expr = number(line[3].immediate()) if immediate else value_of(line[3])
    return compared(where, IntType(64 if wide else 32, signed), value_of(line[2]), right)


def _branch(line: Line) -> Micros:
    """``bc 12,2,L``: if the bit is 1 (4: is 0; 20: always); 16 and 18 count down, and jump if the
    count is not 0, or is. Hints in the number change nothing."""
    line.expect(3)
    kind, where = line[0].immediate(), line[2].label()
    if kind & ~0b1011 == 0b10100:
        return (Go(None, where),)
    if kind & ~0b11 in (0b00100, 0b01100):
        bit = Use(condition_bit(line[1]), BOOL)
        return (Go(bit if kind & 8 else negation(bit), where),)
    if kind & ~0b1001 in (0b10000, 0b10010):
        down = Set("ctr", op("sub", WORD, Use("ctr", WORD), number(1)))
        name = "eq" if kind & 2 else "ne"
        return down, Go(compare(name, WORD, Use("ctr", WORD), number(0)), where)
    raise line[0].wrong(f"bc {kind} is not supported", "12 (the bit is 1), 4 (is 0), 16, 18, 20")


def conditions() -> dict[str, Handler]:
    """The handlers by mnemonic."""
    table: dict[str, Handler] = {name: partial(_logic, name) for name in _LOGIC}
    for mnemonic, name in (
        ("crset", "creqv"),
        ("crclr", "crxor"),
        ("crmove", "cror"),
        ("crnot", "crnor"),
    ):
        table[mnemonic] = partial(_short, name)
    for end, immediate in (("", False), ("i", True)):
        table["cmp" + end] = partial(_compare, True, immediate)
        table["cmpl" + end] = partial(_compare, False, immediate)
    return table | {"mcrf": _copy, "bc": _branch}
