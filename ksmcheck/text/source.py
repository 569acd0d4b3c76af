"""A text with a name, and half-open ranges in it."""

from __future__ import annotations

import re
from bisect import bisect_right

from ksmcheck.record import Struct, field

_NEWLINE = re.compile("\n")

STDIN = "<stdin>"
"""The name of what is read from standard input."""


class Source(Struct, frozen=True, eq=False):
    """One text as the user gave it; ``name`` is a path or a label such as ``<string>``.

    Identity is equality: two spans are comparable only within one Source object. ``made``: no file
    has it; it is what ksmcheck writes in the place of something else.
    """

    name: str
    text: str
    made: bool = False
    _starts: list[int] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"Source(name={self.name!r})"

    def _lines(self) -> list[int]:
        """The offsets at which lines start; worked out when first asked for."""
        if not self._starts:
            self._starts.append(0)
            self._starts.extend(m.end() for m in _NEWLINE.finditer(self.text))
        return self._starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a character offset, both counted from 1."""
        starts = self._lines()
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def line_text(self, line: int) -> str:
        """The text of a line (counted from 1), without its newline."""
        starts = self._lines()
        start = starts[line - 1]
        end = starts[line] - 1 if line < len(starts) else len(self.text)
        return self.text[start:end]


class Span(Struct, frozen=True):
    """Characters ``start`` to ``end`` (exclusive) of a source.

    ``via`` is the place inside a macro's definition that the text came from, when the
    span itself (the user's line) is the macro's use.
    """

    source: Source
    start: int
    end: int
    via: Span | None = None

    @property
    def line(self) -> int:
        return self.source.position(self.start)[0]

    @property
    def column(self) -> int:
        return self.source.position(self.start)[1]

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    @property
    def written(self) -> str:
        """The text itself: of what a macro brought, what stands in its definition."""
        return self.text if self.via is None else self.via.written

    def to(self, other: Span) -> Span:
        """The least span that covers this one and ``other`` (same source), else this one."""
        if other.source is not self.source:
            return self
        return Span(self.source, min(self.start, other.start), max(self.end, other.end), self.via)

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"
