"""What a candidate's graph has whatever rf and co are: the sets of its events, po, int and loc.

Events come with their numbers in the graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ksmcheck.cat.bits import product
from ksmcheck.cat.graph import set_bits, shape, thread_order
from ksmcheck.events.structure import Event

Numbered = Iterable[tuple[int, Event]]


def sets_of(events: Numbered) -> dict[str, int]:
    """Kinds, tags and IW."""
    sets: dict[str, int] = {}
    for number, event in events:
        for name in (event.kind, *event.tags):
            sets[name] = sets.get(name, 0) | 1 << number
        if event.thread < 0:
            sets["IW"] = sets.get("IW", 0) | 1 << number
    return sets


def order_of(n: int, events: Numbered) -> dict[str, int]:
    """po, int and ext in a graph of ``n`` events. An initial write is in no thread: external to all
    others."""
    threads: dict[int, list[tuple[float, int]]] = {}
    there = 0
    for number, event in events:
        own = threads.setdefault(event.thread if event.thread >= 0 else -1 - event.id, [])
        own.append((event.position, number))
        there |= 1 << number
    po, internal = thread_order(n, threads.values())
    return {"po": po, "int": internal, "ext": product(there, there, shape(n)) & ~internal}


def located(n: int, cells: Iterable[Sequence[int]]) -> int:
    """loc, from the events at each cell."""
    loc = 0
    for members in cells:
        row = set_bits(members)
        for event in members:
            loc |= row << (event * n)
    return loc
