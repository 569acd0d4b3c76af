"""AArch64 instructions on parts of a register, and those that compilers rarely need (Arm ARM C6.2).

Rotations, bit fields, reversals, counts, division, products of words.
"""

from __future__ import annotations

from functools import partial

from ksmcheck.isa.aarch64_operands import assign, register, value_of
from ksmcheck.isa.dialect import Handler
from ksmcheck.isa.expressions import WORD, cast, compare, number, op, shift
from ksmcheck.isa.micro import Micros
from ksmcheck.isa.operands import Line, Operand
from ksmcheck.kernel.ints import S32, S64, U32, IntType
from ksmcheck.program.ir import Expr, Op


def _type(width: int) -> IntType:
    return WORD if width == 64 else U32


def _mask(bits: int, at: int = 0) -> int:
    return ((1 << bits) - 1) << at


def _places(line: Line, first: int, width: int) -> list[int]:
    """Numbers of bits from operand ``first`` on."""
    found = [operand.immediate() for operand in line.operands[first:]]
    for operand, bit in zip(line.operands[first:], found, strict=True):
        if not 0 <= bit <= width:
            raise operand.wrong(f"the register has no {bit} bits")
    return found


def _rotate(line: Line) -> Micros:
    """``ROR X0,X1,#3`` or ``ROR X0,X1,X2``."""
    line.expect(3)
    dst, width = register(line[0])
    type, value = _type(width), value_of(line[1])
    amount = line[2].number()
    by: Expr = value_of(line[2]) if amount is None else number(amount)
    right = shift("shr", type, value, by)
    return assign(dst, op("or", type, right, shift("shl", type, value, Op("neg", (by,), WORD))))


def _extract(line: Line) -> Micros:
    """``EXTR X0,X1,X2,#8``: the register from bit 8 on of X2 with X1 above it."""
    line.expect(4)
    dst, width = register(line[0])
    type = _type(width)
    (low,) = _places(line, 3, width - 1)
    if low == 0:
        return assign(dst, cast(type, value_of(line[2])))
    upper = shift("shl", type, value_of(line[1]), number(width - low))
    return assign(dst, op("or", type, shift("shr", type, value_of(line[2]), number(low)), upper))


def _field(line: Line) -> tuple[int, int, int]:
    """Width of the register, and the two numbers of ``UBFX X0,X1,#lsb,#bits``."""
    line.expect(4)
    _, width = register(line[0])
    low, bits = _places(line, 2, width)
    if not bits or low + bits > width:
        raise line[3].wrong("the field is empty, or leaves the register")
    return width, low, bits


def _taken(type: IntType, value: Expr, low: int, bits: int) -> Expr:
    """``bits`` bits from ``low`` on, extended as the type is signed."""
    left = shift("shl", IntType(type.width, False), value, number(type.width - low - bits))
    return shift("shr", type, left, number(type.width - bits))


def _take(signed: bool, line: Line) -> Micros:
    """``UBFX``, ``SBFX``."""
    width, low, bits = _field(line)
    value = _taken(IntType(width, signed), value_of(line[1]), low, bits)
    return assign(register(line[0])[0], cast(_type(width), value))


def _place(signed: bool, line: Line) -> Micros:
    """``UBFIZ``, ``SBFIZ``: the low bits, moved up over zeros."""
    width, low, bits = _field(line)
    value = cast(_type(width), _taken(IntType(width, signed), value_of(line[1]), 0, bits))
    return assign(register(line[0])[0], shift("shl", _type(width), value, number(low)))


def _merge(line: Line, source: int, target: int, bits: int) -> Micros:
    """Bits of the source replace bits of the destination."""
    dst, width = register(line[0])
    type = _type(width)
    kept = op("and", type, value_of(line[0]), number(~_mask(bits, target), type))
    moved = shift("shl", type, _taken(type, value_of(line[1]), source, bits), number(target))
    return assign(dst, op("or", type, kept, moved))


