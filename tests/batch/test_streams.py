"""Searches in processes of their own: in order, as they come, none lost and none left over."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from multiprocessing import active_children

import pytest

from ksmcheck.batch.streams import in_order
from ksmcheck.text import InputError


def count(most: int) -> Iterator[int]:
    yield from range(most)


def slow(seconds: float) -> Iterator[str]:
    yield "first"
    time.sleep(seconds)
    yield "last"


def wrong(task: str) -> Iterator[str]:
    yield task
    if task == "bad":
        raise InputError("this is bad")
    if task == "killed":
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_finds_come_in_the_order_of_the_tasks(jobs: int) -> None:
    tasks = [3, 0, 5, 1, 4]
    assert [list(found) for found in in_order(count, tasks, jobs)] == [
        list(range(n)) for n in tasks
    ]


def test_a_find_is_there_before_the_search_ends() -> None:
    begun = time.monotonic()
    with closing(in_order(slow, [300.0, 300.0], 2)) as found:
        assert next(next(found)) == "first"
    assert time.monotonic() - begun < 60
    assert not active_children()


@pytest.mark.parametrize(
    ("task", "error", "message"),
    [("bad", InputError, "this is bad"), ("killed", RuntimeError, "worker process died")],
)
def test_what_ends_a_search_is_raised_where_it_is_read(
    task: str, error: type[Exception], message: str
) -> None:
    read = []
    with pytest.raises(error, match=message):
        for found in in_order(wrong, ["good", task, "good"], 2):
            read.append(list(found))
    assert read == [["good"]]
    assert not active_children()
