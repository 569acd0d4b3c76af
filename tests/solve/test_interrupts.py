"""An interrupt from the keyboard in mid-search is one, and no error of the solver's. An alarm does
no harm at any place."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from ksmcheck.solve.backends.native import Native

SEARCH = """
from ksmcheck.solve.backends.native import Native
from itertools import combinations
solver = Native({name!r})
holes, pigeons = range(14), range(15)
at = lambda pigeon, hole: pigeon * 14 + hole + 1
for pigeon in pigeons:
    solver.add([at(pigeon, hole) for hole in holes])
for one, other in combinations(pigeons, 2):
    for hole in holes:
        solver.add([-at(one, hole), -at(other, hole)])
print("searching", flush=True)
try:
    solver.solve([], {go_on})
except KeyboardInterrupt:
    print("interrupted")
"""
"""15 pigeons in 14 holes: resolution has no short proof (Haken 1985), and this takes long."""


@pytest.mark.parametrize("name", ["cadical", "glucose", "minisat"])
@pytest.mark.parametrize("go_on", ["None", "lambda: True"])
def test_it_ends_a_search(name: str, go_on: str) -> None:
    code = SEARCH.format(name=name, go_on=go_on)
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "searching\n"
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        try:
            out, err = process.communicate(timeout=20)
        finally:
            process.kill()
    assert (out, err) == ("interrupted\n", "")


@pytest.mark.parametrize("name", ["cadical", "glucose", "minisat"])
def test_a_solver_is_freed_once_wherever_an_alarm_rings(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Right behind the call that frees it, as well as before: what is freed twice ends the process.
    An alarm is an exception at any place of our own code."""
    native = Native(name)
    real = native._function
    freed: list[object] = []

    def function(what: str) -> Callable[..., None]:
        def delete(solver: object, *more: object) -> None:
            freed.append(solver)
            real(what)(solver, *more)
            raise TimeoutError

        return delete

    monkeypatch.setattr(native, "_function", function)
    with pytest.raises(TimeoutError):
        native.close()
    native.close()
    native.__del__()
    assert len(freed) == 1
