"""Threads in C beside what gcc 12 (-O2) made of them for three machines, kept in ``made``.

``make compiled`` compares as many others as one likes, where the compilers are installed.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Checker
from tests.compiled.compare import EQUAL, TOLD, compare, compare_texts
from tests.compiled.machines import MACHINES
from tests.compiled.threads import Threads, random_threads

MADE = Path(__file__).parent / "made"
ASSEMBLY = sorted(MADE.glob("*.*.litmus"))


@pytest.mark.parametrize("path", ASSEMBLY, ids=lambda path: path.name)
def test_a_compilers_code_has_the_same_states(path: Path, tmp_path: Path) -> None:
    name, machine, _ = path.name.split(".")
    text = (MADE / f"{name}.litmus").read_text()
    assert compare_texts(text, path.read_text(), MACHINES[machine], tmp_path, Checker()) == EQUAL


def test_there_are_some_for_each_machine() -> None:
    assert {path.name.split(".")[1] for path in ASSEMBLY} == set(MACHINES)


def test_what_a_compiler_sees_through_is_told(tmp_path: Path) -> None:
    """gcc stores 1 at once, whatever q is: ``1 | (q & 1)``."""
    text = Threads(
        "seen",
        (
            ("int q = READ_ONCE(*y);", "WRITE_ONCE(*x, 1 | (q & 1));", "WRITE_ONCE(*o0, q);"),
            ("int r = READ_ONCE(*x);", "smp_mb();", "WRITE_ONCE(*y, 2);", "WRITE_ONCE(*o1, r);"),
        ),
    ).litmus()
    assembly = """AArch64 seen
{ 0:X0=x; 0:X1=y; 0:X3=o0; 1:X0=x; 1:X1=y; 1:X4=o1; }
 P0          | P1          ;
 ldr w2,[x1] | ldr w2,[x0] ;
 mov w5,#1   | dmb ish     ;
 str w5,[x0] | mov w5,#2   ;
 str w2,[x3] | str w5,[x1] ;
             | str w2,[x4] ;
locations [x; y; z; o0; o1]
exists (x=-1)
"""
    assert compare_texts(text, assembly, MACHINES["aarch64"], tmp_path, Checker()) == TOLD


@pytest.mark.parametrize("machine", [n for n, m in MACHINES.items() if m.installed])
def test_with_the_compiler_that_is_there(machine: str, tmp_path: Path) -> None:
    for seed in range(20):
        word = compare(random_threads(seed), MACHINES[machine], tmp_path, Checker())
        assert word in (EQUAL, TOLD), (seed, word)
