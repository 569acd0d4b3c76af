"""A change to a kernel tree, given as a unified diff: the texts before and after it.

The tree may be the one before the change or the one after it; nothing is written to it.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from ksmcheck.gate.kernel_tree import KernelTree
from ksmcheck.record import Struct
from ksmcheck.syntax.unified_diff import applied, parse_diff
from ksmcheck.text import InputError, Source

_PREFIX = re.compile(r"^[abciw]/")
_NONE = "/dev/null"


class Change(Struct, frozen=True):
    """Texts of the files that a change touches, by path; a file that is not there is empty."""

    before: dict[str, str]
    after: dict[str, str]


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
    files = parse_diff(Source("<diff>", patch))
    if patch.strip() and not files:
        raise InputError("this is no unified diff: it has no '--- a/file' and '+++ b/file'")
    for file in files:
        name, hunks = _PREFIX.sub("", file.old if file.new == _NONE else file.new), file.hunks
        if not name.endswith((".c", ".h", ".S", ".def")):
            continue
        text = _text(tree, name)
        forward = applied(text, [(h.old_start, h.old, h.new) for h in hunks])
        backward = applied(text, [(h.new_start, h.new, h.old) for h in hunks])
        if isinstance(forward, str):
            change.before[name], change.after[name] = text, forward
        elif isinstance(backward, str):
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
