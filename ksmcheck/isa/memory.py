"""The shared memory of an assembly test: its locations, their addresses and widths.

Every access of a location has one width (mixed-size accesses are not modelled): that of the
accesses whose address register it starts in, where they have one. A location that they are narrower
than is what they access, its low bits: the others stay 0. One that they are wider than starts with
zeros above its own bits, and is shown without them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from ksmcheck.isa.dialect import Dialect
from ksmcheck.isa.micro import Act, Micros
from ksmcheck.kernel.ints import ADDRESS, S32, S64, U32, IntType
from ksmcheck.kernel.memory import FIRST, LAST, STEP
from ksmcheck.program.fold import registers
from ksmcheck.program.ir import Cell, Expr, Set, Use
from ksmcheck.record import Struct
from ksmcheck.syntax.assembly_ast import AssemblyTest, Start
from ksmcheck.syntax.c_ast import Name, Unary
from ksmcheck.syntax.litmus_ast import PropTree
from ksmcheck.text import InputError
from ksmcheck.text.spelling import did_you_mean

_TYPES = {
    "char": IntType(8, True),
    "short": IntType(16, True),
    "int": S32,
    "long": S64,
    "intptr_t": S64,
    "uintptr_t": ADDRESS,
    **{f"int{width}_t": IntType(width, True) for width in (8, 16, 32, 64)},
    **{f"uint{width}_t": IntType(width, False) for width in (8, 16, 32, 64)},
}
_POINTERS = {"ARM": U32, "X86": U32}
"""Machines whose addresses have fewer than 64 bits."""
_FILLERS = {"unsigned", "signed", "volatile", "const", "atomic", "_Atomic"}

SYMBOL = "&"
"""Before a location's name: the register that holds its address, where instructions name it."""


class Locations(Struct, frozen=True):
    """``addresses`` and ``cells`` by name, ``shown`` the types that final values are printed in."""

    addresses: dict[str, int]
    cells: dict[str, Cell]
    shown: dict[str, IntType]


def type_of(entry: Start) -> tuple[IntType, bool] | None:
    """The type that an entry of the start state gives, and whether it is a pointer."""
    if entry.type is None:
        return None
    if "*" in entry.type:
        return ADDRESS, True
    words = [w for w in entry.type.split() if w not in _FILLERS]
    known = _TYPES.get(words[-1] if words else "int")
    if known is None:
        hint = did_you_mean(words[-1], _TYPES)
        raise InputError(f"the type '{entry.type}' is not known", entry.span, hint)
    if "unsigned" in entry.type.split():
        known = IntType(known.width, False)
    return known, False


def register_types(test: AssemblyTest, dialect: Dialect) -> dict[tuple[int, str], IntType]:
    """(thread, register) -> the type that the start state gives it: ``uint64_t 0:X1``. It is
    compared and printed in that."""
    found: dict[tuple[int, str], IntType] = {}
    for entry in test.init:
        given = None if entry.thread is None else type_of(entry)
        name = dialect.register(entry.name)
        if entry.thread is not None and given is not None and name is not None:
            found[entry.thread, name] = given[0]
    return found


def locations(test: AssemblyTest, code: Iterable[tuple[int, Micros]]) -> Locations:
    """Lays out what the test names; ``code`` are its instructions with their threads."""
    code = list(code)
    names = dict.fromkeys(_named(test, code))
    starts = {entry.name: entry for entry in test.init if entry.thread is None}
    addresses = _addresses(test, names, starts)
    widths = _widths(test, code)
    cells: dict[str, Cell] = {}
    shown: dict[str, IntType] = {}
    for number, name in enumerate(names):
        entry = starts.get(name)
        value = None if entry is None else entry.value
        accessed = tuple(widths.get(name, ()))
        shown[name], pointer = _shown(entry, test.dialect)
        init = shown[name].raw(addresses[value] if isinstance(value, str) else value or 0)
        type, typed = shown[name], entry is not None and entry.type is not None
        if len(accessed) == 1 and not (typed and test.dialect == "PPC"):
            type = _accessed(type, accessed[0], init)
        elif accessed and not typed:
            type = _accessed(type, max(accessed[0], type.width), init)
        words = entry.type if entry is not None and entry.type else _word(type, pointer)
        cells[name] = Cell(number, name, addresses[name], type, init, pointer, words)
    return Locations(addresses, cells, shown)


def shown_types(test: AssemblyTest, cells: Iterable[Cell]) -> dict[str, IntType]:
    """The types that locations are compared and printed in."""
    starts = {entry.name: entry for entry in test.init if entry.thread is None}
    found = {}
    for cell in cells:
        found[cell.name], _ = _shown(starts.get(cell.name), test.dialect)
    return found


