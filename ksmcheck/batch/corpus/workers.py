"""Tests on worker processes that stay warm. A worker that dies is an error of its test alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool

from ksmcheck.batch.collector import calm_collector
from ksmcheck.batch.corpus.answer import ERROR, Answer, Answerer, Settings
from ksmcheck.batch.corpus.tests import CorpusTest
from ksmcheck.batch.pool import workers

Chunk = tuple[CorpusTest, ...]
_CHUNK = 8
"""Tests that a worker gets at a time: sending one costs about as much as answering it."""

_DIED = "the worker process died (out of memory, or a crash of native code)"


def run_on_workers(tests: Sequence[CorpusTest], settings: Settings, jobs: int) -> Iterator[Answer]:
    """An answer to every test, as they come."""
    size = max(1, min(_CHUNK, len(tests) // (4 * jobs)))
    left = deque(tuple(tests[i : i + size]) for i in range(0, len(tests), size))
    while left:
        suspects: list[Chunk] = []
        yield from _until_broken(left, suspects, settings, jobs)
        for chunk in suspects:
            yield from _alone(chunk, settings)


def _until_broken(
    left: deque[Chunk], suspects: list[Chunk], settings: Settings, jobs: int
) -> Iterator[Answer]:
    """Works ``left`` off; if a worker dies, what was under way then goes to ``suspects``."""
    running: dict[Future[list[Answer]], Chunk] = {}
    with workers(jobs, _start, settings) as pool:
        while left or running:
            while left and len(running) < 2 * jobs:
                try:
                    running[pool.submit(_work, left[0])] = left[0]
                except BrokenProcessPool:
                    break
                left.popleft()
            if not running:
                return  # it broke between two tests: with a new one, on from here
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                chunk = running.pop(future)
                try:
                    yield from future.result()
                except BrokenProcessPool:
                    suspects += [chunk, *running.values()]
                    return


def _alone(chunk: Chunk, settings: Settings) -> Iterator[Answer]:
    """Each test in a process of its own: the one that kills its worker is found."""
    for test in chunk:
        with workers(1, _start, settings) as pool:
            try:
                yield from pool.submit(_work, (test,)).result()
            except BrokenProcessPool:
                yield Answer(test.file, test.kind, test.model, test.digest, ERROR, reason=_DIED)


def _start(settings: Settings) -> None:
    global _answerer
    calm_collector()
    _answerer = Answerer.start(settings)


_answerer: Answerer
"""The worker process's own: models stay loaded from one test to the next."""


def _work(chunk: Chunk) -> list[Answer]:
    return [_answerer.answer(test) for test in chunk]
