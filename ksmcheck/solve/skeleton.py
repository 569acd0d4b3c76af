"""What a candidate's graph has whatever rf and co are: the sets of its events, po, int and loc."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ksmcheck.cat.graph import set_bits, thread_order
from ksmcheck.events.structure import Event


def sets_of(events: Sequence[Event]) -> dict[str, int]:
    """Kinds, tags and IW of the executed events, which are numbered as they stand."""
    sets: dict[str, int] = {}
    for index, event in enumerate(events):
        for name in (event.kind, *event.tags):
            sets[name] = sets.get(name, 0) | 1 << index
        if event.thread < 0:
            sets["IW"] = sets.get("IW", 0) | 1 << index
    return sets


def order_of(events: Sequence[Event]) -> dict[str, int]:
    """po, int and ext. An initial write is in no thread: external to all others."""
    n = len(events)
    threads: dict[int, list[tuple[float, int]]] = {}
    for index, event in enumerate(events):
        own = threads.setdefault(event.thread if event.thread >= 0 else -1 - event.id, [])
        own.append((event.position, index))
    po, internal = thread_order(n, threads.values())
    return {"po": po, "int": internal, "ext": ((1 << n * n) - 1) & ~internal}


def located(n: int, cells: Iterable[Sequence[int]]) -> int:
    """loc, from the events at each cell."""
    loc = 0
    for members in cells:
        row = set_bits(members)
        for event in members:
            loc |= row << (event * n)
    return loc
