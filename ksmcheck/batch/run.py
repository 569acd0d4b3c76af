"""Runs groups of jobs, here or on worker processes that stay warm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from ksmcheck.batch.collector import calm_collector
from ksmcheck.batch.jobs import Group, Job
from ksmcheck.batch.letters import letter_of
from ksmcheck.check.check import Checker
from ksmcheck.check.verdict import Verdict
from ksmcheck.explain.tell import story_of
from ksmcheck.record import Struct, replace


class Result(Struct, frozen=True):
    """The answer to one job; ``verdict`` is None where it was skipped.

    ``story`` is the sentence that names the missing order of a violation, ``witnessed`` whether
    there was an execution, be it kept or not.
    """

    job: Job
    verdict: Verdict | None
    story: str | None = None
    witnessed: bool = False

    @property
    def letter(self) -> str:
        return "-" if self.verdict is None else letter_of(self.verdict)

    def without_execution(self) -> Result:
        """For a run over very many cells: executions are most of what a result holds."""
        if self.verdict is None or self.verdict.witness is None:
            return self
        return replace(self, verdict=replace(self.verdict, witness=None))

    @property
    def as_expected(self) -> bool:
        return self.job.expected is None or self.job.expected == self.letter


def run_jobs(groups: Sequence[Group], jobs: int = 1, *, shown: bool = True) -> Iterator[Result]:
    """All results, in the order of the groups; their executions and stories only where they are
    ``shown``.

    Raises InputError or InternalError of any job; other groups may have run by then.
    """
    if jobs <= 1 or len(groups) <= 1:
        checker = Checker()
        for group in groups:
            yield from run_group(checker, group, shown=shown)
        return
    yield from _run_on_workers(groups, jobs, shown)


def run_group(checker: Checker, group: Group, *, shown: bool = True) -> list[Result]:
    """The results of one group; a program that comes again is compiled and checked once."""
    results = []
    for job in group:
        if job.skip is not None:
            results.append(Result(job, None))
            continue
        verdict = checker.check(job.request)
        story = story_of(checker, verdict) if shown else None
        result = Result(job, verdict, story, verdict.witness is not None)
        results.append(result if shown else result.without_execution())
    checker.forget()
    return results


def _run_on_workers(groups: Sequence[Group], jobs: int, shown: bool) -> Iterator[Result]:
    from ksmcheck.batch.pool import workers

    with workers(jobs, _start) as pool:
        for results in pool.map(partial(_work, shown=shown), groups, chunksize=1):
            yield from results


def _start() -> None:
    global _checker
    calm_collector()
    _checker = Checker()


_checker: Checker
"""The worker process's own checker: models stay loaded from one group to the next."""


def _work(group: Group, shown: bool) -> list[Result]:
    return run_group(_checker, group, shown=shown)
