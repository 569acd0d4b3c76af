"""What is read from elsewhere than a regular file: standard input, pipes."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ksmcheck.syntax.files import is_standard_input, read_source, take_standard_input
from ksmcheck.text import InputError

SB = """C SB
{}
P0(int *x, int *y) { int r0; WRITE_ONCE(*x, 1); r0 = READ_ONCE(*y); }
P1(int *x, int *y) { int r0; WRITE_ONCE(*y, 1); r0 = READ_ONCE(*x); }
exists (0:r0=0 /\\ 1:r0=0)
"""
X86 = """X86 one
{}
 P0          ;
 MOV [x],$1  ;
exists (x=1)
"""


def ksmcheck(*args: str, text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ksmcheck", *args]
    return subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=60, cwd=folder, check=False
    )


@pytest.mark.parametrize(
    ("args", "text", "said"),
    [
        (["check", "-"], SB, "its read of y (<stdin>:3)"),
        (["check", "-"], X86, "tso (assembly)"),
        (["check", "-"], "\ufeff" + SB.replace("\n", "\r\n"), "Sometimes  SB  exists"),
        (["states", "-", "--model", "sc"], SB, "Observation SB Never"),
        (["sites", "-"], SB, "WRITE_ONCE@P0  <stdin>:3:"),
        (["whatif", "-", "--model", "sc", "--remove", "WRITE_ONCE@P0"], SB, "Sometimes  SB"),
    ],
)
def test_a_test_from_standard_input(args: list[str], text: str, said: str, tmp_path: Path) -> None:
    ran = ksmcheck(*args, text=text, folder=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert said in ran.stdout


def test_headers_are_looked_for_in_the_current_folder(tmp_path: Path) -> None:
    (tmp_path / "one.h").write_text("#define ONE 1\n")
    text = SB.replace("C SB\n", 'C SB\n#include "one.h"\n').replace("1)", "ONE)")
    assert ksmcheck("check", "-", text=text, folder=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("args", "text", "said"),
    [
        (["check", "-"], "", "<stdin>:1:1: error: a litmus test begins with"),
        (["check", "-"], "MIPS t\n{}\n", "<stdin>:1:1: error: tests in MIPS"),
        (["whatif", "-", "-j2"], SB, "error: --jobs with standard input"),
    ],
)
def test_errors_in_standard_input(args: list[str], text: str, said: str, tmp_path: Path) -> None:
    ran = ksmcheck(*args, text=text, folder=tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert said in ran.stderr


def test_a_pipe_is_no_test(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.litmus")
    for command in ("check", "states", "sites", "whatif", "show"):
        ran = ksmcheck(command, "pipe.litmus", text="", folder=tmp_path)
        assert (ran.returncode, ran.stdout) == (2, "")
        assert "cannot read pipe.litmus: this is no regular file" in ran.stderr


def test_what_was_read_goes_with_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two commands in one process; a file that has the name is a file."""
    taken = []
    for text in (SB, X86):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        taken.append(take_standard_input())
    assert [read_source(path).text for path in taken] == [SB, X86]
    assert all(map(is_standard_input, taken))
    for other in (Path("<stdin>"), taken[0] / "x", taken[0].parent):
        assert not is_standard_input(other)
    with pytest.raises(InputError, match="cannot read <stdin>"):
        read_source(Path("<stdin>"))
