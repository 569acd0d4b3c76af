"""The GitHub action and the pre-commit hook: their own files, their own commands."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.gate.conftest import Project

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


def test_the_action_is_valid_by_github_schema() -> None:
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.github-actions"]
    ran = subprocess.run([*command, str(ROOT / "action.yml")], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout


def test_no_input_is_pasted_into_a_script() -> None:
    """An input reaches a shell through the environment only, where it cannot become code."""
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RUNNER_TEMP after the action's first step, with the real package installed by it.

    The step's own command is run; pip is told by its environment to stay offline, and what ksmcheck
    needs is lent by the environment of the tests.
    """
    temp = tmp_path_factory.mktemp("runner")
    ran = step(0, temp, temp, {"python": sys.executable})
    assert ran.returncode == 0, ran.stderr
    assert (temp / "ksmcheck" / "bin" / "ksmcheck").is_file()
    return temp


def step(
    index: int, temp: Path, where: Path, given: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Runs a step's script as the runner does: ``bash -e -o pipefail``, inputs by ``env``."""
    chosen = ACTION["runs"]["steps"][index]
    inputs = {name: value["default"] for name, value in ACTION["inputs"].items()}
    inputs.update(given)

    def filled(text: str) -> str:
        return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda m: inputs[m[1]], text)

    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(temp),
        "RUNNER_TEMP": str(temp),
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_OUTPUT": str(temp / "output"),
        "GITHUB_STEP_SUMMARY": str(temp / "summary"),
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads this one the wrong way round
        "PYTHONPATH": sysconfig.get_path("purelib"),
        **{name: filled(value) for name, value in chosen.get("env", {}).items()},
    }
    script = temp / f"step{index}.sh"
    script.write_text(chosen["run"])
    command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)]
    folder = where / filled(chosen.get("working-directory", "."))
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture
def temp(runner: Path) -> Path:
    for name in ("output", "summary", "ksmcheck.md"):
        (runner / name).unlink(missing_ok=True)
    return runner


def test_the_action_passes_what_is_as_recorded(project: Project, temp: Path) -> None:
    project.record()
    ran = step(2, temp, project.folder.parent, {"working-directory": "project"})
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "exit-code=0" in (temp / "output").read_text()
    assert "ksmcheck gate passed" in (temp / "summary").read_text()
    assert "::error" not in ran.stdout


def test_the_action_shows_what_changed(project: Project, temp: Path) -> None:
    project.record()
    project.edit("\tsmp_rmb();\n", "")
    ran = step(2, temp, project.folder, {"sarif": "gate.sarif", "junit": "gate.xml"})
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "::error file=mp.h,line=10," in ran.stdout
    assert "why:   nothing orders P1's read of y" in ran.stdout
    assert "exit-code=1" in (temp / "output").read_text()
    assert "smp\\_rmb() removed in consume" in (temp / "summary").read_text()
    log = json.loads((project.folder / "gate.sarif").read_text())
    assert {r["ruleId"] for r in log["runs"][0]["results"]} == {"verdict", "site"}
    assert "<failure" in (project.folder / "gate.xml").read_text()


def test_the_action_shows_what_ended_the_run(project: Project, temp: Path) -> None:
    project.record()
    (project.folder / "gate.xml").write_text("of an earlier run")
    project.edit("smp_rmb();", "smp_rbm();")
    ran = step(2, temp, project.folder, {"junit": "gate.xml"})
    assert ran.returncode == 2
    assert "::error file=mp.h,line=11," in ran.stdout
    assert "gate could not run" in (temp / "summary").read_text()
    assert "<error" in (project.folder / "gate.xml").read_text()


def test_the_action_refuses_a_full_that_is_neither(project: Project, temp: Path) -> None:
    """`full: yes` took out no barrier, and the nightly run passed."""
    project.record()
    ran = step(2, temp, project.folder, {"full": "yes"})
    assert ran.returncode == 2
    assert "::error::full is true or false, not yes" in ran.stdout
    assert "exit-code=2" in (temp / "output").read_text()


def test_an_input_cannot_run_commands(project: Project, temp: Path) -> None:
    ran = step(2, temp, project.folder, {"config": '"; touch owned; "'})
    assert ran.returncode == 2
    assert not (project.folder / "owned").exists()
    assert "exit-code=2" in (temp / "output").read_text()


# --- pre-commit -------------------------------------------------------------------------------


def test_the_hook_file_is_valid() -> None:
    manifest = str(ROOT / ".pre-commit-hooks.yaml")
    ran = subprocess.run(
        [str(BIN / "pre-commit"), "validate-manifest", manifest], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout


@pytest.fixture
def repository(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Project:
    """The project under git, with the hook as a local one: all but its language, so that nothing
    is installed from a network."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    hook |= {"language": "system"}
    del hook["language_version"]
    config = {"repos": [{"repo": "local", "hooks": [hook]}]}
    (project.folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    monkeypatch.setenv("PATH", f"{BIN}:{os.environ['PATH']}")
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "pre-commit"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    git("init", "-q")
    git("config", "user.email", "a@example.org")
    git("config", "user.name", "A")
    project.record()
    git("add", "-A")
    git("commit", "-qm", "start")
    return project


def git(*args: str) -> None:
    subprocess.run(["git", *args], check=True, capture_output=True)


def pre_commit() -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(BIN / "pre-commit"), "run"], capture_output=True, text=True)


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_the_hook_stops_a_commit_that_takes_a_barrier_out(repository: Project) -> None:
    repository.edit("\tsmp_wmb();\n", "")
    git("add", "-A")
    ran = pre_commit()
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "smp_wmb() removed in publish" in ran.stdout
    repository.record()
    git("add", "-A")
    ran = pre_commit()
    assert ran.returncode == 0, ran.stdout
    assert "Passed" in ran.stdout


def test_the_hook_does_not_run_for_other_files(repository: Project) -> None:
    (repository.folder / "notes.txt").write_text("words")
    git("add", "-A")
    assert "Skipped" in pre_commit().stdout
