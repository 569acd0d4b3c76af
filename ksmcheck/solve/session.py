"""Questions about the consistent executions of one event structure under one model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from ksmcheck.cat.algebra import Check
from ksmcheck.cat.compile import CompiledCat
from ksmcheck.cat.graph import Graph
from ksmcheck.events.structure import EventStructure
from ksmcheck.events.terms import Term
from ksmcheck.events.value_sets import TooManyValues
from ksmcheck.solve.backends import DEFAULT
from ksmcheck.solve.concrete import Skeleton
from ksmcheck.solve.exact import AS_ENGINE, AS_HELP, Exact, NeedsOwnGround
from ksmcheck.solve.extract import candidate_of
from ksmcheck.solve.flags import PairSearch, selects
from ksmcheck.solve.gates import FALSE, TRUE
from ksmcheck.solve.ground import Grounds, open_ground
from ksmcheck.solve.lazy import Consistent, Lazy, Sought, Stopped, Teach
from ksmcheck.solve.lemmas import Lemmas
from ksmcheck.solve.limits import Limits, Meter
from ksmcheck.solve.outcome import (
    Found,
    GaveUp,
    Outcome,
    Refuted,
    States,
    StatesOutcome,
    Stats,
)
from ksmcheck.solve.premises import premises
from ksmcheck.solve.ranges import Reach
from ksmcheck.text import InputError

_T = TypeVar("_T")

ENGINES = ("lazy", "tuple")
_MANY = 50
"""Candidates without a flag to look at before its condition is encoded."""

_TOO_MANY = "an expression may have too many values to enumerate them"
_UNDEFINED = "an execution divides by zero or shifts too far: C gives it no meaning"


class _NoAnswer(Exception):
    """A query is not to be answered, for the reason given."""


class Session:
    """Incremental: what one query learns serves the next.

    Executions whose accesses all hit a cell are preferred; one with a stray access is found only
    where nothing else meets the goal. A query that would be refuted gives up instead if some
    consistent execution computes what C leaves undefined.
    """

    def __init__(
        self,
        structure: EventStructure,
        cat: CompiledCat,
        *,
        backend: str = DEFAULT,
        engine: str = "lazy",
        limits: Limits | None = None,
        grounds: Grounds | None = None,
        lemmas: Lemmas | None = None,
    ) -> None:
        """``grounds``: base encodings to share with sessions about other structures.

        Raises InputError for an unknown back end or engine, or a cat file that reads what
        candidates do not have."""
        if engine not in ENGINES:
            raise InputError(
                f"there is no engine {engine!r}", hint=f"engines: {', '.join(ENGINES)}"
            )
        self.structure = structure
        self.cat = cat
        self.engine = engine
        self.meter = Meter(limits or Limits())
        self._backend = backend
        self._too_many = False
        self._core: set[int] = set()
        # Flags that so many candidates did not raise that their condition is to be encoded.
        self._dear: set[int] = set()
        self.axioms = premises(cat)
        self._lemmas = lemmas if engine == "lazy" else None
        try:
            self._open(grounds if engine == "lazy" else None)
        except TooManyValues:
            self._too_many = True

    def _open(self, grounds: Grounds | None) -> None:
        """Begins anew, on a ground that others use or on one of its own."""
        structure, cat, axioms = self.structure, self.cat, self.axioms
        self._flags: dict[int, int] = {}
        self._pairs: dict[int, PairSearch] = {}
        if grounds is None:
            ground, own = open_ground(structure, axioms, self._backend), TRUE
        else:
            ground = grounds.ground(structure, axioms, self._backend)
            own = ground.base.gates.new()
        self.base = ground.base.seen_by(structure)
        most = AS_ENGINE if self.engine == "tuple" else AS_HELP
        self.exact = Exact(self.base, cat, most, shared=grounds is not None)
        if self.engine == "tuple":
            self.exact.join()
        self.reach = Reach(self.base, cat)
        self.lazy = Lazy(
            ground, self.base, own, cat, self.meter, self.exact, self.reach, self._lemmas
        )

    def _asked(self, ask: Callable[[], _T]) -> _T:
        """The answer, on a ground of our own if it needs one."""
        try:
            return ask()
        except NeedsOwnGround:
            self._open(None)
            return ask()

    def find(self, goal: Term, given: Sequence[Term] = ()) -> Outcome:
        """A consistent execution of the structure, within its constraints, where ``goal`` holds.

        ``goal`` is a boolean term over reads, choices, finals and guards; so is each of ``given``,
        which are assumed for this query alone. A refutation tells which of them it needed.
        """
        return self._asked(lambda: self._query(goal, None, TRUE, given=given))

    def find_flag(self, check: Check, goal: Term, given: Sequence[Term] = ()) -> Outcome:
        """A consistent execution where ``goal`` holds and the model raises the flag ``check``.

        ``given`` as in ``find``.
        """
        return self._asked(lambda: self._find_flag(check, goal, given))

    def _find_flag(self, check: Check, goal: Term, given: Sequence[Term]) -> Outcome:
        if self._too_many:
            return GaveUp(_TOO_MANY, self._stats(_NOTHING))
        if check.name not in self.reach.raisable:
            return Refuted(self._stats(self._snapshot()))
        number = self.cat.number(check)
        known = self._flags.get(number)
        if known is None:
            known = self._flags[number] = self.base.gates.new()
            if self.engine != "tuple":
                self._select(check, known)
            if self.engine == "tuple" or number in self._dear:
                self.exact.confine(known, check)
        seen = 0

        def met() -> None:
            nonlocal seen
            seen += 1
            if seen == _MANY:
                self._dear.add(number)
                self.exact.confine(known, check)

        pairs = self._pairs.get(number)
        if pairs is not None:

            def teach(graph: Graph, skeleton: Skeleton, model: Sequence[int]) -> list[list[int]]:
                met()
                return pairs.judge(graph, skeleton, model)

            return self._query(goal, None, known, teach=teach, given=given)

        def accepts(graph: Graph) -> bool:
            met()
            return self.cat.raises(graph, check)

        sought = Sought(accepts, check.name in self.axioms.values)
        return self._query(goal, sought, known, given=given)

    def _select(self, check: Check, known: int) -> None:
        """The flag is to be looked for pair by pair, if it is of that kind."""
        if check.name not in self.axioms.values and selects(check, self.cat):
            lazy = self.lazy
            found = PairSearch(self.base, self.cat, lazy.concrete, check, self.reach, lazy.lemmas)
            found.install(known)
            self._pairs[self.cat.number(check)] = found

    def states(self, observed: Sequence[Term], goal: Term) -> StatesOutcome:
        """All value tuples of ``observed`` over the consistent executions where ``goal`` holds.

        Executions with stray accesses are left out: they have no final state to speak of.
        """
        return self._asked(lambda: self._states(observed, goal))

    def _states(self, observed: Sequence[Term], goal: Term) -> StatesOutcome:
        # A verdict starts without it.
        from ksmcheck.solve.listing import Listing

        before = self._snapshot()
        asked = TRUE if self._too_many else self.base.gates.new()
        try:
            assumed, meaningless = self._assumptions(goal, asked, observed)
        except _NoAnswer as why:
            return States((), str(why), self._stats(before))
        assumed += [-meaningless, -self.base.astray]
        listing = Listing(self.lazy, observed, [x for x in assumed if x != TRUE], asked)
        stopped = None if FALSE in assumed else listing.run()
        stopped = stopped or self._meaningless([], meaningless)
        reason = None if stopped is None else stopped.reason
        return States(tuple(sorted(listing.found)), reason, self._stats(before))

    @property
    def taught(self) -> Iterable[str]:
        """The requirements from whose violations something was learned; coherence and atomicity
        are in the encoding from the start and teach nothing."""
        return () if self._too_many else self.lazy.taught

    def limit(self, limits: Limits) -> None:
        """New limits from now on, for a session that answers several requests."""
        self.meter = Meter(limits)
        if not self._too_many:
            self.lazy.meter = self.meter

    def close(self) -> None:
        """Frees the solver, if nobody else uses it."""
        if not self._too_many and self.lazy.own == TRUE:
            self.lazy.backend.close()

    # One query.

    def _query(
        self,
        goal: Term,
        sought: Sought | None,
        asked: int,
        teach: Teach | None = None,
        given: Sequence[Term] = (),
    ) -> Outcome:
        before = self._snapshot()
        try:
            wanted, meaningless = self._assumptions(goal, asked)
        except _NoAnswer as why:
            return GaveUp(str(why), self._stats(before))
        assumed = {self.base.literal(term): term for term in given}
        astray = self.base.astray
        self._core.clear()
        answer = self._search([*assumed, *wanted, -meaningless, -astray], sought, asked, teach)
        if answer is None and astray != FALSE:
            answer = self._search([*assumed, *wanted, -meaningless], sought, asked, teach)
        if answer is None:
            answer = self._meaningless(assumed, meaningless)
        core = tuple(term for literal, term in assumed.items() if literal in self._core)
        return self._outcome(answer, before, core)

    def _assumptions(
        self, goal: Term, asked: int, observed: Sequence[Term] = ()
    ) -> tuple[list[int], int]:
        """What a query assumes, and the literal that C gives the execution, the goal or what is
        observed no meaning. Raises _NoAnswer."""
        if self._too_many:
            raise _NoAnswer(_TOO_MANY)
        if self.engine == "tuple" and self.exact.refused:
            raise _NoAnswer(self.exact.refused)
        try:
            wanted = [self.base.literal(goal), asked]
            used = [self.base.terms.undefined(term) for term in (goal, *observed)]
        except TooManyValues:
            raise _NoAnswer(_TOO_MANY) from None
        return wanted, self.base.gates.any_of((self.base.undefined, *used))

    def _meaningless(self, assumed: Iterable[int], meaningless: int) -> Stopped | None:
        """That a refutation is none, where C gives some consistent execution no meaning."""
        if meaningless == FALSE:
            return None
        answer = self._search([*assumed, meaningless], None, TRUE)
        return Stopped(_UNDEFINED) if isinstance(answer, Consistent) else answer

    def _search(
        self,
        assumptions: list[int],
        sought: Sought | None,
        asked: int,
        teach: Teach | None = None,
    ) -> Consistent | Stopped | None:
        if FALSE in assumptions:
            self._core.add(FALSE)
            return None
        answer = self.lazy.search([x for x in assumptions if x != TRUE], sought, asked, teach)
        if answer is None:
            known = self.lazy.refuted_by
            self._core.update(assumptions if known is None else known)
        return answer

    def _outcome(
        self, answer: Consistent | Stopped | None, before: _Snapshot, core: tuple[Term, ...]
    ) -> Outcome:
        stats = self._stats(before)
        if answer is None:
            return Refuted(stats, core)
        if isinstance(answer, Stopped):
            return GaveUp(answer.reason, stats)
        return Found(candidate_of(self.base, answer.skeleton, answer.model), stats)

    def _snapshot(self) -> _Snapshot:
        if self._too_many:
            return _NOTHING
        return self.lazy.candidates, self.lazy.learned, self.meter.seconds

    def _stats(self, before: _Snapshot) -> Stats:
        if self._too_many:
            return Stats(0, 0, 0, 0, self.meter.seconds - before[2])
        gates = self.base.gates
        return Stats(
            self.lazy.candidates - before[0],
            self.lazy.learned - before[1],
            gates.variables,
            len(gates.clauses),
            self.meter.seconds - before[2],
        )


_Snapshot = tuple[int, int, float]
_NOTHING: _Snapshot = (0, 0, 0.0)
