"""What every candidate of a test must contain and may contain, node by node; and polarity."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeAlias

from ksmcheck.cat.algebra import Check, Group, Node
from ksmcheck.cat.bits import closure, codomain, compose, domain, product, transpose
from ksmcheck.cat.compile import CompiledCat
from ksmcheck.cat.evaluate import apply
from ksmcheck.cat.graph import Graph, shape
from ksmcheck.cat.recursion import NEGATIVE, POSITIVE, signs

# (may, must) as integers.
Bound: TypeAlias = tuple[int, int]
_MAY, _MUST = 0, 1


def polarity(compiled: CompiledCat, checks: Collection[Check] | None = None) -> dict[int, int]:
    """How each node occurs in the checks (all of them by default): POSITIVE, NEGATIVE or both.

    Positive: adding tuples can only make a requirement fail or a flag be raised. Nodes that occur
    in none of the checks are missing.
    """
    roots = []
    for check, root in zip(compiled.checks, compiled.algebra.roots, strict=True):
        if checks is None or check in checks:
            roots.append((root, POSITIVE if check.flag == check.negated else NEGATIVE))
    return signs(compiled.nodes, roots, compiled.algebra.groups)


def bounds(
    compiled: CompiledCat, may: Graph, must: Graph, implied: int | None = None
) -> list[Bound]:
    """For each node, its bounds as ``Bounds`` has them."""
    found = Bounds(compiled, may, must, implied)
    return [(found.may(i), found.must(i)) for i in range(len(compiled.nodes))]


class Bounds:
    """For each node, the tuples that some candidate may have and those that every one must have;
    found when first asked for, with no more of the other nodes than that takes.

    Both graphs number all possible events alike. ``may`` holds the tuples that some candidate has,
    ``must`` those that every candidate has in which their events are executed; ``must.sets["_"]``
    are the events executed in every candidate (all, if it is missing). ``implied`` has pairs (a, b)
    where b is executed whenever a is, those of one event and of certain b included (and only
    these, if it is missing). A variable of a recursion group has its group's value.

    Inside, a must is said of the candidates that have the tuple's events: what is plain of an
    access, that it is a marked one, need not hang on whether it is executed.
    """

    def __init__(
        self, compiled: CompiledCat, may: Graph, must: Graph, implied: int | None = None
    ) -> None:
        self._plan = compiled.plan()
        self._nodes = compiled.nodes
        self._graphs = (may, must)
        self._shape = s = shape(may.n)
        self._certain = must.sets.get("_", s.row)
        self._forth = product(s.row, self._certain, s) | s.diagonal if implied is None else implied
        self._back = transpose(self._forth, s)
        self._open = any(may.rels.get(name) != must.rels.get(name) for name in ("rf", "co"))
        self._internal = must.rels.get("int", s.full)
        self._known: tuple[dict[int, int], dict[int, int]] = ({}, {})

    def may(self, i: int) -> int:
        """The tuples of node i that some candidate may have."""
        return self._value(i, _MAY)

    def must(self, i: int) -> int:
        """The tuples of node i that every candidate has."""
        certain = self._certain
        if self._nodes[i].sort != "set":
            certain = product(certain, certain, self._shape)
        return self._value(i, _MUST) & certain

    def _value(self, i: int, side: int) -> int:
        if i not in self._known[side]:
            if self._plan.free[i]:
                self._all_groups()
            else:
                self._fill(i, side)
        # What is inside a group that nothing uses was not asked for by anything.
        return self._known[side].get(i, 0)

    def _fill(self, i: int, side: int) -> None:
        """A node outside of groups, and whatever it needs."""
        for node, part in self._order(i, side):
            if node not in self._known[part]:
                self._known[part][node] = self._one(node, part)

    def _order(self, i: int, side: int) -> list[tuple[int, int]]:
        """The bounds that one is made of, and itself: operands have smaller numbers."""
        found = self._plan.orders.get((i, side, self._open))
        if found is None:
            needed: set[tuple[int, int]] = set()
            todo = [(i, side)]
            while todo:
                at = todo.pop()
                if at not in needed:
                    needed.add(at)
                    todo += self._operands(*at)
            found = self._plan.orders[i, side, self._open] = sorted(needed)
        return found

    def _operands(self, i: int, side: int) -> list[tuple[int, int]]:
        node = self._nodes[i]
        if node.op == "fix":
            return [(x, s) for x in self._plan.outside[node.group] for s in (_MAY, _MUST)]
        if self._costly(node, side):
            return [(node.args[0], side)]
        turned = {"complement": 0, "diff": 1}.get(node.op, -1)
        return [(a, side ^ (place == turned)) for place, a in enumerate(node.args)]

    def _costly(self, node: Node, side: int) -> bool:
        """Whether what is certain to be cut away is found only if it may be much: what is composed
        leads from thread to thread by rf or co in the end, of which, while they are open, hardly
        any is certain."""
        cut = self._open and node.op == "diff" and node.sort == "rel" and side == _MAY
        return cut and not self._plan.pointwise[node.args[1]]

    def _one(self, i: int, side: int) -> int:
        """A node's bound from those of its operands."""
        node, s, known = self._nodes[i], self._shape, self._known
        match node.op:
            case "fix":
                group = self._plan.groups[node.group]
                variable = group.variables[node.index]
                if variable not in known[side]:
                    self._group(group)
                return known[side][variable]
            case "base":
                graph = self._graphs[side]
                return (graph.sets if node.sort == "set" else graph.rels).get(node.name, 0)
            case "universe":
                return s.row
            case "diff":
                kept, cut = node.args
                if not self._costly(node, side):
                    return known[side][kept] & ~known[1 - side][cut]
                left = known[side][kept]
                return left & ~self._value(cut, _MUST) if left & self._internal else left
            case "complement":
                everything = s.row if node.sort == "set" else s.full
                return everything & ~known[1 - side][node.args[0]]
        operands = [known[side][a] for a in node.args]
        return self._sure(node, operands) if side == _MUST else apply(node, operands, s)

    def _sure(self, node: Node, operands: list[int]) -> int:
        """Of operands that must hold where their events are executed: what is certain through an
        event between is so if that is executed because one of the ends is."""
        s = self._shape
        match node.op, operands:
            case "seq", [a, b]:
                ahead, behind = a & self._forth, b & self._back
                if ahead == a or behind == b:
                    return compose(a, b, s)
                return compose(ahead, b, s) | compose(a, behind, s)
            case (("plus" | "star"), [a]):
                ahead, behind = closure(a & self._forth, s), closure(a & self._back, s)
                paths = a | compose(ahead, a, s) | compose(a, behind, s)
                return paths | s.diagonal if node.op == "star" else paths
            case "domain", [a]:
                return domain(a & self._forth, s)
            case "range", [a]:
                return codomain(a & self._back, s)
        return apply(node, operands, s)

    def _all_groups(self) -> None:
        for node in self._nodes:
            if node.op == "fix" and not self._plan.free[node.id]:
                self._value(node.id, _MAY)

    def _group(self, group: Group) -> None:
        """Bounds of what is inside a recursion group, where those of the rest are known.

        Monotone: the least fixpoints of both bounds. Otherwise nothing better than everything
        (may) and nothing (must), unless it has one value in all candidates.
        """
        may, must = self._known
        if not group.monotone and not self._settled(group):
            self._give_up(group)
            return
        for variable in group.variables:
            may[variable] = must[variable] = 0
        seen = set[tuple[int, ...]]()
        while self._round(group):
            state = tuple([side[v] for side in self._known for v in group.variables])
            if state in seen:  # it goes round for ever; whoever evaluates it says so
                self._give_up(group)
                return
            seen.add(state)

    def _give_up(self, group: Group) -> None:
        may, must = self._known
        for i in self._plan.inside[group.id]:
            if group.id in self._plan.free[i]:
                set_ = self._nodes[i].sort == "set"
                may[i], must[i] = self._shape.row if set_ else self._shape.full, 0

    def _settled(self, group: Group) -> bool:
        """Whether all that the group is made of is the same in every candidate: not only where its
        events are executed, since others are looked at through them."""
        if any(self._known[_MAY][i] != self.must(i) for i in self._plan.outside[group.id]):
            return False
        inside = {self._nodes[i].op for i in self._plan.inside[group.id]}
        # These have something of every event that is executed.
        return self._certain == self._shape.row or inside.isdisjoint(("complement", "star", "opt"))

    def _round(self, group: Group) -> bool:
        """Each definition once, with the newest values; whether one changed."""
        changed = False
        may, must = self._known
        for variable, body in zip(group.variables, group.bodies, strict=True):
            for i in self._plan.below[body]:
                node = self._nodes[i]
                if self._plan.free[i] and node.op != "var":
                    if node.op == "fix":
                        self._group(self._plan.groups[node.group])
                    may[i], must[i] = self._one(i, _MAY), self._one(i, _MUST)
            if (may[body], must[body]) != (may[variable], must[variable]):
                may[variable], must[variable] = may[body], must[body]
                changed = True
        return changed
