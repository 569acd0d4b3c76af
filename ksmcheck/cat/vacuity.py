"""Which nodes can have tuples at all, where some sets and relations have none.

A test without plain accesses has no data race, and one without SRCU no misuse of it: to see that
takes no candidate and no bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Sequence

from ksmcheck.cat.algebra import Algebra, Node, Sort

Base = tuple[Sort, str]
"""A set or relation of a candidate, by name."""

_IF_ALL = frozenset(("inter", "seq", "product"))
_IF_FIRST = frozenset(("diff", "inverse", "plus", "identity", "domain", "range"))
_ALWAYS = frozenset(("universe", "id", "complement", "star", "opt"))


def inhabited(
    algebra: Algebra, given: Collection[Base], empty: Container[int] = frozenset()
) -> list[bool]:
    """For each node, whether it can have a tuple in a candidate where of all sets and relations
    only those ``given`` have any, and the nodes ``empty`` have none."""
    bodies = {v: b for g in algebra.groups for v, b in zip(g.variables, g.bodies, strict=True)}
    found = [False] * len(algebra.nodes)
    while True:
        before = found.copy()
        for node in algebra.nodes:  # operands first, but for variables
            found[node.id] = node.id not in empty and _one(node, found, given, bodies)
        if found == before or not bodies:
            return found


def surely_empty(
    root: int, nodes: Sequence[Node], exact: Sequence[bool], value: Callable[[int], int]
) -> bool:
    """Whether a node is empty in every candidate of some: ``value`` gives what all of them have of
    a node where ``exact`` says so, or what any of them may have."""
    if exact[root]:
        return not value(root)
    node = nodes[root]

    def empty(operand: int) -> bool:
        return surely_empty(operand, nodes, exact, value)

    if node.op in _ALWAYS or node.op in ("base", "var", "fix"):
        return False
    if node.op in _IF_ALL:
        return any(map(empty, sorted(node.args, key=exact.__getitem__, reverse=True)))
    return empty(node.args[0]) if node.op in _IF_FIRST else all(map(empty, node.args))


def _one(node: Node, found: list[bool], given: Collection[Base], bodies: dict[int, int]) -> bool:
    if node.op == "base":
        return (node.sort, node.name) in given
    if node.op in _ALWAYS:
        return True
    if node.op == "var":
        return found[bodies[node.id]]
    if node.op == "fix":
        return found[node.args[node.index]]
    operands = [found[arg] for arg in node.args]
    if node.op in _IF_ALL:
        return all(operands)
    return operands[0] if node.op in _IF_FIRST else any(operands)
