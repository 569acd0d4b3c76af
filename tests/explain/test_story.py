"""The sentence under an execution, for tests whose missing order the literature names."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request, Verdict
from ksmcheck.explain.story import Story
from ksmcheck.explain.tell import telling_of
from tests.fresh import fresh_checker

CLASSIC = Path(__file__).parents[2] / "litmus" / "classic"


def told(test: str, model: str, kernel: str = "6.12") -> tuple[Verdict, Story]:
    checker = fresh_checker()
    verdict = checker.check(Request(CLASSIC / test, model, kernel))
    story = telling_of(checker, verdict)
    assert story is not None
    return verdict, story


def test_the_side_without_a_barrier_is_named() -> None:
    """MP+wmb+po: the writes are ordered by smp_wmb, so it is the two reads that lack order."""
    _, story = told("MP/MP+wmb+po.litmus", "armv8")
    assert story.sentence == (
        "nothing orders P1's read of y (MP+wmb+po.litmus:19) "
        "before its read of x (MP+wmb+po.litmus:20)"
    )


def test_both_sides_are_named_where_both_lack_order() -> None:
    """SB needs a full barrier in each thread (Owens, Sarkar, Sewell 2009)."""
    _, story = told("SB/SB.litmus", "tso")
    assert story.sentence.count("nothing orders") == 2
    assert "P0's store to x" in story.sentence
    assert "P1's store to y" in story.sentence


def test_one_barrier_in_store_buffering_leaves_the_other_thread() -> None:
    _, story = told("SB/SB+mb+po.litmus", "tso")
    assert story.sentence.count("nothing orders") == 1
    assert "P1's store" in story.sentence


def test_a_dependency_that_does_not_help_is_named(tmp_path: Path) -> None:
    """Alpha may read through a pointer before it reads the pointer (Alpha handbook, 5.6.1.7): the
    reason for smp_read_barrier_depends."""
    test = tmp_path / "dep.litmus"
    test.write_text(
        "C dep\n{ p = &y; }\n"
        "P0(int *x, int **p) { ACCESS_ONCE(*x); *x = 1; smp_wmb(); *p = x; }\n"
        "P1(int **p) { int *q; int r; q = ACCESS_ONCE(*p); r = ACCESS_ONCE(*q); }\n"
        "exists (1:q=x /\\ 1:r=0)\n"
    )
    checker = fresh_checker()
    verdict = checker.check(Request(test, "alpha", "3.9"))
    assert verdict.observation == "Sometimes"
    story = telling_of(checker, verdict)
    assert story is not None
    assert story.sentence == (
        "only an address dependency orders P1's read of p (dep.litmus:4) before its read of x "
        "(dep.litmus:4), and alpha does not keep that order"
    )


@pytest.mark.parametrize(
    ("test", "model", "sentence"),
    [
        # R: smp_wmb does order the two stores, on POWER and in LKMM; it takes a full barrier to
        # order the first store before another thread's read (memory-barriers.txt, R+wmb+mb).
        (
            "R/R+wmb+mb.litmus",
            "power",
            "smp_wmb (R+wmb+mb.litmus:10) does not order P0's store to x (R+wmb+mb.litmus:9) "
            "before its store to y (R+wmb+mb.litmus:11) strongly enough for power",
        ),
        (
            "R/R+rel+mb.litmus",
            "lkmm",
            "smp_store_release (R+rel+mb.litmus:10) does not order P0's store to x "
            "(R+rel+mb.litmus:9) before its store to y (R+rel+mb.litmus:10) strongly enough for "
            "lkmm",
        ),
        # RWC: an acquire orders the reads of P1, but not what P1 saw before what others see.
        (
            "RWC/RWC+acq+mb.litmus",
            "lkmm",
            "smp_load_acquire (RWC+acq+mb.litmus:17) does not order P1's read of x "
            "(RWC+acq+mb.litmus:17) before its read of y (RWC+acq+mb.litmus:18) strongly enough "
            "for lkmm",
        ),
        # WRC: POWER keeps a data dependency, which is not cumulative (Sarkar et al. 2011).
        (
            "WRC/WRC+data+rmb.litmus",
            "power",
            "a data dependency does not order P1's read of x (WRC+data+rmb.litmus:16) before its "
            "store to y (WRC+data+rmb.litmus:17) strongly enough for power",
        ),
        # A branch orders no read behind it.
        (
            "MP/MP+wmb+ctrl.litmus",
            "power",
            "only a control dependency orders P1's read of y (MP+wmb+ctrl.litmus:19) before its "
            "read of x (MP+wmb+ctrl.litmus:21), and power does not keep that order",
        ),
        # The release is behind a store that it orders nothing after; acquire is no event of TSO's.
        (
            "SB/SB+rel-acqs.litmus",
            "tso",
            "nothing orders P0's store to x (SB+rel-acqs.litmus:11) before its read of y "
            "(SB+rel-acqs.litmus:12); and nothing orders P1's store to y (SB+rel-acqs.litmus:19) "
            "before its read of x (SB+rel-acqs.litmus:20)",
        ),
    ],
)
def test_an_order_that_is_there_is_not_denied(test: str, model: str, sentence: str) -> None:
    assert told(test, model)[1].sentence == sentence


def test_an_interleaving_blames_no_order() -> None:
    """unfreeze-delete is violated by the order of steps alone (docs/case-study.md, finding 1)."""
    checker = fresh_checker()
    verdict = checker.check(Request(CLASSIC.parent / "ksm" / "unfreeze-delete.litmus", "sc"))
    plain = telling_of(checker, verdict)
    assert plain is not None
    assert plain.sentence.startswith("the steps in the order shown do it")
    assert plain.focus == frozenset()


def test_a_safe_verdict_has_no_story() -> None:
    checker = fresh_checker()
    verdict = checker.check(Request(CLASSIC / "SB" / "SB+mb+mb.litmus", "tso"))
    assert verdict.witness is None
    assert telling_of(checker, verdict) is None


RACE = """C race
{ }
P0(int *data, int *flag) { *data = 1; WRITE_ONCE(*flag, 1); }
P1(int *data, int *flag) { int f; int d; f = READ_ONCE(*flag); if (f) d = *data; }
~exists (1:f=7)
"""


def test_a_race_names_the_two_accesses(tmp_path: Path) -> None:
    """Plain store against plain read of data; the flag's accesses are marked and do not race."""
    test = tmp_path / "race.litmus"
    test.write_text(RACE)
    checker = fresh_checker()
    verdict = checker.check(Request(test, "lkmm"))
    assert verdict.flags == ("data-race",)
    story = telling_of(checker, verdict)
    assert story is not None
    assert story.sentence == (
        "P0's plain store to data (race.litmus:3) races with "
        "P1's plain read of data (race.litmus:4): neither is ordered before the other"
    )
    assert verdict.witness is not None
    events = verdict.witness.execution.events
    assert {(events[e].thread, events[e].cell) for e in story.focus} == {(0, "data"), (1, "data")}


