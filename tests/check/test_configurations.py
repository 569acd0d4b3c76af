"""Verdicts over several configurations of one machine."""

from __future__ import annotations

from pathlib import Path

from ksmcheck import check
from ksmcheck.check import Checker
from ksmcheck.explain.tell import story_of

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
    assert story_of(Checker(), verdict) is None
