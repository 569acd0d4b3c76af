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
from ksmcheck.program.tree import walk
from ksmcheck.syntax import c_ast as c

Place: TypeAlias = tuple[int, int]
"""Number of a point (-1: the exit) and 1 + index of the loop gone round, outermost first; or 0."""

_END: Place = (-1, 0)

Ways: TypeAlias = Callable[[Point], list[Point]]


class Loops:
    """The loops of a function: parts in which each point leads to each other, and such parts of
    these without the steps to their head.

    A loop's head is where it is entered; but where a ``goto`` or ``switch`` leads into the body of
    a loop statement, the head is that statement's all the same. ``astray``: there is such a loop.
    """

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.bodies: dict[int, set[int]] = {}
        self.astray = False
        self.ahead = self._reachable()
        self.behind: dict[int, list[int]] = {number: [] for number in self.ahead}
        for number, targets in self.ahead.items():
            for target in targets:
                self.behind[target].append(number)
        self._nest(set(self.ahead), None)

    def _reachable(self) -> dict[int, list[int]]:
        """The next points of each point that can be come to."""
        found: dict[int, list[int]] = {}
        waiting = list(self.flow.points[:1])
        while waiting:
            point = waiting.pop()
            if point.number not in found:
                inner = [to for to in point.next if to.number >= 0]
                found[point.number] = [to.number for to in inner]
                waiting.extend(inner)
        return found

    def _nest(self, inside: set[int], head: int | None) -> None:
        left = self._without_ends(inside, head)
        while left:
            one = next(iter(left))
            part = self._from(one, self.ahead, left, head) & self._from(
                one, self.behind, left, head
            )
            left -= part
            if len(part) > 1 or one in self.ahead[one]:
                entries = [n for n in part if n == 0 or not part.issuperset(self.behind[n])]
                self.astray |= len(entries) > 1
                begin = self._head(part, entries)
                self.bodies[begin] = part
                self._nest(part, begin)

    def _without_ends(self, inside: set[int], head: int | None) -> set[int]:
        """Less the points that no way goes through twice, as far as that is easily seen."""
        left, waiting = set(inside), list(inside)
        while waiting:
            number = waiting.pop()
            if number not in left:
                continue
            before = number != head and not left.isdisjoint(self.behind[number])
            after = any(to in left and to != head for to in self.ahead[number])
            if not (before and after):
                left.discard(number)
                waiting.extend(self.ahead[number])
                waiting.extend(self.behind[number])
        return left

    def _from(
        self, start: int, ways: dict[int, list[int]], inside: set[int], head: int | None
    ) -> set[int]:
        """What can be come to along ``ways``; the head is in no part of its own loop."""
        found, waiting = {start}, [start]
        while waiting:
            for to in ways[waiting.pop()]:
                if to in inside and to != head and to not in found:
                    found.add(to)
                    waiting.append(to)
        return found

    def _head(self, part: set[int], entries: list[int]) -> int:
        """The outermost loop statement around an entry, or else the first entry in the text."""
        # Points are numbered as the text goes.
        begins = {n: s for n in part if (s := self.flow.points[n].begins) is not None}
        labels = {id(begins[n]) for n in entries if n in begins}
        around = [
            n
            for n, s in begins.items()
            if isinstance(s, c.While | c.DoWhile | c.For)
            and any(id(inner) in labels for inner in walk(s))
        ]
        return min(around or entries, key=lambda n: (n not in begins, n))

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
    if start not in finite:
        _leave_rounds(loops, graph)
        finite = _reaching_exit(graph)
    after = _post_dominators(graph, finite)
    itself = 1 << finite[start] if start in finite else 0
    candidates = after.get(start, 0) & ~itself
    # Of those on all ways, the first is the one that all the others come after.
    for place, number in finite.items():
        if candidates >> number & 1 and not candidates & ~after[place]:
            return place[0]
    return -1


def meets_before(loops: Loops, branch: Point, ways: Ways, join: int) -> frozenset[int]:
    """Points before the join that two ways from the branch come to, in this round of the loops
    around it; of a loop that begins behind the branch its head alone, and nothing behind it."""
    around = loops.around(branch.number)
    counts: dict[int, int] = {}
    for first in ways(branch):
        reached: set[int] = set()
        waiting = [first]
        while waiting:
            point = waiting.pop()
            if point.number not in reached and point.number not in (join, -1, *around):
                reached.add(point.number)
                waiting += [] if point.number in loops.bodies else ways(point)
        for number in reached:
            counts[number] = counts.get(number, 0) + 1
    return frozenset(number for number, count in counts.items() if count > 1)


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


def _leave_rounds(loops: Loops, graph: dict[Place, list[Place]]) -> None:
    """Where no way from the branch ends, each is taken to end with a round of a loop: what comes
    whatever was decided does not depend on it, though the thread goes on for ever."""
    for place, targets in graph.items():
        inside = (loops.bodies.get(number, ()) for number, _ in targets)
        if any(place[0] in body for body in inside):
            targets.append(_END)


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
