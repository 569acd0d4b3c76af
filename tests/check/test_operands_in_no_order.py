"""Two reads that are operands of one operator: C leaves their order open (C17 6.5 p3)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker

_PASSING = "P0(int *x, int *y) { WRITE_ONCE(*y, 1); smp_wmb(); WRITE_ONCE(*x, 2); }\n"


def _observation(text: str, folder: Path, model: str = "lkmm") -> str | None:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{{}}\n{text}", encoding="utf-8")
    checker, request = fresh_checker(), Request(path, model)
    found = checker.states(request).observation
    assert checker.check(request).observation == found  # and a witness has passed the replay
    return found


@pytest.mark.parametrize(
    ("operands", "observation"),
    [
        ("smp_load_acquire(x) + READ_ONCE(*y)", "Sometimes"),
        ("(smp_load_acquire(x)) | (READ_ONCE(*y))", "Sometimes"),
        ("smp_load_acquire(x) - READ_ONCE(*y)", "Sometimes"),
        # Three of them, however they are put together.
        ("0 * READ_ONCE(*x) + smp_load_acquire(x) + READ_ONCE(*y)", "Sometimes"),
        ("READ_ONCE(*y) + (smp_load_acquire(x) + 0 * READ_ONCE(*y))", "Sometimes"),
        # What is read behind a && is read behind it.
        ("2 * (smp_load_acquire(x) && READ_ONCE(*y) == 0)", "Never"),
    ],
)
def test_an_acquire_orders_no_operand_beside_it(
    operands: str, observation: str, tmp_path: Path
) -> None:
    """herd7 7.58 says the same of all but the last, which it does not read."""
    text = _PASSING + f"P1(int *x, int *y) {{ int r0 = {operands}; }}\nexists (1:r0=2)\n"
    assert _observation(text, tmp_path) == observation


def test_two_reads_of_one_place(tmp_path: Path) -> None:
    """The right one may be the earlier: herd7 7.58 says Sometimes to 1 - 0 and to 0 - 1."""
    text = "P0(int *x) { WRITE_ONCE(*x, 1); }\n"
    text += "P1(int *x) { int r0 = READ_ONCE(*x) - READ_ONCE(*x); }\n"
    for value in (1, -1):
        for model in ("lkmm", "sc"):
            condition = f"exists (1:r0={value})\n"
            assert _observation(text + condition, tmp_path, model) == "Sometimes"


def test_an_access_before_is_before_both(tmp_path: Path) -> None:
    """herd7 7.58: Never. Store buffering, with the barrier before the sum."""
    text = (
        "P0(int *x, int *y) { WRITE_ONCE(*x, 1); smp_mb(); r0 = READ_ONCE(*y) + READ_ONCE(*y); }\n"
    )
    text += "P1(int *x, int *y) { WRITE_ONCE(*y, 1); smp_mb(); r0 = READ_ONCE(*x) + 0; }\n"
    assert _observation(text + "exists (0:r0=0 /\\ 1:r0=0)\n", tmp_path) == "Never"


def test_an_acquire_beside_a_read_separates_nothing(tmp_path: Path) -> None:
    """herd7 7.58 raises mixed-accesses: the acquire is not between the accesses of y."""
    body = "*y = 1; r0 = smp_load_acquire(x) + READ_ONCE(*y);"
    path = tmp_path / "t.litmus"
    path.write_text(f"C t\n{{}}\nP0(int *x, int *y) {{ {body} }}\nexists (0:r0=1)\n")
    assert fresh_checker().states(Request(path, "lkmm")).flags == ("mixed-accesses",)


@pytest.mark.parametrize(
    ("sum", "observation"),
    [
        # What is read of x comes in no order with what is read of v, and behind what is read of y.
        ("v[0] + READ_ONCE(*x)", "Never"),
        ("READ_ONCE(*x) + v[0]", "Never"),
        ("v[0] + 0 * READ_ONCE(*z) + READ_ONCE(*x)", "Never"),
        ("v[0] + (0 * READ_ONCE(*z) + READ_ONCE(*x))", "Never"),
        # With the read of y among the operands.
        ("0 * smp_load_acquire(y) + v[0] + READ_ONCE(*x)", "Sometimes"),
    ],
)
def test_a_local_in_a_register_is_no_operand_in_memory(
    sum: str, observation: str, tmp_path: Path
) -> None:
    """v is memory in C, since its address is taken, and a register for a compiler."""
    text = "P0(int *x, int *y) { WRITE_ONCE(*x, 1); smp_wmb(); WRITE_ONCE(*y, 1); }\n"
    text += (
        "P1(int *x, int *y, int *z) { int v[2] = { 0, 0 }; int *p = v; int r0 = READ_ONCE(*y);"
        f" p[1] = r0; int r1 = {sum}; }}\nexists (1:r0=1 /\\ 1:r1=0)\n"
    )
    if observation == "Sometimes":
        text = text.replace("int r0 = READ_ONCE(*y); p[1] = r0; ", "").replace("1:r0=1 /\\ ", "")
        text = text.replace("0 * smp_load", "2 * smp_load").replace("r1=0", "r1=2")
    assert _observation(text, tmp_path, "tso") == observation
