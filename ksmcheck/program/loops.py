"""The loops of a control-flow graph, of whatever shape: a forest of strongly connected parts.

After F. Bourdoncle, "Efficient chaotic iteration strategies with widenings" (1993): a loop is a
strongly connected part with one node as its head; without the edges to the head, its inner loops
are found in the same way. A loop into whose body a ``goto`` leads has the head that it would have
without, and only going round through the head counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ksmcheck.program.graph import Graph, Node
from ksmcheck.record import Struct
from ksmcheck.text import Span

UNROLL = 2
"""How often a loop goes back to its head by default: as often as a KSM scenario migrates. More
makes nested loops expensive, and where it is not enough the verdict says so."""

_OUTSIDE = -1
"""Where the thread comes from."""


class Loop(Struct, frozen=True, eq=False):
    """``nodes`` are the ids of its nodes, inner loops included.

    ``single``: entered at the head only. ``plain``: that, or all of it is one loop statement, and
    jumps lead into that. ``bound``: its own, from a pragma.
    """

    head: Node
    nodes: frozenset[int]
    single: bool
    plain: bool
    span: Span | None
    bound: int | None


class Spot(Struct, frozen=True):
    """A node's loops, outermost first, and its place in the order of each level.

    ``order[i]`` is the place of ``loops[i]`` among its siblings, ``order[-1]`` the node's own.
    """

    loops: tuple[Loop, ...]
    order: tuple[int, ...]


def loop_nest(graph: Graph) -> dict[int, Spot]:
    """Where each reachable node stands, by node id.

    On every level, edges other than those to a loop's head go from lower to higher order.
    """
    reachable = {n.id: n for n in _reachable(graph.entry)}
    before: dict[int, set[int]] = {id: set() for id in reachable}
    before[graph.entry.id].add(_OUTSIDE)
    for node in reachable.values():
        for following in node.successors():
            before[following.id].add(node.id)
    spots: dict[int, Spot] = {}
    _place(reachable, None, before, (), (), spots)
    return spots


def _reachable(entry: Node) -> Iterator[Node]:
    seen, todo = {entry.id}, [entry]
    while todo:
        node = todo.pop()
        yield node
        for following in node.successors():
            if following.id not in seen:
                seen.add(following.id)
                todo.append(following)


def _place(
    nodes: dict[int, Node],
    cut: int | None,
    before: Mapping[int, set[int]],
    loops: tuple[Loop, ...],
    order: tuple[int, ...],
    spots: dict[int, Spot],
) -> None:
    """Orders the parts of one level; edges to the level's own head, ``cut``, do not count."""
    for place, part in enumerate(_parts(nodes, cut)):
        if len(part) == 1 and not _loops_to_itself(part[0], cut):
            spots[part[0].id] = Spot(loops, (*order, place))
            continue
        loop = _loop(part, before)
        inner = {n.id: n for n in part}
        _place(inner, loop.head.id, before, (*loops, loop), (*order, place), spots)


def _loops_to_itself(node: Node, cut: int | None) -> bool:
    return node.id != cut and any(s is node for s in node.successors())


def _loop(part: list[Node], before: Mapping[int, set[int]]) -> Loop:
    """A jump may enter from outside of the loops around as well."""
    inside = frozenset(n.id for n in part)
    entries = [n for n in part if before[n.id] - inside]
    head = _head(part, entries)
    begin = head.loop
    span, bound = (None, None) if begin is None else (begin.span, begin.bound)
    single = entries == [head]
    marks = [n.loop for n in part if n.loop is not None]
    plain = single or (begin is not None and all(map(begin.holds, marks)))
    return Loop(head, inside, single, plain, span, bound)


def _head(part: list[Node], entries: list[Node]) -> Node:
    """Where the outermost loop statement begins that an entry stands in, or else the first entry in
    the text."""
    marks = [n.loop for n in entries if n.loop is not None]
    around = [n for n in part if n.loop is not None and any(n.loop.holds(m) for m in marks)]
    return min(around or entries, key=_place_in_text)


def _place_in_text(node: Node) -> tuple[bool, int, int]:
    begin = node.loop
    return (True, 0, node.id) if begin is None else (False, begin.place, node.id)


def _parts(nodes: dict[int, Node], cut: int | None) -> list[list[Node]]:
    """Strongly connected parts in topological order (Tarjan 1972, without recursion)."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[Node] = []
    on_stack: set[int] = set()
    found: list[list[Node]] = []
    for root in nodes.values():
        if root.id in index:
            continue
        work: list[tuple[Node, Iterator[Node]]] = []
        _open(root, nodes, cut, index, low, stack, on_stack, work)
        while work:
            node, following = work[-1]
            step = next(following, None)
            if step is None:
                work.pop()
                _close(node, work, index, low, stack, on_stack, found)
            elif step.id not in index:
                _open(step, nodes, cut, index, low, stack, on_stack, work)
            elif step.id in on_stack:
                low[node.id] = min(low[node.id], index[step.id])
    return found[::-1]


def _open(
    node: Node,
    nodes: dict[int, Node],
    cut: int | None,
    index: dict[int, int],
    low: dict[int, int],
    stack: list[Node],
    on_stack: set[int],
    work: list[tuple[Node, Iterator[Node]]],
) -> None:
    index[node.id] = low[node.id] = len(index)
    stack.append(node)
    on_stack.add(node.id)
    work.append((node, iter(_inside(node.successors(), nodes, cut))))


def _close(
    node: Node,
    work: list[tuple[Node, Iterator[Node]]],
    index: dict[int, int],
    low: dict[int, int],
    stack: list[Node],
    on_stack: set[int],
    found: list[list[Node]],
) -> None:
    if work:
        parent = work[-1][0]
        low[parent.id] = min(low[parent.id], low[node.id])
    if low[node.id] == index[node.id]:
        at = next(i for i in range(len(stack) - 1, -1, -1) if stack[i] is node)
        part = stack[at:]
        del stack[at:]
        on_stack.difference_update(n.id for n in part)
        found.append(part)


def _inside(successors: Iterable[Node], nodes: dict[int, Node], cut: int | None) -> list[Node]:
    return [s for s in successors if s.id in nodes and s.id != cut]
