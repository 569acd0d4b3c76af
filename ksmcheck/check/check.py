"""The whole way from a request to a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from ksmcheck.check.alarm import Overrun, guarded
from ksmcheck.check.assembly import usual_model
from ksmcheck.check.depth import too_deep
from ksmcheck.check.prepare import Workshop
from ksmcheck.check.questions import AnySession, OutOfTime
from ksmcheck.check.search import Search
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
from ksmcheck.events.structure import EventStructure
from ksmcheck.program.ir import Check, Cut, Program
from ksmcheck.record import Struct, field, replace
from ksmcheck.solve.backends import DEFAULT
from ksmcheck.solve.limits import Limits
from ksmcheck.solve.session import Session
from ksmcheck.syntax.assembly_ast import AssemblyTest
from ksmcheck.syntax.load import AnyTest
from ksmcheck.text import Inconclusive, InputError


def load(path: str | Path, kernel: str = "6.12") -> AnyTest:
    """The syntax tree of a litmus file; raises InputError."""
    return Workshop().test(Request(Path(path), kernel=kernel))


def check(
    path: str | Path, model: str | None = None, kernel: str = "6.12", **options: object
) -> Verdict:
    """Checks one litmus file under one model; ``options`` are the other fields of ``Request``.

    Without ``model``: the one of the test's own kind (lkmm for kernel C, armv8 for AArch64, ...).
    Raises InputError for bad input, InternalError if a witness does not replay.
    """
    chosen = model or usual_model(Path(path))
    return Checker(doubting=True).check(Request(Path(path), chosen, kernel, **options))  # type: ignore[arg-type]


BOUNDS = (1, 2, 4, 8)
"""Unrolling bounds to try without one from the user, each where the one before can be reached."""


_DOUBTING = 10.0
"""Seconds for what a compiler may leave out, at most."""


class Checker(Struct):
    """Answers requests one after the other, sharing what they have in common.

    ``direct``: states of tests without a turn are listed without a solver (``solve.straight``).
    ``doubting``: a SAFE says which dependencies it rests on that a compiler may leave out.
    """

    workshop: Workshop = field(default_factory=Workshop)
    direct: bool = False
    doubting: bool = False
    _answers: dict[tuple[object, ...], Verdict] = field(default_factory=dict)
    _enough: dict[tuple[object, ...], int] = field(default_factory=dict)

    def check(self, request: Request) -> Verdict:
        """One verdict over all configurations asked for: the worst of them."""
        started = perf_counter()
        base = Verdict(request, request.path.stem, request.config or "", UNKNOWN)
        try:
            with guarded(request.timeout, request.memory), self._shallow(request):
                request = self._answerable(request)
                configs = self.workshop.configs(request)
                base = replace(base, test=self.workshop.name(request), config="+".join(configs))
                worst = _worst(self._until_violated(request, configs, started))
        except Overrun as limit:
            self.renew()
            worst = replace(base, reason=str(limit))
        return replace(worst, seconds=perf_counter() - started)

    @contextmanager
    def _shallow(self, request: Request) -> Iterator[None]:
        """Raises InputError for a text whose nesting exhausts Python's stack."""
        try:
            yield
        except RecursionError:
            # Also where it was making the changes, so that only the file's own tree is there.
            error = too_deep(self.workshop.test(replace(request, removed=frozenset(), changes=())))
            self.renew()
            if error is None:
                raise
            raise error from None

    def _until_violated(
        self, request: Request, configs: Iterable[str], started: float
    ) -> list[Verdict]:
        verdicts: list[Verdict] = []
        for config in configs:
            verdicts.append(self._deepening(request, config, started))
            if verdicts[-1].verdict == VIOLATED:
                break
        return verdicts

    def _answerable(self, request: Request) -> Request:
        """The request with the only engine that knows its model, if that is not compiled. Raises
        InputError where what it asks for is not asked of such a test."""
        if request.liveness:
            _refuse_assembly(self.workshop.test(request))
        if self.workshop.model(request.model).compiled.interpreted is not None:
            return replace(request, engine="explicit")
        return request

    def _deepening(self, request: Request, config: str, started: float) -> Verdict:
        """Without a bound from the user: deeper, while the bound is what the verdict hangs on. It
        begins where that ended for the file's other verdicts: what one model needs others do, and
        marked stores need no more than plain ones."""
        if request.unroll is not None:
            return self._known(request, config, started)
        file = (request.path, request.kernel, request.variant)
        first, *rest = (b for b in BOUNDS if b >= self._enough.get(file, 0))
        verdict = self._known(replace(request, unroll=first), config, started)
        for unroll in rest:
            if verdict.bound is None:
                break
            deeper = self._known(replace(request, unroll=unroll), config, started)
            if deeper.verdict == UNKNOWN and deeper.bound is None:
                break
            verdict = deeper
            if verdict.bound is None:
                self._enough[file] = unroll
        return replace(verdict, request=request)

    def _known(self, request: Request, config: str, started: float) -> Verdict:
        """The verdict of one configuration; the same program is not asked about twice.

        The question is the program at one bound: two that are equal there may differ beyond it.
        """
        question = (
            self.workshop.fingerprint(request),
            *(request.model, config, request.solver, request.engine, request.liveness),
        )
        known = self._answers.get(question)
        if known is not None:
            name = self.workshop.test(request).name
            return replace(known, request=request, test=name, engine_seconds=0.0)
        verdict = self._configuration(request, config, started)
        if verdict.verdict != UNKNOWN:
            self._answers[question] = verdict
        return verdict

    def states(self, request: Request, *, listed: bool = True) -> Observed:
        """All final states over the configurations asked for, with herd7's observation and flags.

        Without ``listed`` the observation alone: no states, no flags. Loops are unrolled deeper as
        for a verdict. Raises TimeoutError if the search gave up or a bound can be reached.
        """
        try:
            with guarded(request.timeout, request.memory), self._shallow(request):
                request = self._answerable(request)
                configs = self.workshop.configs(request)
                found = [self._unrolled_states(request, config, listed) for config in configs]
        except Inconclusive as why:
            raise TimeoutError(str(why)) from None
        except Overrun as limit:
            self.renew()
            raise TimeoutError(str(limit)) from None
        states = sorted({s for one in found for s in one.states})
        word = _together(one.observation for one in found)
        flags = tuple(dict.fromkeys(f for one in found for f in one.flags))
        return replace(found[0], states=tuple(states), observation=word, flags=flags)

    def _unrolled_states(self, request: Request, config: str, listed: bool) -> Observed:
        bounds = (request.unroll,) if request.unroll else BOUNDS
        started = perf_counter()
        for unroll in bounds:
            found = self._states(replace(request, unroll=unroll), config, started, listed)
            if found is not None:
                return found
        raise TimeoutError("a loop's unrolling bound can be reached (raise --unroll)")

    def _states(
        self, request: Request, config: str, started: float, listed: bool
    ) -> Observed | None:
        """None: a loop's bound can be reached, so that these would not be all."""
        try:
            search = self._search(request, config, started)
            if search.bound_reached():
                return None
            return self._observed(search, listed)
        except Inconclusive as why:
            raise TimeoutError(str(why)) from None
        except OutOfTime as limit:
            raise TimeoutError(str(limit)) from None

    def _observed(self, search: Search, listed: bool) -> Observed:
        structure = search.structure
        wild = search.wild()
        states, word = search.states() if listed else ((), None)
        if word is None:
            word = search.observation()
        return Observed(
            test=structure.name,
            texts=tuple(t for t, _, _ in structure.observed),
            types=tuple(t for _, _, t in structure.observed),
            states=states,
            cells=structure.named,
            quantifier=structure.quantifier,
            observation=word,
            flags=search.all_flags() + wild if listed else (),
        )

    def forget(self, *, terms: bool = False) -> None:
        """Drops tests and programs (not models): for long runs over many files.

        ``terms``: these may stay, which is faster for small tests. What numbers they have then
        hangs on the tests before, and with it which of several executions is found.
        """
        self.workshop = self.workshop.emptied(terms=terms)
        self._answers.clear()
        self._enough.clear()

    def renew(self) -> None:
        """Drops all, models too: for when a run was broken off anywhere."""
        self.workshop = self.workshop.renewed()
        Checker.forget(self)

    def _search(self, request: Request, config: str, started: float) -> Search:
        def opened(structure: EventStructure) -> AnySession:
            return self._opened(structure, request, started)

        base = Verdict(request, self.workshop.test(request).name, config, UNKNOWN)
        # What also has to be asked of executions that do not end is asked of the same structure.
        program = self.workshop.program(request)
        stalls = loops_or_asserts(program)
        structure = self.workshop.structure(request, config, stalls=stalls)
        return Search(self.workshop, request, structure, opened, base)

    def _opened(self, structure: EventStructure, request: Request, started: float) -> AnySession:
        limits = limits_of(request, started)
        model = self.workshop.model(request.model)
        cat = model.compiled
        if request.engine == "explicit":
            from ksmcheck.solve.explicit import ExplicitSession

            tree = model.tree if cat.interpreted is not None else ()
            return ExplicitSession(structure, cat, tree=tree, limits=limits)

        def open_session() -> Session:
            return Session(
                structure,
                cat,
                backend=request.solver,
                engine=request.engine,
                limits=limits,
                grounds=self.workshop.grounds,
                lemmas=self.workshop.lemmas,
            )

        if self.direct and (request.engine, request.solver) == ("lazy", DEFAULT):
            from ksmcheck.solve.straight import straight

            return straight(structure, cat, limits, open_session) or open_session()
        return open_session()

    def _configuration(self, request: Request, config: str, started: float) -> Verdict:
        begun = perf_counter()
        base = Verdict(request, self.workshop.name(request), config, UNKNOWN)
        try:
            search = self._search(request, config, started)
            answer = search.verdict()
            if self.doubting and answer.verdict in (SAFE, BOUNDED):
                answer = self._doubted(search, answer, started)
        except Inconclusive as why:
            return replace(base, reason=str(why))
        except OutOfTime as limit:
            return replace(base, reason=str(limit))
        events = len(search.structure.events)
        return replace(answer, engine_seconds=perf_counter() - begun, events=events)

    def _doubted(self, search: Search, answer: Verdict, started: float) -> Verdict:
        from ksmcheck.check.doubts import doubts

        if isinstance(self.workshop.test(search.request), AssemblyTest):
            return answer
        left = limits_of(search.request, started).seconds
        seconds = _DOUBTING if left is None else min(_DOUBTING, left / 2)
        return replace(answer, notes=(*answer.notes, *doubts(search, answer, seconds)))


