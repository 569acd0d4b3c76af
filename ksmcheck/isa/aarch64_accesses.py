"""AArch64: what loads, stores and atomics have in common, of one register or of a pair."""

from __future__ import annotations

from ksmcheck.isa import acts
from ksmcheck.isa.aarch64_operands import address
from ksmcheck.isa.expressions import WORD
from ksmcheck.isa.micro import Micros
from ksmcheck.isa.operands import Line
from ksmcheck.kernel.ints import U32, IntType
from ksmcheck.program.ir import Expr, Op, Set, Use

Tags = tuple[str, ...]

ORDERS: dict[str, tuple[Tags, Tags]] = {
    "": (("AMO",), ("AMO",)),
    "A": (("A", "AMO"), ("AMO",)),
    "L": (("AMO",), ("L", "AMO")),
    "AL": (("A", "AMO"), ("L", "AMO")),
}
"""The sets of an atomic's read and write, by the end of its mnemonic."""


def cell_of(width: int, signed: bool = False) -> IntType:
    return IntType(width, signed)


def memory(line: Line, at: int) -> Expr:
    """An address without write-back, as atomics and exclusives have it."""
    line.expect(at + 1)
    where, after = address(line, at)
    if after:
        raise line[at].wrong(f"{line.mnemonic} writes no address back", "write [X1]")
    return where


def check_base(line: Line, dst: str | None, after: Micros) -> None:
    if any(isinstance(change, Set) and change.reg == dst for change in after):
        raise line.wrong("a load into the base that it writes back is unpredictable")


def loaded(
    name: str,
    tags: Tags,
    dst: str | None,
    width: int,
    where: Expr,
    cell: IntType,
    *,
    reserves: bool = False,
    joined: bool = False,
) -> Micros:
    """A load into a register; a sign is extended to the register's own width only."""
    narrow = cell.signed and width < 64
    act = acts.load(
        name, tags, dst, where, cell, U32 if narrow else WORD, reserves=reserves, joined=joined
    )
    if narrow and dst is not None:
        return act, Set(dst, Op("cast", (Use(dst, U32),), WORD))
    return (act,)
