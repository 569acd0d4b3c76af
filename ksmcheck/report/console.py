"""The one place where standard output is written to in style.

Styles are for terminals: where the text goes to a file or a pipe, rich is not even loaded, which
takes longer than many a check.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TextIO

from ksmcheck.record import Struct

if TYPE_CHECKING:
    from rich.console import Console

Styled = tuple[str, str]
"""A text and its style, as rich names styles."""

_FILE_WIDTH = 130
_WANTS_RICH = ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
"""Variables that make rich take a pipe for a terminal."""

_CONTROL = dict.fromkeys((7, 8, 11, 12, 13))
"""What is never printed: bell, backspace, vertical tab, form feed, carriage return."""


class Paper(Struct, frozen=True):
    """Takes lines of styled pieces; ``console`` None: as bare text."""

    file: TextIO
    console: Console | None = None

    @property
    def width(self) -> int:
        """A terminal's own width; 130 characters where the text goes to a file or a pipe."""
        return self.console.width if self.console is not None else _FILE_WIDTH

    def line(self, *pieces: str | Styled) -> None:
        """One line, or more where a text has newlines; never wrapped. Blanks at its end go."""
        if self.console is not None:
            from rich.text import Text

            text = Text.assemble(*pieces)
            text.rstrip()
            self.console.print(text, soft_wrap=True)
            return
        bare = "".join(piece if isinstance(piece, str) else piece[0] for piece in pieces)
        self.file.write(f"{bare.translate(_CONTROL).expandtabs(8).rstrip()}\n")


def in_columns(row: Iterable[Styled], widths: Iterable[int]) -> Iterator[Styled]:
    """The pieces of a table's row: columns two blanks apart."""
    for (text, style), width in zip(row, widths, strict=True):
        yield text.ljust(width), style
        yield _GAP, ""


def print_columns(paper: Paper, rows: Sequence[Sequence[Styled]], heads: int) -> None:
    """A table. On a terminal that it is too wide for, it comes in parts, each with the first
    ``heads`` columns: nothing is cut, and no line is broken."""
    widths = [max(len(text) for text, _ in column) for column in zip(*rows, strict=True)]
    room = None if paper.console is None else paper.width
    for number, part in enumerate(_parts(widths, heads, room)):
        if number:
            paper.line()
        for row in rows:
            paper.line(*in_columns([row[i] for i in part], [widths[i] for i in part]))


def _parts(widths: Sequence[int], heads: int, room: int | None) -> Iterator[list[int]]:
    """The columns of each part: at least one besides the heads."""
    first = list(range(heads))
    part, used = list(first), sum(widths[i] + len(_GAP) for i in first)
    start = used
    for column in range(heads, len(widths)):
        if room is not None and len(part) > heads and used + widths[column] > room:
            yield part
            part, used = list(first), start
        part.append(column)
        used += widths[column] + len(_GAP)
    yield part


_GAP = "  "


def paper() -> Paper:
    """Standard output; colours only on a terminal and without NO_COLOR in the environment."""
    if not sys.stdout.isatty() and not any(os.environ.get(name) for name in _WANTS_RICH):
        return Paper(sys.stdout)
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    return Paper(sys.stdout, console if console.is_terminal else None)
