"""Sets and relations of events as Python sets, one plain function for each operator of cat.

Nothing here is fast, and nothing is clever: these are the definitions that the compiled evaluator
is held against.
"""

from __future__ import annotations

from itertools import permutations
from typing import TypeAlias

Pair: TypeAlias = tuple[int, int]


def compose(a: frozenset[Pair], b: frozenset[Pair]) -> frozenset[Pair]:
    """``a ; b``: x to z where some y has a(x, y) and b(y, z)."""
    after: dict[int, list[int]] = {}
    for y, z in b:
        after.setdefault(y, []).append(z)
    return frozenset((x, z) for x, y in a for z in after.get(y, ()))


def closure(a: frozenset[Pair]) -> frozenset[Pair]:
    """``a+``: the ends of the paths of one step or more."""
    after: dict[int, set[int]] = {}
    for x, y in a:
        after.setdefault(x, set()).add(y)
    return frozenset((x, z) for x in after for z in _reachable(x, after))


def _reachable(start: int, after: dict[int, set[int]]) -> set[int]:
    seen: set[int] = set()
    waiting = list(after[start])
    while waiting:
        event = waiting.pop()
        if event not in seen:
            seen.add(event)
            waiting.extend(after.get(event, ()))
    return seen


def identity(events: frozenset[int]) -> frozenset[Pair]:
    return frozenset((x, x) for x in events)


def inverse(a: frozenset[Pair]) -> frozenset[Pair]:
    return frozenset((y, x) for x, y in a)


def product(a: frozenset[int], b: frozenset[int]) -> frozenset[Pair]:
    return frozenset((x, y) for x in a for y in b)


def acyclic(a: frozenset[Pair]) -> bool:
    return irreflexive(closure(a))


def irreflexive(a: frozenset[Pair]) -> bool:
    return not any(x == y for x, y in a)


def classes(a: frozenset[Pair]) -> frozenset[frozenset[int]]:
    """The classes of an equivalence."""
    return frozenset(frozenset(y for x, y in a if x == one) for one, _ in a)


def linearisations(events: frozenset[int], a: frozenset[Pair]) -> frozenset[frozenset[Pair]]:
    """The total orders (irreflexive, transitive) of some events that contain ``a`` among them."""
    wanted = {(x, y) for x, y in a if x in events and y in events}
    found = set()
    for order in permutations(sorted(events)):
        whole = frozenset((x, y) for i, x in enumerate(order) for y in order[i + 1 :])
        if wanted <= whole:
            found.add(whole)
    return frozenset(found)
