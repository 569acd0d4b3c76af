"""Numbers and addresses as a kernel developer reads them."""

from __future__ import annotations

import pytest

from ksmcheck.kernel.ints import U32, U64
from ksmcheck.program.ir import Cell
from ksmcheck.report.values import Names

# struct { unsigned long kpfn; unsigned long removed; } node; an array of two such structs; an int.
CELLS = [
    Cell(0, "node.kpfn", 0x1000, U64, 0, False, "unsigned long"),
    Cell(1, "node.removed", 0x1008, U64, 0, False, "unsigned long"),
    Cell(2, "map[0].a.b", 0x2000, U64, 0, False, "unsigned long"),
    Cell(3, "map[0].c", 0x2008, U64, 0, False, "unsigned long"),
    Cell(4, "map[1].a.b", 0x2010, U64, 0, False, "unsigned long"),
    Cell(5, "count", 0x3000, U32, 0, False, "unsigned int"),
]


@pytest.mark.parametrize(
    ("raw", "width", "text"),
    [
        (0, 64, "0"),
        (3, 32, "3"),
        (0xFFFFFFFF, 32, "-1"),  # all ones is -1 in two's complement
        (0x80000000, 32, "0x80000000"),
        (2**64 - 2, 64, "-2"),
        (0x1000, 64, "&node"),  # a pointer to a struct is a pointer to its first member
        (0x1003, 64, "&node + 3"),  # KSM tags pointers so
        (0x1008, 64, "&node.removed"),
        (0x2000, 64, "&map[0]"),
        (0x2010, 64, "&map[1]"),
        (0x3000, 64, "&count"),
        (0x90008, 64, "0x90008"),  # near no cell
    ],
)
def test_value(raw: int, width: int, text: str) -> None:
    assert Names(CELLS).value(raw, width) == text
