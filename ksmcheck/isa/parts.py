"""Loads of the low part of a location, as loads of all of it.

A store writes all of a location, so that a narrower load reads the low bits of one store: that is a
load of all of it, of which the register gets those bits. Which location it is has to be plain: its
address is in a register that the start state gives it and no instruction changes. On PPC it is left
alone, since the machine may have either end of a location first.
"""

from __future__ import annotations

from collections.abc import Mapping

from ksmcheck.isa.compile import micros_of
from ksmcheck.isa.expressions import WORD, cast
from ksmcheck.isa.memory import SYMBOL, type_of
from ksmcheck.isa.micro import Act, Go, Micros
from ksmcheck.kernel.ints import IntType
from ksmcheck.program.ir import Set, Use
from ksmcheck.record import replace
from ksmcheck.syntax.assembly_ast import AssemblyTest, AssemblyThread, Instruction

_PART = "(part)"


def with_whole_loads(test: AssemblyTest) -> AssemblyTest:
    """The test with ``whole`` set where a load reads a part; the test itself if there is none."""
    if test.dialect == "PPC":
        return test
    holders = [_holders(test, number) for number in range(len(test.threads))]
    widths = _widths(test, holders)
    threads = tuple(
        _widened(test, thread, held, widths)
        for thread, held in zip(test.threads, holders, strict=True)
    )
    return test if threads == test.threads else replace(test, threads=threads)


def whole_load(micros: Micros, width: int) -> Micros:
    """The micro-operations of a load of ``width`` bits in place of a narrower one."""
    found: list[Act | Go | Set] = []
    for micro in micros:
        if not isinstance(micro, Act) or micro.cell is None or micro.result is None:
            found.append(micro)
            continue
        found.append(
            replace(micro, dst=_PART, cell=IntType(width, False), result=IntType(width, False))
        )
        if micro.dst is not None:
            part = cast(micro.result, cast(micro.cell, Use(_PART, WORD)))
            found.append(Set(micro.dst, cast(WORD, part)))
    return tuple(found)


def _instructions(test: AssemblyTest, thread: AssemblyThread) -> list[tuple[Instruction, Micros]]:
    lines = [line for line in thread.lines if isinstance(line, Instruction)]
    return [(line, micros_of(test, line)) for line in lines]


def _holders(test: AssemblyTest, number: int) -> dict[str, str]:
    """Registers that hold a location's address from the beginning to the end."""
    from ksmcheck.isa.dialects import dialect

    known = dialect(test.dialect)
    held: dict[str, str] = {}
    for entry in test.init:
        name = known.register(entry.name) if entry.thread == number else None
        if name is not None and isinstance(entry.value, str):
            held[name] = entry.value
    for _, micros in _instructions(test, test.threads[number]):
        for micro in micros:
            if isinstance(micro, Set | Act):
                held.pop((micro.dst if isinstance(micro, Act) else micro.reg) or "", None)
    return held


def _accessed(act: Act, held: Mapping[str, str]) -> str | None:
    """The location that an access is plainly of."""
    base = act.args[0] if act.args else None
    if act.cell is None or not isinstance(base, Use):
        return None
    return base.reg[1:] if base.reg[0] == SYMBOL else held.get(base.reg)


def _widths(test: AssemblyTest, holders: list[dict[str, str]]) -> dict[str, int]:
    """How wide each location is: its type's, or as its widest access, an int at least."""
    found: dict[str, int] = {}
    for thread, held in zip(test.threads, holders, strict=True):
        for _, micros in _instructions(test, thread):
            for micro in micros:
                name = _accessed(micro, held) if isinstance(micro, Act) else None
                if name is not None and isinstance(micro, Act) and micro.cell is not None:
                    found[name] = max(found.get(name, 32), micro.cell.width)
    for entry in test.init:
        given = type_of(entry) if entry.thread is None else None
        if given is not None:
            found[entry.name] = 0 if given[1] else given[0].width
        elif entry.thread is None and isinstance(entry.value, str):
            found[entry.name] = 0  # an address, of which no part is loaded
    return found


def _widened(
    test: AssemblyTest, thread: AssemblyThread, held: Mapping[str, str], widths: Mapping[str, int]
) -> AssemblyThread:
    wide: dict[int, int] = {}
    for line, micros in _instructions(test, thread):
        acts = [micro for micro in micros if isinstance(micro, Act) and micro.cell is not None]
        if len(acts) != 1 or acts[0].primitive.shape != "load" or acts[0].primitive.test:
            continue
        (act,) = acts
        name, cell = _accessed(act, held), act.cell
        reserves = act.row.always is not None and any(step.reserves for step in act.row.always)
        if name is None or cell is None or reserves or line.whole:
            continue
        if cell.width < widths.get(name, 0):
            wide[line.span.start] = widths[name]
    lines = tuple(
        replace(line, whole=wide[line.span.start])
        if isinstance(line, Instruction) and line.span.start in wide
        else line
        for line in thread.lines
    )
    return replace(thread, lines=lines) if wide else thread
