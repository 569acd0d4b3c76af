"""Where a run through the text of a test is at each event: what statements it comes to, and when.

Statements without an event leave no trace in an execution; the interpreter of the replay passes
them all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from ksmcheck.execution import foresight
from ksmcheck.execution.bodies import Readings
from ksmcheck.execution.execution import Execution
from ksmcheck.execution.flow import Point
from ksmcheck.execution.interpreter import Interpreter
from ksmcheck.execution.machine import Call
from ksmcheck.execution.performed import Exhausted, Record
from ksmcheck.execution.world import world_of
from ksmcheck.model.model import Model
from ksmcheck.program.ir import Cell
from ksmcheck.record import Struct
from ksmcheck.syntax.litmus_ast import LitmusTest
from ksmcheck.text import Span


class Visit(Struct, frozen=True, eq=False):
    """``thread`` comes to a step of the text when it has performed ``done`` of its events.
    ``frame`` is the call that it is in; it is one and the same object for all of the call."""

    thread: int
    frame: object
    point: Point
    done: int


def visits(
    test: LitmusTest,
    kernel: str,
    model: Model,
    config: str,
    execution: Execution,
    cells: Iterable[Cell],
    readings: Readings,
) -> tuple[Visit, ...]:
    """All of an execution that the replay accepts, thread by thread in the order of the run."""
    world = world_of(test, kernel, model, config, cells, readings)
    found: list[Visit] = []
    for thread in range(len(test.threads)):
        own = tuple(e for e in execution.events if e.thread == thread)
        found += _Walk(world, Record(thread, own), foresight).visits(thread)
    return tuple(found)


def beginnings(visits: Iterable[Visit], statement: Span) -> Iterator[tuple[int, int]]:
    """The runs through a statement: thread, and how many events it had performed before.

    Of a loop each round may be told as a run of its own.
    """
    first: dict[int, Point] = {}
    for visit in visits:
        frame, point = id(visit.frame), visit.point
        if point.item is None or not _within(point.item.span, statement):
            first.pop(frame, None)
        elif first.setdefault(frame, point) is point:
            yield visit.thread, visit.done


def _within(part: Span, whole: Span) -> bool:
    same = part.source.name == whole.source.name
    return same and whole.start <= part.start and part.end <= whole.end


class _Walk(Interpreter):
    def visits(self, thread: int) -> list[Visit]:
        self.way: list[Visit] = []
        with suppress(Exhausted):
            self.thread(self.world.test.threads[thread])
        return self.way

    def step(self, call: Call, point: Point) -> Point:
        # A block that is an expression has a call of its own, with the registers of the outer one.
        self.way.append(Visit(self.record.thread, call.registers, point, self.record.at))
        return super().step(call, point)
