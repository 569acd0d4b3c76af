"""Searching for an execution that raises a flag, and proving that there is none.

A flag ``~empty r`` is raised where some pair is in r. Each pair that may be gets a literal that
says "this is the pair"; one of them has to hold. A consistent candidate whose chosen pair is not
in r teaches why it is not (``cat.absence``), for every candidate with the same few facts: two
accesses are ordered by this barrier and that dependency, and do not race however the rest goes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from ksmcheck.cat.absence import Absence, Failure, Scope
from ksmcheck.cat.algebra import Check, Node
from ksmcheck.cat.bits import transpose
from ksmcheck.cat.compile import CompiledCat
from ksmcheck.cat.graph import DYNAMIC, Graph, members, shape
from ksmcheck.solve.base import Base
from ksmcheck.solve.concrete import Concrete, Skeleton
from ksmcheck.solve.extract import holding
from ksmcheck.solve.gates import FALSE, TRUE
from ksmcheck.solve.lemmas import View, split
from ksmcheck.solve.ranges import Reach

Clause = list[int]


def selects(check: Check, cat: CompiledCat) -> bool:
    """Whether a flag is of the kind that can be searched for pair by pair."""
    node = cat.nodes[cat.root(check)]
    return check.kind == "empty" and check.negated and node.sort == "rel"


class Necessary:
    """Literals that hold wherever a tuple is in a node: exact for the simple operators, TRUE (which
    says nothing) for closures, recursion and what a difference takes away."""

    def __init__(
        self,
        base: Base,
        cat: CompiledCat,
        concrete: Concrete,
        may: Callable[[int], int],
        count: int,
    ) -> None:
        self.base = base
        self.nodes = cat.nodes
        self.parts = cat.parts
        self.concrete = concrete
        self.may = cache(may)
        self.count = count
        self._shape = whole = shape(count)
        self._turned = cache(lambda node: transpose(may(node), whole))
        self._known: dict[tuple[int, int, int], int] = {}
        # Whether each tuple may be in a node, as text: its places are looked at many times.
        self._text = cache(lambda node: bin(may(node))[:1:-1])

    def literal(self, i: int, a: int, b: int) -> int:
        key = (i, a, b)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._literal(self.nodes[i], a, b)
        return known

    def _literal(self, node: Node, a: int, b: int) -> int:
        at = a if node.sort == "set" else a * self.count + b
        if node.op not in _SIMPLE:
            return TRUE
        if self._text(node.id)[at : at + 1] != "1":
            return FALSE
        gates, args = self.base.gates, node.args
        if node.op == "base":
            return self._base(node, a, b)
        if node.op == "union":
            return gates.any_of([self.literal(x, a, b) for x in self.parts[node.id]])
        if node.op == "inter":
            return gates.all_of([self.literal(x, a, b) for x in self.parts[node.id]])
        if node.op == "diff":
            return self.literal(args[0], a, b)
        if node.op == "inverse":
            return self.literal(args[0], b, a)
        if node.op == "opt":
            return TRUE if a == b else self.literal(args[0], a, b)
        return self._composed(args[0], args[1], a, b)

    def _base(self, node: Node, a: int, b: int) -> int:
        if node.sort == "set" or node.name not in DYNAMIC:
            return TRUE
        return self.base.gates.any_of(self.concrete.towards(node.name, a, b))

    def _composed(self, left: int, right: int, a: int, b: int) -> int:
        row = self.may(left) >> (a * self.count) & self._shape.row
        middle = row & self._turned(right) >> (b * self.count)
        if middle.bit_count() > _MIDDLES:
            return TRUE
        both, literal = self.base.gates.both, self.literal
        return self.base.gates.any_of(
            [both(literal(left, a, m), literal(right, m, b)) for m in members(middle)]
        )


_SIMPLE = frozenset(("base", "union", "inter", "diff", "inverse", "opt", "seq"))
_MIDDLES = 16

_PATIENCE = 2
"""So many consistent candidates teach nothing about what reads may read from instead (as in
``lazy``)."""


class PairSearch:
    """The pairs of one flag. ``known``: the literal under which the flag is looked for."""

    def __init__(
        self,
        base: Base,
        cat: CompiledCat,
        concrete: Concrete,
        check: Check,
        reach: Reach,
        lemmas: View | None = None,
    ) -> None:
        self.base = base
        self.cat = cat
        self.concrete = concrete
        self.root = cat.root(check)
        self.flag = cat.number(check)
        self.name = check.name
        self.lemmas = lemmas
        self.learned: dict[int, list[Clause]] = {}
        self._judged = 0
        self.count = len(base.events)
        self.may = reach.may
        self.pairs = {
            (position // self.count, position % self.count): base.gates.new()
            for position in members(self.may(self.root))
        }

    def install(self, known: int) -> None:
        """Under ``known``, some pair is the one; and what is plain to see about it holds."""
        base = self.base
        base.gates.add(-known, *self.pairs.values())
        necessary = Necessary(base, self.cat, self.concrete, self.may, self.count)
        for (a, b), chosen in self.pairs.items():
            for needed in (base.exec[a], base.exec[b], necessary.literal(self.root, a, b)):
                base.gates.add(-chosen, needed)
            for rest in () if self.lemmas is None else self.lemmas.acquitted(self.flag, a, b):
                self.learned.setdefault(chosen, []).append(rest)
                base.gates.add(-chosen, *rest)

    def judge(self, graph: Graph, skeleton: Skeleton, model: Sequence[int]) -> list[Clause]:
        """Nothing where a chosen pair is in the relation; else clauses that forbid the choice, and
        to choose other pairs that the same candidate lacks."""
        self._judged += 1
        absence = self._absence(graph, skeleton)
        place = {event: i for i, event in enumerate(skeleton.events)}
        holds = holding(model)
        clauses = []
        for (a, b), chosen in self.pairs.items():
            picked = holds(chosen)
            if not picked and (a not in place or b not in place or self._excluded(chosen, holds)):
                continue
            if absence.has(self.root, place[a], place[b]):
                if picked:
                    return []
                continue
            rests = self._rests(absence, place[a], place[b], skeleton, model)
            self.learned.setdefault(chosen, []).extend(rests)
            clauses += [[-chosen, *rest] for rest in rests]
        return clauses

    def _absence(self, graph: Graph, skeleton: Skeleton) -> Absence:
        scope = Scope(skeleton.events, self.count, self.may)
        might = self.concrete.might(skeleton) if self._judged > _PATIENCE else None
        return self.cat.absence(graph, scope, self.concrete.fixed, might)

    def _excluded(self, chosen: int, holds: Callable[[int], bool]) -> bool:
        """What was learned before already says that the candidate lacks the pair."""
        return any(not any(map(holds, rest)) for rest in self.learned.get(chosen, ()))

    def _rests(
        self, absence: Absence, a: int, b: int, skeleton: Skeleton, model: Sequence[int]
    ) -> list[Clause]:
        """What would have to be different, for each of the ways in which the pair is found to be
        lacking."""
        failure = absence.explain(self.root, a, b)
        if failure.whole:
            return [self.concrete.block(skeleton, model)]
        failures = dict.fromkeys((failure, *absence.similar(self.root, a, b)))
        for each in failures:
            self._keep(each, skeleton.events, a, b)
        return [sorted(self._literals(each, skeleton, model)) for each in failures]

    def _keep(self, failure: Failure, events: Sequence[int], a: int, b: int) -> None:
        if self.lemmas is not None:
            holding, _ = split(failure.holding, events)
            pair = (events[a], events[b])
            about = (self.flag, *pair)
            self.lemmas.add(self.name, holding, failure.lacking, failure.limits, about)

    def _literals(self, failure: Failure, skeleton: Skeleton, model: Sequence[int]) -> set[int]:
        """What would have to be different."""
        found = self.concrete.against(failure.holding, skeleton, model)
        for name, a, b in failure.lacking:
            found.update(self.concrete.towards(name, a, b))
        found.discard(FALSE)
        return found
