"""The whole way from a request to a verdict."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter

from ksmcheck.check.goals import Goals, goals_of
from ksmcheck.check.prepare import Workshop
from ksmcheck.check.verdict import (
    BOUNDED,
    SAFE,
    UNKNOWN,
    VACUOUS,
    VIOLATED,
    Observed,
    Request,
    Verdict,
)
from ksmcheck.check.witness import confirm
from ksmcheck.events.structure import EventStructure
from ksmcheck.events.terms import Term
from ksmcheck.events.values import TooManyValues
from ksmcheck.execution.execution import Execution
from ksmcheck.program.fingerprint import fingerprint
from ksmcheck.program.ir import Origin
from ksmcheck.solve.limits import Limits
from ksmcheck.solve.outcome import Candidate, Found, GaveUp
from ksmcheck.solve.session import Session
from ksmcheck.syntax.litmus_ast import LitmusTest


def load(path: str | Path, kernel: str = "6.12") -> LitmusTest:
    """The syntax tree of a litmus file; raises InputError."""
    return Workshop().test(Request(Path(path), kernel=kernel))


def check(
    path: str | Path, model: str = "lkmm", kernel: str = "6.12", **options: object
) -> Verdict:
    """Checks one litmus file under one model; ``options`` are the other fields of ``Request``.

    Raises InputError for bad input, InternalError if a witness does not replay.
    """
    return Checker().check(Request(Path(path), model, kernel, **options))  # type: ignore[arg-type]


WARNINGS = frozenset(("mixed-accesses",))
"""Flags that advise and do not end the model's guarantees (tools/memory-model/linux-kernel.cat of
6.12: plain and marked accesses in one region). Any other flag means undefined behaviour."""


DEEPER = (4, 8)
"""Unrolling bounds to try after the compiler's default, where that can be reached."""


class _OutOfTime(Exception):
    """A search ended without an answer."""


