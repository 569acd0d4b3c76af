"""One litmus text under one model: whatever can answer has to give the same answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import NamedTemporaryFile

from ksmcheck.check.check import Checker
from ksmcheck.check.verdict import Observed, Request, Verdict
from ksmcheck.events.value_sets import TooManyValues
from ksmcheck.execution.plain_cat import evaluate
from ksmcheck.execution.wellformed import universe_of
from ksmcheck.solve.explicit import ExplicitSession, graph_of
from ksmcheck.solve.outcome import Candidate
from ksmcheck.solve.witness import to_execution
from ksmcheck.text import InputError
from tests.random.changes import differences

ENGINES = (
    ("lazy", "cadical"),
    ("tuple", "cadical"),
    ("explicit", "cadical"),
    ("lazy", "z3"),
    ("tuple", "z3"),
)
SECONDS = 4.0
"""An engine that needs longer has no answer."""

ENUMERATION = 2.0
"""The same of plain enumeration: what it has not done by then it seldom has in twice that."""

CANDIDATES = 24
"""Candidates, consistent or not, that both cat evaluators judge; one in STEP."""
STEP = 7


@dataclass(frozen=True, slots=True)
class Setting:
    """``changes``: the program is changed, too, and what sharing says of it compared."""

    model: str
    kernel: str
    config: str
    changes: bool = True


@dataclass(frozen=True, slots=True)
class Compared:
    """``answers`` counts engines with an answer, ``judged`` candidates judged twice.

    ``refused``: the program has no meaning under this model, for the reason given.
    """

    answers: int = 0
    judged: int = 0
    refused: str | None = None


class Disagreement(Exception):
    """Two ways to the same answer gave different ones; the text says which."""


def compare(text: str, setting: Setting, checker: Checker) -> Compared:
    """Raises Disagreement, and whatever a bug raises."""
    with NamedTemporaryFile("w", suffix=".litmus") as file:
        file.write(text)
        file.flush()
        request = Request(
            Path(file.name),
            setting.model,
            setting.kernel,
            setting.config,
            unroll=2,
            timeout=SECONDS,
        )
        try:
            return _compare(request, checker, setting.changes)
        except InputError as error:
            return Compared(refused=error.diagnostic.message)
        finally:
            checker.forget()


def _compare(request: Request, checker: Checker, changes: bool) -> Compared:
    known: dict[str, object] = {}
    for engine, solver in ENGINES:
        answer = _answer(request, engine, solver, checker)
        if answer is not None:
            known[f"{engine}/{solver}"] = answer
    first = next(iter(known.items()), None)
    # The few without a turn once more, without a solver.
    direct = _answer(request, "lazy", "cadical", Checker(checker.workshop, direct=True))
    others = {**known, "direct": direct} if direct is not None else known
    for name, answer in others.items():
        if first is not None and answer != first[1]:
            raise Disagreement(f"{first[0]}: {first[1]}\n{name}: {answer}")
    _same_verdict(request, checker, first[1] if first else None)
    different = differences(request, checker) if changes else []
    if different:
        raise Disagreement("\n".join(different))
    return Compared(len(known), sum(1 for _ in _judged(request, checker)))


def _answer(request: Request, engine: str, solver: str, checker: Checker) -> object | None:
    """States, observation and flags in a form to compare; None if the engine gave up."""
    asked = Request(
        request.path,
        request.model,
        request.kernel,
        request.config,
        unroll=request.unroll,
        timeout=ENUMERATION if engine == "explicit" else request.timeout,
        engine=engine,
        solver=solver,
    )
    try:
        found = checker.states(asked)
    except TimeoutError as limit:
        return "the unrolling bound is reached" if "bound" in str(limit) else None
    return _shown(found)


def _shown(found: Observed) -> dict[str, object]:
    return {
        "observation": found.observation,
        "states": sorted(found.states),
        "flags": sorted(found.flags),
    }


def _same_verdict(request: Request, checker: Checker, known: object) -> None:
    """The verdict, whose witness the replay has accepted, says the same as the states."""
    verdict: Verdict = checker.check(request)
    if not isinstance(known, dict) or verdict.observation is None:
        return
    if verdict.observation != known["observation"]:
        raise Disagreement(
            f"states: {known['observation']}\nverdict: {verdict.observation} ({verdict.verdict})"
        )


def _judged(request: Request, checker: Checker) -> Iterator[None]:
    """Both cat evaluators on candidates, most of which no model allows."""
    assert request.config is not None
    try:
        structure = checker.workshop.structure(request, request.config)
    except TooManyValues:
        return
    model = checker.workshop.model(request.model)
    session = ExplicitSession(structure, model.compiled, most=CANDIDATES * STEP)
    candidates = session.search.candidates()
    taken = islice(candidates, 0, CANDIDATES * STEP - 1, STEP)
    for candidate in _until_too_many(taken):
        graph = graph_of(candidate)
        failed = tuple(c.name for c in model.compiled.violated(graph, first=False))
        flags = tuple(c.name for c in model.compiled.flags(graph))
        universe = universe_of(to_execution(structure, candidate))
        plain = evaluate(model.tree, universe)
        if (plain.failed, plain.flags) != (failed, flags):
            raise Disagreement(f"compiled: {failed} {flags}\nplain: {plain.failed} {plain.flags}")
        yield


def _until_too_many(items: Iterator[Candidate]) -> Iterator[Candidate]:
    from ksmcheck.solve.explicit import _TooBig

    try:
        yield from items
    except _TooBig:
        return
