"""Each axiom of each shipped model forbids something: without it, a classic outcome appears.

Guards against an axiom that is vacuous by a slip (a misspelt set, a relation that came out empty).
The test named is one whose reason in ``litmus/classic/expected.toml`` is that axiom.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLASSIC = ROOT / "litmus" / "classic"

# model, axiom, a test that it alone forbids, kernel point.
WITNESSES = (
    ("sc", "interleaving", "SB/SB", "6.12"),
    ("sc", "atomicity", "atomic/INC+INC", "6.12"),
    ("tso", "coherence", "coherence/CoWR", "6.12"),
    ("tso", "atomicity", "atomic/INC+INC", "6.12"),
    ("tso", "memory-order", "SB/SB+mb+mb", "6.12"),
    ("armv7", "sc-per-location", "coherence/CoRR", "6.12"),
    ("armv7", "atomicity", "atomic/INC+INC", "6.12"),
    ("armv7", "no-thin-air", "dependency/LB+data-gt+data-inc", "6.12"),
    ("armv7", "propagation", "SB/SB+mb+mb", "6.12"),
    ("armv8", "internal", "coherence/CoRR", "6.12"),
    ("armv8", "atomic", "atomic/INC+INC", "6.12"),
    ("armv8", "external", "MP/MP+wmb+addr", "6.12"),
    ("power", "sc-per-location", "coherence/CoRR", "6.12"),
    ("power", "atomicity", "atomic/INC+INC", "6.12"),
    ("power", "no-thin-air", "dependency/LB+data-gt+data-inc", "6.12"),
    ("power", "observation", "MP/MP+wmb+addr", "6.12"),
    ("power", "propagation", "2+2W/2+2W+wmb+wmb", "6.12"),
    ("riscv", "load-value", "coherence/CoWR", "6.12"),
    ("riscv", "global-memory-order", "MP/MP+wmb+rmb", "6.12"),
    ("riscv", "atomicity", "atomic/INC+INC", "6.12"),
    ("alpha", "location", "coherence/CoWR", "3.9"),
    ("alpha", "atomicity", "atomic/INC+INC", "3.9"),
    ("alpha", "before", "S/S+mb+data", "3.9"),
    ("alpha", "no-causal-loop", "dependency/LB+addr-pos", "3.9"),
    ("alpha-letter", "location", "coherence/CoWR", "3.9"),
    ("alpha-letter", "atomicity", "atomic/INC+INC", "3.9"),
    ("alpha-letter", "before", "alpha/handbook-7", "3.9"),
    ("alpha-letter", "no-causal-loop", "dependency/LB+data-gt+data-inc", "3.9"),
    ("lkmm", "coherence", "coherence/CoRR", "6.12"),
    ("lkmm", "atomic", "atomic/INC+INC", "6.12"),
    ("lkmm", "happens-before", "MP/MP+wmb+rmb", "6.12"),
    ("lkmm", "propagation", "SB/SB+mb+mb", "6.12"),
    ("lkmm", "rcu", "rcu/LB+rscs+gp", "6.12"),
    ("lkmm", "plain-coherence", "race/MP+rel+acq+plain", "6.12"),
)

# Axioms that others imply, kept because the sources have them; or that speak of assembly alone.
REDUNDANT = {
    ("lkmm", "decided-before"): "of a lock in what is freed: tests/check/test_freed.py",
    ("armv7", "observation"): "every fence is strong, so propagation contains it",
    ("power", "conditional-stores"): "of tests in assembly: tests/isa/test_more_instructions.py",
    ("tso", "values"): "of tests in assembly: tests/isa/test_more_instructions.py",
}

CHECK = re.compile(r"^(?:acyclic|irreflexive|empty)\b[^\"]*?\bas ([\w-]+)$", re.M)


def source(model: str) -> str:
    return (ROOT / "models" / model / f"{model}.cat").read_text(encoding="utf-8")


def models() -> tuple[str, ...]:
    return tuple(dict.fromkeys(model for model, *_ in WITNESSES))


def test_every_axiom_has_a_witness_or_a_reason() -> None:
    axioms = {(m, found[1]) for m in models() for found in CHECK.finditer(source(m))}
    assert axioms == {(m, axiom) for m, axiom, *_ in WITNESSES} | set(REDUNDANT)


@pytest.mark.parametrize(("model", "axiom", "test", "kernel"), WITNESSES)
def test_without_the_axiom_the_outcome_appears(
    model: str, axiom: str, test: str, kernel: str, tmp_path: Path
) -> None:
    from ksmcheck.check.check import check

    folder = tmp_path / "models"
    shutil.copytree(ROOT / "models", folder)
    whole = source(model)
    cut = next(found for found in CHECK.finditer(whole) if found[1] == axiom)
    weakened = whole[: cut.start()] + whole[cut.end() :]
    (folder / model / f"{model}.cat").write_text(weakened, encoding="utf-8")
    path = CLASSIC / f"{test}.litmus"
    assert check(path, model=model, kernel=kernel).observation == "Never"
    assert check(path, model=str(folder / model), kernel=kernel).observation != "Never"