@dataclass(slots=True)
class Checker:
    """Answers requests one after the other, sharing what they have in common."""

    workshop: Workshop = field(default_factory=Workshop)
    _answers: dict[tuple[object, ...], Verdict] = field(default_factory=dict)

    def check(self, request: Request) -> Verdict:
        """One verdict over all configurations asked for: the worst of them."""
        started = perf_counter()
        model = self.workshop.model(request.model)
        configs = (request.config,) if request.config else model.configs(request.kernel)
        question = self._question(request)
        known = self._answers.get(question)
        if known is not None:
            seconds = perf_counter() - started
            name = self.workshop.test(request).name
            return replace(known, request=request, test=name, seconds=seconds, engine_seconds=0.0)
        verdicts: list[Verdict] = []
        for config in configs:
            verdicts.append(self._deepening(request, config, started))
            if verdicts[-1].verdict == VIOLATED:
                break
        verdict = replace(_worst(verdicts), seconds=perf_counter() - started)
        if verdict.verdict != UNKNOWN:
            self._answers[question] = verdict
        return verdict

    def _question(self, request: Request) -> tuple[object, ...]:
        """What decides the answer: the program, however it came about, and who is asked."""
        return (
            fingerprint(self.workshop.program(request)),
            *(request.model, request.config, request.unroll, request.solver, request.engine),
        )

    def _deepening(self, request: Request, config: str, started: float) -> Verdict:
        """Without a bound from the user: deeper, while the bound is what the verdict hangs on."""
        verdict = self._configuration(request, config, started)
        if request.unroll is None:
            for unroll in DEEPER:
                if verdict.verdict != BOUNDED:
                    break
                deeper = self._configuration(replace(request, unroll=unroll), config, started)
                if deeper.verdict == UNKNOWN:
                    break
                verdict = replace(deeper, request=request)
        return verdict

    def states(self, request: Request) -> Observed:
        """All final states over the configurations asked for, with herd7's observation.

        Raises TimeoutError if the search gave up or a loop's bound can be reached.
        """
        model = self.workshop.model(request.model)
        configs = (request.config,) if request.config else model.configs(request.kernel)
        found = [self._states(request, config) for config in configs]
        states = sorted({s for one in found for s in one.states})
        words = {one.observation for one in found}
        word = words.pop() if len(words) == 1 else "Sometimes"
        flags = tuple(dict.fromkeys(f for one in found for f in one.flags))
        return replace(found[0], states=tuple(states), observation=word, flags=flags)

    def _states(self, request: Request, config: str) -> Observed:
        structure = self.workshop.structure(request, config)
        session = self._session(structure, request, perf_counter())
        goals = goals_of(structure)
        search = _Search(
            self.workshop, request, structure, session, Verdict(request, "", config, UNKNOWN)
        )
        try:
            flagged = search.flags(goals)
            if search.find(goals.cut) is not None:
                raise TimeoutError("a loop's unrolling bound can be reached (raise --unroll)")
            wanted = search.find(goals.wanted) is not None
            unwanted = search.find(goals.unwanted) is not None
        except _OutOfTime as limit:
            raise TimeoutError(str(limit)) from None
        outcome = session.states([t for _, t, _ in structure.observed], goals.complete)
        if outcome.reason is not None:
            raise TimeoutError(outcome.reason)
        word = ("Sometimes" if unwanted else "Always") if wanted else "Never"
        return Observed(
            test=self.workshop.test(request).name,
            texts=tuple(t for t, _, _ in structure.observed),
            types=tuple(t for _, _, t in structure.observed),
            states=outcome.values,
            cells=structure.cells,
            quantifier=structure.quantifier,
            observation=word if structure.condition is not None else None,
            flags=() if flagged is None else (flagged[0],),
        )

    def forget(self) -> None:
        """Drops tests and programs (not models): for long runs over many files."""
        self.workshop = self.workshop.with_models_only()
        self._answers.clear()

    def _session(self, structure: EventStructure, request: Request, started: float) -> Session:
        seconds = None
        if request.timeout is not None:
            seconds = max(0.001, request.timeout - (perf_counter() - started))
        return Session(
            structure,
            self.workshop.model(request.model).compiled,
            backend=request.solver,
            engine=request.engine,
            limits=Limits(seconds=seconds, memory_mb=request.memory),
        )

    def _configuration(self, request: Request, config: str, started: float) -> Verdict:
        test = self.workshop.test(request)
        base = Verdict(request, test.name, config, UNKNOWN)
        try:
            begun = perf_counter()
            structure = self.workshop.structure(request, config)
            session = self._session(structure, request, started)
            answer = _Search(self.workshop, request, structure, session, base).verdict()
            return replace(
                answer, engine_seconds=perf_counter() - begun, events=len(structure.events)
            )
        except TooManyValues:
            return replace(base, reason="a value has more possibilities than can be enumerated")
        except _OutOfTime as limit:
            return replace(base, reason=str(limit))


