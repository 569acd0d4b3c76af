"""x86 instructions that compute and are rarer than those of ``x86`` (Intel SDM volume 2): products,
sums with carry, rotations, scans and counts of bits. Flags that the manual leaves open stay as they
are."""

from __future__ import annotations

from functools import partial

from ksmcheck.isa.dialect import Handler
from ksmcheck.isa.expressions import (
    WORD,
    both,
    cast,
    compare,
    either,
    high_product,
    negation,
    number,
    op,
    shift,
)
from ksmcheck.isa.micro import Go, Micros
from ksmcheck.isa.operands import Line
from ksmcheck.isa.x86_bits import count_of, overflow_of_one, top_bits_differ
from ksmcheck.isa.x86_operands import Form, canonical64, form_of
from ksmcheck.kernel.ints import BOOL, S32, IntType
from ksmcheck.program.ir import Expr, Op, Set, Use

_OLD, _TOTAL = "(old)", "(total)"
_C = Use("flag.C", BOOL)


def _whole(form: Form, letter: str) -> str:
    """The register that an instruction does not name: ``a`` or ``d``."""
    return f"r{letter}x" if form.long else f"E{letter.upper()}X"


def _overflowed(wide: Expr, narrow: Expr, type: IntType) -> Micros:
    """C and O: the product has more digits than the destination."""
    lost = compare("ne", type, wide, narrow)
    return (Set("flag.C", lost), Set("flag.O", lost))


def _multiply(long: bool, line: Line) -> Micros:
    """``imull %ebx,%eax``, ``imull $3,%ebx,%eax``; with one operand, of the accumulator into two
    registers."""
    line.expect(1, 2, 3)
    if len(line) == 1:
        return _multiply_long("IMUL", True, long, line)
    form = form_of(line, "IMUL", long=long, locked=False, operands=len(line))
    signed, double = IntType(form.width, True), IntType(2 * form.width, True)
    before, left = form.value(form.source())
    right: Expr = Use(form.destination(form.dst), form.type)
    if len(line) == 3:
        right = number(line[0 if long else 2].immediate(), form.type)
    sides = (cast(double, cast(signed, side)) for side in (left, right))
    full = op("mul", double, *sides)
    result = op("mul", form.type, left, right)
    flags = _overflowed(full, cast(double, cast(signed, result)), double)
    return (*before, *flags, *form.assign(form.dst, result))


def _multiply_long(name: str, signed: bool, long: bool, line: Line) -> Micros:
    """``mull %ebx``: the upper half goes into the other register."""
    line.expect(1)
    form = form_of(line, name, long=long, locked=False, operands=1)
    if form.width < 32:
        raise line.wrong(f"{line.mnemonic} of 8 or 16 bits is not supported")
    type = IntType(form.width, signed)
    before, left = form.value(form.dst)
    low = op("mul", form.type, left, Use(_whole(form, "a"), form.type))
    high = high_product(type, type, left, Use(_whole(form, "a"), form.type))
    held = Use(_TOTAL, form.type)
    sign: Expr = number(0, form.type)
    if signed:
        sign = cast(form.type, shift("shr", type, low, number(form.width - 1)))
    return (
        *before,
        Set(_TOTAL, cast(WORD, high)),
        *_overflowed(held, sign, form.type),
        *form.fill(_whole(form, "a"), low),
        *form.fill(_whole(form, "d"), held),
    )


def with_carry(form: Form) -> Micros:
    """ADC: the sum, and the carry; SBB: less the borrow."""
    source, adds = form.source(), form.name == "ADC"
    before, right = form.value(source)
    more = op("add", form.type, right, Op("cast", (_C,), form.type))
    if form.is_memory(form.dst):
        if form.is_memory(source):
            raise source.wrong(f"{form.name} from memory to memory does not exist")
        act = form.change(form.name, "old + v" if adds else "old - v", more, _OLD)
        left: Expr = Use(_OLD, form.type)
        total = op("add" if adds else "sub", form.type, left, more)
        held = Set(_TOTAL, cast(WORD, total))
        return (act, held, *_sum_flags(form.type, left, right, adds))
    left = Use(form.destination(form.dst), form.type)
    total = op("add" if adds else "sub", form.type, left, more)
    return (
        *before,
        Set(_TOTAL, cast(WORD, total)),
        *_sum_flags(form.type, left, right, adds),
        *form.assign(form.dst, Use(_TOTAL, form.type)),
    )


def _sum_flags(type: IntType, left: Expr, right: Expr, adds: bool) -> Micros:
    """The flags of a sum or difference with carry, which is held; the carry changes last."""
    signed, total = IntType(type.width, True), Use(_TOTAL, type)
    negative = compare("lt", signed, total, number(0))
    one, two = (compare("lt", signed, side, number(0)) for side in (left, right))
    differ = compare("eq" if adds else "ne", S32, one, two)
    low, high = (total, left) if adds else (left, right)
    at_edge = both(_C, compare("eq", type, low, high))
    return (
        Set("flag.S", negative),
        Set("flag.Z", compare("eq", type, total, number(0))),
        Set("flag.O", both(differ, compare("ne", S32, one, negative))),
        Set("flag.C", either(compare("lt", type, low, high), at_edge)),
    )


