"""When a session stops: at its limits, and not before."""

from __future__ import annotations

from time import monotonic

import pytest

from ksmcheck.cat.compile import CompiledCat
from ksmcheck.solve.limits import Limits, Meter, resident_mb
from ksmcheck.solve.outcome import Found, Refuted
from ksmcheck.solve.session import Session
from tests.solve.conftest import Build


@pytest.mark.parametrize(
    ("limits", "passed", "iterations", "said"),
    [
        (Limits(), 1e6, 10**9, None),
        (Limits(seconds=60), 30, 0, None),
        (Limits(seconds=60), 90, 0, "time limit of 60 s reached"),
        (Limits(seconds=60, asked=90), 90, 0, "time limit of 90 s reached"),
        (Limits(memory_mb=1), 0, 0, "memory limit of 1 MiB reached"),
        (Limits(memory_mb=1, asked_mb=2), 0, 0, "memory limit of 2 MiB reached"),
        (Limits(memory_mb=1 << 30), 0, 0, None),
        (Limits(iterations=3), 0, 2, None),
        (Limits(iterations=3), 0, 3, "limit of 3 candidates reached"),
    ],
)
def test_a_limit_is_reached(
    limits: Limits, passed: float, iterations: int, said: str | None
) -> None:
    meter = Meter(limits, monotonic() - passed)
    assert meter.exceeded(iterations) == said


def test_a_search_is_looked_after_where_it_may_take_too_long_or_too_much() -> None:
    assert Meter(Limits(seconds=1)).watched
    assert Meter(Limits(memory_mb=1)).watched
    assert not Meter(Limits(iterations=1)).watched


def test_limits_that_are_not_reached_change_nothing(build: type[Build], sc: CompiledCat) -> None:
    b = build(0)
    b.write(b.thread(), 0, 1)
    seen = b.read(b.thread(), 0, (0, 1))
    limits = Limits(seconds=600, memory_mb=int(resident_mb()) + 4096, iterations=100)
    session = Session(b.structure(), sc, limits=limits)
    assert isinstance(session.find(b.eq(seen, 1)), Found)
    assert isinstance(session.find(b.eq(seen, 2)), Refuted)
    assert session.states([seen], b.terms.true).complete
