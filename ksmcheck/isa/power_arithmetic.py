"""Power instructions that compute (Power ISA, Book I chapter 3)."""

from __future__ import annotations

from functools import partial

from ksmcheck.isa.dialect import Handler
from ksmcheck.isa.expressions import (
    WORD,
    cast,
    compare,
    high_product,
    number,
    op,
    shift,
    shift_out,
)
from ksmcheck.isa.micro import Micros
from ksmcheck.isa.operands import Line
from ksmcheck.isa.power_operands import (
    address,
    base_of,
    compared,
    field,
    recorded,
    register,
    value_of,
)
from ksmcheck.kernel.ints import S32, S64, U32, IntType
from ksmcheck.program.ir import Expr, Op, Set, Use

_LOGIC = {"add": "add", "and": "and", "or": "or", "xor": "xor", "mulld": "mul"}
_IMMEDIATE = {"addi": "add", "mulli": "mul", "ori": "or", "xori": "xor", "andi": "and"}
_UPPER = {"oris": "or", "xoris": "xor", "andis.": "and"}
_SHIFTS = {"slw": ("shl", 32, False), "srw": ("shr", 32, False), "sraw": ("shr", 32, True)}
_SHIFTS |= {"sld": ("shl", 64, False), "srd": ("shr", 64, False), "srad": ("shr", 64, True)}
_DOTTED = [name + end for name in _SHIFTS for end in ("", "i")]
_DOTTED += ["extsw", "extsh", "extsb", "clrlwi", "clrrwi", "clrldi"]
_DOTTED += [name + end for name in ("divw", "divd", "mulhw", "mulhd") for end in ("", "u")]


def _compare(width: int, signed: bool, immediate: bool, line: Line) -> Micros:
    """``cmpw r1,r2`` or ``cmpw cr1,r1,r2``."""
    line.expect(2, 3)
    where = field(line[0]) if len(line) == 3 else "flag.cr0"
    left, right = line.operands[-2:]
    second: Expr = number(right.immediate()) if immediate else value_of(right)
    return compared(where, IntType(width, signed), value_of(left), second)


def _result(dst: str, value: Expr, record: bool) -> Micros:
    """``add.`` also compares its result with 0."""
    setting = Set(dst, cast(WORD, value))
    if not record:
        return (setting,)
    return (setting, *compared("flag.cr0", S64, Use(dst, WORD), number(0)))


def _three(name: str, record: bool, line: Line) -> Micros:
    line.expect(3)
    value = op(name, WORD, value_of(line[1]), value_of(line[2]))
    return _result(register(line[0]), value, record)


def _subtract(swap: bool, record: bool, line: Line) -> Micros:
    """``subf r1,r2,r3`` is r3 - r2, ``sub r1,r2,r3`` is r2 - r3."""
    line.expect(3)
    sides = [value_of(line[1]), value_of(line[2])]
    left, right = sides[::-1] if swap else sides
    return _result(register(line[0]), op("sub", WORD, left, right), record)


def _complement(name: str, record: bool, line: Line) -> Micros:
    """``andc``, ``orc``: with the complement of the second."""
    line.expect(3)
    right = Op("bitnot", (value_of(line[2]),), WORD)
    return _result(register(line[0]), op(name, WORD, value_of(line[1]), right), record)


def _rotated(line: Line, by: Expr) -> tuple[Expr, int]:
    """The word of ``rlwinm r1,r2,4,30,31`` turned left, in both halves of a doubleword (ROTL32 of
    the manual), and the mask, bits 0 to 31 from the left of the lower half. One that wraps around
    takes from both."""
    first, last = (o.immediate() for o in line.operands[3:])
    if not (0 <= first < 32 and 0 <= last < 32):
        raise line.wrong(f"{line.mnemonic} takes a mask of bits 0 to 31")
    word = cast(U32, value_of(line[1]))
    right = shift("shr", U32, word, op("sub", WORD, number(32), by))
    turned = op("or", U32, shift("shl", U32, word, by), right)
    return op("or", WORD, turned, shift("shl", WORD, turned, number(32))), _mask(
        first + 32, last + 32
    )


def _turn(line: Line) -> Expr:
    line.expect(5)
    turn = line[2].immediate()
    if not 0 <= turn < 32:
        raise line[2].wrong("a word is turned by 0 to 31 places")
    return number(turn)


def _rotate_and_mask(record: bool, immediate: bool, line: Line) -> Micros:
    """``rlwinm r1,r2,4,30,31``: the bits of the turned word that the mask has; rlwnm turns by a
    register."""
    line.expect(5)
    word, mask = _rotated(line, _turn(line) if immediate else value_of(line[2]))
    return _result(register(line[0]), op("and", WORD, word, number(mask)), record)


