"""A litmus test in assembly as written: start state, columns of instructions, conditions.

Instructions are kept as text here; what they mean is the business of ``isa/``.
"""

from __future__ import annotations

from ksmcheck.record import Struct
from ksmcheck.syntax.litmus_ast import Condition, PropExpr, PropTree
from ksmcheck.text import Span


class Start(Struct, frozen=True):
    """One entry of the start state: ``x=1``, ``uint64_t y``, ``0:X1=x``, ``int64_t 0:X3=-1``.

    ``thread`` is set for registers. ``type`` is the type's words (``uint64_t``, ``int*``), None
    where the entry gives none. ``value`` is a number, the name of a location (its address), or
    None.
    """

    name: str
    thread: int | None
    type: str | None
    value: int | str | None
    span: Span


class Label(Struct, frozen=True):
    """``name`` marks the instruction that follows."""

    name: str
    span: Span


class Instruction(Struct, frozen=True):
    """``text`` without surrounding blanks. ``whole``: how many bits the location has of which it
    loads the low ones; 0 where it does not."""

    text: str
    span: Span
    whole: int = 0


class AssemblyThread(Struct, frozen=True):
    """One column. ``span`` is that of its heading."""

    name: str
    lines: tuple[Label | Instruction, ...]
    span: Span


class AssemblyTest(Struct, frozen=True):
    """One test; the fields that a ``LitmusTest`` has too mean the same.

    ``dialect`` is ``X86``, ``X86_64``, ``AArch64``, ``ARM``, ``PPC`` or ``RISCV``. Conditions hold
    ``Register``, ``Name`` (a location; on the right of a comparison its address) and ``IntLit``.
    """

    name: str
    path: str
    dialect: str
    info: tuple[tuple[str, str], ...]
    init: tuple[Start, ...]
    threads: tuple[AssemblyThread, ...]
    filter: PropTree | None
    condition: Condition | None
    locations: tuple[PropExpr, ...]
    span: Span
