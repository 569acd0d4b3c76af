"""Stories of plain accesses under LKMM, which gives them less order than marked ones: a change that
does what the story asks for ends the violation, and a lesser one does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.explain.tell import simply_told
from tests.fresh import fresh_checker

# Store buffering: (what P0 does, what the story says of it, P0 mended by half, P0 mended). P1 is in
# order. The propagation that a strong fence orders begins at a marked access (linux-kernel.cat:
# ``prop``), so that a plain read's from-read to the other thread's store is none of it.
STORE_BUFFERING = [
    (
        "WRITE_ONCE(*x, 1); smp_mb(); r0 = *y;",
        "lkmm does not order P0's plain read of y (t.litmus:5) as it would a marked access",
        "WRITE_ONCE(*x, 1); smp_mb(); smp_mb(); r0 = *y;",
        "WRITE_ONCE(*x, 1); smp_mb(); r0 = READ_ONCE(*y);",
    ),
    (
        "WRITE_ONCE(*x, 1); r0 = *y;",
        "nothing orders P0's store to x (t.litmus:5) before its plain read of y (t.litmus:5);"
        " and no barrier helps while it is not marked",
        "WRITE_ONCE(*x, 1); smp_mb(); r0 = *y;",
        "WRITE_ONCE(*x, 1); smp_mb(); r0 = READ_ONCE(*y);",
    ),
]


def text(code: str) -> str:
    second = "int r0; WRITE_ONCE(*y, 1); smp_mb(); r0 = READ_ONCE(*x);"
    return (
        "C t\n{ }\nP0(int *x, int *y)\n"
        f"{{ int r0;\n{code}\n}}\nP1(int *x, int *y) {{ {second} }}\n"
        "exists (0:r0=0 /\\ 1:r0=0)\n"
    )


@pytest.mark.parametrize(("code", "told", "half", "mended"), STORE_BUFFERING)
def test_store_buffering(code: str, told: str, half: str, mended: str, tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(text(code))
    checker = fresh_checker()
    _, story = simply_told(checker, checker.check(Request(path, "lkmm")))
    assert story is not None
    assert story.sentence == told
    path.write_text(text(half))
    assert fresh_checker().check(Request(path, "lkmm")).observation == "Sometimes"
    path.write_text(text(mended))
    assert fresh_checker().check(Request(path, "lkmm")).observation == "Never"
