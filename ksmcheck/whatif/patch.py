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
from ksmcheck.syntax.unified_diff import FileDiff, applied, more_than_lines, parse_diff
from ksmcheck.text import InputError, Note, Source, Span

_LINES_ALONE = "a file that is added, removed or renamed is no change of the test's own lines"


def patched_copy(test: LitmusTest, path: Path, diffs: Iterable[Path], folder: Path) -> Path:
    """Writes the files that the test was read from to ``folder`` with the diffs applied one after
    the other, and gives the path of the test there. Raises InputError where one does not apply."""
    files = _files_of(test, path)
    texts = {name: read_source(name).text for name in files}
    for diff in diffs:
        source = read_source(diff, once=True)
        patches = parse_diff(source)
        removed = [patch.span for patch in patches if patch.new == "/dev/null"]
        for beyond in (more_than_lines(source), *removed):
            if beyond is not None:
                raise InputError("this patch does more than change lines", beyond, _LINES_ALONE)
        if not patches:
            raise InputError(f"{diff} has no hunks: it is no unified diff")
        for patch in patches:
            target = _target(patch, files)
            texts[target] = _patched(target, texts[target], patch)
    root = Path(os.path.commonpath([name.resolve().parent for name in files]))
    for name, text in texts.items():
        copy = folder / name.resolve().relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text, encoding="utf-8")
    return folder / path.resolve().relative_to(root)


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


def _target(patch: FileDiff, files: Sequence[Path]) -> Path:
    """The test's file that a diff's path means: its leading folders may be others. Of ``diff -u
    ksm.h ksm.h.new`` it is the old one."""
    named = patch.new.removeprefix("b/"), patch.old.removeprefix("a/")
    for parts in (Path(name).parts for name in named):
        for skip in range(len(parts)):
            found = [f for f in files if f.parts[-len(parts[skip:]) :] == parts[skip:]]
            if len(found) == 1:
                return found[0]
    names = ", ".join(sorted(f.name for f in files))
    raise InputError(
        f"the test has no file {named[0]}", patch.span, hint=f"it is read from {names}"
    )


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
