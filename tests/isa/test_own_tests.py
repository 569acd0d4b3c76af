"""The tests of litmus/assembly against what manuals and papers say: ``expected.toml`` there."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import pytest

from ksmcheck.check import Checker, Request
from ksmcheck.check.assembly import usual_model
from ksmcheck.check.verdict import SAFE, VIOLATED
from tests.fresh import fresh_checker

FOLDER = Path(__file__).parents[2] / "litmus" / "assembly"
TABLE = tomllib.loads((FOLDER / "expected.toml").read_text(encoding="utf-8"))["tests"]
NOT_ENUMERATED = "RISCV/amos.litmus"
"""So many atomics on one location that the explicit engine does not come to an end."""


@cache
def checker() -> Checker:
    return fresh_checker()


def request(file: str, engine: str = "lazy", solver: str = "cadical") -> Request:
    model = usual_model(FOLDER / file)
    return Request(FOLDER / file, model, engine=engine, solver=solver, timeout=60.0)


def test_the_table_has_every_test() -> None:
    files = {str(p.relative_to(FOLDER)) for p in FOLDER.rglob("*.litmus")}
    assert files == set(TABLE)
    assert {"Never", "Sometimes", "Always"} == {row["observation"] for row in TABLE.values()}


@pytest.mark.parametrize("file", sorted(TABLE))
def test_observation(file: str) -> None:
    """Both ways to ask; the verdict's witness has passed the replay."""
    expected = TABLE[file]["observation"]
    states = checker().states(request(file))
    assert states.observation == expected
    verdict = checker().check(request(file))
    if states.quantifier == "forall":
        assert verdict.verdict == (SAFE if expected == "Always" else VIOLATED)
    else:
        assert verdict.observation == expected
        assert (verdict.witness is not None) == (expected != "Never")


@pytest.mark.parametrize("file", sorted(TABLE)[::3])
@pytest.mark.parametrize(
    ("engine", "solver"), [("tuple", "cadical"), ("explicit", "cadical"), ("lazy", "z3")]
)
def test_every_engine_finds_the_same_states(file: str, engine: str, solver: str) -> None:
    if (file, engine) == (NOT_ENUMERATED, "explicit"):
        pytest.skip("too many candidates to enumerate")
    found = checker().states(request(file, engine, solver))
    expected = checker().states(request(file))
    assert (found.states, found.observation) == (expected.states, expected.observation)


@pytest.mark.parametrize("file", sorted(TABLE)[::5])
def test_under_sc_only_interleavings_remain(file: str) -> None:
    """sc forbids whatever a machine's own model forbids."""
    own = checker().states(request(file)).states
    sc = checker().states(Request(FOLDER / file, "sc", timeout=60.0)).states
    assert set(sc) <= set(own)


@pytest.mark.parametrize("code", ["XCHG [x],EBX", "XADD [x],EBX", "CMPXCHG [x],EBX"])
def test_one_instruction_under_sc_and_tso(code: str, tmp_path: Path) -> None:
    """The write of an instruction comes before a write that its read has read from: herd7's TSO
    allows it, since it does not order the two; no interleaving does."""
    file = tmp_path / "t.litmus"
    file.write_text(
        f"X86 t\n{{ 0:EAX=1; 0:EBX=2; }}\n P0 | P1 ;\n {code} | MOV [x],$1 ;\n"
        " MOV ECX,[y] | MOV [y],$1 ;\nlocations [0:EAX; 0:EBX]\nfilter (x=1)\nexists (x=1)\n"
    )
    for model in ("tso", "sc"):
        found = fresh_checker().states(Request(file, model))
        place = found.texts.index("0:EAX" if code.startswith("CMP") else "0:EBX")
        read_one = [s for s in found.states if s[place] == 1]  # and x ends as 1
        assert bool(read_one) == (model == "tso")


def test_a_cat_file_of_ones_own_needs_no_table(tmp_path: Path) -> None:
    """It speaks of the machine's events directly: here DMB SY orders, and nothing else does."""
    cat = tmp_path / "own.cat"
    cat.write_text(
        '"own"\nacyclic po-loc | rf | co | fr as coherence\n'
        "acyclic fencerel(DMB.SY) | rfe | fre | coe as order\n"
    )
    test = tmp_path / "t.litmus"
    text = (FOLDER / "AArch64" / "SB+dmb.sy.litmus").read_text()
    for barrier, expected in (("DMB SY", "Never"), ("DMB ISH", "Sometimes")):
        test.write_text(text.replace("DMB ISH", barrier))
        assert fresh_checker().check(Request(test, str(cat))).observation == expected
