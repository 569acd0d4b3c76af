"""Verdicts over several configurations of one machine."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from ksmcheck import check
from ksmcheck.check import Checker, Request
from ksmcheck.check.check import _worst
from ksmcheck.check.verdict import BOUNDED, SAFE, UNKNOWN, VACUOUS, VIOLATED, Verdict
from ksmcheck.explain.tell import story_of
from tests.fresh import fresh_checker

STADD = """C MP+wmb+inc-rmb
{ }
P0(int *x, atomic_t *y)
{
	WRITE_ONCE(*x, 1);
	smp_wmb();
	atomic_set(y, 1);
}
P1(int *x, atomic_t *y)
{
	int r0;

	atomic_inc(y);
	smp_rmb();
	r0 = READ_ONCE(*x);
}
exists (y=2 /\\ 1:r0=0)
"""


def test_what_one_configuration_shows_is_shown(tmp_path: Path) -> None:
    """With LSE atomics atomic_inc is STADD, whose read no DMB LD orders: it is not a load (Arm ARM,
    Barrier-ordered-before; the NoRet set of herd7's aarch64.cat). With LL/SC it is LDXR, a load."""
    path = tmp_path / "t.litmus"
    path.write_text(STADD, encoding="utf-8")
    alone = {c: check(path, "armv8", config=c).observation for c in ("llsc", "lse")}
    assert alone == {"llsc": "Never", "lse": "Sometimes"}
    both = check(path, "armv8")
    assert both.observation == "Sometimes"
    assert both.witness is not None
    assert both.config.startswith("lse")


def test_a_model_that_knows_no_barrier(tmp_path: Path) -> None:
    """What is missing cannot be said by a barrier then; the answer can."""
    model = tmp_path / "coherent.cat"
    model.write_text('"t"\nacyclic po-loc | rf | co | fr\n', encoding="utf-8")
    verdict = check("litmus/classic/SB/SB.litmus", str(model))
    assert verdict.observation == "Sometimes"
    assert story_of(fresh_checker(), verdict) is None


def test_the_gravest_configuration_counts() -> None:
    """In the order of the exit codes; of the two with code 4 --allow-bounded lets one pass."""
    order = (VIOLATED, VACUOUS, UNKNOWN, BOUNDED, SAFE)
    of = {word: Verdict(Request(Path("t.litmus")), "t", word, word) for word in order}
    for graver, lighter in pairwise(order):
        assert _worst([of[lighter], of[graver], of[lighter]]).verdict == graver


def test_an_observation_is_of_all_configurations() -> None:
    def seen(*words: str | None) -> str | None:
        request = Request(Path("t.litmus"))
        return _worst([Verdict(request, "t", "", SAFE, observation=w) for w in words]).observation

    assert seen("Never", "Never") == "Never"
    assert seen("Always", "Sometimes") == seen("Never", "Always") == "Sometimes"
    assert seen("Never", None) is None


def test_what_is_unknown_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be more time for it; an answer is remembered."""
    path = tmp_path / "t.litmus"
    path.write_text(STADD, encoding="utf-8")
    words = [UNKNOWN, SAFE, VIOLATED]

    def next_word(self: Checker, request: Request, config: str, started: float) -> Verdict:
        return Verdict(request, "t", config, words.pop(0))

    monkeypatch.setattr(Checker, "_configuration", next_word)
    checker, request = fresh_checker(), Request(path, "sc", unroll=1)
    assert [checker.check(request).verdict for _ in range(3)] == [UNKNOWN, SAFE, SAFE]