def test_no_race_once_it_is_ordered(tmp_path: Path) -> None:
    """A release and the control dependency's load made an acquire: ordered, no flag."""
    test = tmp_path / "fixed.litmus"
    test.write_text(
        RACE.replace("WRITE_ONCE(*flag, 1)", "smp_store_release(flag, 1)").replace(
            "READ_ONCE(*flag)", "smp_load_acquire(flag)"
        )
    )
    checker = fresh_checker()
    verdict = checker.check(Request(test, "lkmm"))
    assert verdict.flags == ()
    assert telling_of(checker, verdict) is None


def test_a_ring_of_many_threads_is_explained_at_once(tmp_path: Path) -> None:
    """SB with sixteen threads: each of them delays its store past its read, and an order in any one
    thread would do only if the other fifteen had theirs. A million sets of threads are no good."""
    threads = 16
    bodies = (
        f"P{i}(int *x{i}, int *x{(i + 1) % threads}) "
        f"{{ int r; WRITE_ONCE(*x{i}, 1); r = READ_ONCE(*x{(i + 1) % threads}); }}\n"
        for i in range(threads)
    )
    test = tmp_path / "ring.litmus"
    condition = " /\\ ".join(f"{i}:r=0" for i in range(threads))
    test.write_text(f"C ring\n{{ }}\n{''.join(bodies)}exists ({condition})\n")
    checker = fresh_checker()
    verdict = checker.check(Request(test, "tso"))
    assert verdict.observation == "Sometimes"
    story = telling_of(checker, verdict)
    assert story is not None
    assert story.sentence.count("nothing orders") == threads


def test_what_is_missing_is_the_order_that_the_other_side_relies_on(tmp_path: Path) -> None:
    """P1 reads ``ready`` by an acquire and two more after it, in any order. Between the stores of
    these two P0 owes nothing: such an order alone would not help, for the two reads may pass each
    other. What it owes is that both come before ``ready`` (memory-barriers.txt: an acquire pairs
    with a release)."""
    test = tmp_path / "pair.litmus"
    test.write_text(
        "C pair\n{ }\nP0(int *a, int *b, int *ready)\n{\n\tWRITE_ONCE(*a, 1);\n"
        "\tWRITE_ONCE(*b, 1);\n\tWRITE_ONCE(*ready, 1);\n}\n"
        "P1(int *a, int *b, int *ready)\n{\n\tint r0 = smp_load_acquire(ready);\n"
        "\tint r1 = READ_ONCE(*b);\n\tint r2 = READ_ONCE(*a);\n}\n"
        "exists (1:r0=1 /\\ 1:r1=1 /\\ 1:r2=0)\n"
    )
    for model in ("armv8", "power", "lkmm"):
        checker = fresh_checker()
        story = telling_of(checker, checker.check(Request(test, model)))
        assert story is not None
        assert story.sentence == (
            "nothing orders P0's store to a (pair.litmus:5) before its store to ready "
            "(pair.litmus:7)"
        ), model
