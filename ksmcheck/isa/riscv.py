"""RISC-V: what its instructions do (The RISC-V Instruction Set Manual, volume I).

RV64 with the extensions A, M, Zabha, Zacas and some of B. Tags are those of models/riscv: Acq,
Rel and AcqRel for ``.aq``, ``.rl`` and ``.aqrl``, on both events of an AMO; X marks the events of
an AMO, EX those of LR and SC; fences are Fence.pred.succ, Fence.tso and Fence.i. Loads and stores
with ``.aq`` and ``.rl`` are not in the manual's chapters, but in its memory model and its tests.
"""

from __future__ import annotations

import re
from functools import partial

from ksmcheck.isa import acts
from ksmcheck.isa.dialect import Dialect, Handler
from ksmcheck.isa.expressions import WORD, compare, number
from ksmcheck.isa.micro import END, Go, Micros
from ksmcheck.isa.operands import Line, Operand
from ksmcheck.isa.riscv_arithmetic import arithmetic
from ksmcheck.isa.riscv_bits import bits
from ksmcheck.isa.riscv_operands import address, canonical, register, value_of
from ksmcheck.kernel.ints import S64, IntType
from ksmcheck.program.ir import Op, Set, Use

Tags = tuple[str, ...]

_ORDERS: dict[str, Tags] = {
    "": (),
    ".aq": ("Acq",),
    ".rl": ("Rel",),
    ".aqrl": ("AcqRel",),
    ".aq.rl": ("AcqRel",),
}
_LOADS = {"b": (8, True), "bu": (8, False), "h": (16, True), "hu": (16, False)}
_LOADS |= {"w": (32, True), "wu": (32, False), "d": (64, True)}
_WIDTHS = {"b": 8, "h": 16, "w": 32, "d": 64}
_AMOS = {
    "swap": ("v", True),
    "add": ("old + v", True),
    "and": ("old & v", True),
    "or": ("old | v", True),
    "xor": ("old ^ v", True),
    "max": ("old > v ? old : v", True),
    "min": ("old < v ? old : v", True),
    "maxu": ("old > v ? old : v", False),
    "minu": ("old < v ? old : v", False),
}
_BRANCHES = {
    "beq": ("eq", False),
    "bne": ("ne", False),
    "blt": ("lt", True),
    "bge": ("ge", True),
    "bgt": ("gt", True),
    "ble": ("le", True),
    "bltu": ("lt", False),
    "bgeu": ("ge", False),
    "bgtu": ("gt", False),
    "bleu": ("le", False),
}
_SIDES = re.compile(r"(?=[iorw])i?o?r?w?\Z")


def _load(name: str, tags: Tags, cell: IntType, line: Line) -> Micros:
    line.expect(2)
    dst, where = register(line[0]), address(line[1])
    return (acts.load(name, tags, dst, where, cell, WORD),)


def _store(name: str, tags: Tags, width: int, line: Line) -> Micros:
    line.expect(2)
    value, where = value_of(line[0]), address(line[1])
    return (acts.store(name, tags, where, value, IntType(width, False)),)


def _without(tags: Tags, other: str) -> Tags:
    """``lr.w.rl`` and ``sc.w.aq`` order nothing more than without the suffix (chapter "A")."""
    return () if tags == (other,) else tags


def _load_reserved(name: str, tags: Tags, width: int, line: Line) -> Micros:
    line.expect(2)
    tags = _without(tags, "Rel")
    dst, where, cell = register(line[0]), address(line[1]), IntType(width, True)
    return (acts.load(name, (*tags, "EX"), dst, where, cell, WORD, reserves=True),)


def _store_conditional(name: str, tags: Tags, width: int, line: Line) -> Micros:
    """The result is 0 for success."""
    line.expect(3)
    tags = _without(tags, "Acq")
    dst, value, where = register(line[0]), value_of(line[1]), address(line[2])
    cell = IntType(width, False)
    tags = (*tags, "EX")
    act = acts.store_conditional(name, tags, dst, where, value, cell, WORD, status="!ok", told=True)
    return (act,)


def _amo(name: str, new: str, signed: bool, tags: Tags, width: int, line: Line) -> Micros:
    """The old value comes back with its sign extended, whatever the comparison was."""
    line.expect(3)
    dst, value, where = register(line[0]), value_of(line[1]), address(line[2])
    both = (*tags, "X")
    cell = IntType(width, signed)
    act = acts.update(name, new, both, both, dst, where, value, cell, WORD)
    return (act, *_extended(dst, width)) if width < 64 and not signed else (act,)


