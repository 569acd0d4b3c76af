"""Values of nodes in one candidate, also of those inside ``let rec`` at each stage of it."""

from __future__ import annotations

from typing import TypeAlias

from ksmcheck.cat.algebra import Group, Node
from ksmcheck.cat.evaluate import apply, settle
from ksmcheck.cat.graph import Graph, shape
from ksmcheck.cat.plan import Plan
from ksmcheck.cat.recursion import cone

# The stage of each open recursion group, for the nodes that hang on its variables.
Stages: TypeAlias = tuple[tuple[int, int], ...]


class StagedValues:
    """Values by node and stages; computed ones (``known``, by local name of the generated code) are
    used, others are computed when asked for."""

    def __init__(self, plan: Plan, graph: Graph, known: dict[str, int]) -> None:
        self._plan = plan
        self._graph = graph
        self._shape = shape(graph.n)
        self._known = known
        self._nodes = plan.algebra.nodes
        self._values: dict[tuple[int, Stages], int] = {}
        self._histories: dict[tuple[int, Stages], list[tuple[int, ...]]] = {}

    def value(self, i: int, stages: Stages = ()) -> int:
        """The value of a node, with recursion variables as at the given stages."""
        if not self._plan.free[i]:
            found = self._known.get(self._plan.locals[i])
            if found is not None:
                return found
        stages = self.open(i, stages)
        key = (i, stages)
        found = self._values.get(key)
        if found is None:
            found = self._values[key] = self._compute(self._nodes[i], stages)
        return found

    def open(self, i: int, stages: Stages) -> Stages:
        """The part of the stages that a node hangs on."""
        free = self._plan.free[i]
        return tuple([x for x in stages if x[0] in free]) if free else ()

    def history(self, group: int, outer: Stages) -> list[tuple[int, ...]]:
        """The values of a group's variables at each stage, from empty to the last; only the last
        if the group is not monotone."""
        key = (group, outer)
        found = self._histories.get(key)
        if found is None:
            whole = self._plan.groups[group]
            found = self._histories[key] = []
            if whole.monotone:
                self._iterate(whole, outer, found)
            else:
                found.append(self._settled(whole, outer))
        return found

    def _iterate(self, group: Group, outer: Stages, history: list[tuple[int, ...]]) -> None:
        history.append((0,) * len(group.bodies))
        while True:
            stages = (*outer, (group.id, len(history) - 1))
            new = tuple([self.value(body, stages) for body in group.bodies])
            if new == history[-1]:
                return
            history.append(new)

    def _settled(self, group: Group, outer: Stages) -> tuple[int, ...]:
        below = sorted(cone(self._nodes, group.bodies))
        inside = [self._nodes[i] for i in below if group.id in self._plan.free[i]]
        return settle(group, inside, lambda i: self.value(i, outer), self._shape)

    def _compute(self, node: Node, stages: Stages) -> int:
        if node.op == "base":
            table = self._graph.sets if node.sort == "set" else self._graph.rels
            return table.get(node.name, 0)
        if node.op == "var":
            outer = tuple([x for x in stages if x[0] != node.group])
            return self.history(node.group, outer)[dict(stages)[node.group]][node.index]
        if node.op == "fix":
            return self.history(node.group, stages)[-1][node.index]
        return apply(node, [self.value(a, stages) for a in node.args], self._shape)
