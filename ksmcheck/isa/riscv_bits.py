"""RISC-V instructions on bits and on zero-extended words (chapters Zba, Zbb and Zbs), and the upper
halves of products (chapter M)."""

from __future__ import annotations

from functools import partial

from ksmcheck.isa.dialect import Handler
from ksmcheck.isa.expressions import WORD, cast, compare, high_product, number, op, shift
from ksmcheck.isa.micro import Micros
from ksmcheck.isa.operands import Line
from ksmcheck.isa.riscv_operands import assign, register, right, value_of
from ksmcheck.kernel.ints import S64, U32, IntType
from ksmcheck.program.ir import Expr, Op


def _high(left: IntType, other: IntType, line: Line) -> Micros:
    """``mulh x1,x2,x3``, mulhu, mulhsu (x2 signed, x3 not): of 128 bits the upper 64."""
    line.expect(3)
    value = high_product(left, other, value_of(line[1]), value_of(line[2]))
    return assign(register(line[0]), value)


def _add_word(places: int, line: Line) -> Micros:
    """``sh2add.uw x1,x2,x3``: x3 + 4 * the low word of x2; add.uw."""
    line.expect(3)
    word = cast(WORD, cast(U32, value_of(line[1])))
    moved = shift("shl", WORD, word, number(places)) if places else word
    return assign(register(line[0]), op("add", WORD, moved, value_of(line[2])))


def _shift_word(line: Line) -> Micros:
    """``slli.uw x1,x2,3``: the low word, moved up."""
    line.expect(3)
    word = cast(WORD, cast(U32, value_of(line[1])))
    return assign(register(line[0]), shift("shl", WORD, word, right(line, True)))


def _bit(name: str, immediate: bool, line: Line) -> Micros:
    """``bset x1,x2,x3``: bit x3 (the low 6 bits of it) of x2 is set, cleared, or turned over."""
    line.expect(3)
    mask: Expr = shift("shl", WORD, number(1), right(line, immediate))
    if name == "and":
        mask = Op("bitnot", (mask,), WORD)
    return assign(register(line[0]), op(name, WORD, value_of(line[1]), mask))


def _extract(immediate: bool, line: Line) -> Micros:
    """``bext x1,x2,x3``: that bit alone."""
    line.expect(3)
    moved = shift("shr", WORD, value_of(line[1]), right(line, immediate))
    return assign(register(line[0]), op("and", WORD, moved, number(1)))


def _or_bytes(line: Line) -> Micros:
    """``orc.b``: each byte that is not 0 becomes 0xff."""
    line.expect(2)
    found: Expr = number(0)
    for at in range(0, 64, 8):
        byte = op("and", WORD, value_of(line[1]), number(0xFF << at))
        full = number(0xFF << at), number(0)
        some = Op("ite", (compare("ne", WORD, byte, number(0)), *full), WORD)
        found = op("or", WORD, found, some)
    return assign(register(line[0]), found)


def bits() -> dict[str, Handler]:
    """The handlers by mnemonic."""
    table: dict[str, Handler] = {
        "mulh": partial(_high, S64, S64),
        "mulhu": partial(_high, WORD, WORD),
        "mulhsu": partial(_high, S64, WORD),
        "add.uw": partial(_add_word, 0),
        "slli.uw": _shift_word,
        "orc.b": _or_bytes,
    }
    for places in (1, 2, 3):
        table[f"sh{places}add.uw"] = partial(_add_word, places)
    for end, immediate in (("", False), ("i", True)):
        for mnemonic, name in {"bset": "or", "bclr": "and", "binv": "xor"}.items():
            table[mnemonic + end] = partial(_bit, name, immediate)
        table["bext" + end] = partial(_extract, immediate)
    return table