def _insert(line: Line) -> Micros:
    """``BFI X0,X1,#lsb,#bits``."""
    _, low, bits = _field(line)
    return _merge(line, 0, low, bits)


def _insert_low(line: Line) -> Micros:
    """``BFXIL X0,X1,#lsb,#bits``."""
    _, low, bits = _field(line)
    return _merge(line, low, 0, bits)


def _move_field(kind: str, line: Line) -> Micros:
    """``UBFM X0,X1,#r,#s`` (SBFM, BFM): the general form of the fields above."""
    line.expect(4)
    dst, width = register(line[0])
    turn, last = _places(line, 2, width - 1)
    low, bits, target = (turn, last - turn + 1, 0) if last >= turn else (0, last + 1, width - turn)
    if kind == "B":
        return _merge(line, low, target, bits)
    value = _taken(IntType(width, kind == "S"), value_of(line[1]), low, bits)
    return assign(dst, shift("shl", _type(width), cast(_type(width), value), number(target)))


def _reverse(chunk: int, group: int | None, line: Line) -> Micros:
    """In each group of bits (None: the register) the chunks come in the other order."""
    line.expect(2)
    dst, width = register(line[0])
    type, value = _type(width), value_of(line[1])
    inside = group or width
    if group is not None and group >= 32 and width == 32:
        raise line[0].wrong(f"{line.mnemonic} needs an X register")
    result: Expr = number(0, type)
    for at in range(0, width, chunk):
        base = at // inside * inside
        part = op("and", type, shift("shr", type, value, number(at)), number(_mask(chunk)))
        place = base + inside - chunk - (at - base)
        result = op("or", type, result, shift("shl", type, part, number(place)))
    return assign(dst, result)


def _count(line: Line) -> Micros:
    """``CNT``: how many bits are 1."""
    line.expect(2)
    dst, width = register(line[0])
    type, value = _type(width), value_of(line[1])
    result: Expr = number(0, type)
    for at in range(width):
        bit = op("and", type, shift("shr", type, value, number(at)), number(1))
        result = op("add", type, result, bit)
    return assign(dst, result)


def _absolute(line: Line) -> Micros:
    line.expect(2)
    dst, width = register(line[0])
    type = _type(width)
    value = cast(type, value_of(line[1]))
    negative = compare("lt", IntType(width, True), value, number(0))
    return assign(dst, Op("ite", (negative, Op("neg", (value,), type), value), type))


def _divide(signed: bool, line: Line) -> Micros:
    """Towards 0; by 0 it gives 0."""
    line.expect(3)
    dst, width = register(line[0])
    type = IntType(width, signed)
    left, right = cast(type, value_of(line[1])), cast(type, value_of(line[2]))
    zero = compare("eq", type, right, number(0))
    divisor = Op("ite", (zero, number(1, type), right), type)
    result = Op("ite", (zero, number(0, type), op("div", type, left, divisor)), type)
    return assign(dst, cast(IntType(width, False), result))


def _product(signed: bool, name: str, line: Line) -> Micros:
    """``SMULL X0,W1,W2``, ``UMADDL X0,W1,W2,X3``, ``SMSUBL``, ``UMNEGL``: words make a double."""
    line.expect(4 if name in ("add", "sub") else 3)
    dst, _ = register(line[0])
    word, double = (S32, S64) if signed else (U32, WORD)
    sides = [cast(double, cast(word, value_of(operand))) for operand in line.operands[1:3]]
    product = op("mul", WORD, *sides)
    if name == "neg":
        return assign(dst, Op("neg", (product,), WORD))
    return assign(dst, op(name, WORD, value_of(line[3]), product) if name else product)


def _extreme(name: str, signed: bool, line: Line) -> Micros:
    """``SMAX X0,X1,X2``, ``UMIN X0,X1,#3``."""
    line.expect(3)
    dst, width = register(line[0])
    type = IntType(width, signed)
    left, right = cast(type, value_of(line[1])), cast(type, _second(line[2], type))
    result = Op("ite", (compare(name, type, left, right), left, right), type)
    return assign(dst, cast(IntType(width, False), result))


