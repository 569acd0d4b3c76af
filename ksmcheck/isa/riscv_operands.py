"""RISC-V registers and addresses; ABI names are read as the registers that they are."""

from __future__ import annotations

import re

from ksmcheck.isa.expressions import WORD, cast, number, op
from ksmcheck.isa.micro import Micros
from ksmcheck.isa.operands import Line, Operand, symbolic
from ksmcheck.program.ir import Const, Expr, Set, Use

_ABI = ["zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1"]
_ABI += [f"a{n}" for n in range(8)] + [f"s{n}" for n in range(2, 12)]
_ABI += [f"t{n}" for n in range(3, 7)]
_NUMBERS = {name: number for number, name in enumerate(_ABI)} | {"fp": 8}
_REGISTER = re.compile(r"x(\d{1,2})\Z")
_ADDRESS = re.compile(r"(-?\w*)\s*\(\s*(%?\w+)\s*\)\Z")


def canonical(name: str) -> str | None:
    """``a0`` is ``x10``."""
    match = _REGISTER.match(name)
    index = int(match[1]) if match else _NUMBERS.get(name, 32)
    return f"x{index}" if index < 32 else symbolic(name)


def _named(operand: Operand) -> str:
    name = canonical(operand.text)
    if name is None:
        raise operand.wrong(f"'{operand.text}' is not a register", "x0 to x31, or a0, t0, s0, ...")
    return name


def register(operand: Operand) -> str | None:
    """A destination; x0 is none."""
    name = _named(operand)
    return None if name == "x0" else name


def value_of(operand: Operand) -> Expr:
    name = _named(operand)
    return number(0) if name == "x0" else Use(name, WORD)


def assign(dst: str | None, value: Expr) -> Micros:
    return () if dst is None else (Set(dst, cast(WORD, value)),)


def right(line: Line, immediate: bool) -> Expr:
    """The last of three operands."""
    return number(line[2].immediate()) if immediate else value_of(line[2])


def address(operand: Operand) -> Expr:
    """``0(x5)``, ``(x5)``."""
    match = _ADDRESS.match(operand.text)
    if match is None:
        raise operand.wrong(f"'{operand.text}' is not an address", "write 0(x5)")
    base = value_of(Operand(match[2], operand.start + match.start(2)))
    offset = Operand(match[1] or "0", operand.start).immediate()
    if isinstance(base, Const):
        raise operand.wrong("x0 is no address")
    return op("add", WORD, base, number(offset)) if offset else base
