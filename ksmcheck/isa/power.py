"""Power: what its instructions do (Power ISA, Book I chapter 3, Book II chapter 4).

Tags are those of models/power: SYNC, LWSYNC, EIEIO and ISYNC; accesses have none but X, which
marks lwarx and stwcx. and orders nothing by itself.
"""

from __future__ import annotations

from functools import partial

from ksmcheck.isa import acts
from ksmcheck.isa.dialect import Dialect, Handler
from ksmcheck.isa.expressions import WORD, compare, negation, number, op
from ksmcheck.isa.micro import END, Act, Go, Micros
from ksmcheck.isa.operands import Line
from ksmcheck.isa.power_arithmetic import arithmetic
from ksmcheck.isa.power_bits import bits
from ksmcheck.isa.power_conditions import conditions
from ksmcheck.isa.power_operands import (
    address,
    base_register,
    canonical,
    field,
    indexed,
    register,
    two_operands,
    value_of,
)
from ksmcheck.kernel.ints import BOOL, IntType
from ksmcheck.program.fold import registers
from ksmcheck.program.ir import Expr, Op, Set, Use

_LOADS = {"lbz": (8, False), "lhz": (16, False), "lha": (16, True), "lwz": (32, False)}
_LOADS |= {"lwa": (32, True), "ld": (64, False)}
_STORES = {"stb": 8, "sth": 16, "stw": 32, "std": 64}
_EXCLUSIVE = {"b": 8, "h": 16, "w": 32, "d": 64}


def _load(name: str, width: int, signed: bool, line: Line) -> Micros:
    line = two_operands(line)
    where = address(line[1])
    return (acts.load(name, (), register(line[0]), where, IntType(width, signed), WORD),)


def _load_indexed(name: str, width: int, signed: bool, line: Line) -> Micros:
    line.expect(3)
    where = indexed(line[1], line[2])
    return (acts.load(name, (), register(line[0]), where, IntType(width, signed), WORD),)


def _store(name: str, width: int, line: Line) -> Micros:
    line = two_operands(line)
    where = address(line[1])
    return (acts.store(name, (), where, value_of(line[0]), IntType(width, False)),)


def _store_indexed(name: str, width: int, line: Line) -> Micros:
    line.expect(3)
    where = indexed(line[1], line[2])
    return (acts.store(name, (), where, value_of(line[0]), IntType(width, False)),)


def _load_update(name: str, width: int, signed: bool, line: Line) -> Micros:
    """``lwzu r1,4(r2)``: r2 becomes the address; not where it is what is loaded."""
    line = two_operands(line)
    where, base = address(line[1]), base_register(line[1])
    if base == register(line[0]):
        raise line[0].wrong(f"{name} may not load the register of its address")
    act = acts.load(name, (), register(line[0]), where, IntType(width, signed), WORD)
    return (act, Set(base, where))


def _load_update_indexed(name: str, width: int, signed: bool, line: Line) -> Micros:
    line.expect(3)
    where, base, dst = indexed(line[1], line[2]), register(line[1]), register(line[0])
    if base == "r0" or dst in (base, register(line[2])):
        raise line.wrong(f"{name} here loads a register of its address, or uses r0 as base")
    return (acts.load(name, (), dst, where, IntType(width, signed), WORD), Set(base, where))


def _store_update(name: str, width: int, line: Line) -> Micros:
    line = two_operands(line)
    where, base = address(line[1]), base_register(line[1])
    return (acts.store(name, (), where, value_of(line[0]), IntType(width, False)), Set(base, where))


def _store_update_indexed(name: str, width: int, line: Line) -> Micros:
    line.expect(3)
    where, base = indexed(line[1], line[2]), register(line[1])
    if base == "r0":
        raise line[1].wrong(f"{name} cannot use r0 as base")
    return (acts.store(name, (), where, value_of(line[0]), IntType(width, False)), Set(base, where))


def _load_reserved(name: str, width: int, line: Line) -> Micros:
    line.expect(3, 4)
    where, cell = indexed(line[1], line[2]), IntType(width, False)
    return (acts.load(name, acts.EXCLUSIVE, register(line[0]), where, cell, WORD, reserves=True),)


def _store_conditional(name: str, width: int, line: Line) -> Micros:
    """cr0 says whether it stored: EQ. That depends on the registers read, as herd7 has it; that it
    comes after the store, and so after the lwarx, is left open."""
    line.expect(3)
    value, where, cell = value_of(line[0]), indexed(line[1], line[2]), IntType(width, False)
    act = acts.store_conditional(
        name, acts.EXCLUSIVE, "flag.cr0.eq", where, value, cell, BOOL, status="ok"
    )
    stored = Op("with", (Use("flag.cr0.eq", BOOL), where, value), BOOL)
    clear = (Set("flag.cr0.lt", number(0, BOOL)), Set("flag.cr0.gt", number(0, BOOL)))
    return (*clear, act, Set("flag.cr0.eq", stored))


def _multiple(name: str, line: Line) -> Micros:
    """``lmw r30,0(r1)``, stmw: words for r30 and r31, accesses in no order with each other."""
    line.expect(2)
    first, where = register(line[0]), address(line[1])
    names = [f"r{n}" for n in range(int(first[1:]), 32)] if first[1:].isdigit() else []
    if not names or (name == "lmw" and any(used in names for used in registers(where))):
        raise line.wrong(f"{name} takes a register of a number, and does not load its base")
    cell, found = IntType(32, False), list[Act]()
    for n, one in enumerate(names):
        place = op("add", WORD, where, number(4 * n)) if n else where
        full = f"{name}.more" if n else name
        if name == "lmw":
            found.append(acts.load(full, (), one, place, cell, WORD, joined=n > 0))
        else:
            found.append(acts.store(full, (), place, Use(one, WORD), cell, joined=n > 0))
    return tuple(found)


