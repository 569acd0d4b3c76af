"""Executed primitives: the events of an execution as a reader counts them.

One primitive may be several events (a compare-and-exchange is a read, a write and two fences). A
step is all of them; its reads know the writes that they read from.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from ksmcheck.execution.execution import ExecutedEvent, Execution
from ksmcheck.program.ir import Origin
from ksmcheck.record import Struct


class Read(Struct, frozen=True):
    """``source`` is the write that ``event`` reads from, None where the execution has none."""

    event: ExecutedEvent
    source: ExecutedEvent | None


class Step(Struct, frozen=True):
    """One executed primitive of ``thread``; ``events`` in program order."""

    thread: int
    events: tuple[ExecutedEvent, ...]
    reads: tuple[Read, ...]

    @property
    def origin(self) -> Origin | None:
        return self.events[0].origin

    @property
    def writes(self) -> tuple[ExecutedEvent, ...]:
        return tuple(e for e in self.events if e.kind == "W")

    @property
    def ids(self) -> frozenset[int]:
        return frozenset(e.id for e in self.events)


def steps_of(execution: Execution, *, merge: bool = True) -> tuple[Step, ...]:
    """The steps of all threads, thread by thread in program order; initial writes are none.

    ``merge`` False: every event is a step of its own.
    """
    sources = {read: execution.events[write] for write, read in execution.rf}
    own = (e for e in execution.events if e.thread >= 0)
    groups = groupby(own, key=lambda e: (e.thread, e.instance, 0 if merge else e.id))
    return tuple(_step(key[0], tuple(events), sources) for key, events in groups)


def _step(
    thread: int, events: tuple[ExecutedEvent, ...], sources: dict[int, ExecutedEvent]
) -> Step:
    reads = tuple(Read(e, sources.get(e.id)) for e in events if e.kind == "R")
    return Step(thread, events, reads)


def threads_of(steps: Iterable[Step]) -> tuple[int, ...]:
    """The threads that do something, in order."""
    return tuple(sorted({s.thread for s in steps}))
