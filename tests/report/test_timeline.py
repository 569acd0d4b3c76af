"""The order of telling: exact where an interleaving exists, marked where none does."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ksmcheck.execution.execution import ExecutedEvent, Execution
from ksmcheck.report.timeline import timeline

CELLS = ("x", "y")


def execution_of(
    events: list[ExecutedEvent], rf: set[tuple[int, int]], co: set[tuple[int, int]]
) -> Execution:
    empty: frozenset[tuple[int, int]] = frozenset()
    return Execution(
        tuple(events), frozenset(rf), frozenset(co), empty, empty, empty, empty, (), (), True
    )


def event(id: int, thread: int, kind: str, cell: str, value: int, instance: int) -> ExecutedEvent:
    return ExecutedEvent(
        id,
        thread,
        kind,
        cell,
        CELLS.index(cell) * 8,
        value,
        frozenset(),
        instance,
        "p",
        "always",
        None,
    )


@st.composite
def interleavings(draw: st.DrawFn) -> Execution:
    """An execution made by running threads step by step on one memory: sequentially consistent by
    construction. A step is a read, a write, or an atomic read-and-write."""
    schedule = draw(st.lists(st.integers(0, 2), max_size=12))
    steps = [
        (thread, draw(st.sampled_from(["R", "W", "RW"])), draw(st.sampled_from(CELLS)))
        for thread in schedule
    ]
    # Ids: initial writes, then thread by thread.
    order = sorted(range(len(steps)), key=lambda i: (steps[i][0], i))
    ids, next_id = {}, len(CELLS)
    for i in order:
        ids[i] = next_id
        next_id += len(steps[i][1])
    events = {n: event(n, -1, "W", cell, 0, -1) for n, cell in enumerate(CELLS)}
    memory = {cell: n for n, cell in enumerate(CELLS)}
    history = {cell: [n] for n, cell in enumerate(CELLS)}
    rf = set()
    for i, (thread, kinds, cell) in enumerate(steps):
        for offset, kind in enumerate(kinds):
            id = ids[i] + offset
            value = events[memory[cell]].value if kind == "R" else i + 1
            assert value is not None
            events[id] = event(id, thread, kind, cell, value, i)
            if kind == "R":
                rf.add((memory[cell], id))
            else:
                memory[cell] = id
                history[cell].append(id)
    co = {(a, b) for h in history.values() for n, a in enumerate(h) for b in h[n + 1 :]}
    return execution_of([events[i] for i in sorted(events)], rf, co)


@given(interleavings())
def test_what_an_interleaving_explains_is_told_as_one(execution: Execution) -> None:
    moments = timeline(execution)
    assert all(m.in_place for m in moments)
    told = [e.id for m in moments for e in m.step.events]
    assert sorted(told) == [e.id for e in execution.events if e.thread >= 0]
    position = {id: n for n, id in enumerate(told)}
    for write, read in execution.rf:  # every read comes after its write
        assert execution.events[write].thread < 0 or position[write] < position[read]
    for a, b in pairwise(told):  # each thread in program order
        if execution.events[a].thread == execution.events[b].thread:
            assert a < b


def test_store_buffering_has_one_stale_read() -> None:
    """Both threads read 0 (no interleaving does that): one read must be out of place, no more."""
    events = [
        event(0, -1, "W", "x", 0, -1),
        event(1, -1, "W", "y", 0, -1),
        event(2, 0, "W", "x", 1, 0),
        event(3, 0, "R", "y", 0, 1),
        event(4, 1, "W", "y", 1, 0),
        event(5, 1, "R", "x", 0, 1),
    ]
    moments = timeline(execution_of(events, {(1, 3), (0, 5)}, {(0, 2), (1, 4)}))
    marked = [m for m in moments if not m.in_place]
    assert len(marked) == 1
    ((read, newest),) = marked[0].stale
    assert (read.event.kind, newest.kind, newest.cell) == ("R", "W", read.event.cell)


def test_load_buffering_has_one_early_read() -> None:
    """Each thread reads what the other writes later: one of the reads precedes its write."""
    events = [
        event(0, -1, "W", "x", 0, -1),
        event(1, -1, "W", "y", 0, -1),
        event(2, 0, "R", "x", 1, 0),
        event(3, 0, "W", "y", 1, 1),
        event(4, 1, "R", "y", 1, 0),
        event(5, 1, "W", "x", 1, 1),
    ]
    moments = timeline(execution_of(events, {(5, 2), (3, 4)}, {(0, 5), (1, 3)}))
    marked = [m for m in moments if not m.in_place]
    assert len(marked) == 1
    assert len(marked[0].early) == 1


def test_an_interrupted_primitive_is_told_event_by_event() -> None:
    """A read and a write of one primitive with another thread's write between: still in place."""
    events = [
        event(0, -1, "W", "x", 0, -1),
        event(1, -1, "W", "y", 0, -1),
        event(2, 0, "R", "x", 0, 0),
        event(3, 0, "W", "x", 1, 0),
        event(4, 1, "W", "x", 7, 0),
    ]
    # In coherence order 0, 7, 1: the other thread's 7 lies between.
    moments = timeline(execution_of(events, {(0, 2)}, {(0, 4), (0, 3), (4, 3)}))
    assert [e.id for m in moments for e in m.step.events] == [2, 4, 3]
    assert all(m.in_place for m in moments)
