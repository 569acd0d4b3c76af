"""x86 registers, memory operands and numbers, in Intel's order and in AT&T's."""

from __future__ import annotations

import re
from functools import cache

from ksmcheck.isa import acts
from ksmcheck.isa.expressions import WORD, cast, number, op
from ksmcheck.isa.memory import SYMBOL
from ksmcheck.isa.micro import Act, Micros
from ksmcheck.isa.operands import Line, Operand, symbolic
from ksmcheck.kernel.ints import IntType
from ksmcheck.program.ir import Expr, Set, Use
from ksmcheck.record import Struct

_LETTERS = ("ax", "bx", "cx", "dx", "si", "di", "bp", "sp")
_MEMORY = re.compile(
    r"(?:\[\s*(?P<in>%?[A-Za-z_][\w.]*)\s*(?:\+\s*(?P<plus>\d+)\s*)?\]"
    r"|(?P<relative>[A-Za-z_][\w.]*)\(\s*%rip\s*\)"
    r"|(?P<before>-?(?:0[xX][0-9a-fA-F]+|\d*))\(\s*(?P<at>%?[A-Za-z_][\w.]*)\s*"
    r"(?:,\s*(?P<index>%?[A-Za-z]\w*)\s*(?:,\s*(?P<scale>[1248])\s*)?)?\)"
    r"|(?P<name>[A-Za-z_][\w.]*))\Z"
)
_NO_LOCATION = re.compile(r"%|(?:[a-d]h|[c-gs]s|[xyz]?mm\d+|st\d*|[er]?ip|[cd]r\d)\Z", re.I)
_PERCENT = re.compile(r"%(\w+)")
_SUFFIXES = {"B": 8, "W": 16, "L": 32, "Q": 64}


@cache
def _registers() -> dict[str, tuple[str, int]]:
    """Lower-case spelling -> the whole register, and the width that is named."""
    known = {"e" + stem: ("r" + stem, 32) for stem in _LETTERS}
    known |= {"r" + stem: ("r" + stem, 64) for stem in _LETTERS}
    for index in range(8, 16):
        known[f"r{index}"] = (f"r{index}", 64)
        known[f"r{index}d"] = (f"r{index}", 32)
        known[f"r{index}w"] = (f"r{index}", 16)
        known[f"r{index}b"] = (f"r{index}", 8)
    known |= {stem: ("r" + stem, 16) for stem in _LETTERS}
    known |= {stem[0] + "l": ("r" + stem, 8) for stem in _LETTERS[:4]}
    known |= {stem + "l": ("r" + stem, 8) for stem in _LETTERS[4:]}
    return known


def known_register(name: str) -> tuple[str, int] | None:
    return _registers().get(name.lstrip("%").lower())


def canonical32(name: str) -> str | None:
    """``eax`` is EAX; there are no registers of 64 bits. ``%e`` is one of no particular number."""
    if name.startswith("%"):
        return None if known_register(name) else symbolic(name)
    known = known_register(name)
    if known is None or known[1] != 32 or known[0][1:] not in _LETTERS:
        return None
    return f"E{known[0][1:].upper()}"


def canonical64(name: str) -> str | None:
    """``eax`` and ``rax`` are rax."""
    known = known_register(name)
    return None if known is None else known[0]


