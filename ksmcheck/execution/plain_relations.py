"""Sets and relations of events as Python sets, one plain function for each operator of cat.

Nothing here is fast, and nothing is clever: these are the definitions that the compiled evaluator
is held against.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import permutations
from typing import TypeAlias

Pair: TypeAlias = tuple[int, int]


def compose(a: frozenset[Pair], b: frozenset[Pair]) -> frozenset[Pair]:
    """``a ; b``: x to z where some y has a(x, y) and b(y, z)."""
    if not a or not b:
        return frozenset()
    first = _successors(a)
    middle = {y for _, y in a}
    then = _successors(pair for pair in b if pair[0] in middle)
    none: set[int] = set()
    rows = ((x, none.union(*[then.get(y, none) for y in ys])) for x, ys in first.items())
    return frozenset([(x, z) for x, row in rows for z in row])


def closure(a: frozenset[Pair]) -> frozenset[Pair]:
    """``a+``: the ends of the paths of one step or more (Warshall 1962)."""
    after = _successors(a)
    for over, beyond in after.items():
        for row in after.values():
            if over in row:
                row |= beyond
    return frozenset([(x, z) for x, row in after.items() for z in row])


def _successors(a: Iterable[Pair]) -> dict[int, set[int]]:
    after: dict[int, set[int]] = {}
    for x, y in a:
        if x in after:
            after[x].add(y)
        else:
            after[x] = {y}
    return after


def identity(events: frozenset[int]) -> frozenset[Pair]:
    return frozenset([(x, x) for x in events])


def inverse(a: frozenset[Pair]) -> frozenset[Pair]:
    return frozenset([(y, x) for x, y in a])


def product(a: frozenset[int], b: frozenset[int]) -> frozenset[Pair]:
    return frozenset([(x, y) for x in a for y in b])


def acyclic(a: frozenset[Pair]) -> bool:
    """No path leads back: taking away events that nothing leads to leaves none (Kahn 1962)."""
    after: dict[int, list[int]] = {}
    before: dict[int, int] = {}
    for x, y in a:
        after.setdefault(x, []).append(y)
        before[y] = before.get(y, 0) + 1
    first = [x for x in after if x not in before]
    while first:
        for y in after.get(first.pop(), ()):
            before[y] -= 1
            if before[y] == 0:
                first.append(y)
    return not any(before.values())


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
