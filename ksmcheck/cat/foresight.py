"""Reasons against what a candidate does not do: other sources of reads and other coherence orders
that would violate the same requirement.

A candidate that is inconsistent shows one way to be so. With the rest of it as it is, other tuples
of rf and co would do the same; to learn that at once saves meeting each of them. A derivation is an
implication whether its facts hold or not, so what is derived here is as sound as any reason.

But a reason that speaks of two sources of one read, or of both orders of two writes, forbids
nothing: the way that closes a cycle with such a tuple must not rest on what the tuple takes the
place of.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from ksmcheck.cat.absence import Absence, Scope
from ksmcheck.cat.bits import closure, transpose
from ksmcheck.cat.derive import WHOLE, Derivation
from ksmcheck.cat.graph import Graph, members, shape
from ksmcheck.cat.paths import shortest_path
from ksmcheck.cat.plan import Plan
from ksmcheck.cat.reasons import Reason
from ksmcheck.cat.trace import idle

Tuple = tuple[int, int]


class Foresight:
    """The violations of one check that are near a candidate.

    ``values`` are those of the generated code for the candidate, ``might`` what rf and co may have
    with the same executed events and addresses.
    """

    def __init__(
        self,
        plan: Plan,
        number: int,
        graph: Graph,
        values: Mapping[str, int],
        might: Mapping[str, int],
        scope: Scope | None = None,
    ) -> None:
        self._plan = plan
        self._graph, self._might = graph, might
        self._check, self._root = plan.algebra.checks[number], plan.algebra.roots[number]
        self._shape = shape(graph.n)
        self._actual = Derivation(plan, graph, dict(values))
        self._imagined: dict[str, int] = {}
        value = self._actual.values.value
        self._now = value(self._root)
        whole = self._imagine(self._root)
        self._derivation = Derivation(plan, graph, {**values, **self._imagined})
        self._absence = None if scope is None else Absence(self._derivation, scope).help()
        self._more = whole & ~self._now

    def tuples(self) -> list[Tuple]:
        """Tuples that the check's relation might have, each of which would violate it."""
        if self._check.negated or self._plan.algebra.nodes[self._root].sort == "set":
            return []
        more, s = self._more, self._shape
        if self._check.kind == "irreflexive":
            more &= s.diagonal
        elif self._check.kind == "acyclic" and more:
            more &= s.diagonal | transpose(self._paths, s)
        return [divmod(position, s.n) for position in members(more)]

    def reason(self, pair: Tuple) -> Reason | None:
        """What forbids one of these tuples; None if it can not be said in facts, or if no candidate
        has the facts anyway."""
        try:
            bits = self._facts(*pair)
        except RecursionError:  # a derivation through very many stages of a `let rec`
            return None
        if bits is None or bits & WHOLE:
            return None
        facts = self._derivation.decode(bits)
        return None if idle(facts) else Reason(facts, False, self._derivation.limits(bits))

    @cached_property
    def _paths(self) -> int:
        return closure(self._now, self._shape)

    def _facts(self, a: int, b: int) -> int | None:
        if self._check.kind != "acyclic" or a == b:
            return self._derivation.why(self._root, a, b)
        steps = self._beside(a, b)
        n, row, ends = self._shape.n, self._shape.row, 0
        first = steps >> (b * n) & row
        for event in members(first):
            ends |= self._paths >> (event * n)
        path = shortest_path(steps, b, a, self._shape) if (ends | first) >> a & 1 else None
        if path is None:
            return None
        return self._derivation.why(self._root, a, b) | self._derivation.along(self._root, path)

    def _beside(self, a: int, b: int) -> int:
        """The check's relation without what the candidate has instead of (a, b): the writes after
        the source that b has now; or b before a, also for the reads of b. Pairs that are there for
        another reason as well are left out with them: less is foreseen then."""
        n, row, steps = self._shape.n, self._shape.row, self._now
        rf, co = (self._graph.rels.get(name, 0) for name in ("rf", "co"))
        if self._might.get("rf", 0) >> (a * n + b) & 1:
            source = next((w for w in range(n) if rf >> (w * n + b) & 1), None)
            return steps if source is None else steps & ~((co >> (source * n) & row) << (b * n))
        for event in (b, *members(rf >> (b * n) & row)):
            steps &= ~(1 << (event * n + a))
        return steps

    def _imagine(self, i: int) -> int:
        """A node's value with all that rf and co might have, as far as it hangs on single tuples
        of them."""
        node = self._plan.algebra.nodes[i]
        if node.op == "base" and node.name in self._might:
            value = self._might[node.name]
        elif node.op == "union":
            value = 0
            for arg in node.args:
                value |= self._imagine(arg)
        elif node.op == "inter":
            value = self._imagine(node.args[0]) & self._imagine(node.args[1])
        elif node.op == "diff" and self._plan.stable[node.args[1]]:
            value = self._imagine(node.args[0]) & ~self._actual.values.value(node.args[1])
        else:
            return self._actual.values.value(i)
        self._imagined[self._plan.locals[i]] = value
        return value
