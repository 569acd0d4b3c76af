"""``--help`` teaches: examples that are real, options that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from ksmcheck.cli import _COMMANDS
from tests.cli.conftest import Run

# They read a file of the user's, or take minutes; tests/gate runs those of the gate.
NOT_RUN = ("my.litmus", "my/", "--variants all", "verify  ", "ksmcheck gate ", "--kernel-tree")


def examples(text: str) -> list[list[str]]:
    """The command lines below ``Examples:``, without comments, redirections and pipes."""
    tail = text.partition("Examples:")[2].replace("\\\n", " ")
    found = []
    for line in tail.splitlines():
        if line.strip().startswith("ksmcheck ") and not any(n in line for n in NOT_RUN):
            command = re.split(r"  {2,}(?=\w+ )(?!-)|[|>]", line.strip())[0]
            found.append(shlex.split(command)[1:])
    return found


@pytest.mark.parametrize("command", _COMMANDS)
def test_every_command_has_help_with_examples(run: Run, command: str) -> None:
    ran = run(command, "--help")
    assert ran.code == 0
    assert "Examples:" in ran.out


@pytest.mark.parametrize("command", _COMMANDS)
def test_the_examples_work(run: Run, command: str, tmp_path: Path) -> None:
    """No example ends in a usage error, a missing file or a bug of ours."""
    for args in examples(run(command, "--help").out):
        shortened = [str(tmp_path / a) if args[i - 1] == "-o" else a for i, a in enumerate(args)]
        ran = run(*shortened)
        assert ran.code in (0, 1), f"{args}: {ran.err}"


def test_the_exit_codes_are_in_the_help(run: Run) -> None:
    text = run("--help").out
    for code in range(6):
        assert re.search(rf"^ +{code}  \w", text, re.M)


def test_commands_are_listed_once_each(run: Run) -> None:
    text = run("--help").out
    for command in _COMMANDS:
        assert re.search(rf"^  {command}  +\w", text, re.M)