def _rotate_and_insert(record: bool, line: Line) -> Micros:
    """``rlwimi r1,r2,4,30,31``: they replace those of r1."""
    word, mask = _rotated(line, _turn(line))
    kept = op("and", WORD, value_of(line[0]), number(~mask))
    value = op("or", WORD, kept, op("and", WORD, word, number(mask)))
    return _result(register(line[0]), value, record)


def _mask(first: int, last: int) -> int:
    """The bits from ``first`` to ``last``, 0 being the leftmost of 64; it may wrap around."""
    from_first = (1 << (64 - first)) - 1
    up_to_last = ~((1 << (63 - last)) - 1) & ((1 << 64) - 1)
    return from_first & up_to_last if first <= last else from_first | up_to_last


def _divide(name: str, width: int, signed: bool, line: Line) -> Micros:
    """What a division by 0 gives is open: here 0. The upper half of a word's result is, too."""
    line.expect(3)
    type = IntType(width, signed)
    left, right = cast(type, value_of(line[1])), cast(type, value_of(line[2]))
    zero = compare("eq", type, right, number(0))
    divisor = Op("ite", (zero, number(1, type), right), type)
    value = Op("ite", (zero, number(0, type), op(name, type, left, divisor)), type)
    return _result(register(line[0]), value, False)


def _multiply_words(record: bool, line: Line) -> Micros:
    """``mullw``: all of the product of the lower words, with their signs."""
    line.expect(3)
    sides = (cast(S64, cast(S32, value_of(operand))) for operand in line.operands[1:])
    return _result(register(line[0]), op("mul", S64, *sides), record)


def _multiply_high(width: int, signed: bool, line: Line) -> Micros:
    """``mulhw``: the upper word of a product (what is above it is open: here its sign); mulhd."""
    line.expect(3)
    type = IntType(width, signed)
    value = high_product(type, type, value_of(line[1]), value_of(line[2]))
    return _result(register(line[0]), cast(type, value), False)


def _upper(name: str, line: Line) -> Micros:
    """``oris r1,r2,1``: the number is shifted by 16 places."""
    line.expect(3)
    value = op(name, WORD, value_of(line[1]), number(line[2].immediate() << 16))
    return _result(register(line[0]), value, name == "and")


def _subtract_from(line: Line) -> Micros:
    """``subfic r1,r2,5``: 5 less r2. No instruction here reads the carry that it leaves."""
    line.expect(3)
    value = op("sub", WORD, number(line[2].immediate()), value_of(line[1]))
    return _result(register(line[0]), value, False)


def _clear_word(left: bool, line: Line) -> Micros:
    """``clrlwi r1,r2,n`` and ``clrrwi``: n bits of the word's left or right become 0."""
    line.expect(3)
    bits = line[2].immediate()
    if not 0 <= bits < 32:
        raise line[2].wrong("between 0 and 31 bits can be cleared")
    mask = (1 << (32 - bits)) - 1 if left else 0xFFFFFFFF & ~((1 << bits) - 1)
    return _result(register(line[0]), op("and", U32, value_of(line[1]), number(mask)), False)


def _add_shifted(sign: int, line: Line) -> Micros:
    """``addis``, ``subis``."""
    line.expect(3)
    value = op("add", WORD, base_of(line[1]), number(sign * (line[2].immediate() << 16)))
    return _result(register(line[0]), value, False)


def _subtract_immediate(line: Line) -> Micros:
    line.expect(3)
    value = op("add", WORD, base_of(line[1]), number(-line[2].immediate()))
    return _result(register(line[0]), value, False)


def _load_address(line: Line) -> Micros:
    """``la r1,4(r2)``."""
    line.expect(2)
    return _result(register(line[0]), address(line[1]), False)


def _inverted(name: str, record: bool, line: Line) -> Micros:
    """``nor``, ``nand``, ``eqv``."""
    line.expect(3)
    value = op(name, WORD, value_of(line[1]), value_of(line[2]))
    return _result(register(line[0]), Op("bitnot", (value,), WORD), record)


def _immediate(name: str, record: bool, line: Line) -> Micros:
    line.expect(3)
    left = base_of(line[1]) if name == "add" else value_of(line[1])
    value = op(name, WORD, left, number(line[2].immediate()))
    return _result(register(line[0]), value, record)


def _shift(name: str, width: int, signed: bool, immediate: bool, line: Line) -> Micros:
    """By a register: of one bit more than count the places, all may be shifted out."""
    line.expect(3)
    type, value = IntType(width, signed), value_of(line[1])
    result: Expr
    if immediate:
        result = shift(name, type, value, number(line[2].immediate()))
    else:
        result = shift_out(name, type, value, value_of(line[2]), 6 if width == 32 else 7)
    return _result(register(line[0]), result, False)


def _load_immediate(shifted: int, line: Line) -> Micros:
    line.expect(2)
    return _result(register(line[0]), number(line[1].immediate() << shifted), False)


