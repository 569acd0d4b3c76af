"""AArch64 registers, second operands and addresses (Arm ARM DDI 0487, C1.2 and C1.3.3)."""

from __future__ import annotations

import re

from ksmcheck.isa.expressions import WORD, cast, number, op, shift
from ksmcheck.isa.micro import Micros
from ksmcheck.isa.operands import Line, Operand, pieces, symbolic
from ksmcheck.kernel.ints import S32, U8, U32, IntType
from ksmcheck.program.ir import Expr, Set, Use

_REGISTER = re.compile(r"([XW])(\d{1,2}|ZR)\Z", re.I)
_STACK_POINTER = re.compile(r"W?SP\Z", re.I)
_EXTENSIONS = {
    "SXTW": S32,
    "UXTW": U32,
    "UXTB": U8,
    "SXTB": IntType(8, True),
    "UXTH": IntType(16, False),
    "SXTH": IntType(16, True),
    "UXTX": WORD,
    "SXTX": WORD,
}
_SHIFTS = {"LSL": "shl", "LSR": "shr", "ASR": "shr"}


def canonical(name: str) -> str | None:
    """``w3`` and ``X3`` are both X3; the zero register has no name of its own in a state."""
    match = _REGISTER.match(name)
    if match is None and name[1:2] == "%" and name[0] in "WXwx":
        return symbolic(name[1:])
    if match is None and _STACK_POINTER.match(name):
        return "SP"
    if match is None or (match[2].isdigit() and int(match[2]) > 30):
        return symbolic(name)
    return f"X{match[2].upper()}"


def register(operand: Operand) -> tuple[str | None, int]:
    """Name (None: the zero register) and width of a register operand."""
    name = canonical(operand.text)
    if name is None:
        known = "X0 to X30, W0 to W30, SP, XZR, WZR"
        raise operand.wrong(f"'{operand.text}' is not a register", known)
    return None if name == "XZR" else name, 32 if operand.text[0] in "Ww" else 64


def value_of(operand: Operand) -> Expr:
    name, width = register(operand)
    type = WORD if width == 64 else U32
    return number(0, type) if name is None else Use(name, type)


def assign(dst: str | None, value: Expr) -> Micros:
    """``value`` fills the register, with zeros above its own width."""
    return () if dst is None else (Set(dst, cast(WORD, value)),)


def flexible(line: Line, first: int, type: IntType) -> Expr:
    """The last operand of arithmetic: a number, or a register, shifted or extended."""
    operand = line[first]
    value = operand.number()
    if value is not None:
        shown = number(value, type)
        return _modified(line[first + 1], shown, type) if len(line) > first + 1 else shown
    expr = value_of(operand)
    if len(line) > first + 1:
        return _modified(line[first + 1], expr, type)
    return cast(type, expr)


def shift_amount(operand: Operand) -> tuple[str, int]:
    """``LSL #3``, ``LSL#3``, ``LSL 3``; ``SXTW`` alone is by 0."""
    words = operand.text.upper().replace("#", " #").split()
    amount = Operand(words[-1], operand.start).number() if len(words) > 1 else 0
    if amount is None or len(words) > 2:
        raise operand.wrong(f"'{operand.text}' is not a shift or an extension")
    return words[0], amount


def _modified(operand: Operand, value: Expr, type: IntType) -> Expr:
    """A value shifted by less than its width, or extended and shifted by 4 at most."""
    name, amount = shift_amount(operand)
    extends = name in _EXTENSIONS
    if not extends and name != "ROR" and name not in _SHIFTS:
        raise operand.wrong(f"'{operand.text}' is not a shift or an extension")
    most = 4 if extends else type.width - 1
    if not 0 <= amount <= most:
        raise operand.wrong(f"{name} goes by 0 to {most} places here")
    if extends:
        extended = cast(type, cast(_EXTENSIONS[name], value))
        return shift("shl", type, extended, number(amount)) if amount else extended
    if name == "ROR":
        right = shift("shr", type, value, number(amount))
        return op("or", type, right, shift("shl", type, value, number(-amount)))
    signed = IntType(type.width, name == "ASR")
    return cast(type, shift(_SHIFTS[name], signed, value, number(amount)))


def address(line: Line, at: int) -> tuple[Expr, Micros]:
    """The address in operand ``at``, and what write-back does after the access.

    ``[Xn]``, ``[Xn,#1]``, ``[Xn,Xm]``, ``[Xn,Wm,SXTW #2]``, ``[Xn,#1]!``, ``[Xn],#1``.
    """
    operand = line[at]
    text = operand.text
    before = text.endswith("!")
    inside = text[:-1].rstrip() if before else text
    if not (inside.startswith("[") and inside.endswith("]")):
        raise operand.wrong(f"'{text}' is not an address", "write [X1], [X1,#8] or [X1,W2,SXTW]")
    parts = pieces(inside[1:-1], operand.start + 1)
    base, width = register(parts[0])
    if base is None or width != 64:
        raise parts[0].wrong("the base of an address is an X register")
    where: Expr = Use(base, WORD)
    if len(parts) > 1:
        where = _offset(where, parts)
    after: Micros = (Set(base, where),) if before else ()
    if len(line) > at + 1:
        line.expect(at + 2)
        after = (Set(base, op("add", WORD, where, number(line[at + 1].immediate()))),)
    return where, after


def _offset(base: Expr, parts: list[Operand]) -> Expr:
    offset = parts[1].number()
    if offset == 0 and len(parts) == 2:
        return base
    if len(parts) > 3:
        raise parts[3].wrong("an address has at most three parts")
    value: Expr
    if offset is not None:
        value = number(offset)
    elif len(parts) == 3:
        value = _modified(parts[2], value_of(parts[1]), WORD)
    else:
        value = value_of(parts[1])
    return op("add", WORD, base, value)
