"""Sweeps on worker processes and on a cluster give what one process gives, each cell once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ksmcheck.check import Request
from ksmcheck.text import InputError
from ksmcheck.whatif.asker import Asker
from ksmcheck.whatif.matrix import Answer, Question, answers, chosen_changes, questions
from ksmcheck.whatif.sweep import batches, sweep, work
from tests.whatif.conftest import ROOT

PATH = ROOT / "litmus" / "classic" / "ISA2" / "ISA2+wmb+rel+rmb.litmus"
Cells = list[tuple[str, tuple[str, ...], str]]


def asked(
    models: tuple[str, ...] = ("tso", "armv8", "lkmm"), parts: int = 4
) -> tuple[Question, ...]:
    requests = [Request(PATH, model) for model in models]
    return questions(requests, chosen_changes(Asker().spots(requests[0])), parts)


def cells(found: object) -> Cells:
    assert isinstance(found, Iterator)
    return [(a.request.model, tuple(map(str, a.changes)), a.word) for a in found]


def test_worker_processes() -> None:
    assert cells(sweep(asked(), jobs=2)) == cells(sweep(asked()))


def test_worker_processes_have_all_about_a_program_together() -> None:
    """Where there are programs enough; the answers are the same, in the same order."""
    paths = sorted((ROOT / "litmus" / "classic").glob("S*/*.litmus"))[:9]
    many: tuple[Question, ...] = ()
    for path in paths:
        requests = [Request(path, model) for model in ("tso", "lkmm")]
        many += questions(requests, chosen_changes(Asker().spots(requests[0])), 2)
    assert [len({q.request.path for q in batch}) for batch in batches(many, 2)] == [1] * 9
    assert [q for batch in batches(many, 2) for q in batch] == list(many)
    assert all(len(batch) == 1 for batch in batches(many, 4))
    assert cells(sweep(many, jobs=2)) == cells(sweep(many))


@pytest.fixture
def cluster() -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers, processes of their own on the loopback device."""
    distributed = pytest.importorskip("distributed")
    assert distributed
    port = 20000 + os.getpid() % 20000
    address = f"tcp://127.0.0.1:{port}"
    common = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    scheduler = subprocess.Popen(
        [*common, "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1"]
    workers = [
        subprocess.Popen(
            [*worker, "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    yield address, workers
    for process in (*workers, scheduler):
        process.kill()
        process.wait()


def stop_one_that_holds_a_question(client: Any, pids: dict[str, int]) -> tuple[str, set[str]]:
    """A worker in mid-question, stopped, and the questions that it holds and cannot answer now."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for worker, held in client.processing().items():
            if not held:
                continue
            os.kill(pids[worker], signal.SIGSTOP)
            time.sleep(0.5)  # what it had sent before has arrived by now
            still = set(client.processing().get(worker, ()))
            if still:
                return worker, still
            os.kill(pids[worker], signal.SIGCONT)
        time.sleep(0.01)
    pytest.fail("no worker was seen with a question")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_that_loses_a_worker_in_mid_question(
    cluster: tuple[str, list[subprocess.Popen[bytes]]],
) -> None:
    from distributed import Client

    address, workers = cluster
    found: Cells = []
    with Client(address, timeout="60s", set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        pids: dict[str, int] = client.run(os.getpid)
        assert set(pids.values()) == {worker.pid for worker in workers}
        sweeping = threading.Thread(
            target=lambda: found.extend(cells(sweep(asked(parts=8), scheduler=address)))
        )
        sweeping.start()
        victim, held = stop_one_that_holds_a_question(client, pids)
        assert sweeping.is_alive()
        assert not found
        os.kill(pids[victim], signal.SIGKILL)
        sweeping.join(timeout=120)
        assert not sweeping.is_alive()
        assert held
        assert victim not in client.processing()
    dead = next(worker for worker in workers if worker.pid == pids[victim])
    assert dead.wait(timeout=10) == -signal.SIGKILL
    alone = cells(sweep(asked(parts=8)))
    assert found == alone
    # Each question once: only the program as it is begins every part.
    changed = [(model, changes) for model, changes, _ in found if changes]
    assert len(changed) == len(set(changed))


def test_no_scheduler_there() -> None:
    pytest.importorskip("distributed")
    with pytest.raises(InputError, match="no Dask scheduler"):
        list(sweep(asked(("sc",)), scheduler="nonsense://nowhere"))


def test_threads_of_one_worker_ask_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """`dask worker` starts as many threads as there are processors. They share the asker, and a
    solver that two threads use at once ends the process or gives an execution of the other's."""
    at_once: list[int] = []
    inside: list[Question] = []

    def watched(asker: Asker, question: Question) -> Iterator[Answer]:
        inside.append(question)
        for found in answers(asker, question):
            at_once.append(len(inside))
            time.sleep(0.001)  # others get their turn
            yield found
        inside.remove(question)

    monkeypatch.setattr("ksmcheck.whatif.sweep.answers", watched)
    many = asked()
    with ThreadPoolExecutor(4) as pool:
        found = [answer for some in pool.map(work, many) for answer in some]
    assert set(at_once) == {1}
    assert cells(iter(found)) == cells(sweep(many))


WATCHED = """
import os, sys

class Watch:
    def find_spec(self, name, *_):
        if name == "numpy":
            print(os.environ.get("OPENBLAS_NUM_THREADS"))
            raise SystemExit

sys.meta_path.insert(0, Watch())
from pathlib import Path
from ksmcheck.check import Request
from ksmcheck.whatif.matrix import Question
from ksmcheck.whatif.sweep import sweep
list(sweep([Question(Request(Path("a")), ((),))], scheduler="nonsense://nowhere"))
"""


def test_what_loads_numpy_first_loads_it_for_one_thread() -> None:
    """The library under numpy reads the variable when it is loaded, and so it has to be set by then
    whoever loads it: on several threads the small products of a check took ten times as long
    on processors that are not idle, and Dask loads numpy before a check does."""
    pytest.importorskip("distributed")
    environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"}
    ran = subprocess.run(
        [sys.executable, "-c", WATCHED],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert ran.stdout == "1\n"
