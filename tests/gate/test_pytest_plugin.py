"""The pytest plugin, as pytest finds it by its entry point."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

import ksmcheck


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    out: str
    err: str = ""


Run = Callable[..., Ran]

# Message passing without a read barrier: armv8 reorders the reads, tso does not.
PASSING = """C passing
{ }
P0(int *x, int *y) { WRITE_ONCE(*x, 1); smp_wmb(); WRITE_ONCE(*y, 1); }
P1(int *x, int *y) { int a; int b; a = READ_ONCE(*y); b = READ_ONCE(*x); }
~exists (1:a=1 /\\ 1:b=0)
"""


@pytest.fixture
def folder(pytester: pytest.Pytester, models_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KSMCHECK_CACHE", str(models_cache))
    (pytester.path / "pytest.ini").write_text("[pytest]\nksmcheck_models = tso armv8\n")
    (pytester.path / "passing.litmus").write_text(PASSING)
    return pytester.path


@pytest.fixture(scope="session")
def loaded() -> None:
    """All of ksmcheck, before pytester looks: what is imported in its run it takes away again, and
    modules that were there would go on with classes of which there are others now."""
    for module in walk_packages(ksmcheck.__path__, "ksmcheck."):
        if not module.name.endswith("__main__"):
            import_module(module.name)


@pytest.fixture
def run(pytester: pytest.Pytester, loaded: None) -> Run:
    """Runs pytest in the folder, in this process: it finds the plugin as it always does."""

    def command(*args: str) -> Ran:
        result = pytester.runpytest_inprocess("-p", "no:cacheprovider", *args)
        return Ran(int(result.ret), result.stdout.str(), result.stderr.str())

    return command


def test_a_litmus_file_is_a_test_for_each_model(folder: Path, run: Run) -> None:
    ran = run("-rA")
    assert ran.code == 1, ran.out
    assert "PASSED passing.litmus::tso-6.12" in ran.out
    assert "FAILED passing.litmus::armv8-6.12" in ran.out
    assert "1 failed, 1 passed" in ran.out
    # The failure is the verdict with its execution, not our source code.
    assert "VIOLATED under armv8, expected SAFE" in ran.out
    assert "STALE: from start" in ran.out
    assert "why:   nothing orders P1's read of y" in ran.out
    assert "Traceback" not in ran.out
    assert "pytest_plugin.py" not in ran.out


def test_models_can_be_chosen_on_the_command_line(folder: Path, run: Run) -> None:
    assert "1 passed" in run("--litmus-model", "sc").out


def test_one_test_can_be_named(folder: Path, run: Run) -> None:
    assert "1 passed" in run("passing.litmus::tso-6.12").out


def test_a_bad_file_is_one_clear_error(folder: Path, run: Run) -> None:
    (folder / "passing.litmus").write_text(PASSING.replace("smp_wmb()", "smp_wbm()"))
    ran = run()
    assert ran.code == 1
    assert "passing.litmus:3:" in ran.out
    assert "smp_wbm" in ran.out
    assert "Traceback" not in ran.out


def test_a_model_that_is_none_is_one_clear_error(folder: Path, run: Run) -> None:
    ran = run("--litmus-model", "armv9000")
    assert "no model 'armv9000'" in ran.out
    assert "Traceback" not in ran.out


def test_the_kernels_result_comment_is_what_lkmm_is_held_to(folder: Path, run: Run) -> None:
    """LKMM's tests say ``Result: Sometimes`` in their comment: that is no failure."""
    allowed = PASSING.replace("~exists", "exists").replace("{ }", "(*\n * Result: {}\n *)\n{ }")
    for word, outcome in (("Sometimes", "1 passed"), ("Never", "1 failed")):
        (folder / "passing.litmus").write_text(allowed.replace("Result: {}", f"Result: {word}"))
        assert outcome in run("--litmus-model", "lkmm").out


# Without a word of expectation; where the comment's line stands does not matter.
RACE = """C race
(* Result: Sometimes DATARACE *)
{ }
P0(int *x) { *x = 1; }
P1(int *x) { int a; a = READ_ONCE(*x); }
exists (1:a=1)
"""

X86 = """X86 sb
"Result: as everywhere"
{ }
 P0         | P1         ;
 MOV [x],$1 | MOV [y],$1 ;
 MOV EAX,[y] | MOV EAX,[x] ;
exists (0:EAX=0 /\\ 1:EAX=0)
"""


