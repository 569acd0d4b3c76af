"""What one replay found out about functions, used by the next: the answers stay the same."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from ksmcheck.execution import foresight, interpreter
from ksmcheck.execution.bodies import Key, Outlook, Readings
from ksmcheck.execution.concrete import Concrete
from ksmcheck.execution.execution import Execution
from ksmcheck.execution.flow import Point
from ksmcheck.execution.machine import Call
from ksmcheck.execution.replay import Replayed, replay
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.model.load import load_model
from ksmcheck.model.model import Model
from ksmcheck.program.addressed import addressed_locals
from ksmcheck.program.change import REMOVE, Change
from ksmcheck.program.mutate import mutate
from ksmcheck.record import replace
from ksmcheck.syntax.c_ast import EnumDef, Function
from ksmcheck.syntax.litmus import parse_litmus
from ksmcheck.syntax.litmus_ast import LitmusTest
from ksmcheck.text import InternalError, Source
from tests.execution.test_replay import (
    CELLS,
    CONTROL,
    CTRL,
    FUNCTIONS,
    NONE,
    Pairs,
    one_thread,
    read_then_write,
)


def parsed(text: str) -> LitmusTest:
    return parse_litmus(Source("t.litmus", text), kernel="6.12")


SC = load_model("sc")


def judged(
    test: LitmusTest, execution: Execution, readings: Readings, model: Model = SC
) -> Replayed:
    config = model.configs("6.12")[0]
    return replay(test, "6.12", model, config, execution, CELLS, readings)


def refused(test: LitmusTest, execution: Execution, readings: Readings) -> bool:
    with pytest.raises(InternalError, match="ctrl differs"):
        judged(test, execution, readings)
    return True


def assert_told_apart(deciding: LitmusTest, without: LitmusTest) -> None:
    """Of the first alone the branch controls the write, whatever was read of them before."""
    readings = Readings()
    for _ in range(2):
        for test, right, wrong in ((without, NONE, CTRL), (deciding, CTRL, NONE)):
            assert judged(test, read_then_write(right), readings).failed == ()
            assert refused(test, read_then_write(wrong), readings)


@pytest.mark.parametrize(("body", "ctrl"), CONTROL)
def test_a_second_look_sees_the_same(body: str, ctrl: Pairs) -> None:
    test = parsed(one_thread(body, before=FUNCTIONS))
    readings = Readings()
    wrong = read_then_write(NONE if ctrl else CTRL)
    first = judged(test, read_then_write(ctrl), readings)
    assert refused(test, wrong, readings)
    assert judged(test, read_then_write(ctrl), readings) == first


def test_a_function_of_a_variant_has_been_read_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the variant without the barrier, which is nothing under sc, only P0 is another tree."""
    read: list[str] = []
    real = addressed_locals

    def counted(function: Function, known: Mapping[str, Primitive]) -> frozenset[str]:
        read.append(function.name)
        return real(function, known)

    monkeypatch.setattr(interpreter, "addressed_locals", counted)
    f = "static int f(int v) { if (v) return 1; return 0; }"
    test = parsed(one_thread("int r = f(READ_ONCE(*x)); smp_mb(); WRITE_ONCE(*y, 1);", before=f))
    changed = mutate(test, [Change("smp_mb", REMOVE)], "6.12")
    readings = Readings()
    for one in (test, changed, test):
        assert judged(one, read_then_write(), readings).failed == ()
    assert read == ["P0", "f", "P0"]


def test_a_block_in_an_expression_sees_the_declarations_of_its_variant() -> None:
    """The block is one tree in both, and r is declared in another one where the barrier is gone."""
    body = "int r = (smp_mb(), READ_ONCE(*x)); WRITE_ONCE(*y, 1 + ({ int v = r; v; }));"
    test = parsed(one_thread(body))
    changed = mutate(test, [Change("smp_mb", REMOVE)], "6.12")
    readings = Readings()
    for one in (test, changed, test):
        assert judged(one, read_then_write(data=CTRL), readings).failed == ()


def test_other_surroundings_are_read_anew() -> None:
    """The same function under another constant: only where A is 1 does the branch decide."""
    body = "int r = READ_ONCE(*x); if (r) { if (A) return; } WRITE_ONCE(*y, 1);"
    without, other = (parsed(one_thread(body, before=f"enum {{ A = {a} }};")) for a in (0, 1))
    constant = next(item for item in other.top if isinstance(item, EnumDef))
    top = tuple(constant if isinstance(item, EnumDef) else item for item in without.top)
    deciding = replace(without, top=top)
    assert_told_apart(deciding, without)


