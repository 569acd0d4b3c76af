"""Worker processes that end with the process that started them, however that ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any


@contextmanager
def workers(jobs: int, start: Callable[..., None], *given: object) -> Iterator[ProcessPoolExecutor]:
    """``jobs`` processes, each of which calls ``start(*given)`` first.

    Left by an exception (an interrupt too), it ends them at once, in the middle of their work.
    """
    pool = open_workers(jobs, start, *given)
    try:
        yield pool
    except BaseException:
        end_workers(pool)
        raise
    pool.shutdown()


def open_workers(jobs: int, start: Callable[..., None], *given: object) -> ProcessPoolExecutor:
    """As ``workers``, for who has to call ``shutdown`` or ``end_workers``."""
    # Started afresh, not forked: a fork of a process with solver threads may dead-lock.
    context = get_context("forkserver")
    begin = partial(begin_worker, start, *given)
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=begin)


def end_workers(pool: ProcessPoolExecutor) -> None:
    """Ends the processes without waiting for what they do."""
    # A public way exists from Python 3.14 on (``kill_workers``); before it there is none.
    processes: dict[int, Any] = dict(getattr(pool, "_processes", None) or {})
    for process in processes.values():
        process.kill()
    pool.shutdown(cancel_futures=True)


def begin_worker(start: Callable[..., None], *given: object) -> None:
    """Makes this process a worker that ends with its parent, and calls ``start(*given)``."""
    # Ctrl-C reaches every process of the terminal; the first one decides, and ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_parent()
    start(*given)


def _end_with_parent() -> None:
    """Ends this process when its parent is gone: killed, perhaps, with no time to say so.

    The parent holds one end of a pipe for as long as it lives. A thread waits at the other; where
    the system can tell by a signal it does, since a thread has to wait for native code to return.
    """
    parent = parent_process()
    if parent is None:
        return

    def follow() -> None:
        parent.join()
        os._exit(1)

    Thread(target=follow, daemon=True).start()
    with suppress(ImportError, AttributeError, OSError):
        _signal_when_closed(int(parent.sentinel))


def _signal_when_closed(end: int) -> None:
    """SIGIO, whose default is to end the process, when the other end of a pipe is closed."""
    import fcntl

    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(end, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(end, fcntl.F_SETFL, fcntl.fcntl(end, fcntl.F_GETFL) | os.O_ASYNC)
