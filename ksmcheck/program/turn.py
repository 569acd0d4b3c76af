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

    for (;;) {
            if (cmpxchg(&prev->next, node, NULL) == node)
                    break;
            if (smp_load_acquire(&node->locked))
                    return;
            prev = READ_ONCE(node->prev);
    }

Here ``prev`` is carried from each iteration into the next, but in front of its read it is not: that
is where the loop is made to begin. What comes before that is there once more, for the first time
round, and so is done as often as before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ksmcheck.program.fold import registers
from ksmcheck.program.graph import Forget, Fork, Goto, Graph, Node, Stop, Touch
from ksmcheck.program.ir import Set
from ksmcheck.program.liveness import (
    assigned,
    live_at_entries,
    live_before,
)
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
    at_end = frozenset(outputs)
    while True:
        spots = loop_nest(graph)
        loops = {loop: None for spot in spots.values() for loop in spot.loops}
        if not loops:
            return Nest(spots, {})
        live = live_at_entries(graph, at_end)
        if any(_turned(graph, loop, live) for loop in loops):
            continue
        innermost = [loop for loop in loops if not _holds_loops(loop, spots)]
        if not any(_peeled(graph, loop, live, at_end) for loop in innermost):
            return Nest(spots, live)


def _turned(graph: Graph, loop: Loop, live: Mapping[int, frozenset[str]]) -> bool:
    """Turns the loop round if that makes its iterations change nothing; whether it did."""
    changed = _carried(graph, loop, live)
    if not changed:
        return False
    tests, body = _head(graph, loop)
    if body is None or body.loop is not None or changed & live[body.id]:
        return False
    _begin_behind(graph, loop, tests, body)
    return True


def _carried(graph: Graph, loop: Loop, live: Mapping[int, frozenset[str]]) -> set[str]:
    """What the loop changes, if some of it is carried from one iteration into the next; nothing
    for a loop that has to stay as it is."""
    if not loop.single or loop.bound is not None or loop.head is graph.entry:
        return set()
    inside = _inside(graph, loop)
    changed = {target for node in inside for step in node.steps if (target := assigned(step))}
    return changed if changed & live[loop.head.id] else set()


def _inside(graph: Graph, loop: Loop) -> list[Node]:
    return [n for n in graph.nodes if n.id in loop.nodes]


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
        return Fork(end.condition, then, otherwise, end.origin, end.leaves)
    return end


# A loop that begins further on.


def _holds_loops(loop: Loop, spots: Mapping[int, Spot]) -> bool:
    return any(spots[node].loops[-1] is not loop for node in loop.nodes)


def _peeled(
    graph: Graph, loop: Loop, live: Mapping[int, frozenset[str]], at_end: frozenset[str]
) -> bool:
    """Makes the loop begin where it carries nothing on, if it can; whether it did."""
    changed = _carried(graph, loop, live)
    if not changed:
        return False
    for node in _inside(graph, loop):
        if node is loop.head or node.loop is not None or not _always(graph, loop, node):
            continue
        after = _after(node, live, at_end)
        for place in range(len(node.steps)):
            if not changed & live_before(node.steps[place:], after):
                _begin_at(graph, loop, _split(graph, node, place))
                return True
    return False


def _after(node: Node, live: Mapping[int, frozenset[str]], at_end: frozenset[str]) -> set[str]:
    """The registers live behind a node's steps."""
    if isinstance(node.end, Stop):
        return set(at_end)
    tested = set(registers(node.end.condition)) if isinstance(node.end, Fork) else set()
    return tested.union(*(live[following.id] for following in node.successors()))


def _always(graph: Graph, loop: Loop, node: Node) -> bool:
    """Whether each way round the loop, which holds no other, comes through the node."""
    reached = _reached(loop, loop.head, node)
    backs = [n for n in _inside(graph, loop) if loop.head in n.successors()]
    return not any(n.id in reached for n in backs)


def _reached(loop: Loop, start: Node, end: Node) -> dict[int, Node]:
    """The loop's nodes from ``start`` on that can be reached without ``end``."""
    found: dict[int, Node] = {}
    todo = [start]
    while todo:
        node = todo.pop()
        if node is not end and node.id in loop.nodes and node.id not in found:
            found[node.id] = node
            todo += node.successors()
    return found


def _split(graph: Graph, node: Node, place: int) -> Node:
    """The rest of a node from a step on, as one of its own."""
    if place == 0:
        return node
    rest = graph.node()
    rest.steps, rest.end = node.steps[place:], node.end
    node.steps, node.end = node.steps[:place], Goto(rest)
    return rest


def _begin_at(graph: Graph, loop: Loop, start: Node) -> None:
    """Who comes from outside does what is before ``start`` outside."""
    first = _reached(loop, loop.head, start)
    copies = {number: graph.node() for number in first}
    for number, node in first.items():
        copies[number].steps, copies[number].end = list(node.steps), _towards(node, copies)
    made = {copy.id for copy in copies.values()}
    into = {loop.head.id: copies[loop.head.id]}
    for node in graph.nodes:
        if node.id not in loop.nodes and node.id not in made and node is not start:
            node.end = _towards(node, into)
    start.loop, loop.head.loop = loop.head.loop, None
