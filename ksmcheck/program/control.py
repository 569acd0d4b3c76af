"""Control dependence on a loop-free graph (Ferrante, Ottenstein, Warren 1987), transitively.

A block depends on a branch if some path from the branch leads to it and it does not post-dominate
the branch. Paths that end in a cut do not count: a loop that is left after some iterations puts what
follows it under no control.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Successors = Sequence[Sequence[int]]
"""Successors of block i, all of them greater than i; a cut block has none and is no end."""


def controls(successors: Successors, ends: frozenset[int]) -> list[frozenset[int]]:
    """For each block the branches that it depends on. ``ends`` are the blocks where threads end.

    Sets of blocks are integers with bit i for block i.
    """
    count = len(successors)
    finishes = _finishing(successors, ends)
    later, surely = [0] * count, [0] * count
    for block in reversed(range(count)):
        following = [s for s in successors[block] if s in finishes]
        for step in successors[block]:
            later[block] |= later[step] | 1 << step
        surely[block] = _all(surely[s] for s in following) | 1 << block
    found: list[set[int]] = [set() for _ in range(count)]
    for block in range(count):
        if sum(s in finishes for s in successors[block]) < 2:
            continue
        for controlled in _bits(later[block] & ~surely[block]):
            found[controlled].add(block)
    return [frozenset(f) for f in found]


def _finishing(successors: Successors, ends: frozenset[int]) -> frozenset[int]:
    """Blocks from which the thread can end."""
    found = set(ends)
    for block in reversed(range(len(successors))):
        if any(s in found for s in successors[block]):
            found.add(block)
    return frozenset(found)


def _all(sets: Iterable[int]) -> int:
    result: int | None = None
    for one in sets:
        result = one if result is None else result & one
    return result or 0


def _bits(number: int) -> list[int]:
    return [i for i in range(number.bit_length()) if number >> i & 1]
