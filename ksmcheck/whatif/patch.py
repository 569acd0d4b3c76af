"""A patch as a question: the files of a test with a unified diff applied, in a folder of their own.

Hunks have to be whole and to fit: their context and removed lines are looked for where the hunk
says, then at the place nearest to it, behind the hunk before, where all of them match.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from ksmcheck.program.tree import walk
from ksmcheck.store.content import quoted_includes
from ksmcheck.syntax.files import read_source
from ksmcheck.syntax.litmus_ast import LitmusTest
from ksmcheck.syntax.unified_diff import FileDiff, Move, applied, moves, parse_diff
from ksmcheck.text import InputError, Note, Source, Span

_NONE = "/dev/null"


def patched_copy(test: LitmusTest, path: Path, diffs: Iterable[Path], folder: Path) -> Path:
    """Writes the files that the test was read from to ``folder`` with the diffs applied one after
    the other, and gives the path of the test there. Raises InputError where one does not apply."""
    files = {name.resolve(): name for name in _files_of(test, path)}
    work = _Files({real: read_source(name).text for real, name in files.items()}, files)
    work.test = path.resolve()
    for diff in diffs:
        work.patch(read_source(diff, once=True))
    texts = work.texts | _further(work.texts, work.gone)
    root = Path(os.path.commonpath([name.parent for name in texts]))
    for name, text in texts.items():
        copy = folder / name.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text, encoding="utf-8")
    return folder / work.test.relative_to(root)


def _further(texts: dict[Path, str], gone: set[Path]) -> dict[Path, str]:
    """Files that the patched ones include, and that the test was not read from; but for those that
    a patch has removed."""
    found: dict[Path, str] = {}
    todo = list(texts.items())
    while todo:
        name, text = todo.pop()
        for other in ((name.parent / n).resolve() for n in quoted_includes(text)):
            if not ({other} & (texts.keys() | found.keys() | gone)) and other.is_file():
                found[other] = read_source(other).text
                todo.append((other, found[other]))
    return found


class _Files:
    """The test's files while they are patched: ``texts`` by where they lie, ``called`` as they are
    named in messages."""

    def __init__(self, texts: dict[Path, str], called: dict[Path, Path]) -> None:
        self.texts = texts
        self.called = called
        self.test = Path()
        self.gone: set[Path] = set()

    def patch(self, source: Source) -> None:
        whole, changes = moves(source), parse_diff(source)
        if not whole and not changes:
            raise InputError(f"{source.name} has no hunks: it is no unified diff")
        for move in whole:
            self._move(move)
        for change in changes:
            self._change(change)

    def _move(self, move: Move) -> None:
        if move.kind == "new":
            self.texts[self._place(move.new, move.span)] = ""
        elif move.kind in ("rename", "copy"):
            old = self._known((move.old,), move.span)
            new = self._place(move.new, move.span)
            self.texts[new] = self.texts[old]
            if move.kind == "rename":
                self._drop(old, move.span, new)

    def _change(self, change: FileDiff) -> None:
        """Of ``diff -u ksm.h ksm.h.new`` the old file is meant."""
        if change.old == _NONE:
            target = self._place(_bare(change.new, "b/"), change.span)
            self.texts.setdefault(target, "")
        elif change.new == _NONE:
            target = self._known((_bare(change.old, "a/"),), change.span)
        else:
            names = _bare(change.new, "b/"), _bare(change.old, "a/")
            target = self._known(names, change.span)
        named = self.called.get(target, Path(target.name))
        self.texts[target] = _patched(named, self.texts[target], change)
        if change.new == _NONE:
            self._drop(target, change.span, None)

    def _drop(self, target: Path, span: Span, new: Path | None) -> None:
        if target == self.test and new is None:
            raise InputError("this patch removes the test", span)
        if target == self.test and new is not None:
            self.test = new
        del self.texts[target]
        self.gone.add(target)

    def _known(self, names: Sequence[str], span: Span) -> Path:
        """The test's file that a diff's path means: its leading folders may be others."""
        for parts in (Path(name).parts for name in names):
            for skip in range(len(parts)):
                tail = parts[skip:]
                found = [f for f in self.texts if f.parts[-len(tail) :] == tail]
                if len(found) == 1:
                    return found[0]
        there = ", ".join(sorted(f.name for f in self.texts))
        raise InputError(f"the test has no file {names[0]}", span, hint=f"it is read from {there}")

    def _place(self, name: str, span: Span) -> Path:
        """Where a file lies that the patch makes: in a folder of the test's files, or in one that
        is in or above one of them."""
        *parts, last = Path(name).parts
        if ".." in parts:
            raise InputError(f"the patch names {name}, which may be anywhere", span)
        folders = {above for file in self.texts for above in file.parents}
        for skip in range(len(parts) + 1):
            tail = tuple(parts[skip:])
            found = {f for f in folders if tail and f.parts[-len(tail) :] == tail}
            if len(found) == 1:
                return found.pop() / last
        if parts:
            hint = "it is made only where the test's own files are"
            raise InputError(f"the test has no folder {'/'.join(parts)}", span, hint)
        return self.test.parent / last


def _bare(name: str, prefix: str) -> str:
    return name.removeprefix(prefix)


def as_named(error: InputError, folder: Path, original: Path) -> InputError:
    """An error in a patched copy, told of the file that it is a copy of."""
    told = error.diagnostic
    names = f"{folder}/", "" if original == Path() else f"{original}/"
    patched = told.span is not None and told.span.source.name.startswith(names[0])
    notes = [Note(note.message, _renamed(note.span, names)) for note in told.notes]
    notes += [Note("the patch has been applied to this file")] if patched else []
    message = told.message.replace(*names)
    return InputError(message, _renamed(told.span, names), told.hint, tuple(notes))


def _renamed(span: Span | None, names: tuple[str, str]) -> Span | None:
    if span is None:
        return None
    source = Source(span.source.name.replace(*names), span.source.text)
    return Span(source, span.start, span.end, _renamed(span.via, names))


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


def _patched(target: Path, text: str, patch: FileDiff) -> str:
    """The file's text with all hunks applied. Raises InputError for one that does not fit."""
    found = applied(text, [(h.old_start, h.old, h.new) for h in patch.hunks])
    if isinstance(found, int):
        span = patch.hunks[found].span
        hint = "its context differs from the file"
        if found:
            hint += " behind the hunk above"
        raise InputError(f"this hunk does not apply to {target}", span, hint=hint)
    return found
