"""A candidate of the solver -> the execution that a verdict carries."""

from __future__ import annotations

from ksmcheck.events.structure import INIT_THREAD, Event, EventStructure
from ksmcheck.execution.execution import ExecutedEvent, Execution
from ksmcheck.solve.outcome import Candidate

Pairs = frozenset[tuple[int, int]]


def to_execution(structure: EventStructure, candidate: Candidate) -> Execution:
    """The execution, numbered as ``execution.Execution`` says.

    An access whose address is no cell's has an address and no cell; such a read has no source and
    counts as reading 0.
    """
    events = sorted(
        (structure.events[e] for e in candidate.executed), key=lambda e: (e.thread, e.position)
    )
    number = {event.id: index for index, event in enumerate(events)}
    instances = _instances(events)
    relations = {name: _dependencies(name, candidate, number) for name in ("addr", "data", "ctrl")}
    return Execution(
        events=tuple(
            _executed(e, number[e.id], instances[e.id], candidate, joined=_joined(before, e))
            for before, e in zip((None, *events), events, strict=False)
        ),
        rf=frozenset((number[w], number[r]) for r, w in candidate.rf.items()),
        co=_coherence(candidate, number),
        rmw=frozenset(
            (number[r], number[w]) for r, w in structure.rmw if r in number and w in number
        ),
        addr=relations["addr"],
        data=relations["data"],
        ctrl=relations["ctrl"],
        memory=tuple((c.name, candidate.final(c.id)) for c in structure.cells if not c.kept),
        registers=tuple((key, candidate.value(term)) for key, term, _ in structure.outputs),
        complete=candidate.holds(structure.terminated),
    )


def _joined(before: Event | None, event: Event) -> bool:
    if before is None or event.thread == INIT_THREAD:
        return False
    return (before.thread, before.position) == (event.thread, event.position)


def _executed(
    event: Event, number: int, instance: int, candidate: Candidate, *, joined: bool
) -> ExecutedEvent:
    cell = candidate.cells.get(event.id)
    return ExecutedEvent(
        id=number,
        thread=event.thread,
        kind=event.kind,
        cell=None if cell is None else candidate.structure.cells[cell].name,
        address=None if event.address is None else candidate.value(event.address),
        value=candidate.values.get(event.id),
        tags=event.tags,
        instance=instance,
        primitive=event.primitive,
        outcome=event.outcome,
        origin=event.origin,
        joined=joined,
    )


def _instances(events: list[Event]) -> dict[int, int]:
    """Event id -> number of its primitive among those that its thread executed."""
    seen: dict[int, dict[int, int]] = {}
    numbers = {}
    for event in events:
        if event.thread == INIT_THREAD:
            numbers[event.id] = -1
        else:
            own = seen.setdefault(event.thread, {})
            numbers[event.id] = own.setdefault(event.instance, len(own))
    return numbers


def _dependencies(relation: str, candidate: Candidate, number: dict[int, int]) -> Pairs:
    return frozenset(
        (number[d.source], number[d.target])
        for d in candidate.structure.dependencies
        if d.relation == relation
        and d.source in number
        and d.target in number
        and candidate.holds(d.guard)
    )


def _coherence(candidate: Candidate, number: dict[int, int]) -> Pairs:
    return frozenset(
        (number[writes[i]], number[b])
        for writes in candidate.co.values()
        for j, b in enumerate(writes)
        for i in range(j)
    )
