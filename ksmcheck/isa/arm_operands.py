"""ARM (AArch32) registers, second operands and addresses."""

from __future__ import annotations

import re

from ksmcheck.isa.expressions import WORD, cast, compare, number, op, shift, shift_out
from ksmcheck.isa.micro import Micros
from ksmcheck.isa.operands import Line, Operand, pieces, symbolic
from ksmcheck.kernel.ints import BOOL, U32, IntType
from ksmcheck.program.ir import Expr, Op, Set, Use
from ksmcheck.record import replace

_REGISTER = re.compile(r"R(\d{1,2})\Z", re.I)
_SHIFT = re.compile(r"(LSL|LSR|ASR|ROR)(?:\s+#?|#)(\w+)\Z", re.I)
_NAMED = {"FP": "R11", "IP": "R12", "SP": "SP", "R13": "SP"}


def canonical(name: str) -> str | None:
    match = _REGISTER.match(name)
    if match is None or name.upper() in _NAMED:
        return _NAMED.get(name.upper()) or symbolic(name)
    return f"R{int(match[1])}" if int(match[1]) < 13 else None


def register(operand: Operand) -> str:
    name = canonical(operand.text)
    if name is None:
        raise operand.wrong(f"'{operand.text}' is not a register", "R0 to R12, SP")
    return name


def value_of(operand: Operand) -> Expr:
    return Use(register(operand), U32)


def assign(dst: str, value: Expr) -> Micros:
    return (Set(dst, cast(WORD, value)),)


def flexible(line: Line, first: int) -> Expr:
    """A number, or a register that may be shifted (``R2, LSL #1``, ``R2, LSR R3``)."""
    constant = line[first].number()
    value: Expr = value_of(line[first]) if constant is None else number(constant, U32)
    if len(line) == first + 1:
        return value
    return shifted(*_shift_of(line[first + 1], value))


def shifter_carry(line: Line, first: int) -> Micros:
    """What ``flexible`` leaves in C, for logical operations with flags: the last bit that fell out
    of a shift; of a number that takes a rotation to encode, its highest bit (A5.2.4)."""
    constant = line[first].number()
    if len(line) > first + 1:
        value: Expr = value_of(line[first]) if constant is None else number(constant, U32)
        return shift_carry(*_shift_of(line[first + 1], value))
    if constant is None or U32.wrap(constant) < 256:
        return ()
    return (Set("flag.C", number(U32.wrap(constant) >> 31, BOOL)),)


def _shift_of(operand: Operand, value: Expr) -> tuple[str, Expr, Expr]:
    match = _SHIFT.match(operand.text)
    if match is None:
        raise operand.wrong(f"'{operand.text}' is not a shift", "LSL #1")
    kind, amount = match[1].upper(), Operand(match[2], operand.start + match.start(2))
    constant = amount.number()
    if constant is None:
        return kind, value, value_of(amount)
    most = 31 if kind in ("LSL", "ROR") else 32
    if not 0 <= constant <= most:
        raise operand.wrong(f"{kind} goes by 0 to {most} places here")
    return kind, value, number(constant)


def shifted(kind: str, value: Expr, by: Expr) -> Expr:
    """A shift by the low byte of ``by``: further than the width nothing is left, or the sign."""
    if kind == "ROR":
        left = shift("shl", U32, value, op("sub", WORD, number(32), by))
        return op("or", U32, shift("shr", U32, value, by), left)
    type = IntType(32, kind == "ASR")
    return cast(U32, shift_out("shl" if kind == "LSL" else "shr", type, value, by, 8))


def shift_carry(kind: str, value: Expr, by: Expr) -> Micros:
    """C is the last bit that fell out; a shift by 0 leaves it alone (A2.2.1)."""
    places = op("and", WORD, by, number(0xFF))
    if kind == "ROR":
        last: Expr = shift("shr", U32, shifted(kind, value, by), number(31))
    elif kind == "LSL":
        beyond = shift_out("shl", WORD, cast(WORD, cast(U32, value)), places, 8)
        last = shift("shr", WORD, beyond, number(32))
    else:
        signed = kind == "ASR"
        double = IntType(64, signed)
        before = shift("shl", double, cast(double, cast(IntType(32, signed), value)), number(1))
        last = shift_out("shr", double, before, places, 8)
    carry = compare("ne", WORD, op("and", WORD, last, number(1)), number(0))
    none = compare("eq", WORD, places, number(0))
    return (Set("flag.C", Op("ite", (none, Use("flag.C", BOOL), carry), BOOL)),)


def address(line: Line, at: int) -> tuple[Expr, Micros]:
    """``[R1]``, ``[R1,#4]``, ``[R1,-R2]``, ``[R1,R2,LSL #2]``, ``[R1,#4]!``, ``[R1],#4``; and what
    write-back does after the access."""
    operand = line[at]
    before = operand.text.endswith("!")
    inside = operand.text.rstrip("!").rstrip()
    if not (inside.startswith("[") and inside.endswith("]")):
        raise operand.wrong(f"'{operand.text}' is not an address", "write [R1] or [R1,R2]")
    parts = Line(operand.text, "", tuple(pieces(inside[1:-1], operand.start + 1)))
    parts.expect(1, 2, 3)
    base = register(parts[0])
    where: Expr = Use(base, WORD)
    if len(parts) > 1 and parts[1].number() != 0:
        where = _moved(where, parts, 1)
    after: Micros = assign(base, where) if before else ()
    if len(line) > at + 1:
        line.expect(at + 2)
        after = assign(base, _moved(where, line, at + 1))
    return cast(WORD, where), after


def _moved(where: Expr, parts: Line, at: int) -> Expr:
    """An address and what is added to it, or a register that is subtracted (``-R2``)."""
    operand = parts[at]
    if operand.number() is not None or not operand.text.startswith("-"):
        return op("add", U32, where, flexible(parts, at))
    name = operand.text[1:].lstrip()
    bare = Operand(name, operand.start + len(operand.text) - len(name))
    rest = replace(parts, operands=(bare, *parts.operands[at + 1 :]))
    return op("sub", U32, where, flexible(rest, 0))


def address_alone(line: Line, at: int) -> Expr:
    """An address without write-back, as exclusives have it."""
    where, after = address(line, at)
    if after:
        raise line[at].wrong(f"{line.mnemonic} writes no address back", "write [R1]")
    return where
