"""What every candidate of a test must contain and may contain, node by node; and polarity."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeAlias

from ksmcheck.cat.algebra import Check, Group, Node
from ksmcheck.cat.bits import closure, identity, product
from ksmcheck.cat.compile import CompiledCat
from ksmcheck.cat.evaluate import apply
from ksmcheck.cat.graph import Graph, Shape, shape
from ksmcheck.cat.plan import Plan, plan
from ksmcheck.cat.recursion import NEGATIVE, POSITIVE, cone, signs
from ksmcheck.record import Struct

# (may, must) as integers.
Bound: TypeAlias = tuple[int, int]


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


def bounds(compiled: CompiledCat, may: Graph, must: Graph) -> list[Bound]:
    """For each node, the tuples that some candidate may have and those that every one must have.

    Both graphs number all possible events alike. ``may`` holds the tuples that some candidate has,
    ``must`` those that every candidate has; ``must.sets["_"]`` are the events executed in every
    candidate (all, if it is missing). A variable of a recursion group has its group's value.
    """
    run = _Bounds(plan(compiled.algebra, frozenset()), may, must, shape(may.n))
    return run.all()


class _Bounds(Struct):
    plan: Plan
    may: Graph
    must: Graph
    shape: Shape

    def all(self) -> list[Bound]:
        nodes, free = self.plan.algebra.nodes, self.plan.free
        out: dict[int, Bound] = {}
        for node in nodes:
            if node.op == "fix" and node.id not in out:
                self._group(self.plan.groups[node.group], out)
            if not free[node.id]:
                out.setdefault(node.id, self._one(node, out))
        return [out.get(node.id, (0, 0)) for node in nodes]

    def _one(self, node: Node, known: dict[int, Bound]) -> Bound:
        s = self.shape
        certain = self.must.sets.get("_", s.row)
        match node.op:
            case "fix":
                return known[self.plan.groups[node.group].variables[node.index]]
            case "base":
                return self._base(node)
            case "universe":
                return s.row, certain
            case "id":
                return s.diagonal, identity(certain, s)
            case "diff":
                (may, must), (cut_may, cut_must) = known[node.args[0]], known[node.args[1]]
                if self.plan.algebra.nodes[node.args[1]].op == "id":
                    # What is cut from has the pair only if the event is there.
                    cut_must = s.diagonal
                return may & ~cut_must, must & ~cut_may
            case "complement":
                may, must = known[node.args[0]]
                if node.sort == "set":
                    return s.row & ~must, certain & ~may
                return s.full & ~must, product(certain, certain, s) & ~may
            case "star" | "opt":
                # The identity of an event is there only where the event is.
                may, must = known[node.args[0]]
                steps = closure(must, s) if node.op == "star" else must
                return apply(node, [may], s), steps | identity(certain, s)
        below = [known[a] for a in node.args]
        return apply(node, [x[0] for x in below], s), apply(node, [x[1] for x in below], s)

    def _base(self, node: Node) -> Bound:
        if node.sort == "set":
            return self.may.sets.get(node.name, 0), self.must.sets.get(node.name, 0)
        return self.may.rels.get(node.name, 0), self.must.rels.get(node.name, 0)

    def _group(self, group: Group, out: dict[int, Bound]) -> None:
        """Bounds of a recursion group and of what is inside it.

        Monotone: the least fixpoints of both bounds. Otherwise nothing better than everything
        (may) and nothing (must), unless the bounds of all that it is made of meet.
        """
        below = sorted(cone(self.plan.algebra.nodes, group.bodies))
        inside = [self.plan.algebra.nodes[i] for i in below if group.id in self.plan.free[i]]
        for node in (self.plan.algebra.nodes[i] for i in below):
            if not self.plan.free[node.id] and node.id not in out:
                out[node.id] = self._one(node, out)
        if not group.monotone and not self._exact(below, out):
            for node in inside:
                out[node.id] = (self.shape.row if node.sort == "set" else self.shape.full, 0)
            return
        for variable in group.variables:
            out[variable] = (0, 0)
        while self._round(group, out):
            pass

    def _exact(self, below: list[int], out: dict[int, Bound]) -> bool:
        leaves = [out[i] for i in below if not self.plan.free[i]]
        return all(may == must for may, must in leaves)

    def _round(self, group: Group, out: dict[int, Bound]) -> bool:
        """Each definition once, with the newest values; whether one changed."""
        changed = False
        for variable, body in zip(group.variables, group.bodies, strict=True):
            for i in sorted(cone(self.plan.algebra.nodes, [body])):
                node = self.plan.algebra.nodes[i]
                if self.plan.free[i] and node.op != "var":
                    if node.op == "fix":
                        self._group(self.plan.groups[node.group], out)
                    out[i] = self._one(node, out)
            if out[body] != out[variable]:
                out[variable], changed = out[body], True
        return changed