def _refuse_assembly(test: AnyTest) -> None:
    if isinstance(test, AssemblyTest):
        raise InputError(
            "whether a thread waits for ever is asked of kernel C",
            test.span,
            hint="in assembly nothing tells a loop that waits from another",
        )


def loops_or_asserts(program: Program) -> bool:
    """Whether a verdict also hangs on what happens before a thread waits for ever."""
    blocks = [block for thread in program.threads for block in thread.blocks]
    return any(type(block.end) is Cut or Check in map(type, block.instrs) for block in blocks)


def limits_of(request: Request, started: float) -> Limits:
    """What is left of the request's limits."""
    seconds = None
    if request.timeout is not None:
        seconds = max(0.001, request.timeout - (perf_counter() - started))
    return Limits(seconds, request.memory, asked=request.timeout)


def _worst(verdicts: list[Verdict]) -> Verdict:
    """SAFE needs all configurations; otherwise the gravest one's verdict."""
    order = [VIOLATED, VACUOUS, UNKNOWN, BOUNDED, SAFE]
    worst = min(verdicts, key=lambda v: (order.index(v.verdict), v.witness is None, not v.flags))
    engine = sum(v.engine_seconds for v in verdicts)
    if worst.verdict == VIOLATED or len(verdicts) == 1:
        return replace(worst, engine_seconds=engine)
    merged = _together(v.observation for v in verdicts)
    return replace(
        worst,
        config="+".join(dict.fromkeys((worst.config, *(v.config for v in verdicts)))),
        observation=merged,
        flags=tuple(dict.fromkeys(flag for v in verdicts for flag in v.flags)),
        engine_seconds=engine,
    )


def _together(words: Iterable[str | None]) -> str | None:
    """The observation over all configurations; None where one has none."""
    found = set(words)
    if len(found) == 1:
        return found.pop()
    return None if None in found else "Sometimes"