def _move(record: bool, line: Line) -> Micros:
    line.expect(2)
    return _result(register(line[0]), value_of(line[1]), record)


def _unary(name: str, record: bool, line: Line) -> Micros:
    line.expect(2)
    return _result(register(line[0]), Op(name, (value_of(line[1]),), WORD), record)


def _add_immediate(sign: int, record: bool, line: Line) -> Micros:
    """``addic``, ``subic``: r0 is itself here. No instruction here reads the carry."""
    line.expect(3)
    value = op("add", WORD, value_of(line[1]), number(sign * line[2].immediate()))
    return _result(register(line[0]), value, record)


def _extend(type: IntType, line: Line) -> Micros:
    line.expect(2)
    return _result(register(line[0]), cast(type, value_of(line[1])), False)


def _nothing(line: Line) -> Micros:
    line.expect(0)
    return ()


def arithmetic() -> dict[str, Handler]:
    """The handlers by mnemonic."""
    table: dict[str, Handler] = {}
    for dot in ("", "."):
        record = bool(dot)
        for mnemonic, name in _LOGIC.items():
            table[mnemonic + dot] = partial(_three, name, record)
        for mnemonic, name in {"nor": "or", "nand": "and", "eqv": "xor"}.items():
            table[mnemonic + dot] = partial(_inverted, name, record)
        for mnemonic, name in {"andc": "and", "orc": "or"}.items():
            table[mnemonic + dot] = partial(_complement, name, record)
        table["rlwinm" + dot] = partial(_rotate_and_mask, record, True)
        table["rlwnm" + dot] = partial(_rotate_and_mask, record, False)
        table["rlwimi" + dot] = partial(_rotate_and_insert, record)
        table["mullw" + dot] = partial(_multiply_words, record)
        table["neg" + dot] = partial(_unary, "neg", record)
        table["not" + dot] = partial(_unary, "bitnot", record)
        table["addic" + dot] = partial(_add_immediate, 1, record)
        table["subic" + dot] = partial(_add_immediate, -1, record)
        table["subf" + dot] = partial(_subtract, True, record)
        table["sub" + dot] = partial(_subtract, False, record)
        table["mr" + dot] = partial(_move, record)
    for mnemonic, name in _IMMEDIATE.items():
        dotted = mnemonic + "." * (name == "and")
        table[dotted] = partial(_immediate, name, name == "and")
    for mnemonic, name in _UPPER.items():
        table[mnemonic] = partial(_upper, name)
    for end, signed in (("", True), ("u", False)):
        table["divw" + end] = partial(_divide, "div", 32, signed)
        table["divd" + end] = partial(_divide, "div", 64, signed)
        table["mulhw" + end] = partial(_multiply_high, 32, signed)
        table["mulhd" + end] = partial(_multiply_high, 64, signed)
        letter = "s" if signed else "u"
        table[f"mod{letter}w"] = partial(_divide, "mod", 32, signed)
        table[f"mod{letter}d"] = partial(_divide, "mod", 64, signed)
    for mnemonic, (name, width, signed) in _SHIFTS.items():
        table[mnemonic] = partial(_shift, name, width, signed, False)
        table[mnemonic + "i"] = partial(_shift, name, width, signed, True)
    for mnemonic, (width, signed) in {
        "cmpw": (32, True),
        "cmpd": (64, True),
        "cmplw": (32, False),
        "cmpld": (64, False),
    }.items():
        table[mnemonic] = partial(_compare, width, signed, False)
        table[mnemonic + "i"] = partial(_compare, width, signed, True)
    table |= {
        "li": partial(_load_immediate, 0),
        "lis": partial(_load_immediate, 16),
        "subfic": _subtract_from,
        "extsw": partial(_extend, S32),
        "extsh": partial(_extend, IntType(16, True)),
        "extsb": partial(_extend, IntType(8, True)),
        "clrlwi": partial(_clear_word, True),
        "clrrwi": partial(_clear_word, False),
        "addis": partial(_add_shifted, 1),
        "subis": partial(_add_shifted, -1),
        "subi": _subtract_immediate,
        "la": _load_address,
        "clrldi": _clear_left,
        "nop": _nothing,
    }
    for mnemonic in _DOTTED:
        table[mnemonic + "."] = partial(recorded, table[mnemonic])
    return table


def _clear_left(line: Line) -> Micros:
    """``clrldi r1,r2,32`` keeps the low 32 bits."""
    line.expect(3)
    bits = line[2].immediate()
    if not 0 <= bits < 64:
        raise line[2].wrong("between 0 and 63 bits can be cleared")
    value = op("and", WORD, value_of(line[1]), number((1 << (64 - bits)) - 1))
    return _result(register(line[0]), value, False)
