"""Bad input to the gate: one clear error, exit code 2, and the baseline as it was."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ksmcheck.gate.config import load_config
from ksmcheck.gate.plan import plan
from ksmcheck.report.renderers import FORMS
from tests.gate.conftest import Project

ROOT = Path(__file__).parents[2]

SUITE = (
    '[columns]\nmodels = ["tso"]\nkernels = ["6.12"]\n[letters]\nS = "safe"\n'
    '[[scenario]]\nid = "mp"\nfile = "mp.litmus"\nproperty = "P"\n'
    '[[variant]]\nname = "shipped"\nwhat = "as it is"\n'
)
TESTS = '[[tests]]\nfiles = "*.litmus"\n'

# The configuration, and words of the message.
CONFIGURATIONS: list[tuple[str, list[str]]] = [
    ("", ["nothing to gate", "[[suite]]"]),
    ("[[tests]\n", ["ksmcheck.toml:1:", "^"]),
    (f"{TESTS}models = [\n", ["ksmcheck.toml:", "error"]),
    (f"{TESTS}[polici]\n", ["ksmcheck.toml:3:2", "unknown key 'polici'", "did you mean policy?"]),
    (f"{TESTS}[policy]\nsites = 'fail'\n", ["ksmcheck.toml:4:1", "'sites'", "mean site?"]),
    (f"{TESTS}[policy]\nsite = 'error'\n", ["ksmcheck.toml:4:1", "'error'", "fail, warn"]),
    (f"{TESTS}[limits]\ntimeout = 'long'\n", ["ksmcheck.toml:4:1", "timeout is a number"]),
    (f"{TESTS}[limits]\nbudget = -1\n", ["ksmcheck.toml:4:1", "more than 0"]),
    (f"{TESTS}[limits]\nunroll = true\n", ["unroll is a number"]),
    (f"{TESTS}[limits]\nbudget = nan\n", ["more than 0"]),
    (f"{TESTS}[gate]\nallow-bounded = 'yes'\n", ["allow-bounded is true or false"]),
    ("gate = 1\n", ["gate is a table"]),
    ("[suite]\npath = '.'\n", ["[[suite]]", "two brackets"]),
    ("[[suite]]\n", ["needs a path"]),
    ("[[suite]]\npath = 'mm'\n", ["ksmcheck.toml:2:9", "mm is no suite", "suite.toml"]),
    ("[[suite]]\npath = '.'\nscenarios = 'pm'\n", ["ksmcheck.toml: there is no scenario 'pm'"]),
    ("[[suite]]\npath = '.'\nvariants = ['x']\n", ["there is no variant 'x'", "shipped"]),
    ("[[suite]]\npath = '.'\nkernels = ['5']\n", ["there is no kernel point '5'", "6.12"]),
    ("[[suite]]\npath = '.'\nnecessity = 'pm'\n", ["there is no scenario 'pm'", "mp"]),
    ("[[suite]]\npath = '.'\nmodels = ['x86']\n", ["no model 'x86'"]),
    ("[[suite]]\npath = '.'\nmodels = [1]\n", ["models is a list of names"]),
    ("[[tests]]\n", ["needs files"]),
    ("[[tests]]\nfiles = 'x*.litmus'\n", ["ksmcheck.toml:2:10", "no file is called x*.litmus"]),
    ("[[tests]]\nfiles = '../*.litmus'\n", ["leaves the folder"]),
    ("[[tests]]\nfiles = '/etc/*'\n", ["leaves the folder"]),
    (f"{TESTS}kernels = ['6']\n", ["no kernel point '6'"]),
    (f"{TESTS}models = ['armv9']\n", ["no model 'armv9'"]),
    (f"{TESTS}expected = 'SAFE'\n", ["expected is a table"]),
    (f"{TESTS}[tests.expected]\n'no.litmus' = 'SAFE'\n", ["no.litmus is not among the files"]),
    (f"{TESTS}[tests.expected]\n'mp.litmus' = 'safe'\n", ["no verdict 'safe'", "SAFE"]),
    (f"{TESTS}[tests.expected]\n'mp.litmus' = 1\n", ["a verdict, or model = verdict"]),
    (f"{TESTS}[tests.expected]\n'mp.litmus' = {{ sc = 'SAFE' }}\n", ["of sc", "not among"]),
    (TESTS + TESTS, ["mp.litmus is gated twice under lkmm"]),
]


@pytest.mark.parametrize(("text", "words"), CONFIGURATIONS, ids=lambda v: repr(v)[:40])
def test_a_bad_configuration_is_one_clear_error(
    project: Project, text: str, words: list[str]
) -> None:
    (project.folder / "suite.toml").write_text(SUITE)
    (project.folder / "ksmcheck.toml").write_text(text)
    for args in ((), ("--record",)):
        ran = project.gate(*args)
        if args == () and "no baseline" in ran.err:
            continue  # it is read first
        assert ran.code == 2, ran.out + ran.err
        for word in words:
            assert word in ran.err
        assert "Traceback" not in ran.err
        assert ran.err.count("error: ") == 1
    assert not project.baseline.exists()


def test_the_documented_configuration_is_right(project: Project) -> None:
    document = Path(__file__).parents[2] / "docs" / "gate.md"
    text = document.read_text(encoding="utf-8").partition("## ksmcheck.toml")[2]
    text = text.partition("```toml\n")[2].partition("```")[0]
    (project.folder / "ksmcheck.toml").write_text(text)
    (project.folder / "mm").mkdir()
    for name in ("mp", "sb"):
        shutil.copy(project.folder / "mp.litmus", project.folder / "mm" / f"{name}.litmus")
    (project.folder / "litmus").symlink_to(Path(__file__).parents[2] / "litmus")
    config = load_config(project.folder / "ksmcheck.toml")
    cells = plan(config)
    assert {c.column.name for c in cells} == {"lkmm", "armv8", "lkmm-plain"}
    assert len([c for c in cells if c.subject == "mm/sb.litmus"]) == 2
    assert config.policy["unnecessary"] == "fail"
    assert config.limits.budget_each == 20


def test_no_configuration(project: Project) -> None:
    (project.folder / "ksmcheck.toml").unlink()
    ran = project.gate()
    assert ran.code == 2
    assert "cannot read ksmcheck.toml" in ran.err and "--config" in ran.err


def test_no_baseline_yet(project: Project) -> None:
    ran = project.gate()
    assert ran.code == 2
    assert "there is no baseline ksmcheck-baseline.toml" in ran.err
    assert "--record" in ran.err


BASELINES = [
    ("<<<<<<< HEAD\nformat = 2\n", ["not a baseline", "merge conflict", "--record"]),
    ("format = 99\nfull = false\n", ["format 99", "another version", "--record"]),
    ("", ["format None", "--record"]),
    ("format = 2\n", ["not a baseline", "full"]),
    ("format = 2\nfull = false\nverdicts = 3\n", ["not a baseline"]),
    ("format = 2\nfull = false\n[verdicts.a.b.c]\nsc = 1\n", ["not a baseline"]),
    ("format = 2\nfull = false\n[verdicts.a.b.c]\nsc = 'SAVE'\n", ["'SAVE' is no verdict"]),
    ("format = 2\nfull = false\n[necessity.a.b]\ns = { needed = 'sc' }\n", ["not a baseline"]),
    ("format = 2\nfull = false\n[[outlines.a.b]]\nlines = []\n", ["not a baseline", "outline"]),
]


@pytest.mark.parametrize(("text", "words"), BASELINES)
def test_a_baseline_that_is_none(project: Project, text: str, words: list[str]) -> None:
    project.baseline.write_text(text)
    ran = project.gate()
    assert ran.code == 2, ran.out
    for word in words:
        assert word in ran.err
    assert "Traceback" not in ran.err
    project.record()  # what cannot be read can be recorded anew
    assert project.gate().code == 0


def test_a_baseline_that_is_a_folder_or_no_text(project: Project) -> None:
    project.baseline.mkdir()
    assert "cannot read ksmcheck-baseline.toml" in project.gate().err
    assert project.gate("--record").code == 2
    project.baseline.rmdir()
    project.baseline.write_bytes(b"\xff\xfe")
    assert "is not UTF-8 text" in project.gate().err


def test_a_mistake_in_a_test_is_shown_where_it_is(project: Project) -> None:
    project.record()
    before = project.baseline.read_bytes()
    project.edit("smp_wmb", "smp_wbm")
    for args in ((), ("--record",)):
        ran = project.gate(*args)
        assert ran.code == 2
        assert "mp.h:4:2: error" in ran.err
        assert "smp_wmb" in ran.err  # the hint
    assert project.baseline.read_bytes() == before


def test_a_baseline_that_cannot_be_written(project: Project) -> None:
    project.config('[gate]\nbaseline = "no/such/folder/b.toml"\n')
    ran = project.gate("--record")
    assert ran.code == 2
    assert "cannot write" in ran.err


def test_a_failing_write_leaves_the_old_baseline(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.record()
    before = project.baseline.read_bytes()
    project.edit("\tsmp_rmb();\n", "\tsmp_rmb();\n\tsmp_rmb();\n")
    replace = os.replace

    def full(source: str | Path, target: str | Path) -> None:
        if Path(target).name == project.baseline.name:
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    ran = project.gate("--record")
    assert ran.code == 2
    assert "No space left on device" in ran.err
    assert project.baseline.read_bytes() == before
    assert not list(project.folder.glob(".ksmcheck-baseline*"))


def test_a_baseline_behind_a_link_stays_behind_it(project: Project) -> None:
    target = project.folder / "kept.toml"
    target.write_text("format = 0\n")
    project.baseline.symlink_to("kept.toml")
    project.record()
    assert project.baseline.is_symlink()
    assert "smp_wmb@publish" in target.read_text()


def test_a_baseline_stays_readable_for_whom_it_was(project: Project) -> None:
    for mode in (0o640, 0o664):
        project.baseline.write_text("format = 0\n")
        project.baseline.chmod(mode)
        project.record()
        assert project.baseline.stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("given", ["xml", "sarif=", "=x", "junit,sarif"])
def test_a_report_of_no_known_form(project: Project, given: str) -> None:
    ran = project.gate("--report", given)
    assert ran.code == 2
    assert "junit" in ran.err


def test_a_report_that_cannot_be_written(project: Project) -> None:
    project.record()
    ran = project.gate("--report", "json=no/such/folder/report")
    assert ran.code == 2
    assert "cannot write" in ran.err


def test_reports_say_what_ended_the_run(project: Project) -> None:
    """The files of an earlier run, which passed, would stand for this one."""
    project.record()
    files = {form: project.folder / f"report.{form}" for form in FORMS}
    reports = [f"--report={form}={file}" for form, file in files.items()]
    assert project.gate(*reports).code == 0
    project.edit("smp_wmb", "smp_wbm")
    ran = project.gate(*reports, "--report=github")
    assert ran.code == 2
    assert ran.out.startswith("::error file=mp.h,line=4,col=2,title=The gate could not run.")
    assert ran.err.startswith("mp.h:4:2: error: unknown function or primitive smp_wbm\n")
    told = {form: file.read_text() for form, file in files.items()}
    for text in told.values():
        assert "unknown function or primitive smp" in text
        assert "did you mean smp" in text or text == told["markdown"]
    root = ElementTree.fromstring(told["junit"])
    assert (root.get("errors"), root.get("tests")) == ("1", "1")
    assert root.find("./testsuite/testcase/error[@type='input']") is not None
    run = json.loads(told["sarif"])["runs"][0]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert [r["ruleId"] for r in run["results"]] == ["input"]
    assert json.loads(told["json"])["failed"] is True
    assert "gate could not run" in told["text"]
    assert "gate could not run" in told["markdown"]


def test_reports_say_that_ksmcheck_failed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.record()

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("for the test")

    monkeypatch.setattr("ksmcheck.gate.gate.survey", broken)
    ran = project.gate("--report=junit=gate.xml", "--report=sarif=gate.sarif")
    assert ran.code == 3
    assert 'type="bug"' in (project.folder / "gate.xml").read_text()
    assert '"ruleId": "bug"' in (project.folder / "gate.sarif").read_text()


def test_reports_say_that_the_run_was_interrupted(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of an earlier run, which passed, would stand for this one."""
    project.record()

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ksmcheck.gate.gate.survey", interrupted)
    forms = ("junit", "sarif", "json", "github", "markdown")
    ran = project.gate(*(f"--report={form}=gate.{form}" for form in forms))
    assert ran.code == 130
    for form in forms:
        assert "interrupted" in (project.folder / f"gate.{form}").read_text()
    assert json.loads((project.folder / "gate.json").read_text())["failed"] is True


