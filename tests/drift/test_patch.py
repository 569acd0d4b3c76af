"""A change limits what is reported to what it makes different, applied to the tree or not."""

from __future__ import annotations

import difflib
import shutil
import subprocess
from pathlib import Path

import pytest

from ksmcheck.gate.drift import DriftReport, drift
from ksmcheck.gate.drift_patch import git_diff, read_change
from ksmcheck.gate.kernel_tree import KernelTree
from ksmcheck.text import InputError
from tests.drift.conftest import TOY

FILE = "mm/door.c"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TOY / "kernel", tmp_path / "linux"))


def diff(old: str, new: str, name: str = FILE) -> str:
    lines = (old.splitlines(keepends=True), new.splitlines(keepends=True))
    return "".join(difflib.unified_diff(*lines, f"a/{name}", f"b/{name}"))


def run(tree: Path, patch: str | None = None) -> DriftReport:
    return drift(tree, correspondence=TOY / "kernel.toml", patch=patch)


@pytest.mark.parametrize("applied", [False, True])
def test_only_what_the_patch_changes(tree: Path, applied: bool) -> None:
    """The tree has lost smp_rmb already; the patch takes smp_wmb away."""
    before = (tree / FILE).read_text().replace("\tsmp_rmb();\n", "")
    after = before.replace("\tsmp_wmb();\n", "")
    (tree / FILE).write_text(after if applied else before)
    assert {f.subject for f in run(tree).findings} >= {"door_enter"}
    report = run(tree, diff(before, after))
    assert {f.subject for f in report.findings} == {"door_move"}
    assert report.exit_code == 1 and report.compared == 4
    assert (tree / FILE).read_text() == (after if applied else before)


def test_a_patch_that_changes_nothing_of_ours(tree: Path) -> None:
    before = (tree / FILE).read_text()
    after = before.replace("return a > b ? a - b : b - a;", "return a - b;  /* signed */")
    assert run(tree, diff(before, after)).findings == ()
    readme = "--- a/README\n+++ b/README\n@@ -0,0 +1 @@\n+smp_mb();\n"
    assert run(tree, readme).findings == ()


def test_a_hunk_may_stand_elsewhere(tree: Path) -> None:
    before = (tree / FILE).read_text()
    patch = diff(before, before.replace("smp_wmb();", "smp_mb();"))
    (tree / FILE).write_text("/* more */\n" * 30 + before)
    change = read_change(KernelTree(tree), patch)
    assert "smp_wmb" in change.before[FILE] and "smp_wmb" not in change.after[FILE]
    assert change.after[FILE].startswith("/* more */")


def test_a_form_feed_ends_no_line(tree: Path) -> None:
    before = "int a;\n\f\nint b;\n"
    (tree / FILE).write_text(before)
    patch = f"--- a/{FILE}\n+++ b/{FILE}\n@@ -1,3 +1,3 @@\n int a;\n \f\n-int b;\n+int c;\n"
    assert read_change(KernelTree(tree), patch).after[FILE] == "int a;\n\f\nint c;\n"


def test_files_that_come_and_go(tree: Path) -> None:
    text = (tree / FILE).read_text()
    gone = diff(text, "").replace(f"+++ b/{FILE}", "+++ /dev/null")
    change = read_change(KernelTree(tree), gone)
    assert change.before[FILE] == text and change.after[FILE] == ""
    new = "--- /dev/null\n+++ b/mm/new.c\n@@ -0,0 +1,2 @@\n+int x;\n+int y;\n"
    assert read_change(KernelTree(tree), new).after == {"mm/new.c": "int x;\nint y;\n"}


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ("what is this\n", "no unified diff"),
        (
            f"--- a/{FILE}\n+++ b/{FILE}\n@@ -1,2 +1,2 @@\n-nothing\n-of this\n+is\n+there\n",
            "does not fit",
        ),
        (f"--- a/{FILE}\n+++ b/{FILE}\n@@ -1,9 +1,9 @@\n-nothing\n", "cut short"),
        ("--- a/../x.c\n+++ b/../x.c\n@@ -1 +1 @@\n-a\n+b\n", "outside of the tree"),
        ("--- a//etc/x.c\n+++ b//etc/x.c\n@@ -1 +1 @@\n-a\n+b\n", "outside of the tree"),
    ],
)
def test_patches_that_are_none(tree: Path, patch: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        run(tree, patch)


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_what_git_has_changed(tree: Path) -> None:
    def git(*args: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", "-C", str(tree), *who, *args], check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "doors")
    assert git_diff(tree, "HEAD") == ""
    assert run(tree, git_diff(tree, "HEAD")).findings == ()
    text = (tree / FILE).read_text()
    (tree / FILE).write_text(text.replace("\tsmp_wmb();\n", ""))
    assert {f.subject for f in run(tree, git_diff(tree, "HEAD")).findings} == {"door_move"}
    for revision in ("nonsense", "--output=/dev/null"):
        with pytest.raises(InputError, match=f"git diff {revision}"):
            git_diff(tree, revision)
