"""Unified diffs: files and hunks, and texts with hunks applied.

Every hunk has to be whole: as many old and new lines as its header says (GNU diffutils manual,
"Detailed Description of Unified Format").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ksmcheck.record import Struct
from ksmcheck.text import InputError, Source, Span

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")  # a form feed, which kernel files have, ends none
_GIT = re.compile(r'diff --git "?(?:a/)?(?P<old>.+?)"? "?(?:b/)?(?P<new>[^ ]+?)"?$')
_MOVE = re.compile(
    r"(?P<way>rename|copy) (?P<end>from|to) (?P<name>.+)|(?P<file>new|deleted) file mode "
)
_COUNTED = "behind `@@ -START,OLD +START,NEW @@` stand OLD old lines and NEW new ones"
_MARKS = "its lines begin with a blank, `-` or `+`"


class Hunk(Struct, frozen=True):
    """``old`` lines become ``new``, with their newlines; so many others are before them in the old
    file, and in the new one. ``span`` is the header."""

    old_start: int
    new_start: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    span: Span


class FileDiff(Struct, frozen=True):
    """The hunks of one file, and what the diff calls it before and after."""

    old: str
    new: str
    hunks: tuple[Hunk, ...]
    span: Span


def parse_diff(source: Source) -> tuple[FileDiff, ...]:
    """The files of a unified diff. Raises InputError for one that is cut off or out of order."""
    return tuple(_Parser(source).files())


class Move(Struct, frozen=True):
    """What git says of a file as a whole: ``rename`` or ``copy`` of ``old``, ``new`` or
    ``deleted``. ``span`` is the line that says so."""

    kind: str
    old: str
    new: str
    span: Span


def moves(source: Source) -> tuple[Move, ...]:
    """The files that a diff of git adds, removes, copies or renames: it says so in the lines
    between ``diff --git`` and the first hunk (git-diff(1), "Generating patch text with -p")."""
    found: list[Move] = []
    names: tuple[str, str] | None = None
    for match in _LINE.finditer(source.text):
        line = match.group().rstrip("\r\n")
        git = _GIT.match(line)
        if git is not None:
            names = git["old"], git["new"]
        elif _HUNK.match(line):
            names = None
        elif names is not None and (said := _MOVE.match(line)):
            span = Span(source, match.start(), match.start() + len(line))
            if said["end"] is None:
                found.append(Move(said["file"], *names, span))
            elif said["end"] == "from":
                names = said["name"].strip('"'), names[1]
            else:
                found.append(Move(said["way"], names[0], said["name"].strip('"'), span))
    return tuple(found)


class _Parser:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.lines = [match.span() for match in _LINE.finditer(source.text)]
        self.at = 0

    def files(self) -> Iterator[FileDiff]:
        before = ""
        while self.at < len(self.lines):
            line, span = self._line(), self._span()
            if line.startswith("+++ "):
                self.at += 1
                hunks = tuple(self._hunks())
                if not hunks:
                    raise InputError("there is no hunk for this file", span, "is it cut off?")
                yield FileDiff(before or _path(line), _path(line), hunks, span)
                before = ""
                continue
            if _HUNK.match(line):
                raise InputError("a hunk before any file", span, "`+++ FILE` is missing")
            before = _path(line) if line.startswith("--- ") else ""
            self.at += 1

    def _hunks(self) -> Iterator[Hunk]:
        while self.at < len(self.lines):
            header = _HUNK.match(self._line())
            if header is None:
                return
            yield self._hunk(header)
            line = self._line() if self.at < len(self.lines) else ""
            if line[:1] in (" ", "+", "-") and not line.startswith(("--- ", "-- \n", "--\n")):
                raise InputError("a line too many for the hunk above", self._span(), _COUNTED)

    def _hunk(self, header: re.Match[str]) -> Hunk:
        """As many lines as the header says."""
        span = self._span()
        starts = int(header[1]), int(header[3])
        counts = [1 if group is None else int(group) for group in (header[2], header[4])]
        old: list[str] = []
        new: list[str] = []
        self.at += 1
        while [len(old), len(new)] != counts or self._mark() == "\\":
            mark = self._mark()
            if mark not in (" ", "-", "+", "\\"):
                raise InputError("this hunk is cut short", span, f"{_COUNTED}; {_MARKS}")
            line = self._line()
            rest = line[1:] if line.strip("\r\n") else line
            old += [rest] if mark in " -" else []
            new += [rest] if mark in " +" else []
            if len(old) > counts[0] or len(new) > counts[1]:
                raise InputError("this hunk has other lines than it says", span, _COUNTED)
            self.at += 1
        # Where there are no lines, the number is that of the line before.
        first = [start - (count > 0) for start, count in zip(starts, counts, strict=True)]
        return Hunk(max(first[0], 0), max(first[1], 0), tuple(old), tuple(new), span)

    def _mark(self) -> str:
        """What the line begins with: an empty one is a blank one whose blank was lost."""
        if self.at >= len(self.lines):
            return ""
        return self._line()[0].replace("\n", " ").replace("\r", " ")

    def _line(self) -> str:
        start, end = self.lines[self.at]
        return self.source.text[start:end]

    def _span(self) -> Span:
        start, end = self.lines[self.at]
        return Span(self.source, start, max(start + 1, end - 1))


def _path(line: str) -> str:
    """What ``--- `` or ``+++ `` names: a time may follow."""
    return line[4:].split("\t")[0].strip().strip('"')


Edit = tuple[int, Sequence[str], Sequence[str]]
"""So many lines before them, lines that are there and lines that shall be."""


def applied(text: str, edits: Iterable[Edit]) -> str | int:
    """The text with each run of lines replaced; where one is not there, its number. A run may have
    moved within the file, but stays behind the one before it; of two places that are equally near
    the later one is meant, as for patch(1). How a line ends does not matter."""
    lines = _LINE.findall(text)
    shift = done = 0
    for number, (start, old, new) in enumerate(edits):
        at = _found(lines, old, start + shift, done)
        if at is None:
            return number
        lines[at : at + len(old)] = new
        done = at + len(new)
        shift = done - start - len(old)
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def _found(lines: Sequence[str], wanted: Sequence[str], near: int, least: int) -> int | None:
    if not wanted:  # there is nothing to look for
        return near if least <= near <= len(lines) else None
    bare = [line.rstrip("\r\n") for line in lines]
    looked_for = [line.rstrip("\r\n") for line in wanted]
    places = range(least, len(bare) - len(looked_for) + 1)
    fits = [at for at in places if bare[at : at + len(looked_for)] == looked_for]
    return min(fits, key=lambda at: (abs(at - near), -at), default=None)
