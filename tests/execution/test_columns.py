"""The replay of assembly witnesses: it accepts true executions and refuses every change of one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.assembly import usual_model
from ksmcheck.check.prepare import ASSEMBLY
from ksmcheck.execution.execution import ExecutedEvent, Execution
from ksmcheck.execution.replay import Replayed, replay
from ksmcheck.record import replace
from ksmcheck.text import InternalError
from tests.fresh import fresh_checker

COUNTER = """AArch64 counter
{ 0:X1=x; 0:X4=y; 1:X1=x; }
 P0              | P1              ;
 L:              | L:              ;
 LDXR W0,[X1]    | LDXR W0,[X1]    ;
 ADD W2,W0,#1    | ADD W2,W0,#1    ;
 STXR W3,W2,[X1] | STXR W3,W2,[X1] ;
 CBNZ W3,L       | CBNZ W3,L       ;
 CBZ W0,M        |                 ;
 M:              |                 ;
 LDR W5,[X4]     |                 ;
exists (x=2)
"""
SUCCESS = """RISCV success
{ 0:x6=x; 0:x8=y; }
 P0               ;
 lr.w x7,0(x6)    ;
 addi x7,x7,1     ;
 sc.w x9,x7,0(x6) ;
 sw x9,0(x8)      ;
exists (0:x9=0)
"""
EXCHANGE = """X86 exchange
{ }
 P0           | P1         ;
 MOV EAX,$2   | MOV [x],$1 ;
 XCHG [x],EAX |            ;
exists (0:EAX=1)
"""


class Case:
    """A test with its witness; ``ask`` replays a changed one."""

    def __init__(self, text: str, folder: Path) -> None:
        self.file = folder / "t.litmus"
        self.file.write_text(text, encoding="utf-8")
        self.request = Request(self.file, usual_model(self.file))
        self.checker = fresh_checker()
        witness = self.checker.check(self.request).witness
        assert witness is not None
        self.witness = witness
        self.execution = witness.execution

    def ask(self, execution: Execution) -> Replayed:
        workshop = self.checker.workshop
        model = workshop.model(self.request.model)
        test = workshop.test(self.request)
        return replay(test, "6.12", model, ASSEMBLY, execution, self.witness.cells)

    def event(self, which: Callable[[ExecutedEvent], bool]) -> ExecutedEvent:
        return next(e for e in self.execution.events if e.thread >= 0 and which(e))

    def with_event(self, event: ExecutedEvent) -> Execution:
        events = list(self.execution.events)
        events[event.id] = event
        return replace(self.execution, events=tuple(events))


@pytest.mark.parametrize("text", [COUNTER, SUCCESS, EXCHANGE])
def test_witnesses_are_accepted(text: str, tmp_path: Path) -> None:
    case = Case(text, tmp_path)
    assert case.ask(case.execution).condition is True


def test_dependencies_are_worked_out_anew(tmp_path: Path) -> None:
    """The pair, data into the store-conditional, control to everything behind a branch."""
    case = Case(COUNTER, tmp_path)
    found = case.execution
    assert len(found.rmw) == 2
    assert found.rmw == found.data
    last = case.event(lambda e: e.primitive == "LDR")
    # W3, the status, comes from no read; W0 decides the branch to M, where both its ways meet.
    first = case.event(lambda e: e.primitive == "LDXR" and e.thread == last.thread)
    assert found.ctrl == {(first.id, last.id)}
    for name in ("rmw", "data", "ctrl"):
        with pytest.raises(InternalError, match=f"{name} differs"):
            case.ask(replace(found, **{name: frozenset()}))
    with pytest.raises(InternalError, match="addr differs"):
        case.ask(replace(found, addr=frozenset({(first.id, last.id)})))


def test_the_success_of_sc_is_a_source(tmp_path: Path) -> None:
    case = Case(SUCCESS, tmp_path)
    conditional = case.event(lambda e: e.primitive == "sc.w")
    told = case.event(lambda e: e.primitive == "sw")
    assert (conditional.id, told.id) in case.execution.data
    less = case.execution.data - {(conditional.id, told.id)}
    with pytest.raises(InternalError, match="data differs"):
        case.ask(replace(case.execution, data=less))


def test_one_instruction_is_one_place_in_program_order(tmp_path: Path) -> None:
    case = Case(EXCHANGE, tmp_path)
    write = case.event(lambda e: e.primitive == "XCHG" and e.kind == "W")
    assert write.joined
    with pytest.raises(InternalError, match="another place in program order"):
        case.ask(case.with_event(replace(write, joined=False)))


def test_other_values_tags_and_instructions_are_refused(tmp_path: Path) -> None:
    case = Case(COUNTER, tmp_path)
    write = case.event(lambda e: e.primitive == "STXR" and e.value == 2)
    for changed in (
        replace(write, value=3),
        replace(write, tags=write.tags | {"L"}),
        replace(write, tags=frozenset()),
        replace(write, primitive="STR"),
        replace(write, kind="R"),
    ):
        with pytest.raises(InternalError):
            case.ask(case.with_event(changed))


def test_another_final_state_is_refused(tmp_path: Path) -> None:
    case = Case(COUNTER, tmp_path)
    for changed in (
        replace(case.execution, memory=(("x", 1), ("y", 0))),
        replace(case.execution, rf=frozenset()),
        replace(case.execution, co=frozenset()),
    ):
        with pytest.raises(InternalError):
            case.ask(changed)
    registers = Case(SUCCESS, tmp_path)
    wrong = tuple((key, number + 1) for key, number in registers.execution.registers)
    with pytest.raises(InternalError, match="ends as 0, not 1"):
        registers.ask(replace(registers.execution, registers=wrong))


def test_a_start_that_is_not_the_tests(tmp_path: Path) -> None:
    case = Case(EXCHANGE, tmp_path)
    cells = tuple(replace(cell, init=7) for cell in case.witness.cells)
    events = list(case.execution.events)
    first = next(e for e in events if e.thread < 0)
    events[first.id] = replace(first, value=7)
    test = case.checker.workshop.test(case.request)
    model = case.checker.workshop.model("tso")
    with pytest.raises(InternalError, match="x starts as 7, not 0"):
        replay(test, "6.12", model, ASSEMBLY, replace(case.execution, events=tuple(events)), cells)
