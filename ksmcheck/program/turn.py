"""Loops that test what they have read before, turned round.

    val = READ_ONCE(*p);
    while (!val) {
            cpu_relax();
            val = READ_ONCE(*p);
    }

At the loop's head ``val`` is live, and an iteration changes it; behind the test it is not, as it is
read anew. With the test once more in front of the loop, the loop begins behind the test, and is
seen to wait (``liveness.repeats``). The thread does what it did: no step that another thread or the
checker could see is moved or doubled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ksmcheck.program.graph import Forget, Fork, Goto, Graph, Node, Stop, Touch
from ksmcheck.program.ir import Set
from ksmcheck.program.liveness import assigned, live_at_entries
from ksmcheck.program.loops import Loop, Spot, loop_nest
from ksmcheck.record import Struct


class Nest(Struct, frozen=True):
    """``spots`` are the loops around each node, ``live`` the registers live at the nodes' entries
    (empty where there is no loop)."""

    spots: Mapping[int, Spot]
    live: Mapping[int, frozenset[str]]


def nest_of(graph: Graph, outputs: Iterable[str]) -> Nest:
    """The loops of a thread, some of which are turned round for that."""
    line = graph.line()
    if line is not None:
        return Nest({node.id: Spot((), (place,)) for place, node in enumerate(line)}, {})
    registers = frozenset(outputs)
    while True:
        spots = loop_nest(graph)
        loops = {loop: None for spot in spots.values() for loop in spot.loops}
        if not loops:
            return Nest(spots, {})
        live = live_at_entries(graph, registers)
        if not any(_turned(graph, loop, live) for loop in loops):
            return Nest(spots, live)


def _turned(graph: Graph, loop: Loop, live: Mapping[int, frozenset[str]]) -> bool:
    """Turns the loop round if that makes its iterations change nothing; whether it did."""
    inside = [n for n in graph.nodes if n.id in loop.nodes]
    changed = {target for node in inside for step in node.steps if (target := assigned(step))}
    if not loop.single or loop.bound is not None or loop.head is graph.entry:
        return False
    if not changed & live[loop.head.id]:
        return False
    tests, body = _head(graph, loop)
    if body is None or body.loop is not None or changed & live[body.id]:
        return False
    _begin_behind(graph, loop, tests, body)
    return True


def _head(graph: Graph, loop: Loop) -> tuple[list[Node], Node | None]:
    """The tests that a loop begins with, and what follows them; None where that is not one node
    which nothing else leads to."""
    before: dict[int, set[int]] = {}
    for node in graph.nodes:
        for following in node.successors():
            before.setdefault(following.id, set()).add(node.id)
    tests: list[Node] = []
    node = loop.head
    while _leaves(node, loop):
        tests.append(node)
        known = {t.id for t in tests}
        (following,) = (n for n in node.successors() if n.id in loop.nodes)
        if not before[following.id] <= known:
            return tests, None
        node = following
    return tests, node if tests else None


def _leaves(node: Node, loop: Loop) -> bool:
    """Whether all that a node does is to ask if the loop ends."""
    if not isinstance(node.end, Fork):
        return False
    stays = [n.id in loop.nodes for n in node.successors()]
    return sum(stays) == 1 and all(isinstance(s, Set | Touch | Forget) for s in node.steps)


def _begin_behind(graph: Graph, loop: Loop, tests: list[Node], body: Node) -> None:
    """Who comes from outside makes the tests outside."""
    copies = {test.id: graph.node() for test in tests}
    for test in tests:
        copy = copies[test.id]
        copy.steps, copy.end = list(test.steps), _towards(test, copies)
    for node in graph.nodes:
        if node.id not in loop.nodes and node.id not in {c.id for c in copies.values()}:
            node.end = _towards(node, {loop.head.id: copies[loop.head.id]})
    body.loop, loop.head.loop = loop.head.loop, None


def _towards(node: Node, others: Mapping[int, Node]) -> Goto | Fork | Stop:
    """The end of a node, with other nodes in the place of some."""
    end = node.end
    if isinstance(end, Goto):
        return Goto(others.get(end.target.id, end.target))
    if isinstance(end, Fork):
        then, otherwise = (others.get(n.id, n) for n in node.successors())
        return Fork(end.condition, then, otherwise, end.origin)
    return end
