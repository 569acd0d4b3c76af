"""Why a tuple is in a relation: the base facts of one derivation of it.

Facts are collected as bits of an integer (union is one operation): bit 0 says that the absence of
something was used that is not said in facts, bits 1..n that an event is executed, later bits are
dynamic base tuples, there or lacking, and limits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import TypeAlias

from ksmcheck.cat.algebra import Node
from ksmcheck.cat.graph import DYNAMIC, Graph, members, shape
from ksmcheck.cat.paths import shortest_path
from ksmcheck.cat.plan import Plan
from ksmcheck.cat.stages import StagedValues, Stages

Fact: TypeAlias = tuple[str, int, int]

Limit: TypeAlias = tuple[str, int, int, int, frozenset[int]]
"""What no candidate of a structure has, as an absence may rest on: (kind, node, a, b, events).

``lacks``   the pair (a, b), or the event a = b, is never in the node.
``between`` a ; b of the node goes through one of the events alone.
``from``    the node leads from a to the events alone; ``into``: to a from them alone.
``pair``    how a and b stand in what is alike in all candidates.
"""

WHOLE = 1
LACKING = "no-"
"""Before the name of a relation: the fact is that the tuple is not in it."""

_MIDPOINTS = 3


class Derivation:
    """Derivations in one candidate; each (node, tuple) is derived once.

    ``known`` holds the values of nodes outside ``let rec``, by local name of the generated code.
    ``why_not``, if set, explains absences: for a node and a tuple, facts that hold (bits) and facts
    that do not (whose events are numbered as it likes).
    """

    why_not: Callable[[int, int, int], tuple[int, Iterable[Fact]]] | None = None

    def __init__(self, plan: Plan, graph: Graph, known: dict[str, int]) -> None:
        self.plan = plan
        self.shape = shape(graph.n)
        self.values = StagedValues(plan, graph, known)
        self._values: dict[int, int] = {}
        self._n = graph.n
        self._nodes = plan.algebra.nodes
        self._facts: list[Fact | Limit] = []
        self._silent = self._noted = 0
        self._fact_bits: dict[Fact | Limit, int] = {}
        self._derived: dict[tuple[int, int, int] | tuple[int, int, int, Stages], int] = {}
        self._stable = plan.stable
        unit = 0 if "exec" in plan.fixed else 2
        self._executed = [unit << event for event in range(graph.n)]

    def why(self, i: int, a: int, b: int, stages: Stages = ()) -> int:
        """Facts that force the pair (a, b), or the event a = b, into node i, which has it."""
        if self._stable[i]:
            return self._executed[a] | self._executed[b]
        if stages:
            stages = self.values.open(i, stages)
        key = (i, a, b, stages) if stages else (i, a, b)
        found = self._derived.get(key)
        if found is None:
            node = self._nodes[i]
            found = self._derived[key] = _RULES[node.op](self, node, a, b, stages)
        return found

    def _value(self, i: int, stages: Stages) -> int:
        if stages:
            return self.values.value(i, stages)
        found = self._values.get(i)
        if found is None:
            found = self._values[i] = self.values.value(i)
        return found

    def along(self, i: int, path: Sequence[int], stages: Stages = ()) -> int:
        """Facts that force each step of a path."""
        facts = 0
        for a, b in pairwise(path):
            facts |= self.why(i, a, b, stages)
        return facts

    def cost(self, facts: int) -> int:
        """Orders derivations: without absences first, then by dynamic facts, then by events."""
        facts &= ~self._silent
        dynamic = (facts >> (self._n + 1)).bit_count()
        return ((facts & WHOLE) << 40) + (dynamic << 20) + facts.bit_count()

    def decode(self, facts: int) -> frozenset[Fact]:
        """The facts as tuples; ``exec`` for an executed event, LACKING before what is not there."""
        out: list[Fact] = []
        for position in members((facts & ~self._silent) >> 1):
            if position < self._n:
                out.append(("exec", position, position))
            else:
                out.append(self._facts[position - self._n])  # type: ignore[arg-type]
        return frozenset(out)

    def limit(self, limit: Limit) -> int:
        """The bit of a limit. Such bits say nothing of the candidate and cost nothing."""
        bit = self._bit(limit)
        self._silent |= bit
        return bit

    def limits(self, facts: int) -> frozenset[Limit]:
        """The limits among the facts."""
        found = members((facts & self._silent & ~self._noted) >> (1 + self._n))
        return frozenset([self._facts[k] for k in found])  # type: ignore[misc]

    def loud(self, facts: int) -> int:
        """The facts without limits."""
        return facts & ~self._silent

    def _least(self, choices: list[int]) -> int:
        return choices[0] if len(choices) == 1 else min(choices, key=self.cost)

    # -- one rule an operator

    def _base(self, node: Node, a: int, b: int, stages: Stages) -> int:
        facts = self._executed[a] | self._executed[b]
        if node.sort == "rel" and node.name in DYNAMIC and node.name not in self.plan.fixed:
            facts |= self._bit((node.name, a, b))
        return facts

    def _exists(self, node: Node, a: int, b: int, stages: Stages) -> int:
        return self._executed[a] | self._executed[b]

    def _union(self, node: Node, a: int, b: int, stages: Stages) -> int:
        at = a if node.sort == "set" else a * self._n + b
        still, value, loud = self.plan.still, self._value, []
        for x in self.plan.parts[node.id]:
            if value(x, stages) >> at & 1:
                if still[x]:
                    # What no dynamic fact is needed for costs least; which such derivation is no
                    # matter.
                    return self.why(x, a, b, stages)
                loud.append(x)
        return self._least([self.why(x, a, b, stages) for x in loud])

    def _inter(self, node: Node, a: int, b: int, stages: Stages) -> int:
        facts = 0
        for x in self.plan.parts[node.id]:
            facts |= self.why(x, a, b, stages)
        return facts

    def _diff(self, node: Node, a: int, b: int, stages: Stages) -> int:
        kept, cut = node.args
        return self.why(kept, a, b, stages) | self._absent(cut, a, b)

    def _complement(self, node: Node, a: int, b: int, stages: Stages) -> int:
        return self._executed[a] | self._executed[b] | self._absent(node.args[0], a, b)

    def _absent(self, i: int, a: int, b: int) -> int:
        if self.plan.stable[i]:
            return 0
        if self.why_not is None:
            return WHOLE
        facts, lacking = self.why_not(i, a, b)
        for name, x, y in sorted(lacking):
            facts |= self._bit((LACKING + name, x, y))
        return facts

    def _bit(self, fact: Fact | Limit) -> int:
        bit = self._fact_bits.get(fact)
        if bit is None:
            bit = self._fact_bits[fact] = 2 << (self._n + len(self._facts))
            self._facts.append(fact)
        return bit

    def _inverse(self, node: Node, a: int, b: int, stages: Stages) -> int:
        return self.why(node.args[0], b, a, stages)

    def _identity(self, node: Node, a: int, b: int, stages: Stages) -> int:
        return self.why(node.args[0], a, a, stages)

    def _product(self, node: Node, a: int, b: int, stages: Stages) -> int:
        left, right = node.args
        return self.why(left, a, a, stages) | self.why(right, b, b, stages)

    def _seq(self, node: Node, a: int, b: int, stages: Stages) -> int:
        left, right = node.args
        n, tails = self._n, self._value(right, stages) >> b
        row = (self._value(left, stages) >> (a * n)) & self.shape.row
        most = 1 if self.plan.still[node.id] else _MIDPOINTS
        found, why = [], self.why
        for m in members(row):
            if tails >> (m * n) & 1:
                found.append(why(left, a, m, stages) | why(right, m, b, stages))
                if len(found) == most:
                    break
        return self._least(found)

    def _plus(self, node: Node, a: int, b: int, stages: Stages) -> int:
        operand = node.args[0]
        path = shortest_path(self._value(operand, stages), a, b, self.shape)
        assert path is not None
        return self.along(operand, path, stages)

    def _star(self, node: Node, a: int, b: int, stages: Stages) -> int:
        return self._executed[a] if a == b else self._plus(node, a, b, stages)

    def _opt(self, node: Node, a: int, b: int, stages: Stages) -> int:
        return self._executed[a] if a == b else self.why(node.args[0], a, b, stages)

    def _domain(self, node: Node, a: int, b: int, stages: Stages) -> int:
        operand = node.args[0]
        row = (self._value(operand, stages) >> (a * self._n)) & self.shape.row
        targets = members(row)[:_MIDPOINTS]
        return self._least([self.why(operand, a, t, stages) for t in targets])

    def _range(self, node: Node, a: int, b: int, stages: Stages) -> int:
        operand, n = node.args[0], self._n
        column = self._value(operand, stages) >> a
        sources = [e for e in range(n) if column >> (e * n) & 1][:_MIDPOINTS]
        return self._least([self.why(operand, e, a, stages) for e in sources])

    def _recursive(self, node: Node, a: int, b: int, stages: Stages) -> int:
        """A tuple of a recursion variable: derived at the stage that first has it, from the
        stage before, so that the derivation ends."""
        group = self.plan.groups[node.group]
        if not group.monotone:
            return WHOLE
        outer = tuple([x for x in stages if x[0] != node.group])
        history = self.values.history(node.group, outer)
        at = a if node.sort == "set" else a * self._n + b
        first = next(k for k, now in enumerate(history) if now[node.index] >> at & 1)
        return self.why(group.bodies[node.index], a, b, (*outer, (node.group, first - 1)))


_RULES: dict[str, Callable[[Derivation, Node, int, int, Stages], int]] = {
    "base": Derivation._base,
    "universe": Derivation._exists,
    "id": Derivation._exists,
    "union": Derivation._union,
    "inter": Derivation._inter,
    "diff": Derivation._diff,
    "complement": Derivation._complement,
    "inverse": Derivation._inverse,
    "identity": Derivation._identity,
    "product": Derivation._product,
    "seq": Derivation._seq,
    "plus": Derivation._plus,
    "star": Derivation._star,
    "opt": Derivation._opt,
    "domain": Derivation._domain,
    "range": Derivation._range,
    "var": Derivation._recursive,
    "fix": Derivation._recursive,
}
