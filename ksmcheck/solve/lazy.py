"""The lazy engine: solve, judge the candidate by the cat file, learn from what it violates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter

from ksmcheck.cat.absence import Scope
from ksmcheck.cat.algebra import Check
from ksmcheck.cat.compile import CompiledCat
from ksmcheck.cat.graph import Graph
from ksmcheck.cat.reasons import Reason
from ksmcheck.record import Struct
from ksmcheck.solve.base import Base
from ksmcheck.solve.concrete import Concrete, Skeleton
from ksmcheck.solve.exact import Exact
from ksmcheck.solve.extract import candidate_of, different_values, holding
from ksmcheck.solve.gates import TRUE
from ksmcheck.solve.ground import Ground
from ksmcheck.solve.lemmas import Lemmas, View, split
from ksmcheck.solve.limits import Meter
from ksmcheck.solve.ranges import Reach
from ksmcheck.text import InternalError

_REASONS = 6
_FORESEEN = 24
"""Clauses at most that one inconsistent candidate teaches about others."""

_PATIENCE = 10
"""So many candidates of a query teach nothing about what reads may read from instead, unless a
requirement fails along the same path again: to find that out takes as long as to meet a few."""


class Sought(Struct, frozen=True):
    """``accepts`` says whether a consistent graph is what is looked for; with ``values``, it looks
    at the values of accesses too."""

    accepts: Callable[[Graph], bool]
    values: bool = False


Teach = Callable[[Graph, Skeleton, Sequence[int]], list[list[int]]]
"""Clauses that say why a consistent candidate is not what is looked for; none if it is."""


class Consistent(Struct, frozen=True):
    """A consistent candidate that was accepted, as the assignment it was found in."""

    model: Sequence[int]
    skeleton: Skeleton


class Met(Struct, frozen=True):
    """A candidate, consistent or not. ``solving``: the seconds that it took to find; ``solved``:
    when that was."""

    model: Sequence[int]
    skeleton: Skeleton
    graph: Graph
    solving: float
    solved: float


class Stopped(Struct, frozen=True):
    """A limit was reached."""

    reason: str


class Lazy:
    """Consistent candidates of one base encoding; what is learned is kept between searches.

    ``base`` is the ground's as seen by this model's structure, and ``own`` a literal under which
    the ground's clauses say what this model forbids.
    """

    def __init__(
        self,
        ground: Ground,
        base: Base,
        own: int,
        cat: CompiledCat,
        meter: Meter,
        exact: Exact,
        reach: Reach,
        lemmas: Lemmas | None = None,
    ) -> None:
        self.exact = exact
        self.reach = reach
        self._absences = False
        self.ground = ground
        self.base = base
        self.own = own
        self.cat = cat
        self.backend = ground.backend
        self.meter = meter
        self.concrete = Concrete(base)
        self.candidates = 0
        self.learned = 0
        self._foreseen: dict[tuple[str, int, int], list[list[int]]] = {}
        self._similar: set[tuple[object, ...]] = set()
        self._paths: set[tuple[object, ...]] = set()
        self.refuted_by: frozenset[int] | None = None
        self.taught: dict[str, None] = {}
        self.lemmas: View | None = None
        if lemmas is not None:
            self.lemmas = lemmas.view(self.concrete, cat, reach.may)
        if self.lemmas is not None:
            for name, clause in self.lemmas.required():
                self.taught[name] = None
                base.gates.add(-own, *clause)

    def search(
        self,
        assumptions: list[int],
        sought: Sought | None = None,
        unless: int = 0,
        teach: Teach | None = None,
    ) -> Consistent | Stopped | None:
        """A consistent candidate under the assumptions, or None.

        After None, ``refuted_by`` are assumptions that cannot hold together, or None if not known.
        With ``sought``, one whose graph is accepted; each one that is not is blocked for all later
        searches that assume ``unless``. With ``teach``, one of which it has nothing to say.
        """
        start = self.candidates
        while True:
            met = self.next(assumptions, start)
            if not isinstance(met, Met):
                return met
            model, skeleton, graph = met.model, met.skeleton, met.graph
            if self.cat.violated(graph):
                self.learn(met, perf_counter() - met.solved, self.candidates - start)
                continue
            # Of an inconsistent candidate it is cheaper not to ask.
            clauses = [] if teach is None else teach(graph, skeleton, model)
            if clauses:
                for clause in clauses:
                    self.add(clause)
                continue
            if sought is None:
                return Consistent(model, skeleton)
            if sought.values:
                graph = different_values(graph, candidate_of(self.base, skeleton, model))
            if sought.accepts(graph):
                return Consistent(model, skeleton)
            blocked = self._blocked(skeleton, model, sought.values)
            self.base.gates.add(-unless, *blocked)

    def next(self, assumptions: list[int], start: int | None = None) -> Met | Stopped | None:
        """A candidate under the assumptions, consistent or not; None and ``refuted_by`` as in
        ``search``. ``start``: how many there were when the query began."""
        seen = 0 if start is None else self.candidates - start
        reason = self.meter.exceeded(seen)
        if reason is not None:
            return Stopped(reason)
        self.ground.load()
        begun = perf_counter()
        assumed = assumptions if self.own == TRUE else [self.own, *assumptions]
        answer = self.backend.solve(assumed, self._watch())
        solved = perf_counter()
        if answer is None:
            return Stopped(self.meter.exceeded() or "the solver stopped")
        if not answer:
            self.refuted_by = frozenset(self.backend.core())
            return None
        model = self._model()
        self.candidates += 1
        skeleton = self.concrete.skeleton(model)
        graph = self.concrete.graph(skeleton, model)
        return Met(model, skeleton, graph, solved - begun, solved)

    def learn(self, met: Met, judging: float = 0.0, seen: int = 0) -> None:
        """From an inconsistent candidate, which it took so many seconds to know as that. ``seen``:
        how many the query has met."""
        begun = perf_counter()
        violated = self.cat.violated(met.graph)
        if self.exact.complete:
            name = violated[0].name
            raise InternalError(f"the tuple encoding allows what {name} forbids")
        self._learn(violated[0], met, seen > _PATIENCE)
        self.exact.spent(met.solving, judging + perf_counter() - begun)

    def add(self, clause: list[int]) -> None:
        """For all searches under this model."""
        self.base.gates.add(-self.own, *clause)

    def _blocked(self, skeleton: Skeleton, model: Sequence[int], values: bool) -> list[int]:
        """Forbids what a flag looks at: the graph and, where it counts, the values read."""
        clause = self.concrete.block(skeleton, model)
        if values:
            holds = holding(model)
            for read in skeleton.events:
                if self.base.events[read].kind == "R":
                    clause += [-x for x in self.base.read_literals(read, holds)]
        return clause

    def _model(self) -> Sequence[int]:
        """The assignment; variables that no clause mentions are free, here true."""
        model = self.backend.model()
        missing = range(len(model) + 1, self.base.gates.variables + 1)
        return [*model, *missing] if missing else model

    def _watch(self) -> Callable[[], bool] | None:
        if not self.meter.watched:
            return None
        return lambda: self.meter.exceeded() is None

    def _learn(self, check: Check, met: Met, patient: bool) -> None:
        """Forbids the reasons why the candidate is inconsistent, or else the candidate itself."""
        skeleton, graph, model = met.skeleton, met.graph, met.model
        self.taught[check.name] = None
        reasons = [r for r in self._reasons(check, skeleton, graph) if not r.whole]
        clauses = [self.concrete.clause(skeleton, reason, model) for reason in reasons]
        for reason in reasons:
            self._keep(check, reason, skeleton)
        if not clauses:
            clauses.append(self.concrete.block(skeleton, model))
        elif patient or self._again(check, reasons, skeleton):
            clauses += self._likewise(check, reasons, met)
        clauses += self._foresee(check, skeleton, graph, model)
        for clause in clauses:
            self.add(clause)
        self.learned += len(clauses)

    def _again(self, check: Check, reasons: list[Reason], skeleton: Skeleton) -> bool:
        """Whether the requirement was violated along one of these paths before: if so for another
        reason, what reads read from is likely to be all that is different."""
        events = skeleton.events
        paths = {(check.name, *(events[e] for e in reason.path)) for reason in reasons}
        known = not paths.isdisjoint(self._paths)
        self._paths |= paths
        return known

    def _likewise(self, check: Check, reasons: list[Reason], met: Met) -> list[list[int]]:
        """Forbids what is like these reasons, unless that is known."""
        skeleton, clauses = met.skeleton, list[list[int]]()
        might, fixed = self.concrete.might(skeleton), self.concrete.fixed
        scope = self._scope(skeleton)
        for reason in self.cat.similar(met.graph, check, reasons, might, fixed=fixed, scope=scope):
            clause = self.concrete.forbids(skeleton, reason, met.model)
            known = (check.name, *clause)
            if known not in self._similar:
                self._similar.add(known)
                self._keep(check, reason, skeleton)
                clauses.append(clause)
        return clauses

    def _keep(self, check: Check, reason: Reason, skeleton: Skeleton) -> None:
        if self.lemmas is not None:
            self.lemmas.add(check.name, *split(reason.facts, skeleton.events), reason.limits)

    def _reasons(self, check: Check, skeleton: Skeleton, graph: Graph) -> tuple[Reason, ...]:
        """Reasons that speak of absences too, once there are some that need it."""
        fixed = self.concrete.fixed
        if not self._absences:
            found = self.cat.explain(graph, check, _REASONS, fixed=fixed)
            self._absences = any(reason.whole for reason in found)
            if not self._absences:
                return found
        return self.cat.explain(graph, check, _REASONS, fixed=fixed, scope=self._scope(skeleton))

    def _scope(self, skeleton: Skeleton) -> Scope | None:
        if not self._absences:
            return None
        return Scope(skeleton.events, len(self.base.events), self.reach.may)

    def _foresee(
        self, check: Check, skeleton: Skeleton, graph: Graph, model: Sequence[int]
    ) -> list[list[int]]:
        """Forbids what would violate the same requirement, unless that is known."""
        might = self.concrete.might(skeleton)
        near = self.cat.foresight(
            graph, check, might, fixed=self.concrete.fixed, scope=self._scope(skeleton)
        )
        holds, events, clauses = holding(model), skeleton.events, list[list[int]]()
        for a, b in near.tuples():
            known = self._foreseen.setdefault((check.name, events[a], events[b]), [])
            if any(sum(map(holds, clause)) <= 1 for clause in known):
                continue
            reason = near.reason((a, b))
            if reason is not None:
                clauses.append(self.concrete.forbids(skeleton, reason, model))
                self._keep(check, reason, skeleton)
                known.append([x for x in clauses[-1] if abs(x) <= len(model)])
            if len(clauses) == _FORESEEN:
                break
        return clauses
