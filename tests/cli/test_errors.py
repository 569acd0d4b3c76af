"""Every mistake on the command line: one clear error, exit code 2, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ksmcheck.text import InternalError
from tests.cli.conftest import Run

A = "litmus/ksm/path-a.litmus"
MP = "litmus/classic/MP/MP+wmb+rmb.litmus"

# The arguments, and words that the message must contain: what is wrong, and what would be right.
MISTAKES: list[tuple[list[str], list[str]]] = [
    (["check", MP, "--model", "pover"], ["no model 'pover'", "did you mean power?", "riscv"]),
    (["check", MP, "--model", "litmus"], ["litmus", "cat"]),
    (["check", MP, "--model", "power", "--config", "lse"], ["no configuration 'lse'", "lwsync"]),
    (["check", MP, "--model", "sc", "--model", "tso", "--config", "x"], ["--config", "several"]),
    (["check", MP, "--model", "all", "--config", "lse"], ["--config", "several"]),
    (["check", MP, "--model", "all", "--model", "sc"], ["--model all"]),
    (["check", MP, "--kernel", "4.4"], ["4.4", "3.9 and 6.12"]),
    (["check", MP, "--kernel", "x"], ["x"]),
    (["check", A, "--model", "riscv", "--kernel", "3.9"], ["riscv", "3.9", "4.15", "6.12"]),
    (["check", A, "--variant", "no-wbm"], ["no variant 'no-wbm'", "no-wmb"]),
    (["check", MP, "--variant", "no-wmb"], ["no-wmb", "suite"]),
    (["check", A, "--variant", "no-rbd", "--kernel", "6.12"], ["no-rbd", "not applicable", "5.9"]),
    (["check", A, "--remove", "smp_wmb@nowhere"], ["no site smp_wmb@nowhere"]),
    (["check", A, "--remove", "smp_wmb"], ["which one?", "smp_wmb@ksm_migrate_page"]),
    (["check", A, "--remove", "smp_nothing"], ["no site smp_nothing"]),
    (["check", MP, "-D", "1x"], ["-D 1x", "not a macro name", "NAME=VALUE"]),
    (["check", MP, "-D", "=1"], ["-D =1"]),
    (["check", "litmus"], ["cannot read litmus", "directory"]),
    (["check", "no/such.litmus"], ["cannot read no/such.litmus", "No such file"]),
    (["check", "/dev/null"], ["no regular file"]),
    (["check", MP, "--timeout", "-1"], ["--timeout"]),
    (["check", MP, "--unroll", "0"], ["--unroll"]),
    (["check", MP, "--solver", "minisat"], ["minisat", "cadical"]),
    (["check"], ["FILE"]),
    (["chekc", MP], ["No such command 'chekc'", "'check'"]),
    (["verify", "--scenario", "path-c"], ["no scenario 'path-c'", "path-b"]),
    (["verify", "--scenario", "path-a", "--model", "x86"], ["no model 'x86'", "tso"]),
    (["verify", "--kernel", "5"], ["no kernel point '5'", "6.12"]),
    (["verify", "--variants", "no-wbm"], ["no variant 'no-wbm'", "no-wmb"]),
    (["verify", "litmus/classic/MP"], ["does not belong to a suite", "suite.toml"]),
    (["verify", MP], ["does not belong to a suite", "ksmcheck check"]),
    (["verify", A, "--scenario", "path-a"], ["--scenario", "folder"]),
    (["verify", "nowhere"], ["cannot read nowhere"]),
    (["verify", "--jobs", "0"], ["--jobs"]),
    (["states", MP, "--model", "nosuch"], ["no model 'nosuch'"]),
    (["states", "nowhere.litmus"], ["cannot read nowhere.litmus"]),
    (["sites", "nowhere.litmus"], ["cannot read nowhere.litmus"]),
    (["sites", A, "--kernel", "4"], ["4", "6.12"]),
    (["show", MP, "--model", "armv8", "--config", "lsx"], ["no configuration 'lsx'", "lse"]),
    (["models", "powr"], ["no model 'powr'", "power"]),
    (["export", MP, "--model", "sc", "--to", "dot"], ["Never", "no execution"]),
    (["export", MP, "--to", "svg"], ["svg", "dot"]),
    (["check", MP, "--timeout", "inf"], ["--timeout", "range"]),
    (["check", MP, "--timeout", "nan"], ["--timeout", "no number"]),
    (["check", MP, "--remove", "smp_wmb,"], ["names nothing"]),
    (["whatif", MP, "--show", "smp_wbm"], ["no such site", "ksmcheck sites"]),
]


@pytest.mark.parametrize(("args", "words"), MISTAKES, ids=lambda v: " ".join(v)[:60])
def test_a_mistake_is_explained(run: Run, args: list[str], words: list[str]) -> None:
    ran = run(*args)
    assert ran.code == 2, ran.err
    assert ran.out == ""
    for word in words:
        assert word in ran.err
    assert "Traceback" not in ran.err
    assert ran.err.lower().count("error:") == 1


def test_what_cannot_be_written(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "no" / "folder.dot"
    ran = run(
        "export", "litmus/classic/MP/MP.litmus", "--model", "power", "--to", "dot", "-o", target
    )
    assert ran.code == 2
    assert f"cannot write {target}" in ran.err
    ran = run("whatif", MP, "--model", "sc", "--svg", target)
    assert ran.code == 2
    assert f"cannot write {target}" in ran.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(run: Run, tmp_path: Path) -> None:
    secret = tmp_path / "secret.litmus"
    secret.write_text("C t\n")
    secret.chmod(0)
    ran = run("check", secret)
    assert ran.code == 2
    assert "ermission" in ran.err


def test_the_installed_command_says_the_same() -> None:
    """Once through a real process: exit code, streams, no traceback."""
    script = "import sys; from ksmcheck.cli import main; main(sys.argv[1:])"
    args = [sys.executable, "-c", script, "check", "nowhere.litmus"]
    ran = subprocess.run(args, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "error: cannot read nowhere.litmus: No such file or directory\n"


def in_a_shell(line: str) -> subprocess.CompletedProcess[str]:
    """A line of bash in which KSMCHECK stands for the command, in a process of its own."""
    command = line.replace("KSMCHECK", f"{sys.executable} -m ksmcheck")
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def test_a_reader_that_goes_away_is_no_error() -> None:
    """The pipe breaks, and nothing is said about it; 141 is what a shell says of any such
    program. It must be no verdict: neither 0 nor 1."""
    ran = in_a_shell("KSMCHECK models power | (read -r line; echo $line)")
    assert ran.stdout == "# power\n"
    assert ran.stderr == ""
    ran = in_a_shell(f"(sleep 3; KSMCHECK check {MP} --model sc) | true")
    assert (ran.returncode, ran.stderr) == (141, "")


def test_output_that_is_closed() -> None:
    ran = in_a_shell(f"KSMCHECK check {MP} >&-")
    assert ran.returncode == 2
    assert ran.stderr.startswith("error: standard output is closed\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize(
    "args", [f"check {MP} --model sc", f"check {MP} --model sc --json", "models"]
)
def test_output_to_a_disk_that_is_full(args: str) -> None:
    ran = in_a_shell(f"KSMCHECK {args} > /dev/full")
    assert (ran.returncode, ran.stderr) == (2, "error: cannot write: No space left on device\n")


def test_a_bug_of_ours_is_called_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("for the test")

    monkeypatch.setattr("ksmcheck.check.Checker.check", broken)
    ran = run("check", MP)
    assert ran.code == 3
    assert "bug in ksmcheck" in ran.err
    assert "Traceback" not in ran.err


def test_a_bug_has_its_exit_code_also_with_its_traceback(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's own code for what is not caught is 1, which is VIOLATED."""
    monkeypatch.setenv("KSMCHECK_DEBUG", "1")
    for error in (ZeroDivisionError("for the test"), InternalError("for the test")):

        def broken(*_: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr("ksmcheck.check.Checker.check", broken)
        ran = run("check", MP)
        assert ran.code == 3
        assert "Traceback" in ran.err
        assert "for the test" in ran.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("args", ["check nowhere.litmus", "check --modle", "verify --kernel 1"])
def test_an_error_that_nobody_can_read_keeps_its_code(args: str) -> None:
    """It ended with 1, which is VIOLATED: Python's own code where telling the error failed."""
    for errors in ("2> /dev/full", "2>&-", "2>&1 > /dev/null | true"):
        ran = in_a_shell(f"KSMCHECK {args} {errors}")
        assert ran.returncode == 2, errors


@pytest.mark.parametrize("kernel", ["six", "", "6", "v6.12", "6.12.y"])
def test_a_kernel_point_that_is_none(run: Run, kernel: str) -> None:
    """Also where it would not be looked at: in assembly, and for names of sites."""
    assembly = "litmus/assembly/AArch64/SB+stlr+ldapr.litmus"
    for args in (
        ["check", MP],
        ["check", assembly],
        ["states", assembly],
        ["sites", MP],
        ["whatif", MP],
        ["corpus", "litmus/assembly/AArch64"],
    ):
        ran = run(*args, "--kernel", kernel)
        assert (ran.code, ran.out) == (2, ""), args
        assert f"there is no kernel point '{kernel}'" in ran.err
        assert "known: 3.9, 6.12" in ran.err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_what_a_terminal_cannot_show_is_drawn_by_other_signs(encoding: str) -> None:
    """The rules between and below the columns were rows of question marks."""
    ran = in_a_shell(f"PYTHONIOENCODING={encoding} KSMCHECK check {WMB_ALONE} --model armv8")
    plain = in_a_shell(f"PYTHONIOENCODING=utf-8 KSMCHECK check {WMB_ALONE} --model armv8")
    rows = ran.stdout.splitlines()
    assert rows[3].split() == ["P0", "|", "P1"]
    assert set(rows[4]) == {"-", "+"}
    told = plain.stdout.translate(str.maketrans("\u2502\u2500\u253c", "|-+")).splitlines()
    assert rows[3:] == told[3:]


WMB_ALONE = "litmus/classic/MP/MP+wmb+po.litmus"
