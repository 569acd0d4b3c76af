"""Enumeration against hand-computed state sets, and against the SAT engine on the classics."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check.goals import goals_of
from ksmcheck.check.prepare import Workshop
from ksmcheck.check.verdict import Request
from ksmcheck.events.structure import EventStructure
from ksmcheck.solve.explicit import ExplicitSession
from ksmcheck.solve.outcome import GaveUp
from ksmcheck.solve.session import Session
from ksmcheck.text import InputError

CLASSICS = Path(__file__).parents[2] / "litmus" / "classic"


def structure_of(workshop: Workshop, path: Path, model: str) -> EventStructure:
    request = Request(path, model=model, kernel="6.12")
    return workshop.structure(request, workshop.model(model).configs("6.12")[0])


def states(path: Path, model: str) -> tuple[tuple[int, ...], ...]:
    workshop = Workshop()
    structure = structure_of(workshop, path, model)
    session = ExplicitSession(structure, workshop.model(model).compiled)
    shown = [term for _, term, _ in structure.observed]
    return session.states(shown, goals_of(structure).complete).values


def test_store_buffering_has_four_states_under_tso_and_three_under_sc() -> None:
    """Each read gives 0 or 1; both 0 needs a store to wait in its buffer."""
    path = CLASSICS / "SB" / "SB.litmus"
    assert states(path, "sc") == ((0, 1), (1, 0), (1, 1))
    assert states(path, "tso") == ((0, 0), (0, 1), (1, 0), (1, 1))


def test_too_many_candidates_are_not_looked_at() -> None:
    workshop = Workshop()
    structure = structure_of(workshop, CLASSICS / "SB" / "SB.litmus", "sc")
    session = ExplicitSession(structure, workshop.model("sc").compiled, most=3)
    assert isinstance(session.find(goals_of(structure).complete), GaveUp)


@pytest.mark.parametrize("model", ["tso", "power", "lkmm"])
def test_agrees_with_sat_on_the_classics(model: str) -> None:
    workshop = Workshop()
    compared = 0
    for path in sorted(CLASSICS.rglob("*.litmus"))[::2]:
        try:
            structure = structure_of(workshop, path, model)
        except InputError:
            continue  # a primitive that only the other kernel point has
        cat = workshop.model(model).compiled
        goals = goals_of(structure)
        plain, sat = ExplicitSession(structure, cat), Session(structure, cat)
        shown = [term for _, term, _ in structure.observed]
        one, two = plain.states(shown, goals.complete), sat.states(shown, goals.complete)
        if not one.complete:
            continue
        compared += 1
        assert one.values == two.values, path
        for check in cat.checks:
            if check.flag:
                found = [type(s.find_flag(check, goals.complete)) for s in (plain, sat)]
                assert found[0] is found[1], (path, check.name)
    assert compared > 50
