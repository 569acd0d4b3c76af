"""Limits hold where no search looks at the clock: in what comes before it."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest

from ksmcheck.check import Request
from ksmcheck.check.alarm import Overrun, guarded
from tests.fresh import fresh_checker


def many_stores(folder: Path, stores: int) -> Path:
    """Each three stores of one location have to be in some order: to say so takes the cube of
    their number in clauses, which is done before any search."""
    test = folder / "many.litmus"
    test.write_text(
        f"C many\n{{ }}\nP0(int *x)\n{{\n{'WRITE_ONCE(*x, 1); ' * stores}\n}}\nexists (x=1)\n"
    )
    return test


def test_an_encoding_that_takes_too_long_is_broken_off(tmp_path: Path) -> None:
    checker = fresh_checker()
    # The model is loaded: on a busy machine that alone may take as long as the limit.
    (tmp_path / "one").mkdir()
    assert checker.check(Request(many_stores(tmp_path / "one", 1), "sc")).config == "default"
    test = many_stores(tmp_path, 1500)
    begun = monotonic()
    verdict = checker.check(Request(test, "sc", timeout=0.2))
    assert monotonic() - begun < 60
    assert verdict.verdict == "UNKNOWN"
    assert verdict.reason == "time limit of 0.2 s reached"
    assert (verdict.test, verdict.config) == ("many", "default")
    with pytest.raises(TimeoutError, match=r"time limit of 0\.2 s reached"):
        checker.states(Request(test, "sc", timeout=0.2))


def test_the_same_checker_answers_what_comes_next(tmp_path: Path) -> None:
    checker = fresh_checker()
    many = many_stores(tmp_path, 1500)
    assert checker.check(Request(many, "sc", timeout=0.2)).verdict == "UNKNOWN"
    few = tmp_path / "few.litmus"
    few.write_text("C few\n{ }\nP0(int *x) { WRITE_ONCE(*x, 1); }\n~exists (x=0)\n")
    assert checker.check(Request(few, "sc", timeout=60)).verdict == "SAFE"


def test_an_encoding_that_needs_too_much_memory_is_broken_off(tmp_path: Path) -> None:
    verdict = fresh_checker().check(Request(many_stores(tmp_path, 1500), "sc", memory=1))
    assert verdict.verdict == "UNKNOWN"
    assert verdict.reason == "memory limit of 1 MiB reached"


def test_a_guard_within_a_guard_leaves_the_outer_one_its_time() -> None:
    with pytest.raises(Overrun, match=r"limit of 0\.1 s"), guarded(0.1):
        with guarded(30):
            pass
        sleep(10)


def test_an_alarm_that_is_swallowed_rings_again_and_nobody_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Python swallows what is raised in a callback of its garbage collector."""

    def slow(phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            begun.append(monotonic())
            sleep(2)
            outlived.append(phase)

    begun: list[float] = []
    outlived: list[str] = []
    hook = sys.unraisablehook
    with pytest.raises(Overrun), guarded(0.1):
        gc.callbacks.append(slow)
        try:
            gc.collect()
        finally:
            gc.callbacks.remove(slow)
        assert begun
        assert not outlived
        sleep(10)
    assert sys.unraisablehook is hook
    assert capsys.readouterr().err == ""


def test_what_others_have_swallowed_is_told_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clumsy:
        def __del__(self) -> None:
            raise ValueError("in a destructor")

    told: list[BaseException | None] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: told.append(what.exc_value))
    with guarded(30):
        Clumsy()
    assert [str(error) for error in told] == ["in a destructor"]
