"""AArch64 accesses of a pair of registers (Arm ARM C3.2.2, C3.2.7, C3.2.12): two events each.

The two are not in program order with each other. Where the access is single-copy atomic as a whole
(B2.2.1) both are in SCA, which the cat file makes one. A load-exclusive of two X registers is so
only if a store-exclusive succeeds, which follows: its write is. Each half of an exclusive or atomic
pair is a pair of ``rmw`` with its own read.

``pair.second`` is what the second half of the last load-exclusive has read: no other access may
change it, since the store-exclusive is paired with that. ``old.first`` and ``old.second`` are what
the halves of an atomic have read.
"""

from __future__ import annotations

from functools import partial

from ksmcheck.isa import acts
from ksmcheck.isa.aarch64_accesses import ORDERS, Tags, cell_of, check_base, loaded, memory
from ksmcheck.isa.aarch64_operands import address, register, value_of
from ksmcheck.isa.dialect import Handler
from ksmcheck.isa.expressions import WORD, both, compare, number, op
from ksmcheck.isa.micro import Micros
from ksmcheck.isa.operands import Line
from ksmcheck.kernel.ints import BOOL, IntType
from ksmcheck.program.fold import registers
from ksmcheck.program.ir import Expr, Op, Set, Use

_FIRST = Use("pair.first", WORD)
_SECOND = Use("pair.second", WORD)
_OLD = Use("old.first", WORD), Use("old.second", WORD)
_HOLDS = Use("flag.pair", BOOL)
FORGET = Set("pair.second", number(0))
"""A load-exclusive of one register: a store-exclusive of a pair has no read for its second."""


