"""Whole litmus tests: the tuple engine, and the SMT-LIB text, say what the lazy engine says.

The lazy engine's verdicts on these files are held against recorded ones elsewhere
(litmus/classic/expected.toml, litmus/ksm/expected).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ksmcheck.cat.algebra import Check
from ksmcheck.check.goals import goals_of
from ksmcheck.check.prepare import Workshop
from ksmcheck.check.verdict import Request
from ksmcheck.events.structure import EventStructure
from ksmcheck.model.load import shipped_models
from ksmcheck.solve.outcome import Found, Outcome, Refuted
from ksmcheck.solve.session import Session
from ksmcheck.solve.smtlib import smtlib_text
from ksmcheck.text import InputError

LITMUS = Path(__file__).parents[2] / "litmus"
CLASSICS = sorted((LITMUS / "classic").rglob("*.litmus"))
GOALS = ("wanted", "unwanted", "broken", "complete")


@pytest.fixture(scope="module")
def workshop() -> Workshop:
    return Workshop()


def structures(
    workshop: Workshop, files: Sequence[Path], model: str, kernel: str
) -> Iterator[tuple[Path, EventStructure]]:
    if kernel not in workshop.model(model).kernels:
        return
    for file in files:
        request = Request(file, model, kernel)
        for config in workshop.model(model).configs(kernel)[:1]:
            try:
                yield file, workshop.structure(request, config)
            except InputError:
                continue  # a primitive that this model does not have


def answers(
    session: Session, structure: EventStructure, flags: Sequence[Check]
) -> list[type[Outcome]]:
    goals = goals_of(structure)
    found = [type(session.find(getattr(goals, goal))) for goal in GOALS]
    return found + [type(session.find_flag(flag, goals.complete)) for flag in flags]


@pytest.mark.parametrize("kernel", ["3.9", "6.12"])
@pytest.mark.parametrize("model", shipped_models())
def test_tuple_and_lazy_agree(workshop: Workshop, model: str, kernel: str) -> None:
    cat = workshop.model(model).compiled
    flags = [c for c in cat.checks if c.flag]
    seen = 0
    for file, structure in structures(workshop, CLASSICS[::3], model, kernel):
        lazy = answers(Session(structure, cat), structure, flags)
        exact = Session(structure, cat, engine="tuple")
        assert exact.exact.complete, file
        assert answers(exact, structure, flags) == lazy, file
        assert set(lazy) <= {Found, Refuted}
        assert exact.lazy.learned == 0  # no loop
        seen += 1
    assert seen or kernel not in workshop.model(model).kernels


@pytest.mark.parametrize("model", ["sc", "armv8", "alpha"])
def test_the_ksm_path(workshop: Workshop, model: str) -> None:
    cat = workshop.model(model).compiled
    ((_, structure),) = structures(workshop, [LITMUS / "ksm" / "path-b.litmus"], model, "6.12")
    lazy = answers(Session(structure, cat), structure, ())
    assert answers(Session(structure, cat, engine="tuple"), structure, ()) == lazy


@pytest.mark.parametrize("model", ["tso", "power", "riscv", "lkmm"])
def test_the_text_and_the_lazy_engine_agree(workshop: Workshop, model: str) -> None:
    import z3

    cat = workshop.model(model).compiled
    for file, structure in structures(workshop, CLASSICS[::11], model, "6.12"):
        goals = goals_of(structure)
        for goal in (goals.wanted, goals.broken):
            solver = z3.Solver()
            solver.from_string(smtlib_text(structure, cat, goal))
            expected = z3.sat if isinstance(Session(structure, cat).find(goal), Found) else z3.unsat
            assert solver.check() == expected, file
