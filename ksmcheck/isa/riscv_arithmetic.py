"""RISC-V instructions that compute (RV64I; the W forms work on 32 bits and extend the sign)."""

from __future__ import annotations

from functools import partial

from ksmcheck.isa.dialect import Handler
from ksmcheck.isa.expressions import WORD, cast, compare, number, op, shift
from ksmcheck.isa.micro import Micros
from ksmcheck.isa.operands import Line
from ksmcheck.isa.riscv_operands import register, value_of
from ksmcheck.kernel.ints import S32, S64, IntType
from ksmcheck.program.ir import Expr, Op, Set

_OPERATORS = {"add": "add", "sub": "sub", "and": "and", "or": "or", "xor": "xor", "mul": "mul"}
_SHIFTS = {"sll": ("shl", False), "srl": ("shr", False), "sra": ("shr", True)}


def _assign(dst: str | None, value: Expr) -> Micros:
    return () if dst is None else (Set(dst, cast(WORD, value)),)


def _right(line: Line, immediate: bool) -> Expr:
    return number(line[2].immediate()) if immediate else value_of(line[2])


def _three(name: str, type: IntType, immediate: bool, line: Line) -> Micros:
    line.expect(3)
    dst = register(line[0])
    return _assign(dst, op(name, type, value_of(line[1]), _right(line, immediate)))


def _shift(name: str, type: IntType, immediate: bool, line: Line) -> Micros:
    """The W forms extend the sign of a result that is 32 bits wide."""
    line.expect(3)
    dst = register(line[0])
    value = shift(name, type, value_of(line[1]), _right(line, immediate))
    return _assign(dst, cast(S32, value) if type.width == 32 else value)


def _less(signed: bool, immediate: bool, line: Line) -> Micros:
    line.expect(3)
    dst = register(line[0])
    type = IntType(64, signed)
    return _assign(dst, compare("lt", type, value_of(line[1]), _right(line, immediate)))


def _compared(name: str, swap: bool, line: Line) -> Micros:
    """``seqz``, ``snez``, ``sltz``, ``sgtz``."""
    line.expect(2)
    sides = value_of(line[1]), number(0)
    return _assign(register(line[0]), compare(name, S64, *(sides[::-1] if swap else sides)))


def _load_number(line: Line) -> Micros:
    line.expect(2)
    return _assign(register(line[0]), number(line[1].immediate()))


def _load_upper(line: Line) -> Micros:
    line.expect(2)
    return _assign(register(line[0]), number(S32.wrap(line[1].immediate() << 12)))


def _move(type: IntType, line: Line) -> Micros:
    line.expect(2)
    return _assign(register(line[0]), cast(type, value_of(line[1])))


def _unary(name: str, type: IntType, line: Line) -> Micros:
    line.expect(2)
    return _assign(register(line[0]), Op(name, (cast(type, value_of(line[1])),), type))


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
    table |= {
        "seqz": partial(_compared, "eq", False),
        "snez": partial(_compared, "ne", False),
        "sltz": partial(_compared, "lt", False),
        "sgtz": partial(_compared, "lt", True),
        "li": _load_number,
        "lui": _load_upper,
        "mv": partial(_move, WORD),
        "sext.w": partial(_move, S32),
        "zext.w": partial(_move, IntType(32, False)),
        "neg": partial(_unary, "neg", WORD),
        "negw": partial(_unary, "neg", S32),
        "not": partial(_unary, "bitnot", WORD),
        "nop": _nothing,
        "pause": _nothing,
    }
    return table
