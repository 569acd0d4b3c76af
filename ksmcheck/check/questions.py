"""What is asked of one program under one configuration: which executions there are.

One session answers; what was answered before, of this structure or of one that is equal, is not
asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, Self, TypeAlias

from ksmcheck.cat.algebra import USE_AFTER_FREE, Check
from ksmcheck.check.answers import Known, told
from ksmcheck.check.circular import CIRCULAR, Flow, circular, flow_of
from ksmcheck.check.goals import frees, goals_of
from ksmcheck.check.prepare import Workshop
from ksmcheck.check.proofs import Proofs
from ksmcheck.check.rounds import may_go_on
from ksmcheck.check.verdict import Request, Verdict
from ksmcheck.events.alternatives import REMOVED, Options
from ksmcheck.events.structure import EventStructure
from ksmcheck.events.terms import Term
from ksmcheck.execution.execution import ExecutedEvent, Execution
from ksmcheck.program.change import PLAIN
from ksmcheck.program.ir import BAD_ADDRESS
from ksmcheck.record import Struct, replace
from ksmcheck.solve.limits import Limits
from ksmcheck.solve.outcome import Candidate, Found, GaveUp
from ksmcheck.solve.session import Session

if TYPE_CHECKING:
    from ksmcheck.cat.compile import CompiledCat
    from ksmcheck.solve.explicit import ExplicitSession
    from ksmcheck.solve.straight import StraightSession
    from ksmcheck.solve.wide import WideSession

AnySession: TypeAlias = "Session | ExplicitSession | StraightSession | WideSession"


class OutOfTime(Exception):
    """A search ended without an answer; the text is the reason, for the user."""


class Asked(Struct, frozen=True):
    """A question that was refuted, and the selectors that the refutation rests on."""

    flag: Check | None
    goal: Term
    core: tuple[Term, ...]


class Questions:
    """``opened`` gives a session for a structure; ``base`` is the verdict to fill in.

    ``options``: sites of the structure that may be changed, ``selected`` those that are; ``under``
    gives the search for another selection. ``known`` are answers about structures equal to this one
    (none where sites may be changed: a session serves all forms). ``refuted`` are the questions
    refuted so far, ``racing`` is the execution that the flag in the verdict is raised by.
    """

    def __init__(
        self,
        workshop: Workshop,
        request: Request,
        structure: EventStructure,
        opened: Callable[[EventStructure], AnySession],
        base: Verdict,
        options: Options | None = None,
        selected: frozenset[tuple[str, str]] = frozenset(),
    ) -> None:
        self.workshop = workshop
        self.request = request
        self.structure = structure
        self.opened = opened
        self.base = base
        self.options = options
        self._session: AnySession | None = None
        self.goals = goals_of(structure)
        self._proofs = Proofs()
        self._unending: Self | None = None
        self._root: Self | None = None
        self._select(selected)

    @cached_property
    def known(self) -> Known | None:
        """Found by all of the structure, once the first question is asked."""
        if self.options is not None or self.workshop.answers is None:
            return None
        manner = (self._cat.digest, self.request.engine, self.request.solver)
        return self.workshop.answers.known(self.structure, *manner)

    @cached_property
    def _frees(self) -> bool:
        return frees(self.structure)

    @cached_property
    def _flow(self) -> Flow:
        return flow_of(self.structure)

    @property
    def removed(self) -> frozenset[str]:
        """The sites whose calls are not there under the selection."""
        gone = {site for site, option in self.selected if option == REMOVED}
        if gone and self.options is not None:
            gone.update(s for s, outer in self.options.around.items() if gone.intersection(outer))
        return frozenset(gone)

    @property
    def _cat(self) -> CompiledCat:
        return self.workshop.model(self.request.model).compiled

    @property
    def session(self) -> AnySession:
        """Opened for the first question that has no answer yet."""
        root = self._root or self
        if root._session is None:
            root._session = root.opened(root.structure)
        return root._session

    def under(self, request: Request, base: Verdict, selected: frozenset[tuple[str, str]]) -> Self:
        """The same search with other sites changed: ``request`` says so too. One session serves
        all, and what was refuted without looking at a site is not asked again."""
        other = copy(self)
        other.request, other.base = request, base
        other._root = self._root or self
        other._select(selected)
        return other

    def limit(self, limits: Limits) -> None:
        """New limits for the questions from now on."""
        root = self._root or self
        for search in (root, root._unending):
            if search is not None and search._session is not None:
                search._session.limit(limits)

    def axioms(self) -> tuple[str, ...]:
        """The model's requirements that ruled a candidate out, in any question so far."""
        session = self.session
        return tuple(session.taught) if isinstance(session, Session) else ()

    def close(self) -> None:
        """Frees the solvers."""
        for search in (self, self._unending):
            if search is not None and search._session is not None:
                search._session.close()

    def _select(self, selected: frozenset[tuple[str, str]]) -> None:
        terms = self.structure.terms
        self.selected = selected
        self.refuted: list[Asked] = []
        self.racing: Execution | None = None
        self.given = tuple(
            term if key in selected else terms.no(term) for key, term in self.structure.selectors
        )

    # Questions.

    def unending(self) -> Self:
        """The same questions of executions in which threads may also wait for ever."""
        if self.structure.stalls or not self.structure.waits:
            return self
        if self._root is not None:
            root = self._root.unending()
            other = root.under(self.request, self.base, self.selected)
            other.refuted = self.refuted
            return other
        if self._unending is None:
            config = self.structure.config
            structure = self.workshop.structure(
                self.request, config, stalls=True, options=self.options
            )
            self._unending = type(self)(
                self.workshop,
                self.request,
                structure,
                self.opened,
                self.base,
                self.options,
                self.selected,
            )
        return self._unending

    def states(self) -> tuple[tuple[tuple[int, ...], ...], str | None]:
        """All final states, and herd7's word for the condition where they tell it. Raises
        OutOfTime."""
        structure = self.structure
        observed = [term for _, term, _ in structure.observed]
        told = structure.condition is not None and not self._strays()
        wanted = [structure.condition] if told and structure.condition is not None else []
        outcome = self.session.states([*observed, *wanted], self.goals.complete)
        if outcome.reason is not None:
            raise OutOfTime(outcome.reason)
        if not wanted:
            return outcome.values, None
        truths = {values[-1] for values in outcome.values}
        word = "Never" if 1 not in truths else "Always" if 0 not in truths else "Sometimes"
        return tuple(dict.fromkeys(values[:-1] for values in outcome.values)), word

    def observation(self) -> str:
        """herd7's word for the condition. Raises OutOfTime."""
        if self.find(self.goals.wanted) is None:
            return "Never"
        return "Always" if self.find(self.goals.unwanted) is None else "Sometimes"

    def flags(self) -> tuple[str, Execution] | None:
        """A flag that some consistent complete execution raises, with that execution."""
        for check in self._cat.checks:
            if check.forfeits and check.asks(frees=self._frees):
                found = self._asked(check, self.goals.complete)
                if found is not None:
                    return check.name, self._execution(found)
        return None

    def use(self, goal: Term) -> Candidate | None:
        """A consistent execution in which ``goal`` holds and somebody uses what is freed."""
        if not self._frees or goal is self.structure.terms.false:
            return None
        asked = (self._asked(c, goal) for c in self._cat.checks if c.name == USE_AFTER_FREE)
        return next((found for found in asked if found is not None), None)

    def all_flags(self) -> tuple[str, ...]:
        """Every flag that some consistent complete execution raises, warnings too."""
        raised = []
        for check in self._cat.checks:
            if check.asks(frees=self._frees):
                outcome = self.session.find_flag(check, self.goals.complete)
                if isinstance(outcome, GaveUp):
                    raise OutOfTime(outcome.reason)
                if isinstance(outcome, Found):
                    raised.append(check.name)
        return tuple(dict.fromkeys(raised))

    def wild(self) -> tuple[str, ...]:
        """``bad-address`` where a consistent execution has a wild pointer: no state is listed for
        it, and that has to be said. Raises InputError where the pointer is to something wider or
        narrower than what is accessed."""
        strays = self._strays()
        found = self.find(self.structure.terms.either(*strays)) if strays else None
        if found is None:
            return ()
        from ksmcheck.check.witness import refuse_accesses

        refuse_accesses(self._execution(found), self.structure)
        return ("bad-address",)

    def _strays(self) -> list[Term]:
        """That an access hits no cell, for each that may. No state is listed for it."""
        terms, obligations = self.structure.terms, self.structure.obligations
        wild = [o for o in obligations if o.kind == BAD_ADDRESS]
        return [terms.both(o.guard, terms.no(o.holds)) for o in wild]

    def bound_reached(self) -> bool:
        """Whether a consistent execution goes round a loop more often than it was unrolled."""
        if not self.structure.cuts:
            return False
        search = self.unending()
        return search.counted() or search.find(search.goals.cut) is not None

    def counted(self) -> bool:
        """Whether a loop may go round more often than it was unrolled, though no execution shows
        it that lacks what comes behind the loop (``CutPoint.counted``)."""
        return (self._root or self)._goes_on

    @cached_property
    def _goes_on(self) -> bool:
        return may_go_on(self.structure)

    def find(self, goal: Term) -> Candidate | None:
        """A consistent execution in which ``goal`` holds. Raises OutOfTime."""
        if goal is self.structure.terms.false:
            return None
        return self._asked(None, goal)

    def _example(self, goal: Term) -> Candidate | None:
        """As ``find``; that there is none is no part of the verdict's proof."""
        refuted = self.refuted
        self.refuted = []
        try:
            return self.find(goal)
        finally:
            self.refuted = refuted

    def _asked(self, flag: Check | None, goal: Term) -> Candidate | None:
        question = (-1 if flag is None else self._cat.number(flag), goal.id)
        if self.known is not None and question in self.known:
            known = self.known[question]
            if known is not None:
                return known(self.structure)
            core: tuple[Term, ...] | None = ()
        else:
            core = self._proofs.covering(question, self.given)
        if core is None:
            found, core = self._searched(flag, goal)
            if self.known is not None:
                self.known[question] = None if found is None else told(found)
            if found is not None:
                return found
            self._proofs.add(question, core)
        self.refuted.append(Asked(flag, goal, core))
        return None

    def _searched(
        self, flag: Check | None, goal: Term
    ) -> tuple[Candidate | None, tuple[Term, ...]]:
        """What the session answers, or else the assumptions that the refutation rests on."""
        if flag is None:
            outcome = self.session.find(goal, self.given)
        else:
            outcome = self.session.find_flag(flag, goal, self.given)
        if isinstance(outcome, GaveUp):
            raise OutOfTime(outcome.reason)
        if not isinstance(outcome, Found):
            return None, outcome.core
        if self.options is not None:
            root = self._root or self
            if circular(outcome.candidate, root._flow):
                raise OutOfTime(CIRCULAR)
        return outcome.candidate, ()

    def _execution(self, candidate: Candidate) -> Execution:
        from ksmcheck.solve.witness import to_execution

        execution = to_execution(self.structure, candidate)
        if self._root is None:
            return execution
        # Events that two forms of a call share bear the name of the first.
        forms = {c.site: c.to for c in self.request.changes if c.to}
        events = tuple(_called(event, forms) for event in execution.events)
        return replace(execution, events=events)


def _called(event: ExecutedEvent, forms: Mapping[str, str]) -> ExecutedEvent:
    """The event with the name of the primitive that its call has become."""
    form = None if event.origin is None else forms.get(event.origin.site)
    if form is None:
        return event
    plain = "load" if event.kind == "R" else "store"
    return replace(event, primitive=plain if form == PLAIN else form)
