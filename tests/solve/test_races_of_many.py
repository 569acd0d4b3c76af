"""A flag that has to be ruled out for very many orders: these are not looked at one by one."""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.solve.concrete import Concrete
from tests.fresh import fresh_checker

THREADS = 6
COUNT = "{ spin_lock(&l); c++; spin_unlock(&l); }"
OTHERS = {
    "all of them locked": COUNT,
    "one of them with another lock": "{ spin_lock(&m); c++; spin_unlock(&m); }",
}


def counter(other: str) -> str:
    bodies = [COUNT] * (THREADS - 1) + [other]
    threads = "\n".join(f"P{i}() {body}" for i, body in enumerate(bodies))
    return (
        f"C count\nint c;\nspinlock_t l;\nspinlock_t m;\n{{ }}\n{threads}\nforall (c={THREADS})\n"
    )


@pytest.mark.parametrize("kind", OTHERS)
def test_a_locked_counter(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What holds the lock one after the other does not race, in whichever of the 6! orders."""
    path = tmp_path / "count.litmus"
    path.write_text(counter(OTHERS[kind]))
    looked_at = 0
    skeleton: Callable[..., object] = Concrete.skeleton

    def counted(*args: object) -> object:
        nonlocal looked_at
        looked_at += 1
        return skeleton(*args)

    monkeypatch.setattr(Concrete, "skeleton", counted)
    verdict = fresh_checker().check(Request(path, "lkmm"))
    one_lock = OTHERS[kind] == COUNT
    assert verdict.flags == (() if one_lock else ("data-race",))
    assert verdict.verdict == ("SAFE" if one_lock else "VIOLATED")
    assert looked_at < factorial(THREADS) / 2
