"""Which branches may leave a loop that does something in its rounds.

All that comes after such a loop waits for them, though it is executed whichever way they go: the
thread may as well stay in the loop (``program.leaving`` says why a compiler keeps that).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ksmcheck.execution.bodies import Body
from ksmcheck.execution.flow import Point
from ksmcheck.program.tree import Tree, walk
from ksmcheck.record import Struct, field
from ksmcheck.syntax import c_ast as c


class Leaving(Struct):
    """Of the functions of one program: ``function`` gives that of a name, ``acts`` tells which
    other names are of primitives. ``asked`` are the functions that were looked into."""

    function: Callable[[str], c.Function | None]
    acts: Callable[[str], bool]
    asked: dict[int, c.Function] = field(default_factory=dict)
    _known: dict[tuple[int, int], bool] = field(default_factory=dict)

    def leaves(self, body: Body, point: Point) -> bool:
        """Whether one way from the point is out of such a loop, and another is not."""
        heads = body.loops.around(point.number)
        if not heads:
            return False
        key = id(body), point.number
        if key not in self._known:
            self._known[key] = any(self._leaves(body, point, head) for head in heads)
        return self._known[key]

    def _leaves(self, body: Body, point: Point, head: int) -> bool:
        inside = body.loops.bodies[head]
        if len({way.number in inside for way in point.next}) < 2:
            return False
        items = (body.flow.points[number].item for number in inside)
        return self._does_something(item for item in items if item is not None)

    def _does_something(self, trees: Iterable[Tree]) -> bool:
        """Whether a primitive is called in them, or in a function that is called there. A pointer
        to a function may lead to one."""
        todo, seen = list(trees), set[int]()
        while todo:
            for node in walk(todo.pop()):
                if isinstance(node, c.PointerCall):
                    return True
                if not isinstance(node, c.Call):
                    continue
                function = self.function(node.callee.name)
                if function is None and self.acts(node.callee.name):
                    return True
                if function is not None and id(function) not in seen:
                    seen.add(id(function))
                    self.asked[id(function)] = function
                    todo.append(function)
        return False
