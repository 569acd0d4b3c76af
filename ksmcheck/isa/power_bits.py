"""Power instructions on the bits of a register, and a choice by a bit of the condition register
(Power ISA, Book I chapter 3): rotations with a mask, counts, isel."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ksmcheck.isa.dialect import Handler
from ksmcheck.isa.expressions import WORD, cast, compare, number, op, shift
from ksmcheck.isa.micro import Micros
from ksmcheck.isa.operands import Line
from ksmcheck.isa.power_conditions import BITS, condition_bit
from ksmcheck.isa.power_operands import base_of, recorded, register, value_of
from ksmcheck.kernel.ints import BOOL, U32, IntType
from ksmcheck.program.ir import Expr, Op, Set, Use

_ALL = (1 << 64) - 1


def _mask(first: int, last: int) -> int:
    """The bits from ``first`` to ``last``, 0 being the leftmost of 64; it may wrap around."""
    from_first = _ALL >> first
    up_to_last = _ALL & ~(_ALL >> (last + 1))
    return from_first & up_to_last if first <= last else from_first | up_to_last


def _turned(type: IntType, value: Expr, by: Expr) -> Expr:
    """``value`` turned left."""
    right = shift("shr", type, value, op("sub", WORD, number(type.width), by))
    return op("or", type, shift("shl", type, value, by), right)


def _amounts(line: Line, first: int) -> list[int]:
    found = [operand.immediate() for operand in line.operands[first:]]
    for operand, amount in zip(line.operands[first:], found, strict=True):
        if not 0 <= amount < 64:
            raise operand.wrong(f"a doubleword has no {amount} bits")
    return found


def _rotate(mask: Callable[[int, int], int], insert: bool, line: Line) -> Micros:
    """``rldicl r1,r2,turn,bit``: turned left, and of it what ``mask`` says; rldimi inserts that."""
    line.expect(4)
    turn, bit = _amounts(line, 2)
    kept = mask(turn, bit)
    value = op("and", WORD, _turned(WORD, value_of(line[1]), number(turn)), number(kept))
    if insert:
        value = op("or", WORD, op("and", WORD, value_of(line[0]), number(~kept)), value)
    return (Set(register(line[0]), value),)


_ROTATIONS: dict[str, Callable[[int, int], int]] = {
    "rldicl": lambda turn, bit: _mask(bit, 63),
    "rldicr": lambda turn, bit: _mask(0, bit),
    "rldic": lambda turn, bit: _mask(bit, 63 - turn),
    "rldimi": lambda turn, bit: _mask(bit, 63 - turn),
}


def _rotate_left(type: IntType, immediate: bool, line: Line) -> Micros:
    """``rotlwi r1,r2,n``, ``rotld r1,r2,r3``."""
    line.expect(3)
    by: Expr = number(_amounts(line, 2)[0]) if immediate else value_of(line[2])
    return (Set(register(line[0]), cast(WORD, _turned(type, value_of(line[1]), by))),)


def _clear_right(line: Line) -> Micros:
    """``clrrdi r1,r2,n``: the n lowest bits become 0."""
    line.expect(3)
    (bits,) = _amounts(line, 2)
    return (Set(register(line[0]), op("and", WORD, value_of(line[1]), number(-1 << bits))),)


def _zeros(type: IntType, leading: bool, line: Line) -> Micros:
    """``cntlzw``, ``cnttzd``: how many bits are 0 before the first that is 1."""
    line.expect(2)
    found: Expr = number(type.width)
    for before in range(type.width - 1, -1, -1):
        at = type.width - 1 - before if leading else before
        bit = op("and", type, shift("shr", type, value_of(line[1]), number(at)), number(1))
        found = Op("ite", (compare("ne", type, bit, number(0)), number(before), found), WORD)
    return (Set(register(line[0]), found),)


def _count(words: int, line: Line) -> Micros:
    """``popcntd``: how many bits are 1; popcntw: in each word."""
    line.expect(2)
    width, counts = 64 // words, cast(WORD, number(0))
    for word in range(words):
        found: Expr = number(0)
        for at in range(word * width, (word + 1) * width):
            bit = op("and", WORD, shift("shr", WORD, value_of(line[1]), number(at)), number(1))
            found = op("add", WORD, found, bit)
        counts = op("or", WORD, counts, shift("shl", WORD, found, number(word * width)))
    return (Set(register(line[0]), counts),)


def _select(line: Line) -> Micros:
    """``isel r1,r2,r3,bit``: r2 (0 for r0) if the bit of the condition register is 1, else r3."""
    line.expect(4)
    return _selected(line, condition_bit(line[3]))


def _select_by(name: str, line: Line) -> Micros:
    """``iseleq r1,r2,r3``: by cr0."""
    line.expect(3)
    return _selected(line, f"flag.cr0.{name}")


def _selected(line: Line, flag: str) -> Micros:
    """What the bit was computed from orders nothing here: that is weaker than any machine."""
    arms = cast(WORD, base_of(line[1])), cast(WORD, value_of(line[2]))
    return (Set(register(line[0]), Op("pick", (Use(flag, BOOL), *arms), WORD)),)


def bits() -> dict[str, Handler]:
    """The handlers by mnemonic."""
    table: dict[str, Handler] = {
        name: partial(_rotate, mask, name == "rldimi") for name, mask in _ROTATIONS.items()
    }
    for name in BITS:
        table["isel" + name] = partial(_select_by, name)
    table |= {
        "rotlwi": partial(_rotate_left, U32, True),
        "rotlw": partial(_rotate_left, U32, False),
        "rotldi": partial(_rotate_left, WORD, True),
        "rotld": partial(_rotate_left, WORD, False),
        "clrrdi": _clear_right,
        "cntlzw": partial(_zeros, U32, True),
        "cntlzd": partial(_zeros, WORD, True),
        "cnttzw": partial(_zeros, U32, False),
        "cnttzd": partial(_zeros, WORD, False),
    }
    dotted: dict[str, Handler] = {
        name + ".": partial(recorded, handler)
        for name, handler in table.items()
        if not name.startswith("isel")
    }
    return (
        table
        | dotted
        | {"popcntd": partial(_count, 1), "popcntw": partial(_count, 2), "isel": _select}
    )