def _shown(entry: Start | None, dialect: str) -> tuple[IntType, bool]:
    """The type that a location starts, is compared and printed in, and whether it is a pointer.
    Without a type it is an int, however wide its accesses are: that is herd7's rule."""
    given = None if entry is None else type_of(entry)
    symbolic = entry is not None and isinstance(entry.value, str)
    if given is not None and not given[1]:
        return given[0], symbolic
    if given is not None or symbolic:
        return _POINTERS.get(dialect, ADDRESS), True
    return S32, False


def _accessed(type: IntType, width: int, init: int) -> IntType:
    """The type of what accesses of ``width`` access of a location of ``type``. Of a wider location
    it is the low bits, which come first in memory (on PPC who knows); a narrower one starts with
    zeros above it."""
    other = width > type.width or (width < type.width and init < 1 << width)
    return IntType(width, False) if other else type


def _addresses(
    test: AssemblyTest, names: Iterable[str], starts: Mapping[str, Start]
) -> dict[str, int]:
    """Locations lie far apart, the elements of an array side by side."""
    found: dict[str, int] = {}
    free = FIRST
    for name in _first_elements_first(names, starts):
        array, bracket, index = name.partition("[")
        if bracket and name not in starts:
            raise InputError(f"{array} has no element {index[:-1]}", test.span)
        if f"{array}[0]" in starts and not bracket:
            message = f"the array {array} has to be in a register where an instruction uses it"
            raise InputError(message, starts[f"{array}[0]"].span)
        if bracket and index != "0]":
            type = type_of(starts[name])
            assert type is not None
            found[name] = found[f"{array}[0]"] + int(index[:-1]) * type[0].width // 8
            free = max(free, found[name] + STEP)
        else:
            found[name], free = free, free + STEP
    if free >= LAST:
        raise InputError("the test has too many locations", test.span)
    return found


def _first_elements_first(names: Iterable[str], starts: Mapping[str, Start]) -> Iterator[str]:
    """An element may be named before its array is declared: its place depends on the first's."""
    met: set[str] = set()
    for name in names:
        first = name.partition("[")[0] + "[0]"
        for one in (first, name) if name in starts and first in starts else (name,):
            if one not in met:
                met.add(one)
                yield one


def _word(type: IntType, pointer: bool) -> str:
    return "pointer" if pointer else f"int{type.width}_t"


def _named(test: AssemblyTest, code: Iterable[tuple[int, Micros]]) -> Iterator[str]:
    for entry in test.init:
        if entry.thread is None:
            yield entry.name
        if isinstance(entry.value, str):
            yield entry.value
    for _, micros in code:
        for micro in micros:
            if type(micro) is Act:
                for arg in micro.args:
                    if type(arg) is Use and arg.reg[0] == SYMBOL:
                        yield arg.reg[1:]
    for item in test.locations:
        if isinstance(item, Name):
            yield item.name
    if test.condition is not None:
        yield from _in_condition(test.condition.tree)
    if test.filter is not None:
        yield from _in_condition(test.filter)


def _in_condition(tree: PropTree) -> Iterator[str]:
    for operand in tree.operands:
        named = operand.operand if type(operand) is Unary else operand
        if type(named) is Name:
            yield named.name
    for child in tree.children:
        yield from _in_condition(child)


def _widths(test: AssemblyTest, code: Iterable[tuple[int, Micros]]) -> dict[str, dict[int, None]]:
    """Location -> widths of accesses through a register that starts with its address, or is
    computed from one that does."""
    holders: dict[tuple[int, str], str | None] = {}
    for entry in test.init:
        if entry.thread is not None and isinstance(entry.value, str):
            holders[entry.thread, re.sub(r"\W", "", entry.name).upper()] = entry.value
    found: dict[str, dict[int, None]] = {}

    def into(thread: int, value: Expr) -> str | None:
        """The one location whose address goes into a value."""
        names = {
            reg[1:] if reg[0] == SYMBOL else holders.get((thread, _plain(reg)))
            for reg in registers(value)
        } - {None}
        return names.pop() if len(names) == 1 else None

    for thread, micros in code:
        for micro in micros:
            if type(micro) is Act and micro.cell is not None:
                name = into(thread, micro.args[0])
                if name is not None:
                    found.setdefault(name, {})[micro.cell.width] = None
            elif type(micro) is Set:
                name = into(thread, micro.expr)
                if name is not None:
                    register = thread, _plain(micro.reg)
                    # One that holds several addresses in turn tells nothing.
                    holders[register] = name if holders.get(register, name) == name else None
    return found


def _plain(register: str) -> str:
    return register.lstrip("%").upper()