def test_a_report_that_cannot_be_written_is_told_before_the_run(project: Project) -> None:
    """The first of two was written, and `gate passed` printed, before the second was found out."""
    project.record()
    for target in ("nowhere/gate.xml", "."):
        ran = project.gate("--report=json=gate.json", f"--report=junit={target}")
        assert (ran.code, ran.out) == (2, "")
        assert f"cannot write {target}" in ran.err
        assert not (project.folder / "gate.json").exists()
    ran = project.gate("--report=json=gate.out", "--report=junit=gate.out")
    assert ran.code == 2
    assert "two reports go to gate.out" in ran.err


def test_a_report_goes_to_any_pipe(project: Project) -> None:
    """What a shell makes of ``>(command)`` is a name without a file behind it."""
    project.record()
    command = f"{sys.executable} -m ksmcheck gate --report"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for line in (
        f"{command} junit=/dev/stdout | cat",
        f"{command} junit=/dev/stdout > both && cat both",
        f"{command} junit=>(cat > piped) && sleep 1 && cat piped",
    ):
        ran = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line], capture_output=True, text=True, env=environment
        )
        assert ran.returncode == 0, ran.stderr
        assert "gate passed" in ran.stdout
        assert ran.stdout.rstrip().endswith("</testsuites>")


def test_a_gate_of_nothing_does_not_pass(project: Project) -> None:
    """All that the configuration chooses is not applicable."""
    absent = '[[variant]]\nname = "old"\nwhat = "w"\nna = { "6.12" = "it is gone" }\n'
    (project.folder / "suite.toml").write_text(SUITE + absent)
    chosen = "[[suite]]\npath = '.'\nvariants = ['old']\n"
    (project.folder / "ksmcheck.toml").write_text(chosen)
    ran = project.gate("--record")
    assert ran.code == 2
    assert "ksmcheck.toml: nothing to gate: it is gone" in ran.err
    assert not project.baseline.exists()


