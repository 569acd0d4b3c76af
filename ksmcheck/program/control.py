"""Control dependence on a loop-free graph (Ferrante, Ottenstein, Warren 1987), transitively.

A block depends directly on a branch if it post-dominates one way out of the branch, but not the
branch itself; and on what that branch depends on. What follows the join of an ``if`` is therefore
not under it, nor is the inside of a later ``if``: the rule of herd7 for structured code.

Paths that end in a cut do not count, since with more unrolling they would go on: a loop that is
left after some iterations puts what follows it under no control (``leaving`` tells what waits for
it all the same). Only blocks from which there is no way but into a cut, as the last iteration's
are, see those paths.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Successors = Sequence[Sequence[int]]
"""Successors of block i, all of them greater than i; a cut block has none and is no end."""


def controls(successors: Successors, ends: frozenset[int]) -> list[frozenset[int]]:
    """For each block the branches that it depends on. ``ends`` are the blocks where threads end.

    Sets of blocks are integers with bit i for block i.
    """
    finishing = _finishing(successors, ends)
    ending = [[s for s in following if finishing >> s & 1] for following in successors]
    direct: dict[int, int] = {}
    _add_direct(ending, finishing, direct)
    _add_direct(successors, ~finishing, direct)
    whole: list[int] = []
    sets: dict[int, frozenset[int]] = {}
    for block in range(len(successors)):
        mask = 0
        for branch in _bits(direct.get(block, 0)):
            mask |= 1 << branch | whole[branch]
        whole.append(mask)
        if mask not in sets:
            sets[mask] = frozenset(_bits(mask))
    return [sets[mask] for mask in whole]


def _add_direct(successors: Successors, wanted: int, direct: dict[int, int]) -> None:
    """Adds to each block of ``wanted`` the branches that it directly depends on."""
    count = len(successors)
    surely = [0] * count
    for block in reversed(range(count)):
        surely[block] = _all(surely[s] for s in successors[block]) | 1 << block
    for block in range(count):
        if len(successors[block]) < 2:
            continue
        either = 0
        for following in successors[block]:
            either |= surely[following]
        for controlled in _bits(either & ~surely[block] & wanted):
            direct[controlled] = direct.get(controlled, 0) | 1 << block


def _finishing(successors: Successors, ends: frozenset[int]) -> int:
    """Blocks from which the thread can end."""
    found = 0
    for block in reversed(range(len(successors))):
        if block in ends or any(found >> s & 1 for s in successors[block]):
            found |= 1 << block
    return found


def _all(sets: Iterable[int]) -> int:
    result: int | None = None
    for one in sets:
        result = one if result is None else result & one
    return result or 0


def _bits(number: int) -> list[int]:
    found = []
    while number:
        lowest = number & -number
        found.append(lowest.bit_length() - 1)
        number ^= lowest
    return found
