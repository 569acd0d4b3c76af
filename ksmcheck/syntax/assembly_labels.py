"""Targets of jumps that are no names: ``B .+8``, and ``1:`` with ``1b`` and ``1f``.

Both become labels with names that no test can write; the instructions name these.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from ksmcheck.record import replace
from ksmcheck.syntax.assembly_ast import AssemblyThread, Instruction, Label
from ksmcheck.text import InputError, Span

_ANY_OFFSET = re.compile(r"\.\s*[+-]\s*\d", re.A)
_OFFSET = re.compile(r"[\s,](?P<at>\.)\s*(?P<sign>[+-])\s*(?P<bytes>\d{1,6})\Z", re.A)
_NUMBERED = re.compile(r"[\s,](?P<at>\d+)(?P<way>[bf])\Z", re.A)
_BYTES = 4
"""Of one instruction, on every machine but x86."""


def with_names(
    code: str, threads: tuple[AssemblyThread, ...], dialect: str
) -> tuple[AssemblyThread, ...]:
    """The threads with such labels, as named ones. ``code`` is the text of the table.

    Raises InputError where a target is none.
    """
    if _ANY_OFFSET.search(code) is None and not any(map(_has_numbers, threads)):
        return threads
    return tuple(replace(t, lines=_Names(t, dialect).lines()) for t in threads)


def _has_numbers(thread: AssemblyThread) -> bool:
    return any(line.name[0].isdigit() for line in thread.lines if isinstance(line, Label))


class _Names:
    def __init__(self, thread: AssemblyThread, dialect: str) -> None:
        self.thread = thread
        self.dialect = dialect
        self.wanted: dict[int, Span] = {}
        """Instructions, by number, that an offset leads to."""
        self.numbered: dict[str, list[int]] = {}
        """The lines at which the labels with a number stand."""
        for at, line in enumerate(thread.lines):
            if isinstance(line, Label) and line.name.isdigit():
                self.numbered.setdefault(line.name, []).append(at)

    def lines(self) -> tuple[Label | Instruction, ...]:
        renamed: list[Label | Instruction] = []
        number = 0
        for at, line in enumerate(self.thread.lines):
            if isinstance(line, Label):
                renamed.append(self._label(line, at))
            else:
                renamed.append(self._instruction(line, at, number))
                number += 1
        return self._marked(renamed, number)

    def _label(self, label: Label, at: int) -> Label:
        places = self.numbered.get(label.name)
        return label if places is None else replace(label, name=f"{label.name}@{places.index(at)}")

    def _instruction(self, line: Instruction, at: int, number: int) -> Instruction:
        offset, local = _OFFSET.search(line.text), _NUMBERED.search(line.text)
        if offset is not None:
            target = self._target(line, offset, number)
            return replace(line, text=f"{line.text[: offset.start('at')]}.@{target}")
        if local is not None:
            name = self._nearest(line, local, at)
            return replace(line, text=f"{line.text[: local.start('at')]}{name}")
        return line

    def _target(self, line: Instruction, match: re.Match[str], number: int) -> int:
        span = self._span(line, match)
        if self.dialect in ("X86", "X86_64"):
            raise InputError("instructions of x86 have no one length", span, "write a label")
        distance = int(match["bytes"])
        if distance % _BYTES:
            raise InputError("an instruction has 4 bytes", span)
        steps = distance // _BYTES
        target = number + (steps if match["sign"] == "+" else -steps)
        count = sum(isinstance(one, Instruction) for one in self.thread.lines)
        if not 0 <= target <= count:
            raise InputError("this leads out of the thread's instructions", span)
        self.wanted[target] = span
        return target

    def _nearest(self, line: Instruction, match: re.Match[str], at: int) -> str:
        places = self.numbered.get(match["at"], [])
        after = bisect_right(places, at)
        found = after if match["way"] == "f" else after - 1
        if not 0 <= found < len(places):
            where = "further down" if match["way"] == "f" else "further up"
            raise InputError(f"there is no label {match['at']} {where}", self._span(line, match))
        return f"{match['at']}@{found}"

    def _span(self, line: Instruction, match: re.Match[str]) -> Span:
        return Span(line.span.source, line.span.start + match.start("at"), line.span.end)

    def _marked(
        self, lines: list[Label | Instruction], count: int
    ) -> tuple[Label | Instruction, ...]:
        """With labels before the instructions that offsets lead to."""
        marked: list[Label | Instruction] = []
        number = 0
        for line in lines:
            if isinstance(line, Instruction):
                if number in self.wanted:
                    marked.append(Label(f".@{number}", self.wanted[number]))
                number += 1
            marked.append(line)
        if count in self.wanted:
            marked.append(Label(f".@{count}", self.wanted[count]))
        return tuple(marked)
