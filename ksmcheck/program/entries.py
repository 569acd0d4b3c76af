"""Which round of a loop a jump into its middle belongs to.

Where the way through the loop's head and the jump meet again, they have to be in the same round,
or what follows would seem to depend on the branch that decided to jump. They may meet in the rest
of the first round, or only when the jump's way comes to the head: then what it does before belongs
to a round before the first.
"""

from __future__ import annotations

from ksmcheck.program.graph import Graph, Node


class Entries:
    """Asks a thread's graph, as it is before unrolling."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._after: dict[int, int] | None = None

    def round(self, head: Node, target: Node) -> int:
        """The round of the loop of ``head`` that begins at ``target``: 0, or -1 where every way
        on comes to the head."""
        if head is target:
            return 0
        if self._after is None:
            self._after = _post_dominators(self.graph)
        return -(self._after.get(target.id, 0) >> head.id & 1)


def _post_dominators(graph: Graph) -> dict[int, int]:
    """The nodes on every way from a node to the thread's end, itself included, for each that has
    one; bit ``n`` is the node with id ``n``."""
    everything = (1 << len(graph.nodes)) - 1
    after = dict.fromkeys(_ending(graph), everything)
    changed = True
    while changed:
        changed = False
        for node in reversed(graph.nodes):
            if node.id not in after:
                continue
            met = everything if node.successors() else 0
            for following in node.successors():
                met &= after.get(following.id, everything)
            met |= 1 << node.id
            if met != after[node.id]:
                after[node.id], changed = met, True
    return after


def _ending(graph: Graph) -> list[int]:
    """The nodes from which the thread can end."""
    before: dict[int, list[int]] = {}
    for node in graph.nodes:
        for following in node.successors():
            before.setdefault(following.id, []).append(node.id)
    found = [node.id for node in graph.nodes if not node.successors()]
    seen = set(found)
    for id in found:
        for earlier in before.get(id, ()):
            if earlier not in seen:
                seen.add(earlier)
                found.append(earlier)
    return found
