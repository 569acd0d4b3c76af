"""How a tuple of a derived relation comes about: one alternative for each derivation.

A *claim* says that a tuple is in the value of a node, taken as certain from one side: a HIGH claim
is made true wherever the tuple is there (and may hold elsewhere), a LOW claim holds nowhere else
(and may fail to). What occurs on the right of a difference is claimed from the other side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ksmcheck.cat import bits
from ksmcheck.cat.algebra import Node
from ksmcheck.cat.graph import members
from ksmcheck.cat.recursion import cone
from ksmcheck.kernel.ints import BOOL
from ksmcheck.record import Struct
from ksmcheck.solve.facts import Facts, Presence
from ksmcheck.solve.gates import TRUE
from ksmcheck.solve.premises import VALUES
from ksmcheck.solve.refused import Refused
from ksmcheck.solve.tuple_algebra import Prepared
from ksmcheck.solve.tuple_bounds import Bounds

HIGH, LOW = 0, 1


class Alternative(Struct, frozen=True):
    """All of ``literals`` and of the claims ``needs``, and none of the claims ``unless``."""

    literals: tuple[int, ...] = ()
    needs: tuple[int, ...] = ()
    unless: tuple[int, ...] = ()


CERTAIN = Alternative()


class Rules:
    """The alternatives of claims, which are numbered: see ``claim``.

    Literals leave out that the tuple's own events are executed; that of a middle event is there
    unless one of the ends implies it.
    """

    def __init__(self, facts: Facts, algebra: Prepared, presence: Presence, bounds: Bounds) -> None:
        self.facts = facts
        self.algebra = algebra
        self.nodes = algebra.nodes
        self.n = presence.n
        self.bounds = bounds
        self._implied = self._split(presence.implied)
        self._may: dict[int, list[int]] = {}
        self._must: dict[int, list[int]] = {}
        self._columns: dict[int, list[int]] = {}
        self._by_steps: dict[int, bool] = {}
        self._sure_columns: dict[int, list[int]] = {}
        self._last_steps: dict[int, list[int]] = {}
        self._guards: dict[tuple[str, int, int], list[int]] = {}
        for d in facts.structure.dependencies:
            key = (d.relation, d.source, d.target)
            self._guards.setdefault(key, []).append(facts.literal(d.guard))

    def claim(self, node: int, a: int, b: int, side: int) -> int:
        """The number of the claim that (a, b), or the event a = b, is in the node."""
        return ((node * 2 + side) * self.n + a) * self.n + b

    def parts(self, claim: int) -> tuple[Node, int, int, int]:
        """Node, a, b and side of a claim."""
        rest, b = divmod(claim, self.n)
        rest, a = divmod(rest, self.n)
        return self.nodes[rest >> 1], a, b, rest & 1

    def alternatives(self, claim: int) -> list[Alternative]:
        """Every derivation that bounds leave possible."""
        node, a, b, side = self.parts(claim)
        if not self.may(node.id, a, b):
            return []
        if self.must(node.id, a, b):
            return [CERTAIN]
        if node.group in self.bounds.refused:
            name = self.algebra.groups[node.group].names[0]
            raise Refused(f"`let rec {name}` recurs through a difference of what may vary")
        return _RULES[node.op](self, node, a, b, side)

    def may(self, node: int, a: int, b: int) -> bool:
        rows = self._may.get(node)
        if rows is None:
            rows = self._may[node] = self._rows(node, 0)
        return bool(rows[a] >> b & 1)

    def must(self, node: int, a: int, b: int) -> bool:
        rows = self._must.get(node)
        if rows is None:
            rows = self._must[node] = self._rows(node, 1)
        return bool(rows[a] >> b & 1)

    def _rows(self, node: int, which: int) -> list[int]:
        value = self.bounds.of[node][which]
        if self.nodes[node].sort == "set":
            return [value & 1 << a for a in range(self.n)]
        return self._split(value)

    def _split(self, relation: int) -> list[int]:
        row = (1 << self.n) - 1
        return [relation >> (a * self.n) & row for a in range(self.n)]

    def _row(self, node: int, a: int) -> int:
        self.may(node, a, a)
        return self._may[node][a]

    def _column(self, node: int, b: int) -> int:
        columns = self._columns.get(node)
        if columns is None:
            turned = bits.transpose(self.bounds.of[node][0], self.bounds.shape)
            columns = self._columns[node] = self._split(turned)
        return columns[b]

    def _all(
        self, claims: list[tuple[int, int, int]], side: int, literals: tuple[int, ...] = ()
    ) -> list[Alternative]:
        """The alternative that needs all of these tuples (node, a, b), if that may be."""
        needs = []
        for node, a, b in claims:
            if not self.may(node, a, b):
                return []
            if not self.must(node, a, b):
                needs.append(self.claim(node, a, b, side))
        return [Alternative(literals, tuple(needs))]

    def _middle(self, a: int, m: int, b: int) -> tuple[int, ...]:
        if (self._implied[a] | self._implied[b]) >> m & 1:
            return ()
        literal = self.facts.exec[m]
        return () if literal == TRUE else (literal,)

    # One rule for each operator.

    def _base(self, node: Node, a: int, b: int, side: int) -> list[Alternative]:
        facts = self.facts
        if node.name == "rf":
            return [Alternative((facts.rf[a, b],))]
        if node.name == "co":
            return [Alternative((facts.same(a, b), facts.order(a, b)))]
        if node.name == "loc":
            return [Alternative((facts.same(a, b),))]
        if node.name == VALUES:
            return [Alternative((self._differ(a, b),))]
        return [Alternative((literal,)) for literal in self._guards[node.name, a, b]]

    def _differ(self, a: int, b: int) -> int:
        structure = self.facts.structure
        one, other = structure.events[a].value, structure.events[b].value
        assert one is not None and other is not None
        wide = one.type if one.type.width >= other.type.width else other.type
        terms = structure.terms
        sides = [terms.op("cast", wide, x) for x in (one, other)]
        return self.facts.literal(terms.op("ne", BOOL, *sides))

    def _union(self, node: Node, a: int, b: int, side: int) -> list[Alternative]:
        return [x for arg in node.args for x in self._all([(arg, a, b)], side)]

    def _inter(self, node: Node, a: int, b: int, side: int) -> list[Alternative]:
        return self._all([(arg, a, b) for arg in node.args], side)

    def _diff(self, node: Node, a: int, b: int, side: int) -> list[Alternative]:
        kept, cut = node.args
        found = self._all([(kept, a, b)], side)
        if not found or not self.may(cut, a, b):
            return found
        if self.must(cut, a, b):
            return []
        return [Alternative((), found[0].needs, (self.claim(cut, a, b, 1 - side),))]

    def _complement(self, node: Node, a: int, b: int, side: int) -> list[Alternative]:
        return [Alternative((), (), (self.claim(node.args[0], a, b, 1 - side),))]

    def _seq(self, node: Node, a: int, b: int, side: int) -> list[Alternative]:
        first, second = node.args
        if self._stepwise(node):
            (step,) = self.nodes[second].args
            last = self._step_columns(step)[b]
            return [
                *self._through(first, step, a, b, side, last),
                *self._through(node.id, step, a, b, side, last),
            ]
        return self._through(first, second, a, b, side, self._column(second, b))

    def _stepwise(self, node: Node) -> bool:
        """Whether ``a ; h+`` takes fewer derivations step by step than through the pairs of h+
        (which cost something too, unless they are needed elsewhere)."""
        known = self._by_steps.get(node.id)
        if known is None:
            first, second = node.args
            known = False
            if self.nodes[second].op == "plus" and not self.algebra.free[second]:
                (step,) = self.nodes[second].args
                steps = self.bounds.steps(step)
                pairs, start, end = (self.bounds.of[i][0] for i in (second, first, node.id))
                whole = self._compositions(start, pairs)
                if self.algebra.users(second) == 1:
                    whole += self._compositions(pairs, steps)
                known = self._compositions(start, steps) + self._compositions(end, steps) < whole
            self._by_steps[node.id] = known
        return known

    def compositions(self, roots: Iterable[int]) -> int:
        """How many pairs of tuples compose below the roots: no fewer than clauses that compose."""
        total = 0
        for i in cone(self.nodes, roots):
            node = self.nodes[i]
            if node.op == "seq" and not self._stepwise(node):
                first, second = (self.bounds.of[a][0] for a in node.args)
                total += self._compositions(first, second)
            elif node.op == "seq":
                (step,) = self.nodes[node.args[1]].args
                total += self._compositions(self.bounds.of[i][0], self.bounds.steps(step))
            elif node.op == "plus":
                steps = self.bounds.steps(node.args[0])
                total += self._compositions(self.bounds.of[i][0], steps)
        return total

    def _compositions(self, first: int, second: int) -> int:
        """How many pairs of tuples compose."""
        arriving = self._split(bits.transpose(first, self.bounds.shape))
        leaving = self._split(second)
        return sum(x.bit_count() * y.bit_count() for x, y in zip(arriving, leaving, strict=True))

    def _through(
        self, first: int, second: int, a: int, b: int, side: int, last: int
    ) -> list[Alternative]:
        """``last``: the events from which ``second`` may lead to b."""
        # The innermost loop of the encoding: what ``_all`` would say, with the bounds as rows.
        found = []
        sure_first, sure_last = self._sure_row(first, a), self._sure_column(second, b)
        head, tail = self.claim(first, a, 0, side), self.claim(second, 0, b, side)
        for m in members(self._row(first, a) & last):
            needs = () if sure_first >> m & 1 else (head + m,)
            if not sure_last >> m & 1:
                needs = (*needs, tail + m * self.n)
            found.append(Alternative(self._middle(a, m, b), needs))
        return found

    def _sure_row(self, node: int, a: int) -> int:
        self.must(node, a, a)
        return self._must[node][a]

    def _sure_column(self, node: int, b: int) -> int:
        columns = self._sure_columns.get(node)
        if columns is None:
            turned = bits.transpose(self.bounds.of[node][1], self.bounds.shape)
            columns = self._sure_columns[node] = self._split(turned)
        return columns[b]

    def _step_columns(self, step: int) -> list[int]:
        columns = self._last_steps.get(step)
        if columns is None:
            turned = bits.transpose(self.bounds.steps(step), self.bounds.shape)
            columns = self._last_steps[step] = self._split(turned)
        return columns

    def _inverse(self, node: Node, a: int, b: int, side: int) -> list[Alternative]:
        return self._all([(node.args[0], b, a)], side)

    def _opt(self, node: Node, a: int, b: int, side: int) -> list[Alternative]:
        return self._all([(node.args[0], a, b)], side)

    def _star(self, node: Node, a: int, b: int, side: int) -> list[Alternative]:
        plus = self.algebra.plus.get(node.args[0])
        if plus is not None and not self.algebra.free[node.id]:
            return self._all([(plus, a, b)], side)
        return self._plus(node, a, b, side)

    def _plus(self, node: Node, a: int, b: int, side: int) -> list[Alternative]:
        (step,) = node.args
        if self.algebra.free[node.id]:
            last = self._column(step, b)
            return [
                *self._all([(step, a, b)], side),
                *self._through(node.id, step, a, b, side, last),
            ]
        last = self._step_columns(step)[b]
        found = self._all([(step, a, b)], side) if last >> a & 1 or a == b else []
        return found + self._through(node.id, step, a, b, side, last)

    def _identity(self, node: Node, a: int, b: int, side: int) -> list[Alternative]:
        return self._all([(node.args[0], a, a)], side)

    def _product(self, node: Node, a: int, b: int, side: int) -> list[Alternative]:
        return self._all([(node.args[0], a, a), (node.args[1], b, b)], side)

    def _domain(self, node: Node, a: int, b: int, side: int) -> list[Alternative]:
        found = []
        for m in members(self._row(node.args[0], a)):
            found += self._all([(node.args[0], a, m)], side, self._middle(a, m, a))
        return found

    def _range(self, node: Node, a: int, b: int, side: int) -> list[Alternative]:
        found = []
        for m in members(self._column(node.args[0], a)):
            found += self._all([(node.args[0], m, a)], side, self._middle(a, m, a))
        return found

    def _variable(self, node: Node, a: int, b: int, side: int) -> list[Alternative]:
        body = self.algebra.groups[node.group].bodies[node.index]
        return self._all([(body, a, b)], side)


_Rule = Callable[[Rules, Node, int, int, int], list[Alternative]]
_RULES: dict[str, _Rule] = {
    "base": Rules._base,
    "union": Rules._union,
    "inter": Rules._inter,
    "diff": Rules._diff,
    "complement": Rules._complement,
    "seq": Rules._seq,
    "inverse": Rules._inverse,
    "opt": Rules._opt,
    "plus": Rules._plus,
    "star": Rules._star,
    "identity": Rules._identity,
    "product": Rules._product,
    "domain": Rules._domain,
    "range": Rules._range,
    "var": Rules._variable,
    "fix": Rules._variable,
}
