"""Which steps of an execution its reader needs, and which may be folded away.

Needed are the steps of the story (the critical cycle, or the race) with the fences between them and
what else was done to its cells, reads out of place, what writes a cell that the property speaks of
(or that a thread looked at last, where one waits for ever), and, up to the last of those, every
read of another thread's write with that write.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ksmcheck.check.verdict import Witness
from ksmcheck.execution.execution import LIVENESS, ExecutedEvent
from ksmcheck.report.timeline import Moment

SHORT = 12
"""An execution of fewer steps is shown whole."""

WORTHWHILE = 3
"""Fewer folded steps in a row than this are shown: the line that says so would be no shorter."""


def shown(moments: Sequence[Moment], focus: frozenset[int], witness: Witness) -> list[bool]:
    """For each moment, whether it is needed."""
    if len(moments) < SHORT:
        return [True] * len(moments)
    last = _last(witness)
    spoken = spoken_of(witness) | {e.cell for e in witness.execution.events if e.id in last}
    related = _touching(witness, focus) | _communicating(witness)
    core = [
        not m.in_place
        or bool(m.step.ids & (focus | last))
        or any(e.cell in spoken for e in m.step.writes)
        for m in moments
    ]
    end = max((i for i, c in enumerate(core) if c), default=len(core)) if focus else len(core)
    needed = [
        core[i]
        or (i < end and bool(m.step.ids & related))
        or (_only_fences(m) and _between(moments, i, focus))
        for i, m in enumerate(moments)
    ]
    return _without_short_gaps(moments, needed)


def _only_fences(moment: Moment) -> bool:
    return all(e.kind == "F" for e in moment.step.events)


def spoken_of(witness: Witness) -> frozenset[str]:
    """The cells that the violated property names."""
    text = "".join(witness.failure.text.split())
    names = (c.name for c in witness.cells)
    return frozenset(n for n in names if re.search(rf"(?<![\w.]){re.escape(n)}(?![\w.\[])", text))


def _last(witness: Witness) -> frozenset[int]:
    """Where threads wait for ever, what each did last."""
    if witness.failure.name != LIVENESS:
        return frozenset()
    events = [event for event in witness.execution.events if event.thread >= 0]
    last = {event.thread: event.instance for event in events}
    return frozenset(e.id for e in events if e.instance == last[e.thread])


def _communicating(witness: Witness) -> frozenset[int]:
    """Reads of other threads' writes, and those writes."""
    events = witness.execution.events
    pairs = [(w, r) for w, r in witness.execution.rf if _across(events[w], events[r])]
    return frozenset(e for pair in pairs for e in pair)


def _touching(witness: Witness, focus: frozenset[int]) -> frozenset[int]:
    """The writes to the cells of the story, and the reads of them by a thread that the story finds
    reading, unless it reads what it wrote itself."""
    events = witness.execution.events
    cells = {events[e].cell for e in focus}
    readers = {events[e].thread for e in focus if events[e].kind == "R"}
    own = {r for w, r in witness.execution.rf if events[w].thread == events[r].thread}
    return frozenset(
        e.id
        for e in events
        if e.cell in cells and (e.kind == "W" or (e.thread in readers and e.id not in own))
    )


def _across(write: ExecutedEvent, read: ExecutedEvent) -> bool:
    return 0 <= write.thread != read.thread


def _between(moments: Sequence[Moment], index: int, focus: frozenset[int]) -> bool:
    """Whether a fence stands between two steps of the story, in its thread."""
    thread = moments[index].step.thread
    before = any(m.step.thread == thread and m.step.ids & focus for m in moments[:index])
    after = any(m.step.thread == thread and m.step.ids & focus for m in moments[index + 1 :])
    return before and after


def _without_short_gaps(moments: Sequence[Moment], needed: list[bool]) -> list[bool]:
    """Shows runs of steps of one thread that are too short to be worth folding."""
    result = list(needed)
    start = 0
    while start < len(needed):
        end = start
        while end < len(needed) and not needed[end] and _same_thread(moments, start, end):
            end += 1
        if 0 < end - start < WORTHWHILE:
            result[start:end] = [True] * (end - start)
        start = max(end, start + 1)
    return result


def _same_thread(moments: Sequence[Moment], a: int, b: int) -> bool:
    return moments[a].step.thread == moments[b].step.thread