def _second(operand: Operand, type: IntType) -> Expr:
    constant = operand.number()
    return value_of(operand) if constant is None else number(constant, type)


def _leading(line: Line) -> Micros:
    """``CLZ``: how many bits are 0 before the highest that is 1."""
    line.expect(2)
    dst, width = register(line[0])
    return assign(dst, _zeros(_type(width), value_of(line[1]), range(width)))


def _trailing(line: Line) -> Micros:
    """``CTZ``: below the lowest that is 1."""
    line.expect(2)
    dst, width = register(line[0])
    return assign(dst, _zeros(_type(width), value_of(line[1]), range(width - 1, -1, -1)))


def _signs(line: Line) -> Micros:
    """``CLS``: how many bits behind the sign are the same as it."""
    line.expect(2)
    dst, width = register(line[0])
    type, value = _type(width), value_of(line[1])
    changes = op("xor", type, value, shift("shr", IntType(width, True), value, number(1)))
    return assign(dst, op("sub", type, _zeros(type, changes, range(width)), number(1)))


def _zeros(type: IntType, value: Expr, order: range) -> Expr:
    """The zeros before a 1, from the other end of ``order``."""
    found: Expr = number(type.width, type)
    for before, at in zip(range(type.width - 1, -1, -1), order, strict=True):
        bit = op("and", type, shift("shr", type, value, number(at)), number(1))
        arms = number(before, type), found
        found = Op("ite", (compare("ne", type, bit, number(0)), *arms), type)
    return found


def _clear_field(line: Line) -> Micros:
    """``BFC X0,#lsb,#bits``."""
    line.expect(3)
    dst, width = register(line[0])
    low, bits = _places(line, 1, width)
    if not bits or low + bits > width:
        raise line[2].wrong("the field is empty, or leaves the register")
    kept = number(~_mask(bits, low), _type(width))
    return assign(dst, op("and", _type(width), value_of(line[0]), kept))


def _hint(line: Line) -> Micros:
    """It may be taken for no operation: barriers of speculation order no accesses (C6.2)."""
    line.expect(0, 1)
    return ()


def bits() -> dict[str, Handler]:
    """The handlers by mnemonic."""
    table: dict[str, Handler] = {
        "ROR": _rotate,
        "RORV": _rotate,
        "EXTR": _extract,
        "BFI": _insert,
        "BFXIL": _insert_low,
        "RBIT": partial(_reverse, 1, None),
        "REV": partial(_reverse, 8, None),
        "REV16": partial(_reverse, 8, 16),
        "REV32": partial(_reverse, 8, 32),
        "REV64": partial(_reverse, 8, 64),
        "CNT": _count,
        "ABS": _absolute,
        "CLZ": _leading,
        "CTZ": _trailing,
        "CLS": _signs,
        "BFC": _clear_field,
    }
    for letter, signed in (("U", False), ("S", True)):
        table[letter + "BFX"] = partial(_take, signed)
        table[letter + "BFIZ"] = partial(_place, signed)
        table[letter + "DIV"] = partial(_divide, signed)
        table[letter + "MAX"] = partial(_extreme, "gt", signed)
        table[letter + "MIN"] = partial(_extreme, "lt", signed)
        for ending, name in (("ULL", ""), ("ADDL", "add"), ("SUBL", "sub"), ("NEGL", "neg")):
            table[f"{letter}M{ending}"] = partial(_product, signed, name)
    for kind in ("U", "S", "B"):
        table[("" if kind == "B" else kind) + "BFM"] = partial(_move_field, kind)
    for mnemonic in (
        "WFE",
        "WFI",
        "SEV",
        "SEVL",
        "HINT",
        "BTI",
        "DGH",
        "CSDB",
        "SB",
        "SSBB",
        "PSSBB",
    ):
        table[mnemonic] = _hint
    return table
