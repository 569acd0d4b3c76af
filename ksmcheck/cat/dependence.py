"""What the nodes of an algebra hang on: relations that vary, and recursion variables."""

from __future__ import annotations

from ksmcheck.cat.algebra import Algebra

VARYING = ("rf", "co")


def free_groups(algebra: Algebra) -> list[frozenset[int]]:
    """For each node, the recursion groups on whose variables it hangs, outside their ``fix``.

    A variable hangs on its own group, and on the groups around it that its definition uses.
    """
    around: dict[int, frozenset[int]] = {g.id: frozenset() for g in algebra.groups}
    while True:
        out: list[frozenset[int]] = []
        for node in algebra.nodes:
            free: frozenset[int] = frozenset()
            if node.op == "var":
                free = around[node.group] | {node.group}
            for operand in node.args:
                free |= out[operand]
            out.append(free - {node.group} if node.op == "fix" else free)
        now = {g.id: _union([out[b] for b in g.bodies]) - {g.id} for g in algebra.groups}
        if now == around:
            return out
        around = now


def _union(sets: list[frozenset[int]]) -> frozenset[int]:
    return frozenset[int]().union(*sets)


def varying_nodes(algebra: Algebra, names: tuple[str, ...] = VARYING) -> list[bool]:
    """For each node, whether it depends on a relation of these names."""
    groups: set[int] = set()
    while True:
        out = [False] * len(algebra.nodes)
        for node in algebra.nodes:
            own = node.sort == "rel" and node.name in names if node.op == "base" else False
            through = node.op == "var" and node.group in groups
            out[node.id] = own or through or any(out[a] for a in node.args)
        now = {g.id for g in algebra.groups if any(out[b] for b in g.bodies)}
        if now == groups:
            return out
        groups = now