def with_f_of(other: LitmusTest, test: LitmusTest) -> LitmusTest:
    """The test where only the body of f is another tree, as in a variant."""
    f, new = (
        next(i for i in one.top if isinstance(i, Function) and i.name == "f")
        for one in (test, other)
    )
    changed = replace(f, body=new.body)
    return replace(test, top=tuple(changed if i is f else i for i in test.top))


def test_a_function_that_was_looked_into_may_be_another() -> None:
    """What f makes of a constant decides an early return; in a variant f alone is another."""
    body = "int r = READ_ONCE(*x); if (r) { if (f(1)) return; } WRITE_ONCE(*y, 1);"
    staying, leaving = (
        parsed(one_thread(body, before=f"static int f(int v) {{ return v == {a}; }}"))
        for a in (0, 1)
    )
    variant = with_f_of(leaving, staying)
    assert_told_apart(variant, staying)


ENDS = "static void f(void) { int a = 0; a++; }"
ROUND = "static void f(void) { int a = 0; while (1) a++; }"


@pytest.mark.parametrize(
    ("deciding", "other", "left"),
    [
        # What is fixed comes from f by way of g.
        (
            "static int f(int v) { return v == 1; } static int g(int v) { return f(v) + 2; }",
            "static int f(int v) { return v == 0; } static int g(int v) { return f(v) + 2; }",
            "if (g(1) == 3) return;",
        ),
        # A way that never ends is none: every other one comes to the write.
        (ENDS, ROUND, "f(); return;"),
        (
            f"{ENDS} static void g(void) {{ f(); }}",
            f"{ROUND} static void g(void) {{ f(); }}",
            "g(); return;",
        ),
    ],
)
def test_it_may_be_called_by_another_or_give_nothing(deciding: str, other: str, left: str) -> None:
    body = f"int r = READ_ONCE(*x); if (r) {{ {left} }} WRITE_ONCE(*y, 1);"
    one, two = (parsed(one_thread(body, before=f)) for f in (deciding, other))
    assert_told_apart(one, with_f_of(two, one))


def test_a_function_that_gives_the_same_is_no_reason_to_look_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[int] = []
    real = foresight._look

    def counted(
        mind: foresight._Mind, call: Call, branch: Point, known: Mapping[Key, Concrete]
    ) -> Outlook:
        looked.append(branch.number)
        return real(mind, call, branch, known)

    monkeypatch.setattr(foresight, "_look", counted)
    body = "int r = READ_ONCE(*x); if (r) { if (f(1)) return; } WRITE_ONCE(*y, 1);"
    one, same = (
        parsed(one_thread(body, before=f"static int f(int v) {{ return {value}; }}"))
        for value in ("v - 1", "1 - v")
    )
    readings = Readings()
    for test in (one, with_f_of(same, one), one):
        assert judged(test, read_then_write(NONE), readings).failed == ()
    assert len(looked) == 1


def test_a_thread_is_run_again_where_what_it_calls_is_another() -> None:
    """P0 is one tree, and its record the same; only the first f gives the 1 that was written."""
    body = "int r = READ_ONCE(*x); WRITE_ONCE(*y, f());"
    one, two = (
        parsed(one_thread(body, before=f"static int f(void) {{ return {n}; }}")) for n in (1, 2)
    )
    variant = with_f_of(two, one)
    readings = Readings()
    for _ in range(2):
        assert judged(one, read_then_write(NONE), readings).failed == ()
        with pytest.raises(InternalError, match="writes 1, not 2"):
            judged(variant, read_then_write(NONE), readings)


def test_what_a_thread_did_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    real = interpreter.Interpreter.thread

    def counted(self: interpreter.Interpreter, function: Function) -> None:
        ran.append(function.name)
        real(self, function)

    monkeypatch.setattr(interpreter.Interpreter, "thread", counted)
    test = parsed(one_thread("int r = READ_ONCE(*x); WRITE_ONCE(*y, 1);"))
    readings = Readings()
    assert judged(test, read_then_write(), readings) == judged(test, read_then_write(), readings)
    assert ran == ["P0"]
    assert refused(test, read_then_write(CTRL), readings)  # the record's own ctrl is no part of it
    assert ran == ["P0"]
    assert judged(test, read_then_write(), readings, load_model("sc")).failed == ()
    assert ran == ["P0", "P0"]  # of another model, the rows may be others
