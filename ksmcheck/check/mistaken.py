"""Names that mean something else than they seem to."""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.events.structure import EventStructure


def mistaken(structure: EventStructure) -> Iterator[str]:
    """Where the condition takes the address of a location, and its value may be meant: what it is
    compared with never holds an address. And registers that are 0 because nothing assigns them."""
    for register in structure.unassigned:
        hint = f"; {register.hint}" if register.hint else ""
        yield f"{register.span}: {register.name} is 0: nothing declares or assigns it{hint}"
    addresses = {cell.address for cell in structure.cells}
    for one in structure.taken:
        cell = next((c for c in structure.cells if c.name == one.cell), None)
        if cell is None:
            continue
        stored = (e.values for e in structure.events if e.kind == "W" and cell.id in e.cells)
        if addresses.isdisjoint(value for values in stored for value in values):
            yield (
                f"{one.span}: {one.other} is an address here, which {one.cell} never holds; "
                f"write [{one.other}] for the value of {one.other}"
            )
