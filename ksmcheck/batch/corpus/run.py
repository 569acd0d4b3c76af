"""Runs the tests of a corpus, here or on worker processes that stay warm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ksmcheck.batch.collector import calm_collector
from ksmcheck.batch.corpus.answer import Answer, Answerer, Settings
from ksmcheck.batch.corpus.tests import CorpusTest


def run_tests(tests: Sequence[CorpusTest], settings: Settings, jobs: int = 1) -> Iterator[Answer]:
    """An answer to every test, as they come."""
    if jobs <= 1 or len(tests) <= 1:
        calm_collector()
        answerer = Answerer.start(settings)
        yield from map(answerer.answer, tests)
        return
    from ksmcheck.batch.corpus.workers import run_on_workers

    yield from run_on_workers(tests, settings, jobs)
