"""The wheel works by itself: far from the checkout, with its own models and litmus tests."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by hatchling, without a network."""
    folder = tmp_path_factory.mktemp("dist")
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q"]
    subprocess.run([*pip, "-w", str(folder), str(ROOT)], check=True, capture_output=True, text=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel alone in a folder; what it depends on comes from the environment of the tests."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "-q"]
    subprocess.run([*pip, "--target", str(folder), str(wheel)], check=True, capture_output=True)
    return folder


def ksmcheck(installed: Path, where: Path, *args: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(installed), "NO_COLOR": "1"}
    command = [sys.executable, str(installed / "bin" / "ksmcheck"), *args]
    return subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True)


def test_what_is_inside(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for model in (ROOT / "models").iterdir():
        if model.is_dir():
            assert f"ksmcheck/_data/models/{model.name}/lowering.toml" in names
    assert "ksmcheck/_data/litmus/ksm/suite.toml" in names
    assert "ksmcheck/_data/litmus/ksm/expected/path-a.toml" in names
    assert "ksmcheck/kernel/include/linux/seqlock.h" in names
    assert "ksmcheck/py.typed" in names
    assert not {n for n in names if n.startswith("tests/") or "__pycache__" in n}


def test_what_it_needs(wheel: Path) -> None:
    """Nothing that only the tests use."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        lines = archive.read(name).decode().splitlines()
    needs = {line.split()[1].split(">")[0] for line in lines if line.startswith("Requires-Dist")}
    plain = {n for n in needs if not any(f"{n}>" in x and "extra" in x for x in lines)}
    assert plain == {"click", "lark", "msgspec", "numpy", "python-sat", "rich", "z3-solver"}


def test_it_is_the_installed_one(installed: Path, tmp_path: Path) -> None:
    """Guards the other tests: they must not run the checkout by accident."""
    code = "import ksmcheck; print(ksmcheck.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert Path(found.stdout.strip()).is_relative_to(installed)


def test_version_and_models(installed: Path, tmp_path: Path) -> None:
    assert ksmcheck(installed, tmp_path, "--version").stdout.startswith("ksmcheck, version ")
    models = ksmcheck(installed, tmp_path, "models")
    assert models.returncode == 0, models.stderr
    for name in ("sc", "tso", "armv7", "armv8", "power", "riscv", "alpha", "lkmm"):
        assert f"\n{name} " in models.stdout


def test_it_checks_a_test_of_its_own(installed: Path, tmp_path: Path) -> None:
    """smp_wmb orders the writes and smp_rmb the reads: safe on power, by its own models folder."""
    path = installed / "ksmcheck/_data/litmus/classic/MP/MP+wmb+rmb.litmus"
    ran = ksmcheck(installed, tmp_path, "check", str(path), "--model", "power")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("Never  MP+wmb+rmb")


def test_it_verifies_its_own_suite(installed: Path, tmp_path: Path) -> None:
    """Without a path: the KSM suite inside the package."""
    args = ["verify", "--scenario", "path-b", "--kernel", "3.9", "--model", "sc"]
    ran = ksmcheck(installed, tmp_path, *args)
    assert ran.returncode == 0, ran.stderr
    assert "1 as expected" in ran.stdout


def test_it_reads_its_own_kernel_headers(installed: Path, tmp_path: Path) -> None:
    text = (
        "C t\n#include <linux/seqlock.h>\n{ }\nP0(seqlock_t *sl, int *x)\n"
        "{\n\twrite_seqlock(sl);\n\t*x = 1;\n\twrite_sequnlock(sl);\n}\nforall (x=1)\n"
    )
    (tmp_path / "t.litmus").write_text(text)
    found = ksmcheck(installed, tmp_path, "check", "t.litmus", "--model", "armv8")
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("SAFE")
