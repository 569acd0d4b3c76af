"""One base encoding for several models and changed programs: nothing leaks from one to another.

What a session answers on shared ground, whatever was asked there before, is what it answers alone.
"""

from __future__ import annotations

import gc
from pathlib import Path
from weakref import ref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.check import Checker, Request
from ksmcheck.check.goals import goals_of
from ksmcheck.check.prepare import Workshop
from ksmcheck.solve.ground import Grounds
from ksmcheck.solve.session import Session
from ksmcheck.text import InputError

LITMUS = Path(__file__).parents[2] / "litmus"
CLASSICS = sorted(
    path for path in (LITMUS / "classic").rglob("*.litmus") if not path.stem.endswith("-3.9")
)
MODELS = ("sc", "tso", "armv7", "armv8", "power", "riscv", "alpha", "lkmm")

questions = st.lists(
    st.tuples(st.sampled_from(MODELS), st.sampled_from(("", "smp_wmb", "smp_rmb", "smp_mb"))),
    min_size=2,
    max_size=6,
)


def answer(checker: Checker, path: Path, model: str, left_out: str) -> object:
    test = Request(path, model)
    removed = [s.name for s in checker.workshop.spots(test) if s.name.startswith(f"{left_out}@")]
    observed = checker.states(Request(path, model, removed=frozenset(removed if left_out else ())))
    return observed.states, observed.observation, observed.flags


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(CLASSICS), questions)
def test_states_of_classics(path: Path, asked: list[tuple[str, str]]) -> None:
    together = Checker()
    for model, left_out in asked:
        try:
            expected = answer(Checker(), path, model, left_out)
        except InputError:  # no machine has RCU
            continue
        assert answer(together, path, model, left_out) == expected, (model, left_out)


@pytest.mark.parametrize("file", ["path-b", "reuse", "add-swap", "unfreeze-delete"])
def test_verdicts_of_the_suite(file: str) -> None:
    together = Checker()
    for model in (*MODELS, *reversed(MODELS)):
        request = Request(LITMUS / "ksm" / f"{file}.litmus", model)
        found = together.check(request)
        assert found.verdict == Checker().check(request).verdict, model
        together._answers.clear()


def test_models_with_the_same_accesses_share() -> None:
    workshop, grounds = Workshop(), Grounds()
    path = LITMUS / "classic" / "MP" / "MP+wmb+rmb.litmus"
    sessions = []
    for model in ("sc", "power", "alpha"):
        request = Request(path, model)
        structure = workshop.structure(request, workshop.configs(request)[0])
        cat = workshop.model(model).compiled
        sessions.append(Session(structure, cat, grounds=grounds))
    assert len({id(s.lazy.backend) for s in sessions}) == 1
    assert len({s.lazy.own for s in sessions}) == 3
    # Only Power and Alpha reorder, and both barriers hold there too: nowhere is MP's outcome seen.
    for session in sessions:
        assert type(session.find(goals_of(session.structure).wanted)).__name__ == "Refuted"


def test_an_encoding_that_joins_gets_ground_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ksmcheck.solve.exact._CANDIDATES", -1)
    monkeypatch.setattr("ksmcheck.solve.exact._RATIO", -1.0)
    workshop = Workshop()
    request = Request(LITMUS / "classic" / "IRIW" / "IRIW+mb+mb.litmus", "power")
    structure = workshop.structure(request, workshop.configs(request)[0])
    cat = workshop.model("power").compiled
    other = Session(structure, cat, grounds=workshop.grounds)
    session = Session(structure, cat, grounds=workshop.grounds)
    goal = goals_of(structure).wanted
    expected = type(Session(structure, cat).find(goal))
    assert type(session.find(goal)) is expected
    assert session.exact.complete and session.lazy.backend is not other.lazy.backend
    assert not other.exact.complete


def test_a_ground_full_of_single_sessions_clauses_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workshop = Workshop()
    request = Request(LITMUS / "classic" / "MP" / "MP+wmb+rmb.litmus", "sc")
    structure = workshop.structure(request, "default")
    cat = workshop.model("sc").compiled

    def backend() -> object:
        return Session(structure, cat, grounds=workshop.grounds).lazy.backend

    first = backend()
    assert backend() is first
    monkeypatch.setattr("ksmcheck.solve.ground._GROWN", 0)
    assert backend() is not first


@pytest.mark.parametrize("name", ["path-b", "notice"])  # with words of few values, and of many
def test_a_ground_that_nobody_uses_is_gone_at_once(name: str) -> None:
    """It has megabytes of clauses, and the collector of cycles comes rarely."""
    workshop = Workshop()
    request = Request(LITMUS / "ksm" / f"{name}.litmus", "armv8", "6.12", unroll=1)
    (config, *_) = workshop.configs(request)
    structure = workshop.structure(request, config)
    cat = workshop.model("armv8").compiled
    gc.disable()
    try:
        session = Session(structure, cat, grounds=Grounds())
        session.find(goals_of(structure).broken)
        clauses = Watched(session.base.gates.clauses)
        session.base.gates.clauses = clauses
        gone = ref(clauses)
        del session, clauses
        assert gone() is None
    finally:
        gc.enable()


class Watched(list[list[int]]):
    """A list that can be referred to weakly."""
