"""Machines whose words are half as wide as the types here, which are those of 64-bit kernels.

There a ``u64`` is accessed in two halves, and bit 40 of a bitmap lies in the next word: neither is
modelled, so that nothing is said of a test that hangs on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ksmcheck.events.structure import EventStructure
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.lowering.table import LoweringTable
from ksmcheck.program.ir import Access, Const, Program
from ksmcheck.text import Inconclusive

_WIDE = frozenset(
    ("long long", "unsigned long long", "u64", "s64", "__u64", "__s64", "uint64_t", "int64_t")
) | {"loff_t", "__le64"}
"""Types of 64 bits on every machine; ``long`` and pointers are as wide as its words."""

_WHOLE = ("atomic64_", "cmpxchg64")
"""What does access 64 bits at once."""


class InParts(Inconclusive):
    """The machine makes several accesses of one; the verdict is UNKNOWN."""


def check_words(
    program: Program,
    structure: EventStructure,
    table: LoweringTable,
    known: Mapping[str, Primitive],
) -> None:
    """Raises InParts for an access that is wider than the machine's words, or of a bit that lies
    in another word there, or may. Without effect where words are of 64 bits."""
    if table.widest < 64:
        for name, ctype in _wide_cells(structure):
            raise InParts(
                f"{name} is {ctype}, which {structure.model} accesses in parts of {table.widest} "
                "bits: parts of locations are not modelled"
            )
    if table.bitmap < 64:
        for name, bit in _far_bits(program, known, table.bitmap):
            raise InParts(
                f"{name} of {bit}: on {structure.model} bitmaps have words of {table.bitmap} "
                "bits, which is not modelled"
            )


def _wide_cells(structure: EventStructure) -> Iterator[tuple[str, str]]:
    for event in structure.events:
        if event.kind != "F" and event.origin and not event.primitive.startswith(_WHOLE):
            for number in event.cells:
                cell = structure.cells[number]
                if cell.ctype in _WIDE:
                    yield cell.name, cell.ctype


def _far_bits(
    program: Program, known: Mapping[str, Primitive], width: int
) -> Iterator[tuple[str, str]]:
    """Those of a bit in another word there, or of one that no constant tells: it may be as far."""
    for block in (block for thread in program.threads for block in thread.blocks):
        for access in (i for i in block.instrs if isinstance(i, Access)):
            for (kind, _), arg in zip(known[access.name].operands, access.args, strict=True):
                if kind != "bit":
                    continue
                if not isinstance(arg, Const):
                    yield access.name, "a bit that is not constant"
                elif arg.value >= width:
                    yield access.name, f"bit {arg.value}"
