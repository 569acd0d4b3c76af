"""The typed algebra of a model: a hash-consed graph of set and relation expressions.

Equal expressions are one node, so that a definition used ten times is evaluated once. Nodes are
numbered so that a node comes after its operands, except that a recursion variable stands for the
body of its group, which comes later.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from ksmcheck.record import Struct, field
from ksmcheck.text import Span

Sort: TypeAlias = Literal["set", "rel"]

# op -> operand sorts; `*` takes its sort from the operands (both alike).
OPERATORS: dict[str, tuple[str, ...]] = {
    "base": (),  # a set or relation of the candidate, by name
    "universe": (),  # the set of all events
    "empty": (),
    "id": (),
    "union": ("*", "*"),
    "inter": ("*", "*"),
    "diff": ("*", "*"),
    "complement": ("*",),
    "seq": ("rel", "rel"),
    "inverse": ("rel",),
    "plus": ("rel",),
    "star": ("rel",),
    "opt": ("rel",),
    "identity": ("set",),
    "product": ("set", "set"),
    "domain": ("rel",),
    "range": ("rel",),
    "var": (),  # a variable of a recursion group
    "fix": (),  # its value: component `index` of the group's least fixpoint
}


class Node(Struct, frozen=True):
    """``name`` for op ``base``; ``group`` and ``index`` for ``var`` and ``fix``."""

    id: int
    op: str
    sort: Sort
    args: tuple[int, ...] = ()
    name: str = ""
    group: int = -1
    index: int = 0


class Group(Struct, frozen=True):
    """``let rec``: ``variables[i]`` is the node of the variable, ``bodies[i]`` of its definition.

    The value is what iteration from empty settles on, each definition in turn seeing the newest
    values of those before it. That is the least fixpoint if ``monotone``.
    """

    id: int
    names: tuple[str, ...]
    variables: tuple[int, ...]
    bodies: tuple[int, ...]
    monotone: bool
    span: Span


_ADVICE = frozenset(("mixed-accesses", "Assuming-common-inner-shareable-domain"))
"""Flags that advise (tools/memory-model/linux-kernel.cat of 6.12: plain and marked accesses in one
region; herd7's aarch64.cat: barriers for one domain)."""


USE_AFTER_FREE = "use-after-free"
"""The flag that no execution of a program raises which frees nothing."""


class Check(Struct, frozen=True):
    """One requirement of a model, or one ``flag``.

    The condition is ``acyclic``, ``irreflexive`` or ``empty`` of the expression, or its negation if
    ``negated``. A requirement is violated where its condition fails; a flag is raised where its
    condition holds.
    """

    name: str
    kind: str
    negated: bool
    flag: bool
    span: Span

    @property
    def forfeits(self) -> bool:
        """Whether it is a flag that ends the model's guarantees, and means undefined behaviour."""
        return self.flag and self.name not in _ADVICE

    def asks(self, *, frees: bool) -> bool:
        """Whether a program that frees memory, or does not, may raise it as a flag."""
        return self.flag and (frees or self.name != USE_AFTER_FREE)


class Algebra(Struct, frozen=True):
    """``roots[i]`` is the node that ``checks[i]`` is about.

    Only what the checks are made of is there. ``names`` are the nodes among it that the file's own
    statements name, in order; a name may come again, with the node of its newer definition.
    """

    nodes: tuple[Node, ...]
    groups: tuple[Group, ...]
    checks: tuple[Check, ...]
    roots: tuple[int, ...]
    names: tuple[tuple[str, int], ...] = ()

    def bases(self) -> frozenset[tuple[Sort, str]]:
        """The sets and relations of a candidate that the model reads."""
        return frozenset((n.sort, n.name) for n in self.nodes if n.op == "base")


class AlgebraBuilder(Struct):
    """Makes nodes; equal ones once. Operands are node numbers, of sorts already checked."""

    nodes: list[Node] = field(default_factory=list)
    groups: list[Group | None] = field(default_factory=list)
    known: dict[tuple[object, ...], int] = field(default_factory=dict)

    def sort(self, node: int) -> Sort:
        return self.nodes[node].sort

    def op(self, node: int) -> str:
        return self.nodes[node].op

    def base(self, sort: Sort, name: str) -> int:
        return self._node("base", sort, name=name)

    def constant(self, op: str, sort: Sort) -> int:
        """``universe`` (a set), ``id`` (a relation) or ``empty``."""
        return self._node(op, sort)

    def union(self, a: int, b: int) -> int:
        if a == b or self.op(b) == "empty":
            return a
        return b if self.op(a) == "empty" else self._node("union", self.sort(a), (a, b))

    def inter(self, a: int, b: int) -> int:
        if a == b or self._is_full(b) or self.op(a) == "empty":
            return a
        if self._is_full(a) or self.op(b) == "empty":
            return b
        return self._node("inter", self.sort(a), (a, b))

    def diff(self, a: int, b: int) -> int:
        if a == b:
            return self.constant("empty", self.sort(a))
        if "empty" in (self.op(a), self.op(b)):
            return a
        return self._node("diff", self.sort(a), (a, b))

    def complement(self, a: int) -> int:
        return self._node("complement", self.sort(a), (a,))

    def seq(self, a: int, b: int) -> int:
        """a ; b. With ``[S]`` on a side it is a restriction, which needs no composition."""
        left, right = self.nodes[a], self.nodes[b]
        if left.op == "empty" or right.op == "id":
            return a
        if right.op == "empty" or left.op == "id":
            return b
        everything = self.constant("universe", "set")
        if left.op == "identity":
            return self.inter(b, self.product(left.args[0], everything))
        if right.op == "identity":
            return self.inter(a, self.product(everything, right.args[0]))
        if left.op in ("opt", "star"):
            # Shorter to compose: most columns of a? are those of the identity.
            inner = left.args[0] if left.op == "opt" else self._node("plus", "rel", left.args)
            return self.union(b, self.seq(inner, b))
        if right.op in ("opt", "star"):
            inner = right.args[0] if right.op == "opt" else self._node("plus", "rel", right.args)
            return self.union(a, self.seq(a, inner))
        return self._node("seq", "rel", (a, b))

    def inverse(self, a: int) -> int:
        node = self.nodes[a]
        if node.op == "inverse":
            return node.args[0]
        return a if node.op in ("id", "empty", "identity") else self._node("inverse", "rel", (a,))

    def unary(self, op: str, a: int) -> int:
        """``plus``, ``star``, ``opt``, ``identity``, ``domain`` or ``range`` of a."""
        return self._node(op, "set" if op in ("domain", "range") else "rel", (a,))

    def product(self, a: int, b: int) -> int:
        if "empty" in (self.op(a), self.op(b)):
            return self.constant("empty", "rel")
        return self._node("product", "rel", (a, b))

    def open_group(self, sorts: tuple[Sort, ...]) -> tuple[int, tuple[int, ...]]:
        """A new recursion group: its number and the nodes of its variables."""
        group = len(self.groups)
        self.groups.append(None)
        variables = tuple(
            self._node("var", sort, group=group, index=i) for i, sort in enumerate(sorts)
        )
        return group, variables

    def close_group(self, group: Group) -> tuple[int, ...]:
        """The nodes of the values of a group whose bodies are now known."""
        self.groups[group.id] = group
        return tuple(
            self._node("fix", self.sort(v), group.bodies, group=group.id, index=i)
            for i, v in enumerate(group.variables)
        )

    def _is_full(self, a: int) -> bool:
        node = self.nodes[a]
        if node.op == "product":
            return all(self.op(x) == "universe" for x in node.args)
        return node.op == "universe"

    def _node(
        self,
        op: str,
        sort: Sort,
        args: tuple[int, ...] = (),
        name: str = "",
        group: int = -1,
        index: int = 0,
    ) -> int:
        key = (op, sort, args, name, group, index)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = len(self.nodes)
            self.nodes.append(Node(found, op, sort, args, name, group, index))
        return found
