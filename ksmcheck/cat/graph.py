"""One candidate execution as the cat evaluator sees it: sets and relations as big integers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, reduce
from operator import or_

from ksmcheck.record import Struct, field

# Relations that differ between candidates with the same executed events; a reason names them.
DYNAMIC = ("rf", "co", "loc", "addr", "data", "ctrl")


class Graph(Struct, frozen=True, eq=False):
    """``n`` executed events. Event i is bit i of a set, pair (a, b) bit a*n+b of a relation.

    Sets: ``R W F IW`` and the model's tags. Relations: ``po rf co rmw loc int ext addr data ctrl``.
    A name that is missing is empty. ``loc`` is reflexive on memory accesses, ``int`` and ``ext``
    are as herd7's (an initial write is external to every other event).
    """

    n: int
    sets: Mapping[str, int] = field(default_factory=dict)
    rels: Mapping[str, int] = field(default_factory=dict)


class Shape(Struct, frozen=True):
    """Constants for ``n`` events: ``row`` and ``col`` are the first row and column of the matrix,
    ``diagonal`` the identity, ``full`` every pair, ``lower`` the pairs (a, b) with a >= b."""

    n: int
    row: int
    col: int
    diagonal: int
    full: int
    lower: int


@lru_cache(maxsize=512)
def shape(n: int) -> Shape:
    """The constants for ``n`` events (kept, since every candidate of a test has about the same)."""
    row = (1 << n) - 1
    col = sum(1 << (i * n) for i in range(n))
    diagonal = sum(1 << (i * n + i) for i in range(n))
    lower = sum(((1 << (i + 1)) - 1) << (i * n) for i in range(n))
    return Shape(n, row, col, diagonal, (1 << (n * n)) - 1, lower)


def set_bits(events: Iterable[int]) -> int:
    """The set of these events as an integer."""
    out = 0
    for event in events:
        out |= 1 << event
    return out


def union_of(sets: Iterable[int]) -> int:
    """The events, or pairs, that are in one of them."""
    return reduce(or_, sets, 0)


def rel_bits(n: int, pairs: Iterable[tuple[int, int]]) -> int:
    """The relation of these pairs over ``n`` events as an integer."""
    rows: dict[int, int] = {}
    for a, b in pairs:
        rows[a] = rows.get(a, 0) | 1 << b
    out = 0
    for a, row in rows.items():
        out |= row << (a * n)
    return out


def members(bits: int) -> list[int]:
    """The elements of a set (or the bit positions of a relation), ascending."""
    # As text: an operation on a relation's integer takes time in its length for each bit.
    text = bin(bits)[:1:-1]
    out = []
    place = text.find("1")
    while place >= 0:
        out.append(place)
        place = text.find("1", place + 1)
    return out


def thread_order(n: int, threads: Iterable[Sequence[tuple[float, int]]]) -> tuple[int, int]:
    """po and int over ``n`` events. A thread is given by the place and the number of each of its
    events; those at one place are not ordered."""
    order = inside = 0
    for thread in threads:
        own = set_bits(event for _, event in thread)
        later = here = 0
        now = None
        for place, event in sorted(thread, reverse=True):
            if place != now:
                later, here, now = later | here, 0, place
            here |= 1 << event
            order |= later << (event * n)
            inside |= own << (event * n)
    return order, inside


def rows(n: int, relation: int) -> list[int]:
    """The successors of each of ``n`` events."""
    row, out = (1 << n) - 1, []
    for _ in range(n):
        out.append(relation & row)
        relation >>= n
    return out


def pairs(n: int, relation: int) -> list[tuple[int, int]]:
    """The pairs of a relation over ``n`` events, ascending."""
    return [divmod(position, n) for position in members(relation)]
