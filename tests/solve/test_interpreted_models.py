"""Models that only the interpreter knows, from the file to the verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.prepare import Workshop
from ksmcheck.solve.session import Session
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

CLASSIC = Path(__file__).resolve().parents[2] / "litmus" / "classic"

# Sequential consistency, with coherence orders made as herd7's cross.cat makes them.
SC = r"""
let rec by-place S = match S with {} -> {} || s ++ S -> linearisations(s, co0) ++ by-place S end
with co from cross(by-place (classes-loc W))
let fr = (rf^-1 ; co) \ id
acyclic po | rf | fr | co as sc
empty rmw & ((fr & ext) ; (co & ext)) as atomic
flag ~empty rf & (IW * R) as reads-the-start
let Fences = Mb | Rmb | Wmb | Before-atomic | After-atomic
"""


@pytest.fixture
def model(tmp_path: Path) -> str:
    path = tmp_path / "sc-by-hand.cat"
    path.write_text(SC)
    return str(path)


@pytest.mark.parametrize("name", ["SB/SB", "MP/MP", "coherence/CoRR", "atomic/INC+INC", "LB/LB"])
def test_sequential_consistency_by_interpretation(model: str, name: str) -> None:
    checker = fresh_checker()
    one = checker.states(Request(CLASSIC / f"{name}.litmus", model))
    other = checker.states(Request(CLASSIC / f"{name}.litmus", "sc"))
    assert (one.states, one.observation) == (other.states, other.observation)


def test_flags_and_witnesses(model: str) -> None:
    verdict = fresh_checker().check(Request(CLASSIC / "MP" / "MP.litmus", model))
    assert (verdict.observation, verdict.flags) == ("Never", ("reads-the-start",))
    assert verdict.request.engine == "explicit"
    shown = fresh_checker().check(Request(CLASSIC / "MP" / "MP+po+acq.litmus", "sc"))
    assert shown.observation == "Never"


def test_other_engines_refuse(model: str) -> None:
    workshop = Workshop()
    request = Request(CLASSIC / "MP" / "MP.litmus", model)
    structure = workshop.structure(request, "default")
    with pytest.raises(InputError, match=r"sc-by-hand is not compiled: .*sc-by-hand.cat:3"):
        Session(structure, workshop.model(model).compiled)


def test_mistakes_are_found_when_the_model_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "wrong.cat"
    path.write_text("with x from {po, rf}\nempty missing-name")
    with pytest.raises(InputError, match="`missing-name` is not defined") as caught:
        fresh_checker().check(Request(CLASSIC / "MP" / "MP.litmus", str(path)))
    assert caught.value.diagnostic.span is not None
    assert caught.value.diagnostic.span.line == 2
