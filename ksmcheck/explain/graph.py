"""An execution as the graph that a cat file is evaluated on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ksmcheck.cat.bits import product
from ksmcheck.cat.graph import Graph, rel_bits, set_bits, shape, thread_order
from ksmcheck.execution.execution import ExecutedEvent, Execution, places
from ksmcheck.lowering.template import Row
from ksmcheck.record import Struct

Pair = tuple[int, int]


class Extra(Struct, frozen=True):
    """A fence that is not there: tags of an F event put into ``thread`` before event ``before``.

    Of several at one place the one with the smaller fraction comes first; equal ones are unordered.
    """

    thread: int
    before: float
    tags: frozenset[str]


def fences(row: Row) -> tuple[frozenset[str], ...]:
    """The tags of each fence of a barrier's row."""
    return tuple(frozenset(step.tags) for step in row.always or () if step.kind == "F")


def graph_of(execution: Execution, extra: Sequence[Extra] = ()) -> Graph:
    """The candidate graph of an execution, with imagined fences added at the end of the ids."""
    events = execution.events
    n = len(events) + len(extra)
    order = [(e.thread, float(p)) for e, p in zip(events, places(events), strict=True)]
    order += [(x.thread, x.before - 0.5) for x in extra]
    sets: dict[str, int] = {}
    for event in events:
        for name in _sets(event):
            sets[name] = sets.get(name, 0) | 1 << event.id
    for index, fence in enumerate(extra, len(events)):
        for name in (*fence.tags, "F"):
            sets[name] = sets.get(name, 0) | 1 << index
    for pair in execution.rmw:
        for end in pair:
            sets["RMW"] = sets.get("RMW", 0) | 1 << end
    pairs: dict[str, Iterable[Pair]] = {
        "rf": execution.rf,
        "co": execution.co,
        "rmw": execution.rmw,
        "addr": execution.addr,
        "data": execution.data,
        "ctrl": execution.ctrl,
    }
    relations = {name: rel_bits(n, relation) for name, relation in pairs.items()}
    return Graph(n, sets, {**relations, "loc": _locations(events, n), **_threads(order)})


def _locations(events: Sequence[ExecutedEvent], n: int) -> int:
    together: dict[str, int] = {}
    for event in events:
        if event.cell:
            together[event.cell] = together.get(event.cell, 0) | 1 << event.id
    found = 0
    for event in events:
        if event.cell:
            found |= together[event.cell] << (event.id * n)
    return found


def _threads(order: Sequence[tuple[int, float]]) -> dict[str, int]:
    """po, int and ext of events with these threads and places; an initial write has none, and of
    two of them neither int nor ext is said."""
    n = len(order)
    initial = set_bits(event for event, (thread, _) in enumerate(order) if thread < 0)
    threads: dict[int, list[tuple[float, int]]] = {}
    for event, (thread, place) in enumerate(order):
        if thread >= 0:
            threads.setdefault(thread, []).append((place, event))
    before, inside = thread_order(n, threads.values())
    outside = shape(n).full & ~product(initial, initial, shape(n))
    return {"po": before, "int": inside, "ext": outside & ~inside}


def _sets(event: ExecutedEvent) -> Iterable[str]:
    yield event.kind
    if event.thread < 0:
        yield "IW"
    yield from event.tags