class Form(Struct, frozen=True):
    """How one instruction is written: ``width`` of its operation, ``long`` whether X86_64.

    ``dst`` and ``src`` are its operands in Intel's order (``src`` None where there is one alone).
    ``locked``: with LOCK before it.
    """

    name: str
    width: int
    long: bool
    locked: bool
    dst: Operand
    src: Operand | None

    @property
    def type(self) -> IntType:
        return IntType(self.width, False)

    def register(self, operand: Operand) -> str | None:
        """The register's name, or None where the operand is none."""
        return canonical64(operand.text) if self.long else canonical32(operand.text)

    def destination(self, operand: Operand) -> str:
        name = self.register(operand)
        if name is None:
            raise operand.wrong(f"'{operand.text}' is not a register that can be used here")
        return name

    def source(self) -> Operand:
        assert self.src is not None
        return self.src

    def address(self, operand: Operand) -> Expr:
        match = _MEMORY.match(operand.text)
        if match is None:
            raise operand.wrong(f"'{operand.text}' is not understood", "a register, $1, or [x]")
        name = match["in"] or match["relative"] or match["at"] or match["name"]
        before = match["plus"] or match["before"] or "0"
        offset = int(before, 16 if "x" in before.lower() else 10)
        register = canonical64(name) if self.long else canonical32(name)
        wide = (known_register(name) or ("", 32))[1] >= 32
        if not wide or (register is None and (known_register(name) or _NO_LOCATION.match(name))):
            raise operand.wrong(f"'{name}' is not a register that can be used here")
        where: Expr = Use(SYMBOL + name if register is None else register, WORD)
        if match["index"]:
            where = op("add", WORD, where, self._scaled(operand, match))
        return op("add", WORD, where, number(offset)) if offset else where

    def _scaled(self, operand: Operand, match: re.Match[str]) -> Expr:
        """The second register of an address, times 1, 2, 4 or 8."""
        known = known_register(match["index"])
        if known is None or known[1] < 32 or not self.long:
            raise operand.wrong(f"'{match['index']}' is not a register that can be used here")
        scale = int(match["scale"] or 1)
        index = Use(known[0], IntType(known[1], False))
        return op("mul", WORD, index, number(scale)) if scale > 1 else index

    def is_memory(self, operand: Operand) -> bool:
        if self.register(operand) is not None or operand.number() is not None:
            return False
        self.address(operand)  # refuses what is no place in memory either
        return True

    def value(self, operand: Operand) -> tuple[Micros, Expr]:
        """The operand's value, and what has to be done first to have it (a load)."""
        constant = operand.number()
        if constant is not None:
            return (), number(constant, self.type)
        name = self.register(operand)
        if name is not None:
            return (), Use(name, self.type)
        where = self.address(operand)
        load = acts.load(f"{self.name}.load", (), "(loaded)", where, self.type, WORD)
        return (load,), Use("(loaded)", self.type)

    def change(self, name: str, new: str, operand: Expr, dst: str | None) -> Act:
        """Read, change and write a place in memory, as one atomic operation if locked."""
        reads = ("LOCK",) if self.locked else ()
        writes = (*reads, "COMPUTED") if self.locked else ()
        full, where = f"LOCK {name}" if self.locked else name, self.address(self.dst)
        return acts.update(
            full, new, reads, writes, dst, where, operand, self.type, WORD, atomic=self.locked
        )

    def assign(self, operand: Operand, value: Expr) -> Micros:
        return self.fill(self.destination(operand), value)

    def fill(self, register: str, value: Expr) -> Micros:
        """The register becomes the value: 32 bits have zeros above them, fewer leave the rest."""
        value = cast(WORD, cast(self.type, value))
        if self.width < 32:
            above = number(~((1 << self.width) - 1))
            value = op("or", WORD, op("and", WORD, Use(register, WORD), above), value)
        return (Set(register, value),)


def _no_percent(operands: list[Operand]) -> None:
    """On X86 ``mov %eax,(x)`` would be a load: herd7 has the destination first there, and ``%eax``
    for a register of no particular number. Who writes it means AT&T's order."""
    for operand in operands:
        for match in _PERCENT.finditer(operand.text):
            if known_register(match[1]):
                hint = "the destination comes first on X86, as in MOV EAX,[x]; X86_64 has it last"
                raise operand.wrong(f"registers of X86 are written without '%': {match[1]}", hint)


def form_of(line: Line, name: str, *, long: bool, locked: bool, operands: int) -> Form:
    """The operands in Intel's order; that of X86_64 (AT&T's) is the other way round.

    Raises BadInstruction.
    """
    line.expect(operands)
    found = list(line.operands)
    if long:
        found.reverse()
    else:
        _no_percent(found)
    suffix = line.mnemonic[-1].upper() if len(line.mnemonic) > len(name) else ""
    width = _SUFFIXES.get(suffix, 0) or max(
        (known[1] for o in found if (known := known_register(o.text)) is not None),
        default=32,
    )
    if not long:  # MOVB EAX,[x]: AL is written so there
        width = _SUFFIXES.get(suffix, 32)
    return Form(name, width, long, locked, found[0], found[1] if operands > 1 else None)