def _compare_and_swap(name: str, tags: Tags, width: int, line: Line) -> Micros:
    """``amocas.w x1,x2,(x3)``: x1 is compared with, and gets the old value. Where they differ there
    is no write; x1 is a source of the write, as the stored register is."""
    line.expect(3)
    dst, expected = register(line[0]), value_of(line[0])
    value, where = value_of(line[1]), address(line[2])
    both = (*tags, "X")
    act = acts.compare_swap(
        name, both, both, dst, where, expected, value, IntType(width, True), WORD, decided=True
    )
    return (act,)


def _extended(dst: str | None, width: int) -> Micros:
    if dst is None:
        return ()
    return (Set(dst, Op("cast", (Use(dst, IntType(width, True)),), WORD)),)


def _fence(line: Line) -> Micros:
    line.expect(0, 2)
    if not len(line):
        return (acts.fence("Fence.rw.rw"),)
    before, after = (_side(operand) for operand in line.operands)
    return (acts.fence(f"Fence.{before}.{after}"),)


def _side(operand: Operand) -> str:
    """``rw``, also where devices are named too (``iorw``): memory is all there is here."""
    text = operand.text.lower()
    sides = "".join(letter for letter in text if letter in "rw")
    if not _SIDES.match(text) or not sides:
        raise operand.wrong(f"'{operand.text}' is no side of a fence", "r, w or rw")
    return sides


def _named_fence(tag: str, line: Line) -> Micros:
    line.expect(0)
    return (acts.fence(tag),)


def _branch(name: str, signed: bool, line: Line) -> Micros:
    line.expect(3)
    type = IntType(64, signed)
    condition = compare(name, type, value_of(line[0]), value_of(line[1]))
    return (Go(condition, line[2].label()),)


def _branch_zero(name: str, line: Line) -> Micros:
    line.expect(2)
    return (Go(compare(name, S64, value_of(line[0]), number(0)), line[1].label()),)


def _return(line: Line) -> Micros:
    """Nobody has called the thread: it ends."""
    line.expect(0)
    return (Go(None, END),)


def _jump(line: Line) -> Micros:
    line.expect(1)
    return (Go(None, line[0].label()),)


def _jump_and_link(line: Line) -> Micros:
    """``jal x0,L``, which keeps no return address, is ``j L``."""
    line.expect(2)
    if register(line[0]) is not None:
        raise line[0].wrong("a call is not supported: only jal x0 is a jump")
    return (Go(None, line[1].label()),)


def _of_cache(line: Line) -> Micros:
    """``cbo.clean 0(x1)``, ``prefetch.r``: what caches hold shows in no access."""
    line.expect(1)
    address(line[0])
    return ()


def _accesses() -> dict[str, Handler]:
    table: dict[str, Handler] = {}
    for order, tags in _ORDERS.items():
        for suffix, (width, signed) in _LOADS.items():
            name = f"l{suffix}{order}"
            table[name] = partial(_load, name, tags, IntType(width, signed))
        for suffix, width in _WIDTHS.items():
            name = f"s{suffix}{order}"
            table[name] = partial(_store, name, tags, width)
        for suffix in ("w", "d"):
            width = _WIDTHS[suffix]
            name = f"lr.{suffix}{order}"
            table[name] = partial(_load_reserved, name, tags, width)
            name = f"sc.{suffix}{order}"
            table[name] = partial(_store_conditional, name, tags, width)
        for suffix, width in _WIDTHS.items():
            for stem, (new, signed) in _AMOS.items():
                name = f"amo{stem}.{suffix}{order}"
                table[name] = partial(_amo, name, new, signed, tags, width)
            name = f"amocas.{suffix}{order}"
            table[name] = partial(_compare_and_swap, name, tags, width)
    return table


def _others() -> dict[str, Handler]:
    table: dict[str, Handler] = {
        "fence": _fence,
        "fence.tso": partial(_named_fence, "Fence.tso"),
        "fence.i": partial(_named_fence, "Fence.i"),
        "j": _jump,
        "ret": _return,
        "jal": _jump_and_link,
        **dict.fromkeys(("cbo.clean", "cbo.flush"), _of_cache),
        **dict.fromkeys(("prefetch.r", "prefetch.w", "prefetch.i"), _of_cache),
    }
    for name, (operator, signed) in _BRANCHES.items():
        table[name] = partial(_branch, operator, signed)
    for name in ("eq", "ne", "lt", "ge", "gt", "le"):
        table[f"b{name}z"] = partial(_branch_zero, name)
    return table


def riscv() -> Dialect:
    """The dialect of tests that begin with ``RISCV``."""
    table = {**_accesses(), **_others(), **arithmetic(), **bits()}
    return Dialect("RISCV", canonical, table, capitals=False)
