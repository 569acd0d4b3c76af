"""A kernel's own tests under its own model files; and our lkmm against them.

Runs where KSMCHECK_KERNEL_TREE names the sources of a kernel (``make kernel-models KERNEL=DIR``).
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path

import pytest

from ksmcheck.check import Checker, Request
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

ROOT = Path(__file__).resolve().parents[2]
TREE = os.environ.get("KSMCHECK_KERNEL_TREE")
FOLDERS = ("tools/memory-model/litmus-tests", "Documentation/litmus-tests")
OWN = [p for f in FOLDERS for p in sorted(Path(TREE, f).rglob("*.litmus"))] if TREE else []
SHIPPED = sorted((ROOT / "litmus" / "classic").rglob("*.litmus"))
FREEING = [path for path in SHIPPED if path.parent.name == "freed"]
CLASSIC = [path for path in SHIPPED if path not in FREEING]

pytestmark = pytest.mark.skipif(TREE is None, reason="KSMCHECK_KERNEL_TREE names no kernel sources")


@cache
def checker() -> Checker:
    return fresh_checker()


@pytest.mark.parametrize("path", OWN, ids=lambda p: p.stem)
def test_the_result_that_the_test_itself_tells(path: Path) -> None:
    told = re.search(r"Result: (Never|Sometimes|Always|DEADLOCK)", path.read_text())
    assert told is not None
    if told.group(1) == "DEADLOCK":
        pytest.skip("it asks whether a run ends")
    assert checker().states(Request(path, str(TREE))).observation == told.group(1)


@pytest.mark.parametrize("path", CLASSIC, ids=lambda p: p.stem)
def test_our_lkmm_is_the_kernels(path: Path) -> None:
    """Holds for the kernel that models/lkmm was written after, 6.12."""
    old = re.search(r"ACCESS_ONCE|read_barrier_depends|after_atomic_inc", path.read_text())
    kernel = "3.9" if old else "6.12"
    ours = checker().states(Request(path, "lkmm", kernel))
    theirs = checker().states(Request(path, str(TREE), kernel))
    assert ours.states == theirs.states
    assert (ours.observation, ours.flags) == (theirs.observation, theirs.flags)


@pytest.mark.parametrize("path", FREEING, ids=lambda p: p.stem)
def test_the_kernels_says_nothing_of_what_is_freed(path: Path) -> None:
    with pytest.raises(InputError, match="does not tell who uses what is freed"):
        checker().states(Request(path, str(TREE), "6.12"))
