"""``ksmcheck drift`` as it is run: what it prints and how it ends."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.drift.conftest import TOY

Run = Callable[..., tuple[int, str, str]]
DATA = ("--correspondence", str(TOY / "kernel.toml"))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    from ksmcheck.cli import main

    def go(*args: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["drift", *args])
        out, err = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), out, err

    return go


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TOY / "kernel", tmp_path / "linux"))


def test_no_drift(run: Run, tree: Path) -> None:
    code, out, _ = run("--kernel-tree", str(tree), *DATA)
    assert code == 0
    assert out == "Linux 1.0, 4 functions and 0 definitions compared: no drift\n"
    assert run() == (0, "no drift\n", "")


def test_drift(run: Run, tree: Path) -> None:
    file = tree / "mm" / "door.c"
    file.write_text(file.read_text().replace("smp_wmb();", "smp_rmb();"))
    code, out, _ = run("--kernel-tree", str(tree), *DATA)
    assert code == 1
    first, side, *_ = out.splitlines()
    assert first == "mm/door.c:64:2: changed: door_move: smp_rmb() in the place of smp_wmb()"
    assert side.startswith("    our side: ")
    assert out.splitlines()[-1].endswith("2 differences")


def test_json(run: Run, tree: Path) -> None:
    file = tree / "mm" / "door.c"
    file.write_text(file.read_text().replace("smp_wmb();", "smp_rmb();"))
    code, out, _ = run("--kernel-tree", str(tree), *DATA, "--json")
    changed, encoding, summary = map(json.loads, out.splitlines())
    assert code == 1
    assert changed["place"] == {"file": "mm/door.c", "line": 64, "column": 2}
    assert (changed["kind"], encoding["kind"]) == ("changed", "encoding")
    assert summary == {"kernel": "1.0", "functions": 4, "definitions": 0, "drift": 2}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--kernel-tree", "nowhere"], "there is no folder nowhere"),
        (["--kernel-tree", str(TOY)], "not a kernel tree"),
        (["--record"], "needs --kernel-tree"),
        (["--kernel-tree", ".", "--patch", "no.patch"], "cannot read no.patch"),
        (["--kernel-tree", ".", "--patch", "x", "--diff", "y"], "not both"),
        (["--correspondence", "nowhere.toml"], "cannot read nowhere.toml"),
        (
            ["--kernel-tree", str(TOY / "kernel"), "--as", "1.0"],
            "nothing is recorded for kernel 1.0",
        ),
    ],
)
def test_errors(run: Run, args: list[str], said: str) -> None:
    code, out, err = run(*args)
    assert (code, out) == (2, "") and said in err and "Traceback" not in err


def test_a_file_that_is_missing_or_no_text(run: Run, tree: Path) -> None:
    (tree / "mm" / "door.c").write_bytes(b"\xff\xfe\x00")
    code, _, err = run("--kernel-tree", str(tree), *DATA)
    assert code == 2 and "door.c is not UTF-8 text" in err
    (tree / "mm" / "door.c").unlink()
    code, _, err = run("--kernel-tree", str(tree), *DATA)
    assert code == 2 and "door.c: No such file" in err


def test_without_tree_sitter(run: Run, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from ksmcheck.gate import skeleton_parse

    skeleton_parse._parser.cache_clear()
    monkeypatch.setitem(sys.modules, "tree_sitter", None)
    code, _, err = run("--kernel-tree", str(tree), *DATA)
    assert code == 2 and "pip install 'ksmcheck[kernel]'" in err
