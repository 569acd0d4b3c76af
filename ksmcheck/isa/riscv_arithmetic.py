"""RISC-V instructions that compute (RV64I; the W forms work on 32 bits and extend the sign)."""

from __future__ import annotations

from functools import partial

from ksmcheck.isa.dialect import Handler
from ksmcheck.isa.expressions import WORD, cast, compare, number, op, shift
from ksmcheck.isa.micro import Micros
from ksmcheck.isa.operands import Line
from ksmcheck.isa.riscv_operands import assign, register, right, value_of
from ksmcheck.kernel.ints import S32, S64, IntType
from ksmcheck.program.ir import Expr, Op

_OPERATORS = {"add": "add", "sub": "sub", "and": "and", "or": "or", "xor": "xor", "mul": "mul"}
_SHIFTS = {"sll": ("shl", False), "srl": ("shr", False), "sra": ("shr", True)}


def _three(name: str, type: IntType, immediate: bool, line: Line) -> Micros:
    line.expect(3)
    dst = register(line[0])
    return assign(dst, op(name, type, value_of(line[1]), right(line, immediate)))


def _shift(name: str, type: IntType, immediate: bool, line: Line) -> Micros:
    """The W forms extend the sign of a result that is 32 bits wide."""
    line.expect(3)
    dst = register(line[0])
    value = shift(name, type, value_of(line[1]), right(line, immediate))
    return assign(dst, cast(S32, value) if type.width == 32 else value)


def _less(signed: bool, immediate: bool, line: Line) -> Micros:
    line.expect(3)
    dst = register(line[0])
    type = IntType(64, signed)
    return assign(dst, compare("lt", type, value_of(line[1]), right(line, immediate)))


def _divide(name: str, type: IntType, line: Line) -> Micros:
    """Towards 0; by 0 the quotient is -1 and the remainder the dividend (chapter M)."""
    line.expect(3)
    left, right = cast(type, value_of(line[1])), cast(type, value_of(line[2]))
    zero = compare("eq", type, right, number(0))
    divisor = Op("ite", (zero, number(1, type), right), type)
    without = number(-1, type) if name == "div" else left
    value = Op("ite", (zero, without, op(name, type, left, divisor)), type)
    return assign(register(line[0]), cast(S32, value) if type.width == 32 else value)


def _inverted(name: str, outer: bool, line: Line) -> Micros:
    """``andn``, ``orn``: with the complement of the second; ``xnor``: the complement of all."""
    line.expect(3)
    right: Expr = value_of(line[2])
    if outer:
        value = Op("bitnot", (op(name, WORD, value_of(line[1]), right),), WORD)
    else:
        value = op(name, WORD, value_of(line[1]), Op("bitnot", (right,), WORD))
    return assign(register(line[0]), value)


def _extreme(name: str, signed: bool, line: Line) -> Micros:
    """``max``, ``minu``."""
    line.expect(3)
    type = IntType(64, signed)
    left, right = cast(type, value_of(line[1])), cast(type, value_of(line[2]))
    value = Op("ite", (compare(name, type, left, right), left, right), type)
    return assign(register(line[0]), value)


def _shift_and_add(places: int, line: Line) -> Micros:
    """``sh2add x1,x2,x3``: x3 + 4 * x2."""
    line.expect(3)
    moved = shift("shl", WORD, value_of(line[1]), number(places))
    return assign(register(line[0]), op("add", WORD, moved, value_of(line[2])))


def _zero_if(name: str, line: Line) -> Micros:
    """``czero.eqz x1,x2,x3``: 0 if x3 is 0, else x2."""
    line.expect(3)
    condition = compare(name, WORD, value_of(line[2]), number(0))
    value = Op("ite", (condition, number(0), cast(WORD, value_of(line[1]))), WORD)
    return assign(register(line[0]), value)


def _compared(name: str, swap: bool, line: Line) -> Micros:
    """``seqz``, ``snez``, ``sltz``, ``sgtz``."""
    line.expect(2)
    sides = value_of(line[1]), number(0)
    return assign(register(line[0]), compare(name, S64, *(sides[::-1] if swap else sides)))


def _turned(type: IntType, value: Expr, by: Expr) -> Expr:
    """``value`` turned right."""
    left = shift("shl", type, value, op("sub", WORD, number(type.width), by))
    return op("or", type, shift("shr", type, value, by), left)


def _rotate(left: bool, width: int, immediate: bool, line: Line) -> Micros:
    """``ror``, ``rol`` and their W forms (Zbb)."""
    line.expect(3)
    type, by = IntType(width, False), right(line, immediate)
    value = _turned(type, value_of(line[1]), Op("neg", (by,), WORD) if left else by)
    return assign(register(line[0]), cast(S32, value) if width == 32 else value)


def _zeros(width: int, leading: bool, line: Line) -> Micros:
    """``clz``, ``ctz``: how many bits are 0 before the first that is 1."""
    line.expect(2)
    type = IntType(width, False)
    found: Expr = number(width)
    for before in range(width - 1, -1, -1):
        at = width - 1 - before if leading else before
        bit = op("and", type, shift("shr", type, value_of(line[1]), number(at)), number(1))
        found = Op("ite", (compare("ne", type, bit, number(0)), number(before), found), WORD)
    return assign(register(line[0]), found)


