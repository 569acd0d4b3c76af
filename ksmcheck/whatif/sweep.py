"""Many questions: here, on worker processes, or on a Dask cluster.

However they run, each question is answered once and the answers come in the order of the questions:
the cluster runs a lost worker's questions again, and they depend on nothing but themselves.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from threading import Lock
from typing import Any

from ksmcheck.batch.collector import calm_collector
from ksmcheck.text import InputError
from ksmcheck.whatif.asker import Asker
from ksmcheck.whatif.matrix import Answer, Question, answers


def sweep(
    questions: Sequence[Question], *, jobs: int = 1, scheduler: str | None = None
) -> Iterator[Answer]:
    """All answers, in order. ``scheduler`` is the address of a Dask scheduler.

    Raises InputError of a wrong program, and where Dask is asked for and not installed.
    """
    if scheduler is not None:
        yield from _on_cluster(questions, scheduler)
    elif jobs > 1 and len(questions) > 1:
        yield from _on_workers(questions, jobs)
    else:
        yield from _in_turn(Asker(), questions)


def _in_turn(asker: Asker, questions: Sequence[Question]) -> Iterator[Answer]:
    for index, question in enumerate(questions):
        yield from answers(asker, question)
        if index + 1 < len(questions) and questions[index + 1].request != question.request:
            asker.close_encodings()


def work(question: Question) -> list[Answer]:
    """One question, by this process's own asker; models stay loaded from one to the next.

    A cluster's worker has a thread for each processor if it is not told otherwise: the others wait.
    """
    with _alone:
        asker = own_asker()
        found = list(answers(asker, question))
        asker.close_encodings()
        return found


_alone = Lock()
"""Held by the one thread of the process that asks: solvers and encodings are not shared."""


def own_asker() -> Asker:
    """The worker process's own, made when first asked for: a cluster's workers are not ours."""
    global _asker
    if _asker is None:
        calm_collector()
        _asker = Asker()
    return _asker


_asker: Asker | None = None


def start_worker() -> None:
    """Before the first question."""
    own_asker()


def _on_workers(questions: Sequence[Question], jobs: int) -> Iterator[Answer]:
    from ksmcheck.batch.pool import workers

    with workers(jobs, start_worker) as pool:
        for found in pool.map(_work_on, batches(questions, jobs), chunksize=1):
            yield from found


_ENOUGH = 4
"""Batches for each worker, so that none has long to wait for the last ones."""


def batches(questions: Sequence[Question], jobs: int) -> list[tuple[Question, ...]]:
    """Questions about one program together, whose text is then read once and whose models share
    what they can; each alone where that would leave workers with nothing to do."""
    program = attrgetter("path", "kernel", "defines", "removed")
    found = [tuple(some) for _, some in groupby(questions, lambda q: program(q.request))]
    return found if len(found) >= _ENOUGH * jobs else [(question,) for question in questions]


def _work_on(batch: tuple[Question, ...]) -> list[Answer]:
    asker = own_asker()
    found = list(_in_turn(asker, batch))
    asker.close_encodings()
    if len(batch) > 1:
        asker.forget()
    return found


def _on_cluster(questions: Sequence[Question], scheduler: str) -> Iterator[Answer]:
    # Dask loads numpy, and what cat.dense says of its threads has to be said before.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from distributed import Client
    except ImportError:
        raise InputError(
            "--scheduler needs Dask, which is not installed", hint="pip install 'ksmcheck[cluster]'"
        ) from None
    try:
        client: Any = Client(scheduler, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(f"no Dask scheduler at {scheduler}: {error}") from None
    with client:
        # Not pure: a key of its own for each question, so that none is taken for another.
        futures = client.map(work, questions, pure=False, retries=3)
        for found in client.gather(futures):
            yield from found
