"""Where the ways from a branch meet again: the end of what depends on the branch.

An event depends on a branch iff not every way from the branch to the function's end comes to it
(Ferrante, Ottenstein, Warren 1987). In a loop, an event of this iteration and the same event of a
later one are different events: a way that goes round the loop has left this iteration for good. So
the ways from a branch are followed over *places*: a point, together with the outermost loop around
the branch that has been gone round since (0: none).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from ksmcheck.execution.flow import Flow, Point

Place: TypeAlias = tuple[int, int]
"""Number of a point (-1: the exit) and 1 + index of the loop gone round, outermost first; or 0."""

_END: Place = (-1, 0)

Ways: TypeAlias = Callable[[Point], list[Point]]


class Loops:
    """The natural loops of a function, by dominators."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.bodies: dict[int, set[int]] = {}
        dominators = self._dominators()
        sources: dict[int, list[int]] = {}
        for point in flow.points:
            for target in point.next:
                sources.setdefault(target.number, []).append(point.number)
        for point in flow.points:
            for target in point.next:
                if dominators.get(point.number, 0) >> target.number + 1 & 1:
                    self._grow(target.number, point.number, sources, dominators)

    def _dominators(self) -> dict[int, int]:
        """For each reachable point the points on every way to it from the entry.

        Each set of points is an integer; point ``n`` is bit ``n + 1``, as the exit is -1.
        """
        found = {0: 2}
        changed = True
        while changed:
            changed = False
            for point in self.flow.points:
                for target in point.next if point.number in found else ():
                    old = found.get(target.number, -1)  # -1: all points
                    met = old & found[point.number] | 1 << target.number + 1
                    if met != old and target.number != 0:
                        found[target.number] = met
                        changed = True
        return found

    def _grow(
        self, head: int, last: int, sources: dict[int, list[int]], reachable: dict[int, int]
    ) -> None:
        body = self.bodies.setdefault(head, {head})
        waiting = [last]
        while waiting:
            number = waiting.pop()
            if number not in body and number in reachable:
                body.add(number)
                waiting.extend(sources.get(number, ()))

    def around(self, number: int) -> list[int]:
        """Heads of the loops that contain a point, the outermost first."""
        heads = [head for head, body in self.bodies.items() if number in body]
        return sorted(heads, key=lambda head: -len(self.bodies[head]))


def join_of(loops: Loops, branch: Point, ways: Ways) -> int:
    """The number of the first point that every way from ``branch`` comes to; -1 is the exit.

    ``ways`` gives the possible next points of a point. Arriving there for the first time ends what
    depends on this execution of the branch.
    """
    graph = _places(loops, branch, ways)
    start: Place = (branch.number, 0)
    finite = _reaching_exit(graph)
    after = _post_dominators(graph, finite)
    itself = 1 << finite[start] if start in finite else 0
    candidates = after.get(start, 0) & ~itself
    # Of those on all ways, the first is the one that all the others come after.
    for place, number in finite.items():
        if candidates >> number & 1 and not candidates & ~after[place]:
            return place[0]
    return -1


def _places(loops: Loops, branch: Point, ways: Ways) -> dict[Place, list[Place]]:
    around = loops.around(branch.number)
    points = loops.flow.points
    start: Place = (branch.number, 0)
    graph: dict[Place, list[Place]] = {}
    waiting = [start]
    while waiting:
        place = waiting.pop()
        if place in graph or place == _END:
            continue
        targets = [
            (to.number, _round(loops, around, place, to.number)) for to in ways(points[place[0]])
        ]
        graph[place] = targets
        waiting.extend(targets)
    return graph


def _round(loops: Loops, around: list[int], place: Place, to: int) -> int:
    """The second part of the place after a step to the point ``to``."""
    number, gone = place
    gone_round = [gone - 1] if gone else []
    if to in around and number in loops.bodies[to]:
        gone_round.append(around.index(to))
    left = [index for index in gone_round if to in loops.bodies[around[index]]]
    return 1 + min(left) if left else 0


def _post_dominators(graph: dict[Place, list[Place]], finite: dict[Place, int]) -> dict[Place, int]:
    """For each place that can reach the exit, the places on all its ways there, itself included.

    A set of places is an integer, with a bit for each by its number in ``finite``.
    """
    everything = (1 << len(finite)) - 1
    after = dict.fromkeys(finite, everything)
    after[_END] = 1 << finite[_END]
    inner = [
        (place, 1 << number, [to for to in graph[place] if to in finite])
        for place, number in finite.items()
        if place != _END
    ]
    changed = True
    while changed:
        changed = False
        for place, itself, ahead in inner:
            met = everything
            for to in ahead:
                met &= after[to]
            met |= itself
            if met != after[place]:
                after[place], changed = met, True
    return after


def _reaching_exit(graph: dict[Place, list[Place]]) -> dict[Place, int]:
    """Numbers for the places with some way to the exit; a way that never ends is not counted.

    Those that are nearer to the exit come first, mostly.
    """
    sources: dict[Place, list[Place]] = {}
    for place, targets in graph.items():
        for target in targets:
            sources.setdefault(target, []).append(place)
    seen = {_END: 0}
    waiting = [_END]
    for place in waiting:
        for source in sources.get(place, ()):
            if source not in seen:
                seen[source] = len(seen)
                waiting.append(source)
    return seen