def _count(width: int, line: Line) -> Micros:
    """``cpop``: how many bits are 1."""
    line.expect(2)
    found: Expr = number(0)
    for at in range(width):
        bit = op("and", WORD, shift("shr", WORD, value_of(line[1]), number(at)), number(1))
        found = op("add", WORD, found, bit)
    return assign(register(line[0]), found)


def _reverse(line: Line) -> Micros:
    """``rev8``: the bytes in the other order."""
    line.expect(2)
    found: Expr = number(0)
    for at in range(0, 64, 8):
        byte = op("and", WORD, shift("shr", WORD, value_of(line[1]), number(at)), number(0xFF))
        found = op("or", WORD, found, shift("shl", WORD, byte, number(56 - at)))
    return assign(register(line[0]), found)


def _greater(signed: bool, line: Line) -> Micros:
    """``sgt``, ``sgtu``: slt of the operands in the other order."""
    line.expect(3)
    type = IntType(64, signed)
    return assign(register(line[0]), compare("lt", type, value_of(line[2]), value_of(line[1])))


def _load_number(line: Line) -> Micros:
    line.expect(2)
    return assign(register(line[0]), number(line[1].immediate()))


def _load_upper(line: Line) -> Micros:
    line.expect(2)
    return assign(register(line[0]), number(S32.wrap(line[1].immediate() << 12)))


def _move(type: IntType, line: Line) -> Micros:
    line.expect(2)
    return assign(register(line[0]), cast(type, value_of(line[1])))


def _unary(name: str, type: IntType, line: Line) -> Micros:
    line.expect(2)
    return assign(register(line[0]), Op(name, (cast(type, value_of(line[1])),), type))


def _nothing(line: Line) -> Micros:
    line.expect(0)
    return ()


def arithmetic() -> dict[str, Handler]:
    """The handlers by mnemonic."""
    table: dict[str, Handler] = {}
    for mnemonic, name in _OPERATORS.items():
        table[mnemonic] = partial(_three, name, WORD, False)
        if name not in ("sub", "mul"):
            table[mnemonic + "i"] = partial(_three, name, WORD, True)
    for mnemonic, name in {"addw": "add", "subw": "sub", "mulw": "mul"}.items():
        table[mnemonic] = partial(_three, name, S32, False)
    table["addiw"] = partial(_three, "add", S32, True)
    for mnemonic, (name, signed) in _SHIFTS.items():
        for suffix, width in (("", 64), ("w", 32)):
            type = IntType(width, signed)
            table[mnemonic + suffix] = partial(_shift, name, type, False)
            table[f"{mnemonic}i{suffix}"] = partial(_shift, name, type, True)
    for suffix, signed in (("", True), ("u", False)):
        table["slt" + suffix] = partial(_less, signed, False)
        table["slti" + suffix] = partial(_less, signed, True)
    for suffix, width in (("", 64), ("w", 32)):
        for mnemonic, name in {"div": "div", "rem": "mod"}.items():
            table[mnemonic + suffix] = partial(_divide, name, IntType(width, True))
            table[f"{mnemonic}u{suffix}"] = partial(_divide, name, IntType(width, False))
    for suffix, signed in (("", True), ("u", False)):
        table["max" + suffix] = partial(_extreme, "gt", signed)
        table["min" + suffix] = partial(_extreme, "lt", signed)
    for places in (1, 2, 3):
        table[f"sh{places}add"] = partial(_shift_and_add, places)
    table |= {
        "andn": partial(_inverted, "and", False),
        "orn": partial(_inverted, "or", False),
        "xnor": partial(_inverted, "xor", True),
        "czero.eqz": partial(_zero_if, "eq"),
        "czero.nez": partial(_zero_if, "ne"),
        "seqz": partial(_compared, "eq", False),
        "snez": partial(_compared, "ne", False),
        "sltz": partial(_compared, "lt", False),
        "sgtz": partial(_compared, "lt", True),
        "li": _load_number,
        "lui": _load_upper,
        "mv": partial(_move, WORD),
        "sext.w": partial(_move, S32),
        "zext.w": partial(_move, IntType(32, False)),
        "sext.b": partial(_move, IntType(8, True)),
        "sext.h": partial(_move, IntType(16, True)),
        "zext.b": partial(_move, IntType(8, False)),
        "zext.h": partial(_move, IntType(16, False)),
        "neg": partial(_unary, "neg", WORD),
        "negw": partial(_unary, "neg", S32),
        "not": partial(_unary, "bitnot", WORD),
        "nop": _nothing,
        "pause": _nothing,
        "wrs.nto": _nothing,
        "wrs.sto": _nothing,
        "sgt": partial(_greater, True),
        "sgtu": partial(_greater, False),
        "rev8": _reverse,
    }
    return table | _counts_and_rotations()


def _counts_and_rotations() -> dict[str, Handler]:
    table: dict[str, Handler] = {}
    for end, width in (("", 64), ("w", 32)):
        table["clz" + end] = partial(_zeros, width, True)
        table["ctz" + end] = partial(_zeros, width, False)
        table["cpop" + end] = partial(_count, width)
        table["rol" + end] = partial(_rotate, True, width, False)
        table["ror" + end] = partial(_rotate, False, width, False)
        table["rori" + end] = partial(_rotate, False, width, True)
    return table
