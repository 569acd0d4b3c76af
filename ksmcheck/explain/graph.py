"""An execution as the graph that a cat file is evaluated on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ksmcheck.cat.graph import Graph
from ksmcheck.execution.execution import ExecutedEvent, Execution, places
from ksmcheck.record import Struct

Pair = tuple[int, int]


class Extra(Struct, frozen=True):
    """A fence that is not there: tags of an F event put into ``thread`` before event ``before``.

    Of several at one place the one with the smaller fraction comes first; equal ones are unordered.
    """

    thread: int
    before: float
    tags: frozenset[str]


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
        "po": [
            (a, b)
            for a in range(n)
            for b in range(n)
            if order[a][0] == order[b][0] >= 0 and order[a][1] < order[b][1]
        ],
        "rf": execution.rf,
        "co": execution.co,
        "rmw": execution.rmw,
        "addr": execution.addr,
        "data": execution.data,
        "ctrl": execution.ctrl,
        "loc": [(a.id, b.id) for a in events for b in events if a.cell and a.cell == b.cell],
        "int": [(a, b) for a in range(n) for b in range(n) if order[a][0] == order[b][0] >= 0],
        "ext": [
            (a, b)
            for a in range(n)
            for b in range(n)
            if order[a][0] != order[b][0] or order[a][0] < 0
        ],
    }
    return Graph(n, sets, _matrices(n, pairs))


def _sets(event: ExecutedEvent) -> Iterable[str]:
    yield event.kind
    if event.thread < 0:
        yield "IW"
    yield from event.tags


def _matrices(n: int, pairs: Mapping[str, Iterable[Pair]]) -> dict[str, int]:
    matrices = {}
    for name, relation in pairs.items():
        bits = 0
        for a, b in relation:
            bits |= 1 << (a * n + b)
        matrices[name] = bits
    return matrices
