"""A small project of its own: message passing through two functions, gated under three machines."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ksmcheck.cli import main
from ksmcheck.model.compiled import cat_tree
from ksmcheck.model.load import load_model
from ksmcheck.store.cache import Cache

HEADER = """\
static void publish(int *x, int *y)
{
	WRITE_ONCE(*x, 1);
	smp_wmb();
	WRITE_ONCE(*y, 1);
}

static void consume(int *x, int *y, int *a, int *b)
{
	*a = READ_ONCE(*y);
	smp_rmb();
	*b = READ_ONCE(*x);
}
"""

LITMUS = """\
C mp
#include "mp.h"
{ }
P0(int *x, int *y) { publish(x, y); }
P1(int *x, int *y) { int a; int b; consume(x, y, &a, &b); }
~exists (1:a=1 /\\ 1:b=0)
"""

CONFIG = """\
[[tests]]
files = "*.litmus"
models = ["tso", "armv8"]
necessity = true
"""


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with ``mp.litmus``, ``mp.h`` and ``ksmcheck.toml``; the commands run inside it."""

    folder: Path
    command: Callable[..., Ran]

    def gate(self, *args: str) -> Ran:
        return self.command("gate", *args)

    def record(self, *args: str) -> Ran:
        ran = self.gate("--record", *args)
        assert ran.code == 0, ran.out + ran.err
        return ran

    def edit(self, old: str, new: str, file: str = "mp.h") -> None:
        path = self.folder / file
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new))

    def config(self, more: str) -> None:
        path = self.folder / "ksmcheck.toml"
        path.write_text(path.read_text() + more)

    @property
    def baseline(self) -> Path:
        return self.folder / "ksmcheck-baseline.toml"


@pytest.fixture(scope="session")
def models_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder in which the models of these tests are compiled already, with their trees,
    which replays read, and nothing else."""
    folder = tmp_path_factory.mktemp("cache")
    for name in ("sc", "tso", "armv8", "lkmm"):
        cat_tree(load_model(name, cache=Cache(folder)).cat_path, Cache(folder))
    return folder


@pytest.fixture
def project(
    models_cache: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "mp.h").write_text(HEADER)
    (folder / "mp.litmus").write_text(LITMUS)
    (folder / "ksmcheck.toml").write_text(CONFIG)
    monkeypatch.chdir(folder)
    shutil.copytree(models_cache, tmp_path / "cache")
    monkeypatch.setenv("KSMCHECK_CACHE", str(tmp_path / "cache"))

    def command(*args: str) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main(list(args))
        said = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return Ran(end.value.code, said.out, said.err)

    return Project(folder, command)
