"""One order in which an execution can be told.

Where some interleaving explains the execution, the steps come in such an order, and every read is
of the last write above it. An execution of a weak machine need not have one: then as few reads as
possible are out of place, and each of them is marked, since it is the point of the story.
"""

from __future__ import annotations

from collections.abc import Sequence

from ksmcheck.execution.execution import ExecutedEvent, Execution
from ksmcheck.explain.cycles import from_reads
from ksmcheck.record import Struct
from ksmcheck.report.steps import Read, Step, steps_of

_STALE, _COHERENCE, _EARLY = 1, 3, 5
"""What it costs to tell a write before a read of the older value, two writes against coherence, a
read before its write: a reader of the story follows the first most easily."""

Need = tuple[int, int, int]
"""Step, the step that should come before it, and the cost of not having that."""


class Moment(Struct, frozen=True):
    """``step`` at its place. ``early``: its reads told before the write that they read from.
    ``stale``: its reads of a value that a write told above has replaced, with that write."""

    step: Step
    early: tuple[Read, ...] = ()
    stale: tuple[tuple[Read, ExecutedEvent], ...] = ()

    @property
    def in_place(self) -> bool:
        return not self.early and not self.stale


def timeline(execution: Execution) -> tuple[Moment, ...]:
    """All steps in telling order."""
    merged = _tell(execution, steps_of(execution))
    if all(m.in_place for m in merged):
        return merged
    # A primitive that is not atomic may have been interrupted: then its events are told one by one.
    single = _tell(execution, steps_of(execution, merge=False))
    return single if all(m.in_place for m in single) else merged


def _tell(execution: Execution, steps: Sequence[Step]) -> tuple[Moment, ...]:
    needs = _needs(execution, steps)
    queues: dict[int, list[int]] = {}
    for index, step in enumerate(steps):
        queues.setdefault(step.thread, []).append(index)
    told: list[int] = []
    last = -1
    while any(queues.values()):
        last = _next_thread(queues, needs, set(told), last)
        told.append(queues[last].pop(0))
    return tuple(_moments(execution, [steps[i] for i in told]))


def _needs(execution: Execution, steps: Sequence[Step]) -> dict[int, list[Need]]:
    """For each step, the steps of other threads that should be told before it."""
    place = {e.id: index for index, step in enumerate(steps) for e in step.events}
    relations = (
        (execution.rf, _EARLY),
        (execution.co, _COHERENCE),
        (frozenset(from_reads(execution)), _STALE),
    )
    needs: dict[int, list[Need]] = {}
    for relation, cost in relations:
        for before, after in relation:
            a, b = place.get(before), place.get(after)
            if a is not None and b is not None and steps[a].thread != steps[b].thread:
                needs.setdefault(b, []).append((b, a, cost))
    return needs


def _next_thread(
    queues: dict[int, list[int]], needs: dict[int, list[Need]], told: set[int], last: int
) -> int:
    """The thread whose next step breaks the least; where that is nothing, rather the one that
    was told last, so that threads change as seldom as they can."""

    def misfit(thread: int) -> tuple[int, bool, int]:
        missing = [cost for _, a, cost in needs.get(queues[thread][0], ()) if a not in told]
        return sum(missing), thread != last, thread

    return min((t for t in queues if queues[t]), key=misfit)


def _moments(execution: Execution, steps: Sequence[Step]) -> list[Moment]:
    told: set[int] = set()
    moments = []
    for step in steps:
        early = tuple(
            r for r in step.reads if r.source and r.source.thread >= 0 and not _told(r, told, step)
        )
        stale = tuple(
            (read, newest)
            for read in step.reads
            if read not in early and (newest := _replaced(execution, read, told)) is not None
        )
        told |= step.ids
        moments.append(Moment(step, early, stale))
    return moments


def _told(read: Read, told: set[int], step: Step) -> bool:
    return read.source is not None and (read.source.id in told or read.source.id in step.ids)


def _replaced(execution: Execution, read: Read, told: set[int]) -> ExecutedEvent | None:
    """The newest write told so far that is later in coherence than what was read."""
    if read.source is None:
        return None
    later = [w for w in told if (read.source.id, w) in execution.co]
    newest = [w for w in later if not any((w, other) in execution.co for other in later)]
    return execution.events[newest[0]] if newest else None
