"""Sets and relations of events, one plain function for each operator of cat.

A set of events is an integer, in which the bit of each member is 1. A relation is one such set for
each event that is related to something: its successors. These are the definitions that the compiled
evaluator is held against; where an operator uses again what it has found for another row, it says
why it may.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import permutations
from typing import TypeAlias

Pair: TypeAlias = tuple[int, int]

Set: TypeAlias = int
"""Bit ``e`` is 1 where event ``e`` is in the set."""

Rows: TypeAlias = dict[int, Set]
"""The successors of each event that has some: no row is empty, so that equal relations are equal
dicts. What was made once is not changed."""


# Between these and Python's own sets.


def set_of(events: Iterable[int]) -> Set:
    found = 0
    for event in events:
        found |= 1 << event
    return found


@lru_cache(maxsize=8192)
def members(events: Set) -> tuple[int, ...]:
    """The events of a set, in order (kept: the rows of a candidate's relations are often alike)."""
    found = []
    while events:
        last = events.bit_length() - 1
        found.append(last)
        events ^= 1 << last
    found.reverse()
    return tuple(found)


def rows_of(pairs: Iterable[Pair]) -> Rows:
    found: Rows = {}
    for x, y in pairs:
        found[x] = found.get(x, 0) | 1 << y
    return found


def pairs_in(a: Rows) -> Iterator[Pair]:
    return ((x, y) for x, row in a.items() for y in members(row))


# What holds of pairs one by one.


def union(a: Rows, b: Rows) -> Rows:
    more, fewer = (a, b) if len(a) >= len(b) else (b, a)
    found = dict(more)
    for x, row in fewer.items():
        found[x] = found.get(x, 0) | row
    return found


def intersection(a: Rows, b: Rows) -> Rows:
    return {x: both for x, row in a.items() if (both := row & b.get(x, 0))}


def difference(a: Rows, b: Rows) -> Rows:
    return {x: rest for x, row in a.items() if (rest := row & ~b.get(x, 0))}


def identity(events: Set) -> Rows:
    return {x: 1 << x for x in members(events)}


def product(a: Set, b: Set) -> Rows:
    return dict.fromkeys(members(a), b) if b else {}


def within(a: Rows, sources: Set, targets: Set) -> Rows:
    """The pairs that lead from ``sources`` to ``targets``."""
    if not sources or not targets:
        return {}
    return {x: ends for x, row in a.items() if sources >> x & 1 and (ends := row & targets)}


# What goes along pairs.


def domain(a: Rows) -> Set:
    return set_of(a)


def codomain(a: Rows) -> Set:
    found = 0
    for row in a.values():
        found |= row
    return found


def inverse(a: Rows) -> Rows:
    found: Rows = {}
    for x, row in a.items():
        own = 1 << x
        for y in members(row):
            found[y] = found.get(y, 0) | own
    return found


def compose(a: Rows, b: Rows) -> Rows:
    """``a ; b``: x to z where some y has a(x, y) and b(y, z).

    What a row leads to is led to by any row that contains it too. An event of a thread mostly has
    the successors of the next one and a few more, and only these are followed.
    """
    found: Rows = {}
    if not a or not b:  # many a model speaks of much that few programs have
        return found
    leading_on = domain(b)
    before = ends = 0
    for x in sorted(a, reverse=True):
        row = a[x] & leading_on
        if before & ~row:
            before = ends = 0
        for y in members(row & ~before):
            ends |= b[y]
        before = row
        if ends:
            found[x] = ends
    return found


def closure(a: Rows) -> Rows:
    """``a+``: the ends of the paths of one step or more.

    Whatever follows an event whose own row is finished already is in that row. Most steps of a
    candidate lead to events with higher numbers, so these come first.
    """
    found: Rows = {}
    for x in sorted(a, reverse=True):
        ends = waiting = a[x]
        while waiting:
            first = waiting & -waiting
            y = first.bit_length() - 1
            if y in found:
                beyond = found[y]
                waiting &= ~beyond
            else:
                beyond = a.get(y, 0)
                waiting |= beyond & ~ends
            waiting &= ~first
            ends |= beyond
        found[x] = ends
    return found


def acyclic(a: Rows) -> bool:
    """No path leads back. A walk leaves an event for good when all that follows it has been left;
    a step to an event that is still on the way there closes a cycle."""
    left = 0
    for start in a:
        path = [] if left >> start & 1 else [start]
        on_path = set_of(path)
        while path:
            here = path[-1]
            ahead = a.get(here, 0) & ~left
            if ahead & on_path:
                return False
            if ahead:
                step = ahead & -ahead
                path.append(step.bit_length() - 1)
                on_path |= step
            else:
                left |= 1 << path.pop()
                on_path &= ~left
    return True


def irreflexive(a: Rows) -> bool:
    return not any(row >> x & 1 for x, row in a.items())


# Families of sets and relations.


def classes(a: Rows) -> frozenset[Set]:
    """The classes of an equivalence."""
    return frozenset(a.values())


def linearisations(events: Set, a: Rows) -> list[Rows]:
    """The total orders (irreflexive, transitive) of some events that contain ``a`` among them.

    As in herd7 there is none where ``a`` leads from one of them back to it, by others be it.
    """
    wanted = within(a, events, events)
    if not irreflexive(within(closure(a), events, events)):
        return []
    found = []
    for order in permutations(members(events)):
        whole, after = {}, events
        for x in order:
            after &= ~(1 << x)
            if after:
                whole[x] = after
        if not difference(wanted, whole):
            found.append(whole)
    return found
