"""Several searches at once, each in a process of its own, whose finds come as they are made."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

Task = TypeVar("Task")
Item = TypeVar("Item")

_ITEM, _END, _ERROR = "item", "end", "error"


def in_order(
    search: Callable[[Task], Iterable[Item]], tasks: Sequence[Task], jobs: int = 1
) -> Generator[Iterator[Item], None, None]:
    """For each task, in order, what the search finds for it; to be read one after the other.

    With more than one job, searches run ahead of what is read, the last one first: it is taken to
    be the longest. What a search raises is raised where its finds are read.
    """
    if jobs <= 1 or len(tasks) <= 1:
        for task in tasks:
            yield iter(search(task))
        return
    streams = _Streams(jobs, [_Stream[Item](partial(search, task)) for task in tasks])
    try:
        for stream in streams.all:
            yield streams.items(stream)
    finally:
        for stream in streams.all:
            stream.kill()


class _Stream(Generic[Item]):
    """One search; ``items`` are what has been found and not been read."""

    def __init__(self, search: Callable[[], Iterable[Item]]) -> None:
        self.search = search
        self.items: deque[Item] = deque()
        self.process: BaseProcess | None = None
        self.reader: Connection | None = None
        self.ended = False
        self.error: BaseException | None = None

    def start(self) -> None:
        from multiprocessing import get_context

        context = get_context("forkserver")
        self.reader, writer = context.Pipe(duplex=False)
        self.process = context.Process(target=_run, args=(writer, self.search), daemon=True)
        self.process.start()
        writer.close()

    def receive(self) -> None:
        assert self.reader is not None
        try:
            kind, value = self.reader.recv()
        except EOFError:
            kind = _ERROR
            value = RuntimeError("a worker process died (out of memory, or a crash of native code)")
        if kind == _ITEM:
            self.items.append(value)
            return
        self.ended = True
        self.error = value
        self.kill()

    def kill(self) -> None:
        self.ended = True
        if self.process is not None and self.reader is not None:
            self.process.kill()
            self.process.join()
            self.reader.close()
        self.process = self.reader = None


class _Streams(Generic[Item]):
    def __init__(self, jobs: int, streams: list[_Stream[Item]]) -> None:
        self.jobs = jobs
        self.all = streams

    def items(self, stream: _Stream[Item]) -> Iterator[Item]:
        while True:
            while stream.items:
                yield stream.items.popleft()
            if stream.ended:
                if stream.error is not None:
                    raise stream.error
                return
            self._wait()

    def _wait(self) -> None:
        from multiprocessing.connection import wait

        running = [stream for stream in self.all if stream.reader is not None]
        for stream in (self.all[-1], *self.all[:-1]):
            if len(running) < self.jobs and stream.reader is None and not stream.ended:
                stream.start()
                running.append(stream)
        ready: list[Any] = wait([stream.reader for stream in running if stream.reader])
        for stream in running:
            if stream.reader in ready:
                stream.receive()


def _run(writer: Connection, search: Callable[[], Iterable[object]]) -> None:
    from ksmcheck.batch.collector import calm_collector
    from ksmcheck.batch.pool import begin_worker

    begin_worker(calm_collector)
    try:
        for item in search():
            writer.send((_ITEM, item))
        writer.send((_END, None))
    except Exception as error:
        writer.send((_ERROR, error))
