"""Questions to outcomes: from the results kept on disk where the same was asked before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from ksmcheck.check.verdict import Request, Verdict
from ksmcheck.gate.outcome import NOT_KEPT, REFUSED, Outcome, Refusal
from ksmcheck.gate.place import place_of
from ksmcheck.record import Struct, field, fields, replace
from ksmcheck.store.content import Contents
from ksmcheck.store.results import Results
from ksmcheck.text import NoMeaning

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

    from ksmcheck.check.check import Checker


Progress = Callable[[int, int], None]
"""Is told how many of how many questions are answered."""


_Found = Iterator[tuple[list[Request], list[Outcome]]]
"""Questions with their answers, group by group."""


class Answer(Struct, frozen=True):
    """``cached``: it was known from an earlier run."""

    outcome: Outcome
    cached: bool


class Answerer(Struct):
    """Answers requests on ``jobs`` processes; use it as a context manager.

    What cannot be kept (UNKNOWN: another run may have more time) is asked again by every run.
    """

    results: Results
    contents: Contents
    jobs: int = 1
    progress: Progress | None = None
    _pool: ProcessPoolExecutor | None = None
    _checker: Checker | None = None
    _known: dict[Request, Answer] = field(default_factory=dict)
    _begun: tuple[int, _Found] | None = None

    def __enter__(self) -> Answerer:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._pool is not None:
            if kind is None:
                self._pool.shutdown(cancel_futures=True)
            else:
                from ksmcheck.batch.pool import end_workers

                end_workers(self._pool)

    def begin(self, requests: Sequence[Request]) -> None:
        """Lets the workers begin with what ``answers`` will be asked for next."""
        if self.jobs > 1:
            self._begun = self._asked(requests)

    def answers(self, requests: Sequence[Request]) -> dict[Request, Answer]:
        """An answer to each; of a test that has no meaning under its model, why. Raises InputError
        or InternalError of any of them."""
        begun, self._begun = self._begun, None
        total, found = begun or self._asked(requests)
        done = 0
        for group, outcomes in found:
            self._keep(group, outcomes)
            done += len(group)
            if self.progress is not None:
                self.progress(done, total)
        return {request: self._known[request] for request in requests}

    def _asked(self, requests: Sequence[Request]) -> tuple[int, _Found]:
        """How many questions are not known the answer of, and the answers to these as they come."""
        missing: dict[tuple[Path, str], list[Request]] = {}
        for request in dict.fromkeys(requests):
            if request in self._known:
                continue
            kept = self.results.get(Outcome, self._key(request, self.contents))
            if kept is not None:
                self._known[request] = Answer(kept, cached=True)
            else:
                missing.setdefault((request.path, request.kernel), []).append(request)
        return sum(map(len, missing.values())), self._ask(list(missing.values()))

    def _keep(self, group: list[Request], outcomes: list[Outcome]) -> None:
        """Files are read again: an answer about a text that was edited meanwhile is not kept."""
        now = Contents()
        for request, outcome in zip(group, outcomes, strict=True):
            self._known[request] = Answer(outcome, cached=False)
            key = self._key(request, self.contents)
            if outcome.letter not in NOT_KEPT and key == self._key(request, now):
                self.results.put(key, outcome)

    def _ask(self, groups: list[list[Request]]) -> _Found:
        if self.jobs <= 1 or len(groups) <= 1:
            return ((group, self._here(group)) for group in groups)
        groups.sort(key=len, reverse=True)
        return zip(groups, self._workers().map(_work, groups), strict=True)

    def _here(self, group: list[Request]) -> list[Outcome]:
        if self._checker is None:
            self._checker = _new_checker()
        return ask_each(self._checker, group)

    def _workers(self) -> ProcessPoolExecutor:
        if self._pool is None:
            from ksmcheck.batch.pool import open_workers

            self._pool = open_workers(self.jobs, _start)
        return self._pool

    @staticmethod
    def _key(request: Request, contents: Contents) -> str | None:
        # Every field counts, also one that is added later.
        given = ((name, getattr(request, name)) for name in fields(request))
        told = ((n, sorted(v) if isinstance(v, frozenset) else v) for n, v in given)
        circumstances = [f"{name}={value!r}" for name, value in told if name not in _ELSEWHERE]
        return contents.key(request.path, request.model, *circumstances)


_ELSEWHERE = ("path", "model", "variant")
"""Fields of a request that its key has in another form, or that change no answer."""


def _new_checker() -> Checker:
    from ksmcheck.batch.collector import calm_collector
    from ksmcheck.check.check import Checker

    calm_collector()
    return Checker()


def ask(checker: Checker, group: Sequence[Request]) -> list[Outcome]:
    """The outcomes of requests about one test; equal programs are checked once, and of one program
    with different changes the first encoding answers all."""
    from ksmcheck.gate.telling import outcome_of

    given = {request: checker.check(request) for request in group if not request.changes}
    given |= _changed(checker, [request for request in group if request.changes])
    found = [outcome_of(checker, given[request]) for request in group]
    checker.forget()
    return found


def ask_each(checker: Checker, group: Sequence[Request]) -> list[Outcome]:
    """As ``ask``; but what has no meaning under one model is answered under the others."""
    try:
        return ask(checker, group)
    except NoMeaning:
        checker.forget()
        return [_answered(checker, request) for request in group]


def _answered(checker: Checker, request: Request) -> Outcome:
    try:
        (outcome,) = ask(checker, [request])
    except NoMeaning as error:
        checker.forget()
        return _refused(error)
    return outcome


def _refused(error: NoMeaning) -> Outcome:
    """Without a verdict; raises what has no place to point at."""
    told = error.diagnostic
    if told.span is None:
        raise error
    notes = (f"{note.span}: {note.message}" if note.span else note.message for note in told.notes)
    refusal = Refusal(told.message, place_of(told.span), tuple(notes), told.hint or "")
    return Outcome("n/a", REFUSED, "", "", 0.0, refusal=refusal)


def _changed(checker: Checker, group: Sequence[Request]) -> dict[Request, Verdict]:
    """Verdicts of changed programs; those of one program under one model one after the other."""
    if not group:
        return {}
    from ksmcheck.whatif.asker import Asker

    asker = Asker(checker.workshop)
    asker.sites = frozenset(change.site for request in group for change in request.changes)
    given: dict[Request, Verdict] = {}
    for _, alike in groupby(group, lambda request: replace(request, changes=())):
        for request in (same := list(alike)):
            if request is same[0]:
                # The proof for the program as it is tells which of the changes matter to it.
                asker.ask(request, ())
            given[request] = asker.ask(request, request.changes)
        asker.close_encodings()
    return given


def _start() -> None:
    global _own
    _own = _new_checker()


_own: Checker
"""The worker process's own checker: models stay loaded from one group to the next."""


def _work(group: list[Request]) -> list[Outcome]:
    return ask_each(_own, group)
