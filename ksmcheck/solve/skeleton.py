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
    """po, int and ext in a graph of ``n`` events.

    An initial write is in no thread: external to all that are in one. Of two of them herd7 says
    neither (its event.ml: ``same_proc``, ``same_proc_not_init``)."""
    threads: dict[int, list[tuple[float, int]]] = {}
    there = initial = 0
    for number, event in events:
        there |= 1 << number
        if event.thread >= 0:
            threads.setdefault(event.thread, []).append((event.position, number))
        else:
            initial |= 1 << number
    po, internal = thread_order(n, threads.values())
    s = shape(n)
    outside = product(there, there, s) & ~product(initial, initial, s)
    return {"po": po, "int": internal, "ext": outside & ~internal}


def located(n: int, cells: Iterable[Sequence[int]]) -> int:
    """loc, from the events at each cell."""
    loc = 0
    for members in cells:
        row = set_bits(members)
        for event in members:
            loc |= row << (event * n)
    return loc