def _other(where: Expr, cell: IntType) -> Expr:
    return op("add", WORD, where, number(cell.width // 8))


def _two(line: Line, at: int) -> tuple[str | None, str | None, int]:
    """Two registers to load into, and their width."""
    (one, width), (two, other) = register(line[at]), register(line[at + 1])
    if width != other:
        raise line[at + 1].wrong("the registers of a pair have one width")
    if one is not None and one == two:
        raise line[at + 1].wrong("to load two values into one register is unpredictable")
    return one, two, width


def _values(line: Line, at: int) -> tuple[Expr, Expr]:
    one, two = value_of(line[at]), value_of(line[at + 1])
    if one.type != two.type:
        raise line[at + 1].wrong("the registers of a pair have one width")
    return one, two


def _load(
    name: str, tags: Tags, line: Line, *, signed: bool = False, in_order: bool = False
) -> Micros:
    """``LDP``; LDPSW loads words and extends their signs. LDIAPP is two LDAPR, the first before
    the second."""
    line.expect(3, 4)
    one, two, width = _two(line, 0)
    where, after = address(line, 2)
    cell = cell_of(32, signed=True) if signed else cell_of(width)
    check_base(line, one, after)
    check_base(line, two, after)
    held = _FIRST.reg if any(one == name for name in registers(where)) else one
    first = loaded(name, tags, held, width, where, cell)
    other = _other(where, cell)
    second = loaded(f"{name}.second", tags, two, width, other, cell, joined=not in_order)
    return (*first, *second, *(_moved(one, _FIRST) if held != one else ()), *after)


def _moved(dst: str | None, value: Use) -> Micros:
    return () if dst is None else (Set(dst, value),)


def _store(name: str, line: Line) -> Micros:
    line.expect(3, 4)
    one, two = _values(line, 0)
    where, after = address(line, 2)
    cell = cell_of(one.type.width)
    return (
        acts.store(name, (), where, one, cell),
        acts.store(f"{name}.second", (), _other(where, cell), two, cell, joined=True),
        *after,
    )


def _store_in_order(name: str, line: Line) -> Micros:
    """``STILP``: two STLR, the first before the second, but for the form with write-back, which
    grows downwards: there the second comes first."""
    line.expect(3)
    one, two = _values(line, 0)
    where, after = address(line, 2)
    cell = cell_of(one.type.width)
    first = acts.store(name, ("L",), where, one, cell)
    second = acts.store(f"{name}.second", ("L",), _other(where, cell), two, cell)
    return (*((second, first) if after else (first, second)), *after)


def _load_exclusive(name: str, tags: Tags, line: Line) -> Micros:
    """``LDXP X0,X1,[X2]``."""
    line.expect(3)
    one, two, width = _two(line, 0)
    where, cell = memory(line, 2), cell_of(width)
    reads = (*tags, *acts.EXCLUSIVE, "SCA") if width == 32 else (*tags, *acts.EXCLUSIVE)
    first = loaded(name, reads, "pair.first", width, where, cell, reserves=True)
    other = _other(where, cell)
    second = loaded(f"{name}.second", reads, "pair.second", width, other, cell, joined=True)
    return (*first, *second, *_moved(one, _FIRST), *_moved(two, _SECOND))


def _store_exclusive(name: str, tags: Tags, line: Line) -> Micros:
    """``STXP W3,X0,X1,[X2]``: both halves are stored, or none."""
    line.expect(4)
    dst, width = register(line[0])
    if width != 32:
        raise line[0].wrong("what tells the success is a W register")
    one, two = _values(line, 1)
    where, cell = memory(line, 3), cell_of(one.type.width)
    writes = (*tags, *acts.EXCLUSIVE, "SCA")
    first = acts.store_conditional(name, writes, "pair.first", where, one, cell, WORD, status="!ok")
    stored = compare("eq", WORD, _FIRST, number(0))
    other = _other(where, cell)
    second = acts.half_store(f"{name}.second", writes, other, two, _SECOND, stored, cell)
    return (first, second, *_moved(dst, _FIRST))


def _even(line: Line, at: int) -> None:
    """The pairs of CASP are a register of even number and the next (XZR after X30)."""
    names = [register(line[n])[0] or "X31" for n in (at, at + 1)]
    if any(name.startswith("%") for name in names):
        return
    first, second = (int(name[1:]) if name[1:].isdigit() else -1 for name in names)
    if first % 2 or second != first + 1:
        message = "a pair begins with a register of even number and goes on with the next"
        raise line[at].wrong(message)


def _read_both(name: str, tags: Tags, where: Expr, cell: IntType) -> Micros:
    return (
        acts.load(name, tags, _OLD[0].reg, where, cell, WORD, atomic=True),
        acts.load(
            f"{name}.second",
            tags,
            _OLD[1].reg,
            _other(where, cell),
            cell,
            WORD,
            joined=True,
            atomic=True,
        ),
    )


def _compare_and_swap(name: str, tags: tuple[Tags, Tags], line: Line) -> Micros:
    """``CASP W0,W1,W2,W3,[X5]``: W0 and W1 are compared with, and get the old values.

    As with CAS: where it succeeds they depend on nothing.
    """
    line.expect(5)
    _even(line, 0)
    _even(line, 2)
    (one, width), (two, _) = register(line[0]), register(line[1])
    expected, new = _values(line, 0), _values(line, 2)
    if expected[0].type != new[0].type:
        raise line[2].wrong("the pairs of registers have one width")
    where, cell = memory(line, 4), cell_of(width)
    reads, writes = ((*half, "SCA") for half in tags)
    same = [compare("eq", cell, *pair) for pair in zip(_OLD, expected, strict=True)]
    kept = [Op("pick", (_HOLDS, Op("alone", (f,), WORD), f), WORD) for f in _OLD]
    stored = f"{name}.store"
    return (
        *_read_both(name, reads, where, cell),
        Set("flag.pair", both(*same)),
        acts.half_store(stored, writes, where, new[0], _OLD[0], _HOLDS, cell, atomic=True),
        acts.half_store(
            stored, writes, _other(where, cell), new[1], _OLD[1], _HOLDS, cell, atomic=True
        ),
        *(() if one is None else (Set(one, kept[0]),)),
        *(() if two is None else (Set(two, kept[1]),)),
    )


def _update(name: str, new: str, tags: tuple[Tags, Tags], line: Line) -> Micros:
    """``SWPP X0,X1,[X2]``, LDCLRP, LDSETP: the operands' registers get the old values."""
    line.expect(3)
    one, two, width = _two(line, 0)
    if one is None or two is None or width != 64:
        raise line.wrong(f"{line.mnemonic} takes two X registers")
    where, cell = memory(line, 2), cell_of(64)
    reads, writes = ((*half, "SCA") for half in tags)
    stored = f"{name}.store"
    values = [
        value if new == "v" else _changed(new, old, value)
        for old, value in zip(_OLD, _values(line, 0), strict=True)
    ]
    places = where, _other(where, cell)
    stores = (
        acts.half_store(stored, writes, place, value, old, number(1), cell, atomic=True)
        for place, value, old in zip(places, values, _OLD, strict=True)
    )
    return (
        *_read_both(name, reads, where, cell),
        *stores,
        *_moved(one, _OLD[0]),
        *_moved(two, _OLD[1]),
    )


def _changed(new: str, old: Expr, value: Expr) -> Expr:
    if new == "SET":
        return op("or", WORD, old, value)
    return op("and", WORD, old, Op("bitnot", (value,), WORD))


def pairs() -> dict[str, Handler]:
    """The handlers by mnemonic."""
    table: dict[str, Handler] = {
        "LDP": partial(_load, "LDP", ()),
        "LDPSW": partial(_load, "LDPSW", (), signed=True),
        "LDIAPP": partial(_load, "LDIAPP", ("Q",), in_order=True),
        "LDNP": partial(_load, "LDNP", ("NT",)),
        "STP": partial(_store, "STP"),
        "STNP": partial(_store, "STNP"),
        "STILP": partial(_store_in_order, "STILP"),
        "LDXP": partial(_load_exclusive, "LDXP", ()),
        "LDAXP": partial(_load_exclusive, "LDAXP", ("A",)),
        "STXP": partial(_store_exclusive, "STXP", ()),
        "STLXP": partial(_store_exclusive, "STLXP", ("L",)),
    }
    for order, tags in ORDERS.items():
        table["CASP" + order] = partial(_compare_and_swap, "CASP" + order, tags)
        table["SWPP" + order] = partial(_update, "SWPP" + order, "v", tags)
        computing = tags[0], (*tags[1], "COMPUTED")
        for name, new in (("LDCLRP", "CLR"), ("LDSETP", "SET")):
            table[name + order] = partial(_update, name + order, new, computing)
    return table
