"""Executions that violate a property in the simplest way there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.cat.in_order import Kinds
from ksmcheck.check import Checker, Request
from ksmcheck.explain.cycles import critical_cycle
from ksmcheck.explain.simplest import nearly_interleaved, simplest
from ksmcheck.explain.tell import simply_told
from tests.fresh import fresh_checker

LITMUS = Path(__file__).parents[2] / "litmus"
WR, RR, WW, RW = ("W", "R"), ("R", "R"), ("W", "W"), ("R", "W")

# Each shape's cycle has two steps of program order, and POWER keeps neither of them. It is enough
# that one is out of order (Sarkar et al. 2011, 2: the shapes and what they are about), which has to
# be both where both are of one kind.
SHAPES = {
    "SB/SB": {WR},  # both threads store, then read
    "LB/LB": {RW},  # both threads read, then store
    "2+2W/2+2W": {WW},
    "MP/MP": {WW, RR},  # stores in one thread, reads in the other
    "S/S": {WW, RW},
    "R/R": {WW, WR},
    "IRIW/IRIW": {RR},  # two threads read; the others do one thing each
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", [WR, RR, WW, RW])
def test_a_shape_needs_what_it_is_about(shape: str, kind: Kinds) -> None:
    checker = fresh_checker()
    request = Request(LITMUS / "classic" / f"{shape}.litmus", "power")
    verdict = Checker(checker.workshop.in_order("power", [kind])).check(request)
    assert verdict.observation == ("Sometimes" if kind in SHAPES[shape] else "Never")


@pytest.mark.parametrize("shape", SHAPES)
def test_no_shape_is_an_interleaving(shape: str) -> None:
    """That is what makes them shapes."""
    checker = fresh_checker()
    request = Request(LITMUS / "classic" / f"{shape}.litmus", "armv8")
    verdict = Checker(checker.workshop.in_order("armv8", ())).check(request)
    assert verdict.observation == "Never"
    plain = checker.check(request)
    assert plain.observation == "Sometimes"
    assert simplest(checker, plain).witness is not None


@pytest.mark.parametrize("model", ["tso", "armv7", "armv8", "power", "riscv", "alpha"])
@pytest.mark.parametrize("test", ["aba", "pre-patch"])
def test_what_breaks_everywhere_is_told_without_reordering(test: str, model: str) -> None:
    """Both are violated under sc (docs/case-study.md): no other model's story may ask for more."""
    checker = fresh_checker()
    verdict = checker.check(Request(LITMUS / "ksm" / f"{test}.litmus", model))
    shown, story = simply_told(checker, verdict)
    assert story is not None
    assert story.sentence.startswith("the steps in the order shown do it")
    assert shown.witness is not None
    assert critical_cycle(shown.witness.execution) == ()
    assert shown.verdict == verdict.verdict


def test_a_state_is_shown_without_strange_reads_that_it_does_not_need(tmp_path: Path) -> None:
    """P1 may read a and b in any way; the condition is about c and d (store buffering) alone."""
    test = tmp_path / "two.litmus"
    test.write_text(
        "C two\n{ }\n"
        "P0(int *a, int *b, int *c, int *d)\n{\n"
        "\tint r0;\n\tWRITE_ONCE(*a, 1);\n\tWRITE_ONCE(*b, 1);\n"
        "\tWRITE_ONCE(*c, 1);\n\tr0 = READ_ONCE(*d);\n}\n"
        "P1(int *a, int *b, int *c, int *d)\n{\n"
        "\tint r1;\n\tint r2;\n\tint r3;\n\tr1 = READ_ONCE(*b);\n\tr2 = READ_ONCE(*a);\n"
        "\tWRITE_ONCE(*d, 1);\n\tr3 = READ_ONCE(*c);\n}\n"
        "exists (0:r0=0 /\\ 1:r3=0)\n"
    )
    checker = fresh_checker()
    for model in ("armv8", "power", "lkmm"):
        _, story = simply_told(checker, checker.check(Request(test, model)))
        assert story is not None
        assert "store to c (two.litmus:8) before its read of d (two.litmus:9)" in story.sentence
        assert "store to d (two.litmus:18) before its read of c (two.litmus:19)" in story.sentence
        assert "read of a" not in story.sentence


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("model", ["power", "lkmm"])
def test_an_execution_shows_which_stricter_models_have_it(shape: str, model: str) -> None:
    """The engine's searches under the stricter models and the graph of one execution are two ways
    to the same: the first way of being out of order that has an execution is that of what is
    shown."""
    checker = fresh_checker()
    request = Request(LITMUS / "classic" / f"{shape}.litmus", model)
    shown = simplest(checker, checker.check(request)).witness
    assert shown is not None
    for but in ((), (WR,), (RR,), (WW,), (RW,)):
        found = Checker(checker.workshop.in_order(model, but)).check(request)
        if found.witness is not None:
            assert nearly_interleaved(found.witness.execution, but)
            assert nearly_interleaved(shown.execution, but)
            return
        assert not nearly_interleaved(shown.execution, but)
    raise AssertionError("each shape needs one way alone")