def _barrier(tag: str, line: Line) -> Micros:
    line.expect(0)
    return (acts.fence(tag),)


def _sync(line: Line) -> Micros:
    """``sync`` and ``sync 0``; 1 is lwsync, and 2 (ptesync) orders memory as 0 does."""
    line.expect(0, 1)
    kind = line[0].immediate() if len(line) else 0
    if kind not in (0, 1, 2):
        raise line[0].wrong(f"there is no sync {kind}", "sync 0, sync 1 (lwsync), sync 2")
    return (acts.fence("LWSYNC" if kind == 1 else "SYNC"),)


def _return(line: Line) -> Micros:
    """Nobody has called the thread: it ends."""
    line.expect(0)
    return (Go(None, END),)


def _return_if(name: str, line: Line) -> Micros:
    """``beqlr``, ``bnelr cr1``."""
    line.expect(0, 1)
    return (Go(_condition(name, field(line[0]) if len(line) else "flag.cr0"), END),)


def _prefetch(line: Line) -> Micros:
    """``dcbt``: a hint, which orders nothing."""
    line.expect(2, 3)
    indexed(line[0], line[1])
    return ()


def _clean(line: Line) -> Micros:
    """``dcbf``, ``dcbst``: what caches hold shows in no access."""
    line.expect(2, 3)
    indexed(line[0], line[1])
    return ()


def _hint(line: Line) -> Micros:
    line.expect(0)
    return ()


def _count_register(line: Line) -> Micros:
    """``mtctr r1``."""
    line.expect(1)
    return (Set("ctr", value_of(line[0])),)


def _from_count(line: Line) -> Micros:
    line.expect(1)
    return (Set(register(line[0]), Use("ctr", WORD)),)


def _count_down(name: str, line: Line) -> Micros:
    """``bdnz L``: the count register less 1, and a jump if it is not 0 (bdz: is 0)."""
    line.expect(1)
    down = Set("ctr", op("sub", WORD, Use("ctr", WORD), number(1)))
    return down, Go(compare(name, WORD, Use("ctr", WORD), number(0)), line[0].label())


def _branch(line: Line) -> Micros:
    line.expect(1)
    return (Go(None, line[0].label()),)


def _branch_if(name: str, line: Line) -> Micros:
    """``beq L`` or ``beq cr1,L``."""
    line.expect(1, 2)
    where = field(line[0]) if len(line) == 2 else "flag.cr0"
    return (Go(_condition(name, where), line.operands[-1].label()),)


def _condition(name: str, where: str) -> Expr:
    """Each looks at one bit: ``bge`` goes where it is not less, and so where nobody compared."""
    less, greater, equal = (Use(f"{where}.{bit}", BOOL) for bit in ("lt", "gt", "eq"))
    condition: dict[str, Expr] = {
        "eq": equal,
        "ne": negation(equal),
        "lt": less,
        "gt": greater,
        "le": negation(greater),
        "ge": negation(less),
        "nl": negation(less),
        "ng": negation(greater),
    }
    return condition[name]


def _accesses() -> dict[str, Handler]:
    table: dict[str, Handler] = {}
    for name, (width, signed) in _LOADS.items():
        table[name] = partial(_load, name, width, signed)
        table[name + "x"] = partial(_load_indexed, name + "x", width, signed)
        if name != "lwa":  # which has no such form with a displacement
            table[name + "u"] = partial(_load_update, name + "u", width, signed)
        table[name + "ux"] = partial(_load_update_indexed, name + "ux", width, signed)
    for name, width in _STORES.items():
        table[name] = partial(_store, name, width)
        table[name + "x"] = partial(_store_indexed, name + "x", width)
        table[name + "u"] = partial(_store_update, name + "u", width)
        table[name + "ux"] = partial(_store_update_indexed, name + "ux", width)
    for letter, width in _EXCLUSIVE.items():
        table[f"l{letter}arx"] = partial(_load_reserved, f"l{letter}arx", width)
        table[f"st{letter}cx."] = partial(_store_conditional, f"st{letter}cx.", width)
    barriers = {"hwsync": "SYNC", "ptesync": "SYNC", "lwsync": "LWSYNC", "eieio": "EIEIO"}
    for name, tag in {**barriers, "isync": "ISYNC"}.items():
        table[name] = partial(_barrier, tag)
    table["sync"] = _sync
    table["lmw"], table["stmw"] = partial(_multiple, "lmw"), partial(_multiple, "stmw")
    table["dcbt"] = table["dcbtst"] = _prefetch
    table["dcbf"] = table["dcbfl"] = table["dcbst"] = _clean
    return table


def _counting() -> dict[str, Handler]:
    table: dict[str, Handler] = {"mtctr": _count_register, "mfctr": _from_count}
    for hint in ("", "+", "-"):
        table["bdnz" + hint] = partial(_count_down, "ne")
        table["bdz" + hint] = partial(_count_down, "eq")
    return table | dict.fromkeys(("miso", "yield", "mdoio", "mdoom"), _hint)


def power() -> Dialect:
    """The dialect of tests that begin with ``PPC``."""
    table = {**_accesses(), **_counting(), **arithmetic(), **bits(), **conditions()}
    table |= {"b": _branch, "blr": _return}
    for name in ("eq", "ne", "lt", "gt", "le", "ge", "nl", "ng"):
        for hint in ("", "+", "-"):
            table[f"b{name}{hint}"] = partial(_branch_if, name)
            table[f"b{name}lr{hint}"] = partial(_return_if, name)
    return Dialect("PPC", canonical, table, capitals=False)