@pytest.mark.parametrize(
    ("form", "condition", "right"),
    [
        ("(* Result: {} *)", "exists (1:a=1 /\\ 1:b=0)", ["Sometimes"]),
        ("// Result: {}", "~exists (1:a=1 /\\ 1:b=0)", ["Sometimes", "Always"]),
        ("(*\n * Result: {}\n *)", "~exists (1:a=2)", ["Never"]),
        ("/* Result: {} */", "forall (1:a=2)", ["Never", "Sometimes"]),
        ("(* Result: {} *)", "forall (1:a=0 \\/ 1:a=1)", ["Always"]),
    ],
)
def test_the_comment_counts_in_each_form(
    folder: Path, run: Run, form: str, condition: str, right: list[str]
) -> None:
    """A comment of one line was not seen, and its test passed whatever came out; with a property
    for a condition none was ever right."""
    shown = PASSING.replace("~exists (1:a=1 /\\ 1:b=0)", condition)
    for word in ("Never", "Sometimes", "Always"):
        text = shown.replace("{ }", form.format(word) + "\n{ }")
        (folder / "passing.litmus").write_text(text)
        ran = run("--litmus-model", "lkmm")
        assert ("1 passed" if word in right else "1 failed") in ran.out, (word, ran.out)


def test_an_announced_race_is_right(folder: Path, run: Run) -> None:
    (folder / "passing.litmus").write_text(RACE)
    assert "1 passed" in run("--litmus-model", "lkmm").out
    (folder / "passing.litmus").write_text(RACE.replace(" DATARACE", ""))
    assert "RACE under lkmm, expected Sometimes" in run("--litmus-model", "lkmm").out


def test_assembly_is_for_its_own_machine(folder: Path, run: Run) -> None:
    """Under lkmm, which was the default, it means nothing."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "passing.litmus").write_text(X86)
    ran = run("-rA")
    assert "PASSED passing.litmus::tso-6.12" in ran.out


def test_ksmcheck_toml_says_what_is_expected(folder: Path, run: Run) -> None:
    (folder / "ksmcheck.toml").write_text(
        '[[tests]]\nfiles = "*.litmus"\nmodels = ["tso", "armv8"]\n'
        '[tests.expected]\n"passing.litmus" = { tso = "SAFE", armv8 = "VIOLATED" }\n'
    )
    (folder / "pytest.ini").write_text("[pytest]\n")
    ran = run()
    assert ran.code == 0, ran.out
    assert "2 passed" in ran.out


def test_a_suite_says_what_is_run_and_expected(folder: Path, run: Run) -> None:
    (folder / "suite.toml").write_text(
        '[columns]\nmodels = ["tso", "armv8"]\nkernels = ["6.12"]\n[letters]\nS = "safe"\n'
        '[[scenario]]\nid = "mp"\nfile = "passing.litmus"\nproperty = "P"\n'
        '[[variant]]\nname = "shipped"\nwhat = "as it is"\n'
    )
    (folder / "expected").mkdir()
    (folder / "expected" / "mp.toml").write_text(
        '[reasons]\nrmb = "no read barrier"\ntso = "loads stay in order"\n'
        '["6.12"]\nshipped = { is = "S V", S = "tso", V = "rmb" }\n'
    )
    (folder / "pytest.ini").write_text("[pytest]\n")
    ran = run("-rA")
    assert ran.code == 0, ran.out
    assert "PASSED passing.litmus::mp-armv8-6.12" in ran.out


# If P0 reads 8, its loop goes round 2^32 - 8 times, each time with a write: no bound is enough.
ENDLESS = """C endless
{ }
P0(int *x) { int a; a = READ_ONCE(*x); while (a != 0) { a = a + 1; WRITE_ONCE(*x, a); } }
P1(int *x) { WRITE_ONCE(*x, 8); }
~exists (x=9999)
"""


def test_a_verdict_without_an_answer_fails(folder: Path, run: Run) -> None:
    (folder / "passing.litmus").write_text(ENDLESS)
    ran = run("--litmus-model", "sc")
    assert re.search(r"SAFE up to \d+ under sc, which is no answer", ran.out)
    assert "1 failed" in ran.out


def test_a_timeout_that_is_none(run: Run, folder: Path) -> None:
    for given in ("soon", "-5", "nan", "inf"):
        ran = run("-o", f"ksmcheck_timeout={given}")
        assert ran.code == 4
        assert f"ksmcheck_timeout is a number of seconds, not '{given}'" in ran.out + ran.err


@pytest.mark.parametrize("off", [("-p", "no:ksmcheck"), ("-o", "ksmcheck=false")])
def test_it_can_be_turned_off(folder: Path, run: Run, off: tuple[str, str]) -> None:
    (folder / "pytest.ini").unlink()
    assert "no tests ran" in run(*off).out


def own_process(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *args]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)


def test_a_run_without_litmus_files_imports_nothing_of_it(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import sys\n\n\ndef test_it():\n"
        "    own = {m for m in sys.modules if m.startswith('ksmcheck')}\n"
        "    assert own <= {'ksmcheck', 'ksmcheck.pytest_plugin'}, own\n"
        "    assert 'ksmcheck.pytest_plugin' in own\n"
    )
    ran = own_process(tmp_path, "-W", "error")
    assert ran.returncode == 0, ran.stdout


def test_it_works_on_a_worker(folder: Path) -> None:
    assert "1 failed, 1 passed" in own_process(folder, "-n", "1").stdout
