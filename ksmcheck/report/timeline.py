"""One order in which an execution can be told: thread by thread, writes before their readers.

An execution under a weak model need not have one order that explains it. The timeline keeps each
thread's program order and shows a write before the reads of it wherever it can; a read that comes
before its write is marked, since that is the point of the story.
"""

from __future__ import annotations

from dataclasses import dataclass

from ksmcheck.execution.execution import ExecutedEvent, Execution


@dataclass(frozen=True, slots=True)
class Moment:
    """``event`` at its place; ``source`` is the write a read reads from; ``early`` marks a read
    shown before that write, ``late`` a read of a value already overwritten above."""

    event: ExecutedEvent
    source: ExecutedEvent | None
    early: bool
    late: bool


def timeline(execution: Execution) -> tuple[Moment, ...]:
    """All events but the initial writes, in telling order."""
    events = execution.events
    source = {r: w for w, r in execution.rf}
    queues: dict[int, list[ExecutedEvent]] = {}
    for event in events:
        if event.thread >= 0:
            queues.setdefault(event.thread, []).append(event)
    told: set[int] = {e.id for e in events if e.thread < 0}
    moments: list[Moment] = []
    while any(queues.values()):
        thread = _next_thread(queues, told, source, execution)
        event = queues[thread].pop(0)
        write = source.get(event.id)
        early = write is not None and write not in told
        overwritten = any((write, other) in execution.co for other in told) if write is not None else False
        told.add(event.id)
        moments.append(Moment(event, None if write is None else events[write], early, overwritten))
    return tuple(moments)


def _next_thread(
    queues: dict[int, list[ExecutedEvent]],
    told: set[int],
    source: dict[int, int],
    execution: Execution,
) -> int:
    """The thread whose next event fits best: stay where the last one was if it fits there."""

    def misfit(thread: int) -> tuple[int, int]:
        event = queues[thread][0]
        write = source.get(event.id)
        unread = 0
        if event.kind == "W":  # let those who still see the older value read it first
            older = {w for w, later in execution.co if later == event.id}
            heads = [q[0] for t, q in queues.items() if q and t != thread]
            unread = sum(source.get(h.id) in older for h in heads)
        early = write is not None and write not in told
        return (2 * early + (unread > 0), thread)

    return min((t for t in queues if queues[t]), key=misfit)
