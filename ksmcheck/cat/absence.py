"""Why a tuple is *not* in a relation of one candidate, as facts that other candidates can share.

The counterpart of ``derive``: there a derivation shows that a tuple is in, here it is shown that
every way to derive it fails. What no candidate can contain needs no reason (``may``). Absences from
a ``let rec`` are not explained: they are certain for this candidate alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from weakref import WeakMethod

from ksmcheck.cat.algebra import Node
from ksmcheck.cat.derive import WHOLE, Derivation, Fact, Limit
from ksmcheck.cat.graph import DYNAMIC, members
from ksmcheck.cat.trace import Tracing, idle
from ksmcheck.record import Struct

Missing = tuple[int, frozenset[Fact]]
"""Facts that hold (bits of the Derivation), and facts that do not hold, by the ids of ``Scope``."""

NOTHING: Missing = (0, frozenset())


class Scope(Struct, frozen=True):
    """All events that candidates may have: ``events[i]`` is the number there of event i of the
    graph, ``count`` how many there are, ``may(node)`` what a node may contain over them."""

    events: tuple[int, ...]
    count: int
    may: Callable[[int], int]


class Failure(Struct, frozen=True):
    """``holding`` and ``lacking`` together force the absence in any candidate. ``whole``: something
    was used that can not be said in facts, so it is certain only for this very candidate.
    ``limits``: what is needed besides of the structure.

    Events of ``holding`` are numbered as in the graph, those of ``lacking`` as in the scope; a
    lacking ("exec", m, m) says that event m is not executed.
    """

    holding: frozenset[Fact]
    lacking: frozenset[Fact]
    whole: bool
    limits: frozenset[Limit]


class Absence:
    """Reasons for absences in the candidate of one Derivation."""

    def __init__(self, derivation: Derivation, scope: Scope) -> None:
        self.d = derivation
        self.scope = scope
        self.executed = frozenset(scope.events)
        self._nodes = derivation.plan.algebra.nodes
        self._known: dict[tuple[int, int, int], Missing] = {}

    def help(self) -> Absence:
        """Lets the derivation explain absences too, for as long as this object is kept: the two
        are not to keep each other, since their values are large."""
        method = WeakMethod(self.why_not)

        def why_not(i: int, a: int, b: int) -> Missing:
            alive = method()
            assert alive is not None
            return alive(i, a, b)

        self.d.why_not = why_not
        return self

    def explain(self, node: int, a: int, b: int) -> Failure:
        """Why (a, b), or the event a = b, is not in a node that lacks it."""
        facts, lacking = self.why_not(node, a, b)
        d = self.d
        return Failure(d.decode(facts & ~WHOLE), lacking, bool(facts & WHOLE), d.limits(facts))

    def similar(self, node: int, a: int, b: int) -> Iterator[Failure]:
        """Why the tuple is lacking likewise where some read reads from something else: of one that
        is lacking because it is in what a difference takes away."""
        if not isinstance(self.d, Tracing):
            return
        cuts = self._cuts(node, a, b)
        if len(cuts) != 1:
            return
        facts, (rest, lacking) = cuts[0]
        if not rest & WHOLE:
            holding, limits = self.d.decode(rest), self.d.limits(rest)
            for others, within in self.d.similar(facts, (a, b)):
                if not idle(holding | others):
                    yield Failure(holding | others, lacking, False, limits | within)

    def _cuts(self, i: int, a: int, b: int) -> list[tuple[int, Missing]]:
        """Why the tuple is in what differences take away; each with why it is in nothing else that
        the node is made of."""
        node = self._nodes[i]
        if node.op == "union":
            parts = self.d.plan.parts[i]
            found = [(x, cut) for x in parts for cut in self._cuts(x, a, b)]
            return [
                (facts, _all([own, *(self.why_not(y, a, b) for y in parts if y != x)]))
                for x, (facts, own) in found
            ]
        if node.op == "diff":
            kept, cut = node.args
            if self.has(kept, a, b):
                return [(self.d.why(cut, a, b), NOTHING)]
            return self._cuts(kept, a, b)
        return []

    def has(self, i: int, a: int, b: int) -> bool:
        """Whether the candidate has the tuple."""
        at = a if self._nodes[i].sort == "set" else a * self.d.shape.n + b
        return bool(self.d.values.value(i) >> at & 1)

    def why_not(self, i: int, a: int, b: int) -> Missing:
        if self.d.plan.free[i]:
            return WHOLE, frozenset()
        if not self._may(i, self.scope.events[a], self.scope.events[b]):
            return self._limit("lacks", i, a, b)
        key = (i, a, b)
        found = self._known.get(key)
        if found is None:
            node = self._nodes[i]
            found = self._known[key] = _RULES[node.op](self, node, a, b)
        return found

    def _limit(
        self, kind: str, node: int, a: int, b: int, events: frozenset[int] = frozenset()
    ) -> Missing:
        own = self.scope.events
        return self.d.limit((kind, node, own[a], own[b], events)), frozenset()

    def _may(self, i: int, a: int, b: int) -> bool:
        at = a if self._nodes[i].sort == "set" else a * self.scope.count + b
        return bool(self.scope.may(i) >> at & 1)

    def _cheaper(self, choices: list[Missing]) -> Missing:
        if not choices:  # a candidate that is imagined has what the values say is lacking
            return WHOLE, frozenset()
        return min(choices, key=lambda m: (m[0] & WHOLE, self.d.cost(m[0]) + len(m[1])))

    # -- one rule an operator

    def _base(self, node: Node, a: int, b: int) -> Missing:
        if node.sort == "set" or node.name not in DYNAMIC:
            return self._limit("pair", -1, a, b)  # given the events, it is never there
        if node.name == "rf":
            n = self.d.shape.n
            column = self.d.values.value(node.id) >> b
            # One source excludes all others. (What is imagined may have several.)
            source = next((w for w in range(n) if w != a and column >> (w * n) & 1), None)
            if source is not None:
                return self.d.why(node.id, source, b), frozenset()
        events = self.scope.events
        return 0, frozenset(((node.name, events[a], events[b]),))

    def _never(self, node: Node, a: int, b: int) -> Missing:
        return NOTHING

    def _union(self, node: Node, a: int, b: int) -> Missing:
        return _all([self.why_not(x, a, b) for x in self.d.plan.parts[node.id]])

    def _inter(self, node: Node, a: int, b: int) -> Missing:
        return self._cheaper([self.why_not(x, a, b) for x in node.args if not self.has(x, a, b)])

    def _diff(self, node: Node, a: int, b: int) -> Missing:
        kept, cut = node.args
        if not self.has(kept, a, b):
            return self.why_not(kept, a, b)
        return self.d.why(cut, a, b), frozenset()

    def _complement(self, node: Node, a: int, b: int) -> Missing:
        return self.d.why(node.args[0], a, b), frozenset()

    def _inverse(self, node: Node, a: int, b: int) -> Missing:
        return self.why_not(node.args[0], b, a)

    def _identity(self, node: Node, a: int, b: int) -> Missing:
        return self.why_not(node.args[0], a, a) if a == b else NOTHING

    def _product(self, node: Node, a: int, b: int) -> Missing:
        left, right = node.args
        choices = [] if self.has(left, a, a) else [self.why_not(left, a, a)]
        if not self.has(right, b, b):
            choices.append(self.why_not(right, b, b))
        return self._cheaper(choices)

    def _opt(self, node: Node, a: int, b: int) -> Missing:
        return self.why_not(node.args[0], a, b)

    def _seq(self, node: Node, a: int, b: int) -> Missing:
        left, right = node.args
        scope, found = self.scope, []
        start, end = scope.events[a], scope.events[b]
        row = scope.may(left) >> (start * scope.count) & ((1 << scope.count) - 1)
        tails = scope.may(right) >> end
        middle = [m for m in members(row) if tails >> (m * scope.count) & 1]
        lacking = frozenset(("exec", m, m) for m in middle if m not in self.executed)
        place = {event: i for i, event in enumerate(scope.events)}
        for m in (place[m] for m in middle if m in self.executed):
            choices = [] if self.has(left, a, m) else [self.why_not(left, a, m)]
            if not self.has(right, m, b):
                choices.append(self.why_not(right, m, b))
            found.append(self._cheaper(choices))
        found.append(self._limit("between", node.id, a, b, frozenset(middle)))
        facts, more = _all(found)
        return facts, more | lacking

    def _closure(self, node: Node, a: int, b: int) -> Missing:
        """Nothing leads from what a reaches to the rest."""
        operand, scope = node.args[0], self.scope
        n = self.d.shape.n
        value, mask = self.d.values.value(operand), (1 << n) - 1
        reached, todo = {a}, [a]
        while todo:
            for target in members(value >> (todo.pop() * n) & mask):
                if target not in reached:
                    reached.add(target)
                    todo.append(target)
        found: list[Missing] = []
        lacking = set()
        place = {event: i for i, event in enumerate(scope.events)}
        for x in reached:
            row = scope.may(operand) >> (scope.events[x] * scope.count) & ((1 << scope.count) - 1)
            for event in members(row):
                y = place.get(event)
                if y is None:
                    lacking.add(("exec", event, event))
                elif y not in reached or (y == a == b):
                    found.append(self.why_not(operand, x, y))
            found.append(self._limit("from", operand, x, x, frozenset(members(row))))
        facts, more = _all(found)
        return facts, more | frozenset(lacking)

    def _domain(self, node: Node, a: int, b: int) -> Missing:
        return self._ends(node, a, forward=True)

    def _range(self, node: Node, a: int, b: int) -> Missing:
        return self._ends(node, a, forward=False)

    def _ends(self, node: Node, a: int, *, forward: bool) -> Missing:
        operand, scope = node.args[0], self.scope
        found: list[Missing] = []
        lacking = set()
        place = {event: i for i, event in enumerate(scope.events)}
        here = scope.events[a]
        others = [
            event
            for event in range(scope.count)
            if self._may(operand, *((here, event) if forward else (event, here)))
        ]
        for event in others:
            other = place.get(event)
            if other is None:
                lacking.add(("exec", event, event))
            else:
                found.append(self.why_not(operand, *((a, other) if forward else (other, a))))
        found.append(self._limit("from" if forward else "into", operand, a, a, frozenset(others)))
        facts, more = _all(found)
        return facts, more | frozenset(lacking)

    def _recursive(self, node: Node, a: int, b: int) -> Missing:
        return WHOLE, frozenset()


def _all(parts: list[Missing]) -> Missing:
    facts, lacking = 0, frozenset[Fact]()
    for part in parts:
        facts |= part[0]
        lacking |= part[1]
    return facts, lacking


_RULES: dict[str, Callable[[Absence, Node, int, int], Missing]] = {
    "base": Absence._base,
    "universe": Absence._never,
    "empty": Absence._never,
    "id": Absence._never,
    "union": Absence._union,
    "inter": Absence._inter,
    "diff": Absence._diff,
    "complement": Absence._complement,
    "inverse": Absence._inverse,
    "identity": Absence._identity,
    "product": Absence._product,
    "seq": Absence._seq,
    "plus": Absence._closure,
    "star": Absence._closure,
    "opt": Absence._opt,
    "domain": Absence._domain,
    "range": Absence._range,
    "var": Absence._recursive,
    "fix": Absence._recursive,
}
