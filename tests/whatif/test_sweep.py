"""Sweeps on worker processes and on a cluster give what one process gives, each cell once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from ksmcheck.check import Request
from ksmcheck.text import InputError
from ksmcheck.whatif.asker import Asker
from ksmcheck.whatif.matrix import Question, chosen_changes, questions
from ksmcheck.whatif.sweep import sweep
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


@pytest.fixture
def cluster() -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers, processes of their own on the loopback device."""
    distributed = pytest.importorskip("distributed")
    assert distributed
    port = 20000 + os.getpid() % 20000
    address = f"tcp://127.0.0.1:{port}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    common = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    scheduler = subprocess.Popen(
        [*common, "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"], **quiet
    )
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1"]
    workers = [
        subprocess.Popen([*worker, "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"], **quiet)
        for _ in range(2)
    ]
    yield address, workers
    for process in (*workers, scheduler):
        process.kill()
        process.wait()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_that_loses_a_worker(
    cluster: tuple[str, list[subprocess.Popen[bytes]]],
) -> None:
    from distributed import Client

    address, workers = cluster
    with Client(address, timeout="60s", set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    victim = workers[0]

    def kill_in_mid_sweep() -> None:
        time.sleep(1.0)
        victim.send_signal(signal.SIGKILL)

    killer = threading.Thread(target=kill_in_mid_sweep)
    killer.start()
    found = cells(sweep(asked(parts=8), scheduler=address))
    killer.join()
    assert victim.wait(timeout=10) == -signal.SIGKILL
    alone = cells(sweep(asked(parts=8)))
    assert found == alone
    assert len(set(found)) == len({(m, c) for m, c, _ in found})


def test_no_scheduler_there() -> None:
    pytest.importorskip("distributed")
    with pytest.raises(InputError, match="no Dask scheduler"):
        list(sweep(asked(("sc",)), scheduler="nonsense://nowhere"))
