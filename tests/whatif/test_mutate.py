"""Changes of the syntax tree, looked at through what the changed program does."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Checker, Request
from ksmcheck.kernel.orders import stronger, weaker
from ksmcheck.kernel.primitives import primitives
from ksmcheck.program.change import DROP, INSERT, MOVE, REMOVE, REPLACE, STRENGTHEN, WEAKEN, Change
from ksmcheck.program.inventory import inventory
from ksmcheck.record import replace
from ksmcheck.syntax.litmus import load_litmus
from ksmcheck.text import InputError

PROGRAM = """C change

{}

static void publish(int *x, int *y)
{
	WRITE_ONCE(*x, 1);
	smp_wmb();
	WRITE_ONCE(*y, 1);
}

P0(int *x, int *y)
{
	publish(x, y);
}

P1(int *x, int *y)
{
	int r0;
	int r1 = 9;

	r0 = READ_ONCE(*y);
	smp_rmb();
	if (READ_ONCE(*y) == 0)
		r0 = 0;
	r1 = READ_ONCE(*x);
}

exists (1:r0=1 /\\ 1:r1=0)
"""


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    path = tmp_path / "change.litmus"
    path.write_text(PROGRAM, encoding="utf-8")
    return Request(path, "armv8")


def seen(request: Request, *changes: Change, model: str = "armv8") -> str | None:
    return Checker().check(replace(request, model=model, changes=changes)).observation


def test_as_it_is(request_: Request) -> None:
    assert seen(request_) == "Never"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        # Message passing needs both barriers on armv8 (its manual, B2.3: neither side is ordered).
        (Change("smp_wmb@publish", REMOVE), "Sometimes"),
        (Change("smp_wmb@publish", WEAKEN, "barrier"), "Sometimes"),
        (Change("smp_wmb@publish", STRENGTHEN, "smp_mb"), "Never"),
        # A release store orders what is before it, an acquire load what is after.
        (Change("smp_wmb@publish", REPLACE, "smp_store_release"), "Never"),
        (Change("smp_rmb@P1", REPLACE, "smp_load_acquire"), "Never"),
        # After the second store, or before the first, the barrier is between no two stores.
        (Change("smp_wmb@publish", MOVE, "up"), "Sometimes"),
        (Change("smp_wmb@publish", MOVE, "down"), "Sometimes"),
        # The second read of y may not read an older value (coherence): the test is not needed.
        (Change("if@P1", DROP), "Never"),
        # Nothing is written to x: r1 is always 0.
        (Change("WRITE_ONCE@publish", REMOVE), "Sometimes"),
        (Change("publish@P0", REMOVE), "Never"),
    ],
    ids=str,
)
def test_what_becomes_of_message_passing(request_: Request, change: Change, expected: str) -> None:
    assert seen(request_, change) == expected


def test_several_changes_at_once(request_: Request) -> None:
    gone = Change("smp_wmb@publish", REMOVE), Change("smp_rmb@P1", REMOVE)
    assert seen(request_, *gone) == "Sometimes"
    assert seen(request_, *gone, model="tso") == "Never"
    instead = Change("WRITE_ONCE@publish#2", STRENGTHEN, "smp_store_release")
    acquire = Change("READ_ONCE@P1", STRENGTHEN, "smp_load_acquire")
    assert seen(request_, *gone, instead, acquire) == "Never"


def test_a_barrier_is_inserted_before_a_statement(request_: Request) -> None:
    line = PROGRAM[: PROGRAM.index("WRITE_ONCE(*y")].count("\n") + 1
    gone = Change("smp_wmb@publish", REMOVE)
    assert seen(request_, gone, Change(f"change.litmus:{line}", INSERT, "smp_wmb")) == "Never"
    assert (
        seen(request_, gone, Change(f"change.litmus:{line - 2}", INSERT, "smp_wmb")) == "Sometimes"
    )


def test_a_loop_that_runs_once(tmp_path: Path) -> None:
    path = tmp_path / "loop.litmus"
    path.write_text(
        "C loop\n\n{}\n\nP0(int *x)\n{\n\tWRITE_ONCE(*x, 1);\n}\n\nP1(int *x)\n{\n\tint r0;\n\n"
        "\twhile (READ_ONCE(*x) == 0)\n\t\tcpu_relax();\n\tr0 = READ_ONCE(*x);\n}\n\n"
        "exists (1:r0=0)\n",
        encoding="utf-8",
    )
    request = Request(path, "sc")
    assert seen(request, model="sc") == "Never"
    assert seen(request, Change("while@P1", DROP), model="sc") == "Sometimes"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (Change("smp_wmb@nowhere", REMOVE), "there is no site"),
        (Change("READ_ONCE@P1", REMOVE), "its value is used"),
        (Change("smp_rmb@P1", WEAKEN, "smp_wmb"), "is not possible"),
        (Change("READ_ONCE", WEAKEN, "plain"), "which one?"),
        (Change("nothing.h:3", INSERT, "smp_mb"), "no statement begins at"),
        (Change("change.litmus:9", INSERT, "printk"), "no barrier"),
    ],
    ids=str,
)
def test_what_cannot_be_done(request_: Request, change: Change, message: str) -> None:
    with pytest.raises(InputError, match=message):
        seen(request_, change)


@pytest.mark.parametrize("kernel", ["3.9", "6.12"])
def test_weaker_and_stronger_are_each_others_reverse(kernel: str) -> None:
    for name, primitive in primitives(kernel).items():
        for other in weaker(name, kernel):
            if other != "plain" and name not in ("rcu_dereference",):
                assert name in stronger(other, kernel) or other in (
                    "barrier",
                    "smp_read_barrier_depends",
                )
                assert primitives(kernel)[other].shape == primitive.shape
        assert name not in weaker(name, kernel)


def test_every_change_listed_can_be_made_on_the_tree(request_: Request) -> None:
    test = load_litmus(request_.path, kernel="6.12")
    checker = Checker()
    spots = inventory(test, "6.12")
    assert {"primitive", "call", "test"} <= {spot.sort for spot in spots}
    for spot in spots:
        for change in spot.changes:
            checker.workshop.program(replace(request_, changes=(change,)))