def _rotate(left: bool, name: str, long: bool, line: Line) -> Micros:
    """``roll $1,%eax``: C is the bit that came round; S and Z are left alone. O says of one
    place whether it changed the sign (to the right: the two highest bits differ, which is that)."""
    line.expect(1, 2)
    form = form_of(line, name, long=long, locked=False, operands=len(line))
    if form.is_memory(form.dst):
        raise form.dst.wrong("rotations are of registers here")
    value, count = Use(form.destination(form.dst), form.type), count_of(form)
    back = op("sub", WORD, number(form.width), count)
    up, down = (count, back) if left else (back, count)
    parts = (shift("shl", form.type, value, up), shift("shr", form.type, value, down))
    result = op("or", form.type, *parts)
    came = shift("shr", form.type, result, number(0 if left else form.width - 1))
    carry = compare("ne", form.type, op("and", form.type, came, number(1)), number(0))
    none = compare("eq", WORD, count, number(0))
    flag = Set("flag.C", Op("ite", (none, _C, carry), BOOL))
    changed = overflow_of_one(count, top_bits_differ(form.type, value, result))
    return (flag, changed, *form.assign(form.dst, result))


def _first(type: IntType, value: Expr, highest: bool, otherwise: Expr) -> Expr:
    """The number of the lowest or highest bit that is 1."""
    found = otherwise
    for at in range(type.width) if highest else range(type.width - 1, -1, -1):
        bit = op("and", type, shift("shr", type, value, number(at)), number(1))
        arms = number(at, type), found
        found = Op("ite", (compare("ne", type, bit, number(0)), *arms), type)
    return found


def _scan(name: str, long: bool, line: Line) -> Micros:
    """``bsfl %eax,%ebx``, bsr: of 0 the destination is kept, which processors do and the manual
    leaves open; tzcnt, lzcnt: of 0 it is the width."""
    form = form_of(line, name, long=long, locked=False, operands=2)
    before, value = form.value(form.source())
    zero = compare("eq", form.type, value, number(0))
    old = Use(form.destination(form.dst), form.type)
    if name in ("BSF", "BSR"):
        found = _first(form.type, value, name == "BSR", old)
        kept = Use(old.reg, WORD)  # all of it, also where only its low word is named
        (filled,) = form.assign(form.dst, found)
        assert isinstance(filled, Set)
        return (
            *before,
            Set("flag.Z", zero),
            Set(filled.reg, Op("ite", (zero, kept, cast(WORD, filled.expr)), WORD)),
        )
    found = _first(form.type, value, name == "LZCNT", number(form.width, form.type))
    if name == "LZCNT":
        leading = op("sub", form.type, number(form.width - 1), found)
        found = Op("ite", (zero, number(form.width, form.type), leading), form.type)
    none = compare("eq", form.type, found, number(0))
    return (*before, Set("flag.Z", none), Set("flag.C", zero), *form.assign(form.dst, found))


def _count(name: str, long: bool, line: Line) -> Micros:
    """``popcntl %eax,%ebx``."""
    form = form_of(line, name, long=long, locked=False, operands=2)
    before, value = form.value(form.source())
    found: Expr = number(0, form.type)
    for at in range(form.width):
        bit = op("and", form.type, shift("shr", form.type, value, number(at)), number(1))
        found = op("add", form.type, found, bit)
    zero = number(0, BOOL)
    cleared = (Set(f"flag.{flag}", zero) for flag in "SCO")
    flag = Set("flag.Z", compare("eq", form.type, value, number(0)))
    return (*before, flag, *cleared, *form.assign(form.dst, found))


def _set_carry(value: Expr, line: Line) -> Micros:
    """``clc``, ``stc``, ``cmc``."""
    line.expect(0)
    return (Set("flag.C", value),)


def _jump_if_none(width: int, line: Line) -> Micros:
    """``jecxz L``, ``jrcxz L``."""
    line.expect(1)
    register = canonical64("rcx")
    assert register is not None
    zero = compare("eq", IntType(width, False), Use(register, WORD), number(0))
    return (Go(zero, line[0].label()),)


def processing(long: bool) -> dict[str, Handler]:
    """The handlers by mnemonic."""
    table: dict[str, Handler] = {
        "CLC": partial(_set_carry, number(0, BOOL)),
        "STC": partial(_set_carry, number(1, BOOL)),
        "CMC": partial(_set_carry, negation(_C)),
    }
    if long:
        table |= {"JECXZ": partial(_jump_if_none, 32), "JRCXZ": partial(_jump_if_none, 64)}
    for suffix in ("", "W", "L", "Q") if long else ("", "L"):
        table["IMUL" + suffix] = partial(_multiply, long)
        table["MUL" + suffix] = partial(_multiply_long, "MUL", False, long)
        table["ROL" + suffix] = partial(_rotate, True, "ROL", long)
        table["ROR" + suffix] = partial(_rotate, False, "ROR", long)
        for name in ("BSF", "BSR", "TZCNT", "LZCNT"):
            table[name + suffix] = partial(_scan, name, long)
        table["POPCNT" + suffix] = partial(_count, "POPCNT", long)
    return table
