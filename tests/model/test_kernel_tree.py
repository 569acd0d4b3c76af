"""A kernel's own model files, in the folder where its sources have them, and herd7's macros."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Checker, Request
from ksmcheck.cli import main
from ksmcheck.kernel.primitives import primitives
from ksmcheck.model.load import load_model
from ksmcheck.store.cache import Cache
from ksmcheck.text import InputError

# A made-up little model, split over the files that tools/memory-model has.
BELL = """"little"
enum Accesses = 'once || 'release || 'noreturn
instructions R[{'once,'noreturn}]
instructions W[{'once,'release}]
enum Barriers = 'mb || 'wmb || 'sync-srcu
instructions F[Barriers]
let Strong = Mb
"""
CAT = """"little"
include "lock.cat"
acyclic po-loc | rf | co | fr as coherence
acyclic (po ; [Strong] ; po) | rfe | fre | coe as order
let Sections = LKR | LKW | UL | LF | RL | RU
"""
LOCKS = "let Acquire = LKR\nlet Release = Release | UL\n"
DEF = """
READ_ONCE(X) __load{once}(X)
WRITE_ONCE(X,V) { __store{once}(X,V); }
smp_mb() { __fence{mb}; }
smp_wmb() { __fence{wmb}; }
"""
SB = """C SB
{ }
P0(int *x, int *y) { int r; WRITE_ONCE(*x, 1); smp_mb(); r = READ_ONCE(*y); }
P1(int *x, int *y) { int r; WRITE_ONCE(*y, 1); smp_mb(); r = READ_ONCE(*x); }
exists (0:r=0 /\\ 1:r=0)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "linux" / "tools" / "memory-model"
    folder.mkdir(parents=True)
    for name, text in (
        ("linux-kernel.bell", BELL),
        ("linux-kernel.cat", CAT),
        ("linux-kernel.def", DEF),
        ("lock.cat", LOCKS),
    ):
        (folder / name).write_text(text)
    (tmp_path / "SB.litmus").write_text(SB)
    return tmp_path / "linux"


def test_the_tree_or_its_folder(tree: Path) -> None:
    for path in (tree, tree / "tools" / "memory-model"):
        model = load_model(str(path), cache=Cache(None))
        assert (model.name, model.title) == ("linux-kernel", "little")
        row = model.row(primitives("6.12")["smp_mb"], "6.12", "default")
        assert row.source.endswith("linux-kernel.def:4")


def test_the_fences_of_the_def_file_are_what_counts(tree: Path) -> None:
    test = tree.parent / "SB.litmus"
    assert Checker().check(Request(test, str(tree))).observation == "Never"
    path = tree / "tools" / "memory-model" / "linux-kernel.def"
    path.write_text(DEF.replace("__fence{mb}", "__fence{wmb}"))
    assert Checker().check(Request(test, str(tree))).observation == "Sometimes"


def test_a_fence_that_the_model_does_not_know(tree: Path) -> None:
    path = tree / "tools" / "memory-model" / "linux-kernel.def"
    path.write_text(DEF + "smp_rmb() { __fence{rmb}; }\n")
    with pytest.raises(InputError, match=r"emits 'Rmb', which linux-kernel\.cat does not know"):
        load_model(str(tree), cache=Cache(None))


def test_a_primitive_of_which_neither_file_speaks(tree: Path) -> None:
    model = load_model(str(tree), cache=Cache(None))
    with pytest.raises(InputError, match=r"linux-kernel does not know `Rmb` \(`smp_rmb`\)"):
        model.row(primitives("6.12")["smp_rmb"], "6.12", "default")


def run(args: list[str]) -> object:
    with pytest.raises(SystemExit) as end:
        main(args)
    return end.value.code


def test_on_the_command_line(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    test = str(tree.parent / "SB.litmus")
    assert run(["check", test, "--kernel-tree", str(tree)]) == 0
    assert capsys.readouterr().out.startswith("Never  SB")
    assert run(["states", test, "--kernel-tree", str(tree)]) == 0
    assert "Observation SB Never" in capsys.readouterr().out
    assert run(["check", test, "--kernel-tree", str(tree.parent)]) == 2
    assert "there is no tools/memory-model in it" in capsys.readouterr().err
