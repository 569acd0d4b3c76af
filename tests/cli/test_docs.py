"""Every command in the documents is run, and prints what the document shows.

A fenced block ``console`` holds commands (``$ ksmcheck ...``) with their output; a line ``[...]``
stands for any lines. A block right after a comment ``<!-- file: NAME -->`` is that file. Times are
not compared. After an intended change: KSMCHECK_PROMOTE=1 writes what is printed now into the
blocks that have no ``[...]``.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(
    r"(?:<!-- file: (?P<name>\S+) -->\n)?```(?P<language>\w+)\n(?P<body>.*?)^```$", re.S | re.M
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A command with the output that the document shows; ``start``/``end``: where that stands."""

    command: str
    output: str
    start: int
    end: int


def shown_in(block: re.Match[str]) -> Iterator[Shown]:
    starts = [m.start() for m in re.finditer(r"^\$ ", block["body"], re.M)]
    for start, end in zip(starts, [*starts[1:], len(block["body"])], strict=True):
        text = block["body"][start:end]
        command, _, output = text[2:].partition("\n")
        while command.endswith("\\"):
            more, _, output = output.partition("\n")
            command = command[:-1] + more.strip()
        offset = block.start("body") + end - len(output)
        yield Shown(command, output, offset, block.start("body") + end)


def normal(text: str) -> str:
    text = re.sub(r"\b\d+ ms\b", "N ms", text)
    text = re.sub(r"\b\d+\.\d+ s\b", "N s", text)
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def matches(shown: str, printed: str) -> bool:
    parts = [re.escape(p.strip("\n")) for p in re.split(r"^\[\.\.\.\]$", normal(shown), flags=re.M)]
    return re.fullmatch(r"\n?.*\n?".join(parts), normal(printed), re.S) is not None


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.name)
def test_commands_print_what_is_shown(
    document: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = document.read_text(encoding="utf-8")
    for folder in ("litmus", "models"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    monkeypatch.chdir(tmp_path)
    promoted: list[tuple[Shown, str]] = []
    for block in BLOCK.finditer(text):
        if block["name"] or block["language"] != "console":
            continue
        _provide_files(text[: block.start()], tmp_path)
        for shown in shown_in(block):
            words = shlex.split(shown.command)
            assert words[0] == "ksmcheck", shown.command
            ran = run(*words[1:])
            assert ran.code != 3, ran.err
            printed = ran.out + ran.err
            if os.environ.get("KSMCHECK_PROMOTE") and "[...]" not in shown.output:
                promoted.append((shown, printed.rstrip() + "\n"))
            else:
                assert matches(shown.output, printed), f"{shown.command}\n{printed}"
    new = text
    for shown, printed in reversed(promoted):
        new = new[: shown.start] + printed + new[shown.end :]
    if new != text:
        document.write_text(new, encoding="utf-8")


def _provide_files(before: str, folder: Path) -> None:
    """The files as the document has them at this point: the newest block of each name."""
    for block in BLOCK.finditer(before):
        if block["name"]:
            path = folder / block["name"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block["body"], encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.name)
def test_links_lead_somewhere(document: Path) -> None:
    text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not target.startswith("http"):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_readme_names_every_command() -> None:
    from ksmcheck.cli import _COMMANDS

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [c for c in _COMMANDS if f"`ksmcheck {c}" not in text]
    assert not missing
