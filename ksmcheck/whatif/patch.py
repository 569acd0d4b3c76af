"""A patch as a question: the files of a test with a unified diff applied, in a folder of their own.

Hunks have to fit: their context and removed lines are looked for where the hunk says, then at the
place nearest to it where all of them match.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ksmcheck.program.tree import walk
from ksmcheck.record import Struct
from ksmcheck.store.content import quoted_includes
from ksmcheck.syntax.files import read_source
from ksmcheck.syntax.litmus_ast import LitmusTest
from ksmcheck.text import InputError, Source, Span

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@")


class Hunk(Struct, frozen=True):
    """``old`` lines, which begin at line ``start``, become ``new``; ``span`` is its header."""

    start: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    span: Span


class FilePatch(Struct, frozen=True):
    """The hunks for one file, by the path that the diff gives it; ``before`` is the old file's."""

    path: str
    before: str
    hunks: tuple[Hunk, ...]
    span: Span


def patched_copy(test: LitmusTest, path: Path, diff: Path, folder: Path) -> Path:
    """Writes the files that the test was read from to ``folder`` with the diff applied, and gives
    the path of the test there. Raises InputError where the diff does not apply."""
    files = _files_of(test, path)
    patches = parse_diff(read_source(diff))
    if not patches:
        raise InputError(f"{diff} has no hunks: it is no unified diff")
    texts = {name: read_source(name).text for name in files}
    for patch in patches:
        target = _target(patch, files)
        texts[target] = apply(texts[target], patch)
    root = Path(os.path.commonpath([name.resolve().parent for name in files]))
    for name, text in texts.items():
        copy = folder / name.resolve().relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text, encoding="utf-8")
    return folder / path.resolve().relative_to(root)


def _files_of(test: LitmusTest, path: Path) -> tuple[Path, ...]:
    """The files that something of the test stands in, and those that they may include: of one that
    only defines macros nothing need be left. Each once, whatever it is called."""
    todo = [path]
    for node in walk(test):
        span = getattr(node, "span", None)
        while isinstance(span, Span):
            todo.append(Path(span.source.name))
            span = span.via
    found: dict[Path, Path] = {}
    while todo:
        name = todo.pop(0)
        real = name.resolve()
        if real not in found and real.is_file():
            found[real] = name
            todo += [name.parent / other for other in quoted_includes(read_source(name).text)]
    return tuple(found.values())


def _target(patch: FilePatch, files: Sequence[Path]) -> Path:
    """The test's file that a diff's path means: its leading folders may be others. Of ``diff -u
    ksm.h ksm.h.new`` it is the old one."""
    for parts in (Path(patch.path).parts, Path(patch.before).parts):
        for skip in range(len(parts)):
            found = [f for f in files if f.parts[-len(parts[skip:]) :] == parts[skip:]]
            if len(found) == 1:
                return found[0]
    names = ", ".join(sorted(f.name for f in files))
    raise InputError(
        f"the test has no file {patch.path}", patch.span, hint=f"it is read from {names}"
    )


def parse_diff(source: Source) -> tuple[FilePatch, ...]:
    """The files and hunks of a unified diff. Raises InputError for a line that is out of place."""
    return tuple(_Parser(source).files())


class _Parser:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.lines = source.text.splitlines()
        self.at = 0

    def files(self) -> Iterator[FilePatch]:
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.startswith("+++ "):
                span = self._span()
                above = self.lines[self.at - 1] if self.at else ""
                before = _path(above).removeprefix("a/") if above.startswith("--- ") else ""
                self.at += 1
                hunks = tuple(self._hunks())
                yield FilePatch(_path(line).removeprefix("b/"), before, hunks, span)
            elif _HUNK.match(line):
                raise InputError("a hunk before any file", self._span(), hint="+++ FILE is missing")
            else:
                self.at += 1

    def _hunks(self) -> Iterator[Hunk]:
        while self.at < len(self.lines):
            header = _HUNK.match(self.lines[self.at])
            if header is None:
                return
            span = self._span()
            self.at += 1
            old: list[str] = []
            new: list[str] = []
            while self.at < len(self.lines) and self.lines[self.at][:1] in (" ", "+", "-", ""):
                line = self.lines[self.at]
                if line.startswith(("--- ", "+++ ")):
                    break
                if line[:1] != "+":
                    old.append(line[1:])
                if line[:1] != "-":
                    new.append(line[1:])
                self.at += 1
            while self.at < len(self.lines) and self.lines[self.at].startswith("\\"):
                self.at += 1
            yield Hunk(int(header[1]), tuple(old), tuple(new), span)

    def _span(self) -> Span:
        start = sum(len(line) + 1 for line in self.lines[: self.at])
        return Span(self.source, start, start + len(self.lines[self.at]))


def _path(line: str) -> str:
    """What ``--- `` or ``+++ `` names: a time may follow."""
    return line[4:].split("\t")[0].strip()


def apply(text: str, patch: FilePatch) -> str:
    """The text with all hunks of a file applied. Raises InputError for one that does not fit."""
    lines = text.splitlines()
    shift = 0
    for hunk in patch.hunks:
        old = _trimmed(hunk.old, hunk.new)
        at = _place(lines, old[0], hunk.start - 1 + shift)
        if at is None:
            raise InputError(
                f"this hunk does not apply to {patch.path}",
                hunk.span,
                hint="its context differs from the file",
            )
        lines[at : at + len(old[0])] = old[1]
        shift += len(old[1]) - len(old[0])
    return "\n".join(lines) + "\n"


def _trimmed(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Without the empty lines that follow a hunk in the diff's text."""
    while old and new and not old[-1] and not new[-1]:
        old, new = old[:-1], new[:-1]
    return old, new


def _place(lines: Sequence[str], old: Sequence[str], wanted: int) -> int | None:
    fits = [i for i in range(len(lines) - len(old) + 1) if tuple(lines[i : i + len(old)]) == old]
    return min(fits, key=lambda i: abs(i - wanted), default=None)
