"""ARM (AArch32) registers, second operands and addresses."""

from __future__ import annotations

import re

from ksmcheck.isa.expressions import WORD, cast, number, op, shift
from ksmcheck.isa.micro import Micros
from ksmcheck.isa.operands import Line, Operand, symbolic
from ksmcheck.kernel.ints import U32, IntType
from ksmcheck.program.ir import Expr, Set, Use

_REGISTER = re.compile(r"R(\d{1,2})\Z", re.I)
_SHIFT = re.compile(r"(LSL|LSR|ASR)(?:\s+#?|#)(\d+)\Z", re.I)
_NAMED = {"FP": "R11", "IP": "R12"}
_SHIFTS = {"LSL": "shl", "LSR": "shr", "ASR": "shr"}


def canonical(name: str) -> str | None:
    match = _REGISTER.match(name)
    if match is None:
        return _NAMED.get(name.upper()) or symbolic(name)
    return f"R{int(match[1])}" if int(match[1]) < 13 else None


def register(operand: Operand) -> str:
    name = canonical(operand.text)
    if name is None:
        raise operand.wrong(f"'{operand.text}' is not a register", "R0 to R12")
    return name


def value_of(operand: Operand) -> Expr:
    return Use(register(operand), U32)


def assign(dst: str, value: Expr) -> Micros:
    return (Set(dst, cast(WORD, value)),)


def flexible(line: Line, first: int) -> Expr:
    """A number, or a register that may be shifted (``R2, LSL #1``)."""
    constant = line[first].number()
    value: Expr = value_of(line[first]) if constant is None else number(constant, U32)
    return _shifted(value, line[first + 1]) if len(line) > first + 1 else value


def _shifted(value: Expr, operand: Operand) -> Expr:
    match = _SHIFT.match(operand.text)
    if match is None:
        raise operand.wrong(f"'{operand.text}' is not a shift", "LSL #1")
    type = IntType(32, match[1].upper() == "ASR")
    return cast(U32, shift(_SHIFTS[match[1].upper()], type, value, number(int(match[2]))))


def address(line: Line, at: int) -> tuple[Expr, Micros]:
    """``[R1]``, ``[R1,#4]``, ``[R1,R2]``, ``[R1,R2,LSL #2]``, ``[R1,#4]!``, ``[R1],#4``; and what
    write-back does after the access."""
    operand = line[at]
    before = operand.text.endswith("!")
    inside = operand.text.rstrip("!").rstrip()
    if not (inside.startswith("[") and inside.endswith("]")):
        raise operand.wrong(f"'{operand.text}' is not an address", "write [R1] or [R1,R2]")
    pieces = [piece.strip() for piece in inside[1:-1].split(",")]
    parts = Line(operand.text, "", tuple(Operand(p, operand.start) for p in pieces))
    parts.expect(1, 2, 3)
    base = register(parts[0])
    where: Expr = Use(base, WORD)
    if len(parts) > 1 and parts[1].number() != 0:
        where = op("add", U32, where, flexible(parts, 1))
    after: Micros = assign(base, where) if before else ()
    if len(line) > at + 1:
        line.expect(at + 2)
        after = assign(base, op("add", U32, where, flexible(line, at + 1)))
    return cast(WORD, where), after


def address_alone(line: Line, at: int) -> Expr:
    """An address without write-back, as exclusives have it."""
    where, after = address(line, at)
    if after:
        raise line[at].wrong(f"{line.mnemonic} writes no address back", "write [R1]")
    return where
