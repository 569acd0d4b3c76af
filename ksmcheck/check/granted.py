"""What is taken for granted of memory that is allocated."""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.events.structure import Event, EventStructure
from ksmcheck.events.terms import Term
from ksmcheck.kernel.catalogue.accesses import FREE
from ksmcheck.kernel.ints import ADDRESS, BOOL, unsigned
from ksmcheck.program.ir import Cell
from ksmcheck.syntax.litmus_allocated import GARBAGE, OBJECT

MEMORY = "assuming that no allocation fails"


def allocates(structure: EventStructure) -> bool:
    """Whether some thread may allocate something."""
    return any(_allocated(cell) for cell in structure.cells)


def unwritten(structure: EventStructure) -> list[tuple[Event, Term]]:
    """The reads that may find garbage in what was allocated, and when they do so."""
    cells = {c.id: c for c in structure.cells if _allocated(c) and c.init == c.type.raw(GARBAGE)}
    found = []
    for event in structure.events:
        if event.kind == "R" and event.primitive != FREE and cells.keys() & event.cells:
            here = list(_garbage(event, [cells[c] for c in event.cells if c in cells], structure))
            if here:
                found.append((event, structure.terms.either(*here)))
    return found


def _garbage(event: Event, cells: list[Cell], structure: EventStructure) -> Iterator[Term]:
    terms = structure.terms
    assert event.address is not None and event.value is not None
    for cell in cells:
        if cell.init in event.values:
            at = terms.op("eq", BOOL, event.address, terms.const(cell.address, ADDRESS))
            raw = terms.const(cell.init, unsigned(cell.type.width))
            holds = terms.op("eq", BOOL, event.value, raw)
            yield terms.both(event.guard, at, holds)


def _allocated(cell: Cell) -> bool:
    return cell.local is not None and cell.local.name == OBJECT