def test_reports_for_programs_are_utf8_on_any_terminal(project: Project) -> None:
    """The XML said that it was, and came in the terminal's own encoding."""
    project.record()
    project.edit("\tsmp_wmb();\n", "\tbarrier(); /* \u00fc */\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "latin-1"}
    for form in ("junit", "sarif", "json"):
        command = [sys.executable, "-m", "ksmcheck", "gate", "--report", form]
        ran = subprocess.run(command, capture_output=True, env=environment)
        assert ran.returncode == 1
        drawn = "\u2502" in ran.stdout.decode()  # the columns of an execution
        assert drawn == (form != "sarif")


# --- a test that one model refuses ------------------------------------------------------------

RCU = """\
C rcu
{ }
P0(int *x, int *y) { WRITE_ONCE(*x, 1); synchronize_rcu(); WRITE_ONCE(*y, 1); }
P1(int *x, int *y) { int a = READ_ONCE(*y); smp_rmb(); int b = READ_ONCE(*x); }
~exists (1:a=1 /\\ 1:b=0)
"""


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_test_without_meaning_does_not_end_the_run(project: Project, jobs: str) -> None:
    """The others are answered, and what is wrong with them is told beside it."""
    project.record()
    (project.folder / "rcu.litmus").write_text(RCU)
    project.edit("\tsmp_wmb();\n", "")
    ran = project.gate("--jobs", jobs)
    assert ran.code == 2, ran.out + ran.err
    assert (
        "rcu.litmus:3: error: `synchronize_rcu` has no meaning under tso: it waits for RCU "
        "readers, which only lkmm models\n"
        "  rcu.litmus, kernel 6.12\n"
        "  so it is under armv8\n"
    ) in ran.out
    assert "mp.litmus:6: error: VIOLATED under armv8, recorded SAFE" in ran.out
    project.config('[policy]\nverdict = "ignore"\nsite = "ignore"\n')
    assert project.gate().code == 2  # no policy makes a verdict of it


def test_nothing_is_recorded_while_a_test_has_no_meaning(project: Project) -> None:
    (project.folder / "rcu.litmus").write_text(RCU)
    ran = project.gate("--record")
    assert ran.code == 2
    assert "ksmcheck-baseline.toml is left as it was: a test has no verdict" in ran.out
    assert not project.baseline.exists()


def test_a_refusal_is_no_error_of_the_whole_report(project: Project) -> None:
    project.record()
    (project.folder / "rcu.litmus").write_text(RCU)
    junit = project.gate("--report", "junit").out
    assert 'type="refused"' in junit
    assert "comes to its end" not in junit
