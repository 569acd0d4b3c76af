"""Cycles of program order and communication in an execution (Shasha and Snir 1988)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ksmcheck.execution.execution import Execution, places
from ksmcheck.explain.graph import Pair

Steps = dict[int, list[int]]


def critical_cycle(execution: Execution) -> tuple[int, ...]:
    """A cycle of po | rf | co | fr with the fewest events (fences left out), () if none."""
    successors = _first(execution.rf, successors_of(execution))
    best: tuple[int, ...] = ()
    for start in successors:
        path = _shortest_back(start, successors, len(best) + 1 if best else len(successors) + 1)
        if path and (not best or _rank(path, execution.rf) < _rank(best, execution.rf)):
            best = path
    return best


def equally_short(execution: Execution, cycle: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Cycles as long as a critical one, each once; of very many only some."""
    steps = successors_of(execution)
    found: list[tuple[int, ...]] = []
    paths: list[tuple[int, ...]] = [(start,) for start in sorted(steps)]
    for _ in range(_PATHS):
        if not paths:
            break
        path = paths.pop()
        following = steps.get(path[-1], ())
        if len(path) < len(cycle):
            paths += [(*path, n) for n in following if n > path[0] and n not in path]
        elif path[0] in following:
            found.append(path)
    return tuple(sorted(found))


_PATHS = 5000
"""Beginnings of cycles that are looked at."""


def cycles_through(
    steps: Steps, pairs: Iterable[Pair], told: frozenset[Pair] = frozenset()
) -> Iterator[tuple[int, ...]]:
    """For each of these steps (a, b) the shortest way from b back to a, short ones first, each
    cycle as its events from a on. Of equally short ones those with more of the steps ``told`` come
    first."""
    steps = _first(told, steps)
    starts: dict[int, set[int]] = {}
    for a, b in pairs:
        starts.setdefault(b, set()).add(a)
    found = [
        (a, *path)
        for b, ends in starts.items()
        for a, path in _shortest_paths(b, steps).items()
        if a in ends
    ]
    yield from sorted(found, key=lambda cycle: (_rank(cycle, told), cycle))


def _first(told: frozenset[Pair], steps: Steps) -> Steps:
    """The steps, those told before others. Of a read-modify-write it is easier to follow who reads
    its store than who overwrites what it read."""
    return {a: sorted(ends, key=lambda b: (a, b) not in told) for a, ends in steps.items()}


def _rank(cycle: tuple[int, ...], told: frozenset[Pair]) -> tuple[int, int]:
    edges = zip(cycle, (*cycle[1:], cycle[0]), strict=True)
    return len(cycle), -sum(edge in told for edge in edges)


def _shortest_paths(start: int, steps: Steps) -> dict[int, tuple[int, ...]]:
    """Events to the events on the way there from ``start``, that included and they not."""
    ways: dict[int, tuple[int, ...]] = {start: ()}
    frontier = [start]
    while frontier:
        following = []
        for node in frontier:
            for target in steps.get(node, ()):
                if target not in ways:
                    ways[target] = (*ways[node], node)
                    following.append(target)
        frontier = following
    del ways[start]
    return ways


def _shortest_back(start: int, successors: Steps, shorter_than: int) -> tuple[int, ...]:
    parent: dict[int, int] = {}
    frontier = [start]
    for _ in range(shorter_than - 1):
        following = []
        for node in frontier:
            for target in successors.get(node, ()):
                if target == start:
                    return _path(parent, start, node)
                if target not in parent:
                    parent[target] = node
                    following.append(target)
        frontier = following
    return ()


def _path(parent: dict[int, int], start: int, end: int) -> tuple[int, ...]:
    path = [end]
    while path[-1] != start:
        path.append(parent[path[-1]])
    return tuple(reversed(path))


def successors_of(execution: Execution) -> Steps:
    """Steps between accesses that read from or are overwritten in another thread, or the reverse:
    a shortest cycle takes no two steps of po one after the other, so it comes to no other access.
    """
    events, place = execution.events, places(execution.events)
    steps = set(execution.rf) | set(execution.co) | set(from_reads(execution))
    across = [
        (x, y)
        for x, y in sorted(steps)
        if events[x].thread != events[y].thread and min(events[x].thread, events[y].thread) >= 0
    ]
    ends = {e for step in across for e in step}
    accesses = [e for e in events if e.id in ends]
    result: Steps = {
        a.id: [b.id for b in accesses if b.thread == a.thread and place[b.id] > place[a.id]]
        for a in accesses
    }
    for x, y in across:
        result[x].append(y)
    return result


def from_reads(execution: Execution) -> Iterable[Pair]:
    """fr: a read before every write that overwrites what it read."""
    later: dict[int, list[int]] = {}
    for a, b in execution.co:
        later.setdefault(a, []).append(b)
    for write, read in execution.rf:
        for overwriting in later.get(write, ()):
            if overwriting != read:
                yield read, overwriting
