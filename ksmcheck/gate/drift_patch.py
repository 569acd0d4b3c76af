"""A change to a kernel tree, given as a unified diff: the texts before and after it.

The tree may be the one before the change or the one after it; nothing is written to it.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from ksmcheck.gate.kernel_tree import KernelTree
from ksmcheck.record import Struct
from ksmcheck.text import InputError

_FILE = re.compile(r"(---|\+\+\+) (?:\"?[abciw]/)?([^\t\n\"]+)")
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_NONE = "/dev/null"


class Change(Struct, frozen=True):
    """Texts of the files that a change touches, by path; a file that is not there is empty."""

    before: dict[str, str]
    after: dict[str, str]


class Hunk(Struct, frozen=True):
    """Lines with their newlines; ``start`` counts from 0, in the old and in the new file."""

    old_start: int
    new_start: int
    old: tuple[str, ...]
    new: tuple[str, ...]


def git_diff(tree: Path, revision: str) -> str:
    """What git says has changed in a tree since a revision. Raises InputError."""
    command = ["git", "-C", str(tree), "diff", "--no-color", "--no-ext-diff", "--no-renames"]
    # The revision stands where git takes no options any more.
    command += ["--end-of-options", revision, "--"]
    try:
        run = subprocess.run(command, capture_output=True, check=False)
    except OSError as error:
        raise InputError(f"cannot run git: {error.strerror}") from None
    if run.returncode:
        said = run.stderr.decode(errors="replace").strip().splitlines()
        raise InputError(
            f"git diff {revision} in {tree} fails: {said[0] if said else 'no message'}"
        )
    return run.stdout.decode(errors="replace")


def read_change(tree: KernelTree, patch: str) -> Change:
    """The change that a unified diff makes in a tree.

    Raises InputError where the diff has no hunk, or fits neither the tree as it is nor backwards.
    """
    change = Change({}, {})
    for old, new, hunks in _files(patch):
        name = old if new == _NONE else new
        if not name.endswith((".c", ".h", ".S", ".def")):
            continue
        text = _text(tree, name)
        forward = _applied(text, [(h.old_start, h.old, h.new) for h in hunks])
        backward = _applied(text, [(h.new_start, h.new, h.old) for h in hunks])
        if forward is not None:
            change.before[name], change.after[name] = text, forward
        elif backward is not None:
            change.before[name], change.after[name] = backward, text
        else:
            raise InputError(
                f"the patch does not fit {name}: neither before nor after it",
                hint="is it for another version of the kernel?",
            )
    return change


def _text(tree: KernelTree, file: str) -> str:
    if Path(file).is_absolute() or ".." in Path(file).parts:
        raise InputError(f"the patch names {file}, which is outside of the tree")
    return tree.text(file) if (tree.root / file).is_file() else ""


def _files(patch: str) -> Iterator[tuple[str, str, list[Hunk]]]:
    lines = _lines(patch)
    at, found = 0, False
    while at < len(lines):
        old = _FILE.match(lines[at])
        new = _FILE.match(lines[at + 1]) if at + 1 < len(lines) else None
        if old is None or new is None or old[1] != "---" or new[1] != "+++":
            at += 1
            continue
        at += 2
        hunks = []
        while at < len(lines) and (head := _HUNK.match(lines[at])):
            at, hunk = _hunk(lines, at + 1, head)
            hunks.append(hunk)
        found = True
        yield old[2].strip(), new[2].strip(), hunks
    if patch.strip() and not found:
        raise InputError("this is no unified diff: it has no '--- a/file' and '+++ b/file'")


def _hunk(lines: list[str], at: int, head: re.Match[str]) -> tuple[int, Hunk]:
    counts = [int(head[2] or 1), int(head[4] or 1)]
    old: list[str] = []
    new: list[str] = []
    while at < len(lines) and (len(old), len(new)) != tuple(counts):
        mark, rest = lines[at][:1], lines[at][1:]
        if mark not in " +-\\\n":
            break
        if mark in " \n-":
            old.append(rest or "\n")
        if mark in " \n+":
            new.append(rest or "\n")
        at += 1
    if (len(old), len(new)) != tuple(counts):
        raise InputError(f"the patch is cut short: a hunk ends early at its line {at + 1}")
    if at < len(lines) and lines[at].startswith("\\"):
        at += 1
    start = (max(int(head[1]) - 1, 0), max(int(head[3]) - 1, 0))
    return at, Hunk(start[0], start[1], tuple(old), tuple(new))


def _applied(text: str, edits: list[tuple[int, tuple[str, ...], tuple[str, ...]]]) -> str | None:
    """The text with each run of lines replaced; None where one is not there. A run may have moved
    within the file, as for patch(1)."""
    lines = _lines(text)
    shift = 0
    for start, old, new in edits:
        at = _found(lines, old, start + shift)
        if at is None:
            return None
        lines[at : at + len(old)] = new
        shift = at - start + len(new) - len(old)
    return "".join(lines)


def _lines(text: str) -> list[str]:
    """Lines with their newlines; a form feed, which kernel files have, ends none."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _found(lines: list[str], wanted: tuple[str, ...], near: int) -> int | None:
    if not wanted:
        return min(near, len(lines))
    places = range(len(lines) - len(wanted) + 1)
    fits = [at for at in places if tuple(lines[at : at + len(wanted)]) == wanted]
    return min(fits, key=lambda at: abs(at - near), default=None)
