"""Value analysis where there is nothing to find out: all accesses are executed, each at a place
that is known beforehand, and so is what is written. Most litmus tests without branches are so.
"""

from __future__ import annotations

from collections.abc import Sequence

from ksmcheck.events.draft import DraftEvent
from ksmcheck.events.value_sets import Values
from ksmcheck.program.ir import Cell


def known_values(
    accesses: Sequence[DraftEvent], cells: Sequence[Cell], *, coherent: bool
) -> tuple[list[int], dict[int, Values]] | None:
    """The cell of each access and the values of each read, by its term; None where that takes an
    analysis. ``coherent`` as in ``values.analyse``."""
    at = {cell.address: cell for cell in cells}
    places: list[int] = []
    for event in accesses:
        value, address = event.value, event.address
        if value is None or address is None or address.op != "const" or event.admits is not None:
            return None
        always = event.guard.op == "const" and event.guard.payload
        cell = at.get(address.payload) if always else None
        known = value.op == ("read" if event.kind == "R" else "const")
        if cell is None or cell.type.width != event.width or not known:
            return None
        places.append(cell.id)
    domain: dict[int, Values] = {}
    initial = {cell.id: cell.init for cell in cells}
    for read, place in zip(accesses, places, strict=True):
        if read.kind == "R" and read.value is not None:
            others = [
                write.value.payload
                for write, there in zip(accesses, places, strict=True)
                if there == place
                and write.kind == "W"
                and write.value
                and may_be_read(write, read, coherent=coherent)
            ]
            domain[read.value.id] = frozenset((initial[place], *others))
    return places, domain


def may_be_read(write: DraftEvent, read: DraftEvent, *, coherent: bool) -> bool:
    """Whether a read may take a write's value: never that of its own primitive, and where it is
    ``coherent`` none that its own thread stores later."""
    if write.thread != read.thread:
        return True
    if write.position < read.position:
        return True
    return not coherent and write.instance != read.instance and write.position > read.position
