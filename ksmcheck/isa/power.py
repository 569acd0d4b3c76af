"""Power: what its instructions do (Power ISA, Book I chapter 3, Book II chapter 4).

Tags are those of models/power: SYNC, LWSYNC, EIEIO and ISYNC; accesses have none but X, which
marks lwarx and stwcx. and orders nothing by itself.
"""

from __future__ import annotations

from functools import partial

from ksmcheck.isa import acts
from ksmcheck.isa.dialect import Dialect, Handler
from ksmcheck.isa.expressions import (
    WORD,
    cast,
    compare,
    either,
    negation,
    number,
    op,
    shift,
)
from ksmcheck.isa.micro import Go, Micros
from ksmcheck.isa.operands import Line
from ksmcheck.isa.power_operands import (
    address,
    base_of,
    canonical,
    field,
    indexed,
    register,
    value_of,
)
from ksmcheck.kernel.ints import BOOL, S32, S64, IntType
from ksmcheck.program.ir import Expr, Op, Set, Use

_LOADS = {"lbz": (8, False), "lhz": (16, False), "lha": (16, True), "lwz": (32, False)}
_LOADS |= {"lwa": (32, True), "ld": (64, False)}
_STORES = {"stb": 8, "sth": 16, "stw": 32, "std": 64}
_EXCLUSIVE = {"b": 8, "h": 16, "w": 32, "d": 64}
_LOGIC = {"add": "add", "and": "and", "or": "or", "xor": "xor", "mullw": "mul", "mulld": "mul"}
_IMMEDIATE = {"addi": "add", "mulli": "mul", "ori": "or", "xori": "xor", "andi": "and"}
_SHIFTS = {"slw": ("shl", 32, False), "srw": ("shr", 32, False), "sraw": ("shr", 32, True)}
_SHIFTS |= {"sld": ("shl", 64, False), "srd": ("shr", 64, False), "srad": ("shr", 64, True)}


def _load(name: str, width: int, signed: bool, line: Line) -> Micros:
    line.expect(2)
    where = address(line[1])
    return (acts.load(name, (), register(line[0]), where, IntType(width, signed), WORD),)


def _load_indexed(name: str, width: int, signed: bool, line: Line) -> Micros:
    line.expect(3)
    where = indexed(line[1], line[2])
    return (acts.load(name, (), register(line[0]), where, IntType(width, signed), WORD),)


def _store(name: str, width: int, line: Line) -> Micros:
    line.expect(2)
    where = address(line[1])
    return (acts.store(name, (), where, value_of(line[0]), IntType(width, False)),)


def _store_indexed(name: str, width: int, line: Line) -> Micros:
    line.expect(3)
    where = indexed(line[1], line[2])
    return (acts.store(name, (), where, value_of(line[0]), IntType(width, False)),)


def _load_reserved(name: str, width: int, line: Line) -> Micros:
    line.expect(3, 4)
    where, cell = indexed(line[1], line[2]), IntType(width, False)
    return (acts.load(name, ("X",), register(line[0]), where, cell, WORD, reserves=True),)


def _store_conditional(name: str, width: int, line: Line) -> Micros:
    """cr0 says whether it stored: EQ."""
    line.expect(3)
    value, where, cell = value_of(line[0]), indexed(line[1], line[2]), IntType(width, False)
    act = acts.store_conditional(
        name, ("X",), "flag.cr0.eq", where, value, cell, BOOL, status="ok", told=True
    )
    return (Set("flag.cr0.lt", number(0, BOOL)), Set("flag.cr0.gt", number(0, BOOL)), act)


def _barrier(tag: str, line: Line) -> Micros:
    line.expect(0)
    return (acts.fence(tag),)


def _compared(where: str, type: IntType, left: Expr, right: Expr) -> Micros:
    """A condition field: less, greater, equal."""
    return tuple(
        Set(f"{where}.{name}", compare(name, type, left, right)) for name in ("lt", "gt", "eq")
    )


def _compare(width: int, signed: bool, immediate: bool, line: Line) -> Micros:
    """``cmpw r1,r2`` or ``cmpw cr1,r1,r2``."""
    line.expect(2, 3)
    where = field(line[0]) if len(line) == 3 else "flag.cr0"
    left, right = line.operands[-2:]
    second: Expr = number(right.immediate()) if immediate else value_of(right)
    return _compared(where, IntType(width, signed), value_of(left), second)


def _result(dst: str, value: Expr, record: bool) -> Micros:
    """``add.`` also compares its result with 0."""
    setting = Set(dst, cast(WORD, value))
    if not record:
        return (setting,)
    return (setting, *_compared("flag.cr0", S64, Use(dst, WORD), number(0)))


def _three(name: str, record: bool, line: Line) -> Micros:
    line.expect(3)
    value = op(name, WORD, value_of(line[1]), value_of(line[2]))
    return _result(register(line[0]), value, record)


def _subtract(swap: bool, record: bool, line: Line) -> Micros:
    """``subf r1,r2,r3`` is r3 - r2, ``sub r1,r2,r3`` is r2 - r3."""
    line.expect(3)
    sides = [value_of(line[1]), value_of(line[2])]
    left, right = sides[::-1] if swap else sides
    return _result(register(line[0]), op("sub", WORD, left, right), record)


def _inverted(name: str, record: bool, line: Line) -> Micros:
    """``nor``, ``nand``, ``eqv``."""
    line.expect(3)
    value = op(name, WORD, value_of(line[1]), value_of(line[2]))
    return _result(register(line[0]), Op("bitnot", (value,), WORD), record)


