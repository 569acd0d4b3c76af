"""What is taken for granted of memory that is allocated and freed."""

from __future__ import annotations

from ksmcheck.events.structure import EventStructure
from ksmcheck.syntax.litmus_allocated import OBJECT

MEMORY = "assuming that no allocation fails"


def allocates(structure: EventStructure) -> bool:
    """Whether some thread may allocate something."""
    return any(cell.local is not None and cell.local.name == OBJECT for cell in structure.cells)
