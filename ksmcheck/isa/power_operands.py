"""Power registers and addresses."""

from __future__ import annotations

import re

from ksmcheck.isa.dialect import Handler
from ksmcheck.isa.expressions import WORD, compare, number, op
from ksmcheck.isa.micro import Micros
from ksmcheck.isa.operands import Line, Operand, symbolic
from ksmcheck.kernel.ints import S64, IntType
from ksmcheck.program.ir import Expr, Set, Use
from ksmcheck.record import replace

_REGISTER = re.compile(r"%?r(\d{1,2})\Z", re.I)
_FIELD = re.compile(r"(?:cr)?([0-7])\Z", re.I)
_ADDRESS = re.compile(r"(-?\w*)\s*\(\s*(%?\w+)\s*\)\Z")


def canonical(name: str) -> str | None:
    match = _REGISTER.match(name)
    if match is None:
        return symbolic(name)
    return f"r{int(match[1])}" if int(match[1]) < 32 else None


def register(operand: Operand) -> str:
    name = canonical(operand.text)
    if name is None:
        raise operand.wrong(f"'{operand.text}' is not a register", "r0 to r31")
    return name


def value_of(operand: Operand) -> Expr:
    return Use(register(operand), WORD)


def base_of(operand: Operand) -> Expr:
    """(RA|0) of the manual: 0 or r0 is the number 0."""
    if operand.text == "0" or canonical(operand.text) == "r0":
        return number(0)
    return value_of(operand)


def address(operand: Operand) -> Expr:
    """``0(r1)``. A machine takes ``0(r0)`` for address 0, where no location is; a test that has it
    means what is in r0, as herd7 does."""
    match = _ADDRESS.match(operand.text)
    if match is None:
        raise operand.wrong(f"'{operand.text}' is not an address", "write 0(r1)")
    name = Operand(match[2], operand.start + match.start(2))
    base = number(0) if name.text == "0" else value_of(name)
    offset = Operand(match[1] or "0", operand.start).immediate()
    return op("add", WORD, base, number(offset)) if offset else base


def two_operands(line: Line) -> Line:
    """The line, ``lwz r1,0,r2`` as ``lwz r1,0(r2)``: herd7's grammar has both.

    Raises BadInstruction where there are not as many operands.
    """
    if len(line) == 3 and line[1].number() is not None:
        where = Operand(f"{line[1].text}({line[2].text})", line[1].start)
        return replace(line, operands=(line[0], where))
    line.expect(2)
    return line


def base_register(operand: Operand) -> str:
    """The register that an update form of ``4(r1)`` changes."""
    match = _ADDRESS.match(operand.text)
    base = None if match is None else canonical(match[2])
    if base is None or base == "r0":
        raise operand.wrong("an update form needs a register that is not r0 as base")
    return base


def indexed(base: Operand, index: Operand) -> Expr:
    """``lwzx r1,r2,r3`` accesses r2 + r3."""
    left, right = base_of(base), value_of(index)
    return right if left == number(0) else op("add", WORD, left, right)


def field(operand: Operand) -> str:
    """``cr1``: the prefix of the registers that stand for the bits of a condition field."""
    match = _FIELD.match(operand.text)
    if match is None:
        raise operand.wrong(f"'{operand.text}' is not a condition field", "cr0 to cr7")
    return f"flag.cr{match[1]}"


def compared(where: str, type: IntType, left: Expr, right: Expr) -> Micros:
    """A condition field: less, greater, equal."""
    return tuple(
        Set(f"{where}.{name}", compare(name, type, left, right)) for name in ("lt", "gt", "eq")
    )


def recorded(handler: Handler, line: Line) -> Micros:
    """The ``.`` form of an instruction also compares its result with 0."""
    computed = handler(line)
    return (*computed, *compared("flag.cr0", S64, Use(register(line[0]), WORD), number(0)))