def _immediate(name: str, record: bool, line: Line) -> Micros:
    line.expect(3)
    left = base_of(line[1]) if name == "add" else value_of(line[1])
    value = op(name, WORD, left, number(line[2].immediate()))
    return _result(register(line[0]), value, record)


def _shift(name: str, width: int, signed: bool, immediate: bool, line: Line) -> Micros:
    line.expect(3)
    by: Expr = number(line[2].immediate()) if immediate else value_of(line[2])
    return _result(
        register(line[0]), shift(name, IntType(width, signed), value_of(line[1]), by), False
    )


def _load_immediate(shifted: int, line: Line) -> Micros:
    line.expect(2)
    return _result(register(line[0]), number(line[1].immediate() << shifted), False)


def _move(record: bool, line: Line) -> Micros:
    line.expect(2)
    return _result(register(line[0]), value_of(line[1]), record)


def _unary(name: str, line: Line) -> Micros:
    line.expect(2)
    return _result(register(line[0]), Op(name, (value_of(line[1]),), WORD), False)


def _extend(type: IntType, line: Line) -> Micros:
    line.expect(2)
    return _result(register(line[0]), cast(type, value_of(line[1])), False)


def _nothing(line: Line) -> Micros:
    line.expect(0)
    return ()


def _branch(line: Line) -> Micros:
    line.expect(1)
    return (Go(None, line[0].label()),)


def _branch_if(name: str, line: Line) -> Micros:
    """``beq L`` or ``beq cr1,L``."""
    line.expect(1, 2)
    where = field(line[0]) if len(line) == 2 else "flag.cr0"
    less, greater, equal = (Use(f"{where}.{bit}", BOOL) for bit in ("lt", "gt", "eq"))
    condition: dict[str, Expr] = {
        "eq": equal,
        "ne": negation(equal),
        "lt": less,
        "gt": greater,
        "le": either(less, equal),
        "ge": either(greater, equal),
        "nl": negation(less),
        "ng": negation(greater),
    }
    return (Go(condition[name], line.operands[-1].label()),)


def _accesses() -> dict[str, Handler]:
    table: dict[str, Handler] = {}
    for name, (width, signed) in _LOADS.items():
        table[name] = partial(_load, name, width, signed)
        table[name + "x"] = partial(_load_indexed, name + "x", width, signed)
    for name, width in _STORES.items():
        table[name] = partial(_store, name, width)
        table[name + "x"] = partial(_store_indexed, name + "x", width)
    for letter, width in _EXCLUSIVE.items():
        table[f"l{letter}arx"] = partial(_load_reserved, f"l{letter}arx", width)
        table[f"st{letter}cx."] = partial(_store_conditional, f"st{letter}cx.", width)
    barriers = {"sync": "SYNC", "hwsync": "SYNC", "lwsync": "LWSYNC", "eieio": "EIEIO"}
    for name, tag in {**barriers, "isync": "ISYNC"}.items():
        table[name] = partial(_barrier, tag)
    return table


def _arithmetic() -> dict[str, Handler]:
    table: dict[str, Handler] = {}
    for dot in ("", "."):
        record = bool(dot)
        for mnemonic, name in _LOGIC.items():
            table[mnemonic + dot] = partial(_three, name, record)
        for mnemonic, name in {"nor": "or", "nand": "and", "eqv": "xor"}.items():
            table[mnemonic + dot] = partial(_inverted, name, record)
        table["subf" + dot] = partial(_subtract, True, record)
        table["sub" + dot] = partial(_subtract, False, record)
        table["mr" + dot] = partial(_move, record)
    for mnemonic, name in _IMMEDIATE.items():
        dotted = mnemonic + "." * (name == "and")
        table[dotted] = partial(_immediate, name, name == "and")
    for mnemonic, (name, width, signed) in _SHIFTS.items():
        table[mnemonic] = partial(_shift, name, width, signed, False)
        table[mnemonic + "i"] = partial(_shift, name, width, signed, True)
    for mnemonic, (width, signed) in {
        "cmpw": (32, True),
        "cmpd": (64, True),
        "cmplw": (32, False),
        "cmpld": (64, False),
    }.items():
        table[mnemonic] = partial(_compare, width, signed, False)
        table[mnemonic + "i"] = partial(_compare, width, signed, True)
    return table | {
        "li": partial(_load_immediate, 0),
        "lis": partial(_load_immediate, 16),
        "neg": partial(_unary, "neg"),
        "not": partial(_unary, "bitnot"),
        "extsw": partial(_extend, S32),
        "clrldi": _clear_left,
        "nop": _nothing,
    }


def _clear_left(line: Line) -> Micros:
    """``clrldi r1,r2,32`` keeps the low 32 bits."""
    line.expect(3)
    bits = line[2].immediate()
    if not 0 <= bits < 64:
        raise line[2].wrong("between 0 and 63 bits can be cleared")
    value = op("and", WORD, value_of(line[1]), number((1 << (64 - bits)) - 1))
    return _result(register(line[0]), value, False)


def power() -> Dialect:
    """The dialect of tests that begin with ``PPC``."""
    table = {**_accesses(), **_arithmetic(), "b": _branch}
    for name in ("eq", "ne", "lt", "gt", "le", "ge", "nl", "ng"):
        for hint in ("", "+", "-"):
            table[f"b{name}{hint}"] = partial(_branch_if, name)
    return Dialect("PPC", S64, canonical, table, capitals=False)
