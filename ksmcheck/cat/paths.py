"""Shortest paths and cycles of a relation held as an integer."""

from __future__ import annotations

from collections.abc import Callable

from ksmcheck.cat.graph import Shape, members


def shortest_path(relation: int, source: int, target: int, s: Shape) -> list[int] | None:
    """The events of a shortest path of at least one step, both ends included; None if there is
    none. With source = target it is a shortest cycle through it."""
    n, row = s.n, s.row
    levels, seen, frontier, goal = list[int](), 0, 1 << source, 1 << target
    while frontier:
        levels.append(frontier)
        following = 0
        for event in members(frontier):
            following |= (relation >> (event * n)) & row
        if following & goal:
            return _back(levels, target, lambda event: (relation >> (event * n)) & row)
        frontier = following & ~seen & ~levels[0]
        seen |= following
    return None


def _back(levels: list[int], target: int, row: Callable[[int], int]) -> list[int]:
    """A path to the target through an event of each level, where each event of a level but the
    first is led to from the one before."""
    path = [target]
    for level in reversed(levels):
        path.append(next(e for e in members(level) if row(e) >> path[-1] & 1))
    return path[::-1]


def short_cycles(relation: int, s: Shape) -> list[list[int]]:
    """A shortest cycle through each event that is on one, of those at most one step longer than
    the shortest of all; shortest first, each set of events once. The first event is repeated."""
    rows = _on_cycles(relation, s)
    found: dict[frozenset[int], list[int]] = {}
    most = s.n
    for event in sorted(rows):
        cycle = _cycle(rows, event, most)
        if cycle:
            most = min(most, len(cycle))
            found.setdefault(frozenset(cycle), cycle)
    cycles = sorted(found.values(), key=len)
    return [c for c in cycles if len(c) <= len(cycles[0]) + 1]


def _on_cycles(relation: int, s: Shape) -> dict[int, int]:
    """The rows of the relation without events that lead nowhere or are led to from nowhere."""
    rows: dict[int, int] = {}
    n, row, event = s.n, s.row, 0
    while relation:
        if relation & row:
            rows[event] = relation & row
        relation >>= n
        event += 1
    while True:
        alive = entered = 0
        for event, ends in rows.items():
            alive |= 1 << event
            entered |= ends
        alive &= entered
        kept = {e: ends & alive for e, ends in rows.items() if alive >> e & 1 and ends & alive}
        if kept == rows:
            return rows
        rows = kept


def _cycle(rows: dict[int, int], start: int, most: int) -> list[int] | None:
    """A shortest cycle through ``start``, of at most ``most`` + 1 events with the end repeated."""
    levels, seen, frontier, goal = list[int](), 0, 1 << start, 1 << start
    while frontier and len(levels) < most:
        levels.append(frontier)
        following = 0
        for event in members(frontier):
            following |= rows[event]
        if following & goal:
            return _back(levels, start, rows.__getitem__)
        frontier = following & ~seen
        seen |= following
    return None
