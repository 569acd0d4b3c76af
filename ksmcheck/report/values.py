"""Numbers as a kernel developer reads them: addresses by the name of what they point to."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from ksmcheck.kernel.ints import IntType
from ksmcheck.kernel.memory import PAGE, beside, is_literal
from ksmcheck.program.ir import Cell


class Names:
    """Turns raw values into text; built once per verdict from the program's cells."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        ordered = sorted(cells, key=lambda c: c.address)
        self._addresses = [c.address for c in ordered]
        self._objects = [_object(ordered, index) for index in range(len(ordered))]

    def value(self, raw: int, width: int = 64) -> str:
        """``3``, ``-1``, ``&node``, ``&node.kpfn + 3``; ``raw`` is unsigned of ``width`` bits."""
        if raw < PAGE:
            return str(raw)
        if width < 64:
            signed = raw - (1 << width) if raw >> (width - 1) else raw
            return str(signed) if abs(signed) < PAGE else hex(raw)
        index = bisect_right(self._addresses, raw) - 1
        if index >= 0 and raw - self._addresses[index] < 8:
            offset = raw - self._addresses[index]
            target = self._objects[index]
            base = target if is_literal(target) else f"&{target}"
            return f"{base} + {offset}" if offset else base
        if (1 << width) - raw < PAGE:
            return str(raw - (1 << width))
        return hex(raw)

    def bare(self, raw: int, type: IntType) -> str:
        """As herd7 prints values: a pointer is the name of its target, also in an ``int``; numbers
        are decimal."""
        place = beside(self._addresses, raw)
        if place is None:
            return str(type.wrap(raw))
        name = self._objects[bisect_right(self._addresses, place) - 1]
        return name if place == raw else f"{name}+{raw - place}"


def _object(ordered: Sequence[Cell], index: int) -> str:
    """What begins at a cell: the outermost struct whose first member it is, or the cell itself."""
    name = ordered[index].name
    if is_literal(name):
        return name.removesuffix("[0]")
    while "." in name:
        outer = name.rpartition(".")[0]
        if index and ordered[index - 1].name.startswith(outer + "."):
            break
        name = outer
    return name
