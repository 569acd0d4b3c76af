"""The operands of an instruction, split at commas; errors point at the one that is wrong."""

from __future__ import annotations

import re

from ksmcheck.isa.micro import BadInstruction
from ksmcheck.record import Struct
from ksmcheck.text.spelling import did_you_mean

_MNEMONIC = re.compile(r"([A-Za-z_][\w.]*(?:[+-](?=\s))?)\s*")
_NUMBER = re.compile(r"[#$]?\s*(-?)\s*(0[xX][0-9a-fA-F]+|\d+)\Z")
_SYMBOLIC = re.compile(r"%[A-Za-z]\w*\Z")
_LABEL = re.compile(r"(?:[A-Za-z_][\w.$]*|(?:\d+|\.)@\d+)\Z")


def symbolic(name: str) -> str | None:
    """herd7's ``%a1``: a register whose number does not matter."""
    return name if _SYMBOLIC.match(name) else None


class Operand(Struct, frozen=True):
    """``start`` is the place of ``text`` in the instruction's text."""

    text: str
    start: int

    def wrong(self, message: str, hint: str | None = None) -> BadInstruction:
        return BadInstruction(message, self.start, self.start + len(self.text), hint)

    def number(self) -> int | None:
        """``#1``, ``$1``, ``1``, ``0x10``, ``-1``; None if it is no number."""
        match = _NUMBER.match(self.text)
        if match is None:
            return None
        digits = match[2]
        value = int(digits, 16 if digits[:2] in ("0x", "0X") else 10)
        return -value if match[1] else value

    def immediate(self) -> int:
        value = self.number()
        if value is None:
            raise self.wrong(f"'{self.text}' is not a number")
        return value

    def label(self) -> str:
        if not _LABEL.match(self.text):
            raise self.wrong(f"'{self.text}' is not a label")
        return self.text


class Line(Struct, frozen=True):
    """One instruction: ``mnemonic`` in its own spelling, and its operands."""

    text: str
    mnemonic: str
    operands: tuple[Operand, ...]

    def __len__(self) -> int:
        return len(self.operands)

    def __getitem__(self, index: int) -> Operand:
        return self.operands[index]

    def expect(self, *counts: int) -> None:
        """Raises BadInstruction unless there are as many operands as one of ``counts``."""
        if len(self.operands) not in counts:
            wanted = " or ".join(map(str, counts))
            plural = "" if counts == (1,) else "s"
            raise self.wrong(f"{self.mnemonic} takes {wanted} operand{plural}")

    def wrong(self, message: str, hint: str | None = None) -> BadInstruction:
        return BadInstruction(message, 0, len(self.text), hint)

    def unknown(self, known: list[str], reason: str | None) -> BadInstruction:
        """The mnemonic is not in the dialect's table; ``reason`` if that is meant."""
        if reason is not None:
            message = f"the instruction '{self.mnemonic}' is not supported"
            return BadInstruction(message, 0, len(self.mnemonic), reason)
        message = f"the instruction '{self.mnemonic}' is not known"
        hint = did_you_mean(self.mnemonic, known)
        return BadInstruction(message, 0, len(self.mnemonic), hint)


def split_line(text: str) -> Line:
    """Mnemonic and operands; a comma inside brackets or parentheses does not separate."""
    match = _MNEMONIC.match(text)
    if match is None:
        raise BadInstruction("this is not an instruction", 0, len(text))
    operands: list[Operand] = []
    depth, start = 0, match.end()
    if start < len(text):
        for at in range(start, len(text) + 1):
            char = text[at] if at < len(text) else ","
            if char in "[({":
                depth += 1
            elif char in "])}":
                depth -= 1
            elif char == "," and (depth <= 0 or at == len(text)):
                operands.append(_operand(text, start, at))
                start = at + 1
    return Line(text, match[1], tuple(operands))


def _operand(text: str, start: int, end: int) -> Operand:
    piece = text[start:end]
    stripped = piece.strip()
    if not stripped:
        raise BadInstruction("an operand is missing", max(0, start - 1), max(end, start))
    return Operand(stripped, start + len(piece) - len(piece.lstrip()))


def pieces(text: str, start: int) -> list[Operand]:
    """The parts of an address, between its commas; ``start`` is the place of ``text``."""
    found = []
    for piece in text.split(","):
        stripped = piece.strip()
        found.append(Operand(stripped, start + len(piece) - len(piece.lstrip())))
        start += len(piece) + 1
    return found
