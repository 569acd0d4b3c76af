"""A model's algebra made ready for the tuple encoding: the same values, cheaper to derive.

What is rewritten: ``star`` goes through the ``plus`` of its operand; ``(a ; h*)+`` is
``a ; (a | h)*``, which has no closure of a closure. Nodes keep their numbers; new ones come at the
end, so that operands may come after their users.
"""

from __future__ import annotations

from ksmcheck.cat.algebra import Algebra, Group, Node
from ksmcheck.cat.dependence import free_groups
from ksmcheck.record import Struct, replace


class Prepared(Struct):
    """``free[i]``: recursion groups open in node i. ``plus[i]``: the node i+, where there is one
    outside recursion."""

    nodes: list[Node]
    groups: tuple[Group, ...]
    free: list[frozenset[int]]
    plus: dict[int, int]

    def add(self, op: str, *args: int) -> int:
        """A new relation outside recursion."""
        self.nodes.append(Node(len(self.nodes), op, "rel", args))
        self.free.append(frozenset())
        return len(self.nodes) - 1

    def users(self, node: int) -> int:
        """How many nodes a closure is an operand of; its ``star`` stands for the star's users."""
        (step,) = self.nodes[node].args
        own = [n.id for n in self.nodes if n.op in ("plus", "star") and n.args == (step,)]
        return sum(1 for n in self.nodes if not set(own).isdisjoint(n.args))

    def closure(self, step: int) -> int:
        """The node step+."""
        known = self.plus.get(step)
        if known is None:
            known = self.plus[step] = self.add("plus", step)
            self.flatten(known)
        return known

    def flatten(self, node: int) -> None:
        """(a | a ; h+)+ becomes a | a ; (a | h)+."""
        (step,) = self.nodes[node].args
        parts = self.nodes[step]
        if parts.op != "union" or self.free[node]:
            return
        for first, second in (parts.args, parts.args[::-1]):
            chain = self.nodes[second]
            if chain.op == "seq" and chain.args[0] == first:
                inner = self.nodes[chain.args[1]]
                if inner.op == "plus":
                    either = self.add("union", first, inner.args[0])
                    rest = self.add("seq", first, self.closure(either))
                    self.nodes[node] = replace(self.nodes[node], op="union", args=(first, rest))
                    return


def prepared(algebra: Algebra) -> Prepared:
    """The algebra for the encoding; numbers of its nodes stay as they are."""
    ready = Prepared(list(algebra.nodes), algebra.groups, free_groups(algebra), {})
    for node in algebra.nodes:
        if node.op == "plus" and not ready.free[node.id]:
            ready.plus.setdefault(node.args[0], node.id)
    for node in algebra.nodes:
        if node.op == "plus":
            ready.flatten(node.id)
        elif node.op == "star" and not ready.free[node.id]:
            ready.closure(node.args[0])
    return ready
