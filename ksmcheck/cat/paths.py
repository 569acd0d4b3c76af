"""Shortest paths and cycles of a relation held as an integer."""

from __future__ import annotations

from ksmcheck.cat.graph import Shape, members


def shortest_path(relation: int, source: int, target: int, s: Shape) -> list[int] | None:
    """The events of a shortest path of at least one step, both ends included; None if there is
    none. With source = target it is a shortest cycle through it."""
    n, row = s.n, s.row
    parent: dict[int, int] = {}
    seen, frontier, goal = 0, [source], 1 << target
    while frontier:
        following: list[int] = []
        for event in frontier:
            successors = (relation >> (event * n)) & row
            if successors & goal:
                return _back(parent, event, source, target)
            new = successors & ~seen
            seen |= new
            for successor in members(new):
                if successor != source:
                    parent[successor] = event
                    following.append(successor)
        frontier = following
    return None


def _back(parent: dict[int, int], last: int, source: int, target: int) -> list[int]:
    path = [target, last]
    while path[-1] != source:
        path.append(parent[path[-1]])
    return path[::-1]


def short_cycles(relation: int, s: Shape) -> list[list[int]]:
    """A shortest cycle through each event that is on one, of those at most one step longer than
    the shortest of all; shortest first, each set of events once. The first event is repeated."""
    found: dict[frozenset[int], list[int]] = {}
    for event in range(s.n):
        if (relation >> (event * s.n)) & s.row:
            cycle = shortest_path(relation, event, event, s)
            if cycle:
                found.setdefault(frozenset(cycle), cycle)
    cycles = sorted(found.values(), key=len)
    return [c for c in cycles if len(c) <= len(cycles[0]) + 1]