@dataclass(slots=True)
class _Search:
    """The questions asked of one structure, in order."""

    workshop: Workshop
    request: Request
    structure: EventStructure
    session: Session
    base: Verdict

    def verdict(self) -> Verdict:
        goals = goals_of(self.structure)
        base = replace(self.base, properties=_properties(self.structure))
        flagged = self.flags(goals)
        if goals.has_property:
            if flagged is not None:
                name, execution = flagged
                witness = confirm(self.workshop, self.request, self.structure, execution, name)
                return replace(base, verdict=VIOLATED, flags=(name,), witness=witness)
            return self._property(goals, base)
        return self._observation(goals, base, () if flagged is None else (flagged[0],))

    def _property(self, goals: Goals, base: Verdict) -> Verdict:
        broken = self.find(goals.broken)
        if broken is not None:
            witness = confirm(self.workshop, self.request, self.structure, self._execution(broken))
            return replace(base, verdict=VIOLATED, witness=witness)
        return self._not_found(goals, base)

    def _not_found(self, goals: Goals, base: Verdict) -> Verdict:
        """No violation: is that because of the bound, or because nothing can happen at all?"""
        if self.find(goals.complete) is None:
            if self.find(goals.cut) is None:
                return replace(base, verdict=VACUOUS, reason="no execution runs to its end")
            return replace(base, verdict=UNKNOWN, reason="every execution reaches the bound")
        if self.find(goals.cut) is not None:
            loops = tuple({c.repeat.loop: None for c in self.structure.cuts})
            bound = max(c.repeat.index + 1 for c in self.structure.cuts)
            return replace(base, verdict=BOUNDED, bound=bound, bound_loops=loops)
        return replace(base, verdict=SAFE, assumed=self._plain_stores())

    def _observation(self, goals: Goals, base: Verdict, flags: tuple[str, ...]) -> Verdict:
        wanted, unwanted = self.find(goals.wanted), self.find(goals.unwanted)
        if wanted is None:
            none = self._not_found(goals, base)
            word = None if none.verdict in (VACUOUS, UNKNOWN) else "Never"
            return replace(none, observation=word, flags=flags)
        word = "Sometimes" if unwanted is not None else "Always"
        witness = confirm(self.workshop, self.request, self.structure, self._execution(wanted))
        base = replace(base, observation=word, flags=flags, witness=witness, verdict=SAFE)
        if word == "Always" and self.find(goals.cut) is not None:
            bound = max(c.repeat.index + 1 for c in self.structure.cuts)
            return replace(base, verdict=BOUNDED, bound=bound)
        return base

    def flags(self, goals: Goals) -> tuple[str, Execution] | None:
        """A flag that some consistent complete execution raises, with that execution."""
        for check in self.workshop.model(self.request.model).compiled.checks:
            if check.flag and check.name not in WARNINGS:
                outcome = self.session.find_flag(check, goals.complete)
                if isinstance(outcome, GaveUp):
                    raise _OutOfTime(outcome.reason)
                if isinstance(outcome, Found):
                    return check.name, self._execution(outcome.candidate)
        return None

    def find(self, goal: Term) -> Candidate | None:
        if goal is self.structure.terms.false:
            return None
        outcome = self.session.find(goal)
        if isinstance(outcome, GaveUp):
            raise _OutOfTime(outcome.reason)
        return outcome.candidate if isinstance(outcome, Found) else None

    def _execution(self, candidate: Candidate) -> Execution:
        from ksmcheck.solve.witness import to_execution

        return to_execution(self.structure, candidate)

    def _plain_stores(self) -> tuple[Origin, ...]:
        """Plain stores: what a hardware verdict takes from the compiler on trust."""
        found: dict[str, Origin] = {}
        for event in self.structure.events:
            if event.kind == "W" and event.primitive == "store" and event.origin is not None:
                found.setdefault(event.origin.site, event.origin)
        return tuple(found.values())


def _properties(structure: EventStructure) -> tuple[str, ...]:
    names = [structure.quantifier] if structure.quantifier else []
    names += [o.kind for o in structure.obligations]
    return tuple(dict.fromkeys(names))


def _worst(verdicts: list[Verdict]) -> Verdict:
    """SAFE needs all configurations; otherwise the gravest one's verdict."""
    order = [VIOLATED, VACUOUS, UNKNOWN, BOUNDED, SAFE]
    worst = min(verdicts, key=lambda v: order.index(v.verdict))
    engine = sum(v.engine_seconds for v in verdicts)
    if worst.verdict == VIOLATED or len(verdicts) == 1:
        return replace(worst, engine_seconds=engine)
    observations = {v.observation for v in verdicts}
    merged = worst.observation if len(observations) == 1 else "Sometimes"
    return replace(
        worst,
        config="+".join(v.config for v in verdicts),
        observation=merged,
        engine_seconds=engine,
    )
