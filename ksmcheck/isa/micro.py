"""What an instruction does, as data: the one thing that the compiler and the replay both read.

An instruction is a short sequence of micro-operations: ``Set`` (a register gets the value of an
expression over registers), ``Act`` (it accesses memory, or is a fence) and ``Go`` (it may jump).
Both readers have their own code for each of the three.
"""

from __future__ import annotations

from typing import TypeAlias

from ksmcheck.kernel.ints import IntType
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.lowering.template import Row
from ksmcheck.program.ir import Expr, Set
from ksmcheck.record import Struct

END = "(end)"
"""No label of a test can be called so. A return ends the thread: nobody has called it."""


class Act(Struct, frozen=True, eq=False):
    """``dst := primitive(args)``; ``row`` says which events that is.

    ``cell`` is the type of the memory accessed: its width is the access's, its sign says how a
    value is extended to ``result``, the type of what ``dst`` receives. Fields are None where the
    operation has no such thing (a fence has none).
    """

    primitive: Primitive
    row: Row
    dst: str | None
    args: tuple[Expr, ...]
    cell: IntType | None
    result: IntType | None


class Go(Struct, frozen=True, eq=False):
    """Jump to ``label`` if ``condition`` is not 0; None: always. The label END is behind the last
    instruction."""

    condition: Expr | None
    label: str


Micro: TypeAlias = Set | Act | Go
Micros: TypeAlias = tuple[Micro, ...]


class BadInstruction(Exception):
    """An instruction that is not understood; ``start`` and ``end`` are offsets in its text."""

    def __init__(self, message: str, start: int, end: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end
        self.hint = hint
