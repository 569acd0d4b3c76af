"""Random programs with loops and locks: whether a thread may wait for ever, against all
interleavings of their threads."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import BOUNDED, UNKNOWN, VIOLATED
from ksmcheck.text import InputError
from tests.fresh import fresh_checker
from tests.soundness import mini_c as m
from tests.soundness.generator import Writer
from tests.soundness.interleave import Explorer, TooMany

SHARES, PROGRAMS = 4, 60


def wait(writer: Writer, depth: int, loop: bool) -> list[m.Stmt]:
    return [m.While(writer.test(), (), do=writer.chance(0.3))]


def locked(writer: Writer, depth: int, loop: bool) -> list[m.Stmt]:
    given: list[m.Stmt] = [m.Atomic("spin_unlock", None, "lk", ())]
    return [
        m.Atomic("spin_lock", None, "lk", ()),
        *writer.block(depth, loop),
        *(given if writer.chance(0.7) else []),
    ]


class Waiting(Writer):
    """Programs that wait: for what others store, and for a lock that may not be given back."""

    compound = (*Writer.compound, wait, wait, wait, locked, locked)


@pytest.mark.parametrize("share", range(SHARES))
def test_a_thread_may_wait_for_ever_where_some_interleaving_lets_it(
    share: int, tmp_path: Path
) -> None:
    told: list[bool] = []
    for seed in range(share, PROGRAMS, SHARES):
        mini = Waiting(seed, marked=True).program()
        try:
            wanted = Explorer(mini).run()
        except TooMany:
            continue
        if wanted.failed:
            continue  # a violation of its own
        path = tmp_path / f"{seed}.litmus"
        path.write_text(m.text(mini, "forall (true)\n"))
        checker = fresh_checker()
        try:
            found = checker.check(Request(path, "sc", timeout=10.0, liveness=True))
        except InputError:
            continue  # it takes the lock that it holds: that is refused
        if found.verdict in (UNKNOWN, BOUNDED):
            continue
        assert (found.verdict == VIOLATED) == wanted.stuck, seed
        told.append(wanted.stuck)
        if wanted.stuck:
            assert found.witness is not None
            assert found.witness.failure.name == "liveness"
            # What an interleaving does every machine does.
            weaker = checker.check(Request(path, "power", timeout=10.0, liveness=True))
            assert weaker.verdict in (VIOLATED, UNKNOWN), seed
    assert True in told
    assert False in told
