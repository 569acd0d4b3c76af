"""ARM loads and stores of several registers, and those under a condition (DDI 0406, A8)."""

from __future__ import annotations

from functools import partial

from ksmcheck.isa import acts
from ksmcheck.isa.aarch64_arithmetic import CONDITIONS
from ksmcheck.isa.arm_operands import address, assign, register, value_of
from ksmcheck.isa.dialect import Handler
from ksmcheck.isa.expressions import WORD, number, op
from ksmcheck.isa.micro import Micros
from ksmcheck.isa.operands import Line, Operand
from ksmcheck.kernel.ints import U32, IntType
from ksmcheck.program.ir import Expr, Op, Set, Use

_BEFORE = "held"
_SIZES = {"": 32, "B": 8, "H": 16}


def _registers(operand: Operand) -> list[Operand]:
    """``{R1,R3-R5}``, lowest first."""
    text = operand.text
    if not (text.startswith("{") and text.endswith("}")):
        raise operand.wrong(f"'{text}' is no list of registers", "{R1,R2}")
    found: list[Operand] = []
    for piece in text[1:-1].split(","):
        first, dash, last = (part.strip() for part in piece.partition("-"))
        names = [register(Operand(end, operand.start)) for end in (first, last if dash else first)]
        numbers = [int(name[1:]) if name[1:].isdigit() else -1 for name in names]
        if dash and not 0 <= numbers[0] <= numbers[1]:
            raise operand.wrong(f"'{piece.strip()}' is no range of registers")
        known = names[:1] if not dash else [f"R{n}" for n in range(numbers[0], numbers[1] + 1)]
        found += [Operand(name, operand.start) for name in known]
    order = [int(one.text[1:]) if one.text[1:].isdigit() else -1 for one in found]
    if order != sorted(set(order)):
        raise operand.wrong("the registers of a list come in order, and once")
    return found


def _multiple(name: str, first: int, line: Line) -> Micros:
    """``LDM R0,{R1,R2}``, ``STMIB R0!,{R1,R2}``: the lowest register has the lowest address."""
    line.expect(2)
    base = Operand(line[0].text.rstrip("!").rstrip(), line[0].start)
    where, listed = value_of(base), _registers(line[1])
    back: Micros = ()
    if line[0].text.endswith("!"):
        if any(register(one) == register(base) for one in listed):
            raise line.wrong("a base that is in the list and written back is not supported")
        back = assign(register(base), op("add", U32, where, number(4 * len(listed))))
    places = [op("add", U32, Use(_BEFORE, U32), number(first + 4 * n)) for n in range(len(listed))]
    each = _loads if name.startswith("LD") else _stores
    return (Set(_BEFORE, op("add", WORD, where, number(0))), *each(name, listed, places), *back)


def _loads(name: str, into: list[Operand], places: list[Op]) -> Micros:
    cell = IntType(32, False)
    return tuple(
        acts.load(
            name if n == 0 else f"{name}.more", (), register(one), place, cell, U32, joined=n > 0
        )
        for n, (one, place) in enumerate(zip(into, places, strict=True))
    )


def _stores(name: str, values: list[Operand], places: list[Op]) -> Micros:
    cell = IntType(32, False)
    return tuple(
        acts.store(name if n == 0 else f"{name}.more", (), place, value_of(one), cell, joined=n > 0)
        for n, (one, place) in enumerate(zip(values, places, strict=True))
    )


def _double(name: str, line: Line) -> Micros:
    """``LDRD R0,R1,[R2]``, or ``LDRD R0,[R2]`` of R0 and the next: two accesses, each single-copy
    atomic by itself (A3.5.3)."""
    line.expect(2, 3, 4)
    pair = list(line.operands[:2])
    short = line[1].text.startswith("[")
    if not short:
        line.expect(3, 4)
    else:
        first = register(line[0])
        following = f"R{int(first[1:]) + 1}" if first[1:].isdigit() else first
        pair[1] = Operand(following, line[0].start)
    where, after = address(line, 1 if short else 2)
    loads = name == "LDRD"
    if register(pair[0]) == register(pair[1]) and loads:
        raise line[1].wrong("to load two values into one register is unpredictable")
    if loads and any(isinstance(c, Set) and c.reg in map(register, pair) for c in after):
        raise line.wrong("a load into the base that it writes back is unpredictable")
    places = [op("add", U32, Use(_BEFORE, U32), number(4 * n)) for n in (0, 1)]
    accesses = (_loads if loads else _stores)(name, pair, places)
    return (Set(_BEFORE, op("add", WORD, where, number(0))), *accesses, *after)


def _plain(line: Line, condition: Expr) -> Expr:
    where, after = address(line, 1)
    if after:
        raise line[1].wrong("an access with a condition writes nothing back here")
    return where


def _load_if(name: str, width: int, condition: Expr, line: Line) -> Micros:
    """``LDRNE R0,[R1]``: that it happens decides what R0 is, and orders nothing else."""
    line.expect(2)
    where, dst = _plain(line, condition), register(line[0])
    cell = IntType(width, False)
    act = acts.load_if(name, (), _BEFORE, where, condition, cell, U32)
    return act, Set(dst, Op("pick", (condition, Use(_BEFORE, WORD), Use(dst, WORD)), WORD))


def _store_if(name: str, width: int, condition: Expr, line: Line) -> Micros:
    line.expect(2)
    where, cell = _plain(line, condition), IntType(width, False)
    return (acts.store_if(name, (), where, value_of(line[0]), condition, cell),)


def more_accesses() -> dict[str, Handler]:
    """The handlers by mnemonic."""
    table: dict[str, Handler] = {
        "LDRD": partial(_double, "LDRD"),
        "STRD": partial(_double, "STRD"),
    }
    for mnemonic in ("LDM", "STM"):
        for end, first in (("", 0), ("IA", 0), ("IB", 4)):
            table[mnemonic + end] = partial(_multiple, mnemonic + end, first)
    for end, condition in CONDITIONS.items():
        for size, width in _SIZES.items():
            for name in (f"LDR{end}{size}", f"LDR{size}{end}"):
                table[name] = partial(_load_if, f"LDR{end}{size}", width, condition)
            for name in (f"STR{end}{size}", f"STR{size}{end}"):
                table[name] = partial(_store_if, f"STR{end}{size}", width, condition)
    return table
