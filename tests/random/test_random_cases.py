"""Random programs on which all engines agree; ``make random`` runs thousands.

With those of ``tests/execution``, ``tests/soundness`` and ``tests/whatif`` they are some hundreds.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from ksmcheck.check.check import Checker
from ksmcheck.check.verdict import Request
from ksmcheck.kernel.catalogue.accesses import VOLATILE_LOAD
from ksmcheck.kernel.primitives import primitives
from ksmcheck.model.load import load_model
from tests.random.__main__ import main
from tests.random.agree import Compared
from tests.random.calls import STORED_ONCE
from tests.random.cases import Failure, case, run_seeds
from tests.random.cats import VOCABULARY
from tests.random.programs import program
from tests.random.shrink import shrink
from tests.random.tree import litmus, smaller

FIRST, COUNT, SHARES = 20_000, 72, 4


@pytest.mark.parametrize("part", range(SHARES))
def test_everything_agrees(part: int) -> None:
    seeds = range(FIRST + part, FIRST + COUNT, SHARES)
    results = run_seeds(seeds, changed=seeds[::3])
    failed = [(seed, found) for seed, found in results if isinstance(found, Failure)]
    assert not failed, f"python -m tests.random --only {failed[0][0]}\n{failed[0][1].text}"
    compared = [found for _, found in results if isinstance(found, Compared)]
    counts = Counter(found.answers for found in compared)
    # It would prove nothing if most programs were refused or answered by one engine alone.
    assert counts[5] > 0.85 * len(compared)
    assert sum(found.judged for found in compared) > 2 * len(compared)


def test_a_seed_is_one_program() -> None:
    checker = Checker()
    for seed in range(1, 40):
        assert litmus(case(seed, checker).program) == litmus(case(seed, checker).program)


def test_a_failure_is_found_shrunk_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With an engine that loses the states in which an exchange wrote, that exchange remains."""
    from tests.random import agree

    good = agree._answer

    def bad(request: Request, engine: str, solver: str, checker: Checker) -> object | None:
        found = good(request, engine, solver, checker)
        wrong = engine == "tuple" and "xchg" in request.path.read_text()
        return {**found, "states": []} if wrong and isinstance(found, dict) else found

    monkeypatch.setattr(agree, "_answer", bad)
    checker = Checker()
    programs = {s: litmus(case(s, checker).program) for s in range(1, 100) if s % 4}
    exchanging = [s for s, text in programs.items() if "xchg" in text]
    seed = min(exchanging, key=lambda s: len(programs[s]))  # the others take a minute
    assert main(["--only", str(seed), "--failures", str(tmp_path)]) == 1
    assert "1 FAILED (disagreement)" in capsys.readouterr().out
    text = (tmp_path / f"random-{seed}.litmus").read_text()
    assert f"seed {seed}, " in text
    assert text.count("xchg") == 1
    assert len(text.splitlines()) < 30


def test_shrinking_goes_as_far_as_it_can() -> None:
    whole = case(4, Checker()).program
    assert shrink(whole, lambda p: True).threads == ((),)
    assert all(len(litmus(less)) < len(litmus(whole)) for less in smaller(whole))


@pytest.mark.parametrize("kernel", ["3.9", "6.12"])
def test_every_primitive_comes(kernel: str) -> None:
    """Sooner or later; a plain load or store has no name to look for. Not all machines have rows
    for the semaphores of 3.9."""
    wanted = set(primitives(kernel)) - {"load", "store"}
    wanted -= {"call_rcu", "rcu_do_batch", "rcu_barrier_callback"}  # tests/check/test_callbacks.py
    wanted -= {"kfree"}  # tests/check/test_freed.py
    if kernel == "3.9":
        wanted -= {n for n in wanted if n.startswith(("down", "up_", "rwsem_"))}
    for seed in range(20_000):
        text = litmus(program(seed, kernel))
        wanted -= set(re.findall(r"\w+(?=\()", text))
        if re.search(r"ACCESS_ONCE\(.*\) = ", text):
            wanted.discard(STORED_ONCE)
        if "*(volatile typeof(" in text:
            wanted.discard(VOLATILE_LOAD)
        if "rcu_assign_pointer(p, NULL)" in text:
            wanted.discard("rcu_assign_pointer=NULL")
        if not wanted:
            return
    assert not wanted


def test_random_models_know_all_that_lkmm_speaks_of() -> None:
    assert set(VOCABULARY) == load_model("lkmm").compiled.tags
