"""The cells of a suite as requests: each asks about the program that its row and column name."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.batch.jobs import Job, Limits, applicable, jobs_of
from ksmcheck.batch.run import Result
from ksmcheck.batch.suite import Column, Suite, load_suite
from ksmcheck.check.verdict import BOUNDED, SAFE, UNKNOWN, VACUOUS, VIOLATED, Request, Verdict
from ksmcheck.text import InputError

SUITE = """
[columns]
models = ["tso", "lkmm", "lkmm-plain"]
marked = ["lkmm"]
kernels = ["3.9", "6.12"]

[letters]
S = "safe"

[[scenario]]
id = "one"
file = "one.litmus"
property = "P"

[[scenario]]
id = "two"
file = "two.litmus"
property = "P"
defines = ["TWO"]

[[variant]]
name = "shipped"
what = "as it is"

[[variant]]
name = "bare"
what = "without a barrier, and early"
defines = ["EARLY"]
remove = ["smp_mb@P0"]
na = { "3.9" = "it is there since 4.0" }
na_in = { two = "two has none" }
"""
ONE = """
[reasons]
all = "so it is"
["6.12"]
shipped = { is = "S V -", S = "all", V = "all" }
bare = { is = "V V V", V = "all" }
"""


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    (tmp_path / "suite.toml").write_text(SUITE)
    (tmp_path / "expected").mkdir()
    (tmp_path / "expected" / "one.toml").write_text(ONE)
    return load_suite(tmp_path)


def jobs(suite: Suite, **chosen: object) -> dict[tuple[str, str, str, str], Job]:
    groups = jobs_of(suite, **chosen)  # type: ignore[arg-type]
    return {
        (job.scenario, job.variant, job.kernel, job.column.name): job
        for group in groups
        for job in group
    }


def test_each_cell_is_there_once_and_a_group_shares_a_program(suite: Suite) -> None:
    groups = jobs_of(suite, variants=["all"])
    assert [{(j.scenario, j.kernel) for j in group} for group in groups] == [
        {("one", "3.9")},
        {("one", "6.12")},
        {("two", "3.9")},
        {("two", "6.12")},
    ]
    assert len(jobs(suite, variants=["all"])) == sum(map(len, groups)) == 2 * 2 * 2 * 3
    assert len(jobs(suite)) == 2 * 2 * 3
    some = jobs(suite, scenarios=["two"], kernels=["6.12"], models=["lkmm"])
    assert list(some) == [
        ("two", "shipped", "6.12", "lkmm"),
        ("two", "shipped", "6.12", "lkmm-plain"),
    ]
    assert list(jobs(suite, scenarios=["one"], kernels=["3.9"], models=["lkmm-plain"])) == [
        ("one", "shipped", "3.9", "lkmm-plain")
    ]


def test_the_program_is_the_rows_and_the_columns(suite: Suite) -> None:
    every = jobs(suite, variants=["all"])

    def asked(*name: str) -> Request:
        return every[name[0], name[1], name[2], name[3]].request

    plain = asked("one", "shipped", "6.12", "lkmm-plain")
    assert plain == Request(suite.folder / "one.litmus", "lkmm", "6.12")
    assert asked("one", "shipped", "6.12", "lkmm").defines == (("MARKED_STORES", "1"),)
    assert asked("one", "shipped", "3.9", "tso").kernel == "3.9"
    bare = asked("two", "bare", "6.12", "lkmm")
    assert bare.path.name == "two.litmus"
    assert {name for name, _ in bare.defines} == {"TWO", "EARLY", "MARKED_STORES"}
    assert bare.removed == frozenset(("smp_mb@P0",))
    assert {name for name, _ in asked("two", "bare", "6.12", "tso").defines} == {"TWO", "EARLY"}


def test_limits_are_those_given(suite: Suite) -> None:
    limits = Limits("z3", "tuple", 3, 1.5, 100, liveness=True)
    for job in jobs(suite, limits=limits).values():
        given = job.request
        assert (given.solver, given.engine, given.unroll) == ("z3", "tuple", 3)
        assert (given.timeout, given.memory, given.liveness) == (1.5, 100, True)


def test_what_does_not_exist_is_left_out_and_nothing_is_expected_of_it(suite: Suite) -> None:
    every = jobs(suite, variants=["all"])
    skipped = {name: job.skip for name, job in every.items() if job.skip}
    older, other = "it is there since 4.0", "two has none"
    columns = ("tso", "lkmm", "lkmm-plain")
    assert skipped == {
        **{("one", "bare", "3.9", column): older for column in columns},
        **{("two", "bare", "3.9", column): older for column in columns},
        **{("two", "bare", "6.12", column): other for column in columns},
        ("one", "shipped", "6.12", "lkmm-plain"): "no such machine at this kernel point",
    }
    assert len(applicable(jobs_of(suite, variants=["all"]))) == len(every) - len(skipped)
    expected = {name: (j.expected, j.reason) for name, j in every.items() if j.expected}
    assert expected == {
        ("one", "shipped", "6.12", "tso"): ("S", "so it is"),
        ("one", "shipped", "6.12", "lkmm"): ("V", "so it is"),
        **{("one", "bare", "6.12", column): ("V", "so it is") for column in columns},
    }


@pytest.mark.parametrize("letter", "SVRYNK0?")
def test_one_letter_is_as_expected(letter: str) -> None:
    """No answer least of all."""
    request = Request(Path("t.litmus"))
    verdicts = {
        "S": Verdict(request, "t", "", SAFE),
        "V": Verdict(request, "t", "", VIOLATED),
        "R": Verdict(request, "t", "", VIOLATED, flags=("data-race",)),
        "Y": Verdict(request, "t", "", SAFE, "Sometimes"),
        "N": Verdict(request, "t", "", SAFE, "Never"),
        "K": Verdict(request, "t", "", BOUNDED),
        "0": Verdict(request, "t", "", VACUOUS),
        "?": Verdict(request, "t", "", UNKNOWN),
    }
    column = Column("tso", "tso", marked=False)
    job = Job("one", "shipped", "6.12", column, request, letter, "")
    met = [name for name, verdict in verdicts.items() if Result(job, verdict).as_expected]
    assert met == [letter]
    assert not Result(job, None).as_expected
    unexpected = Job("one", "shipped", "6.12", column, request, None, "")
    assert all(Result(unexpected, verdict).as_expected for verdict in verdicts.values())


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"scenarios": ["on"]}, "there is no scenario 'on'"),
        ({"variants": ["bar"]}, "there is no variant 'bar'"),
        ({"kernels": ["5.4"]}, "there is no kernel point '5.4'"),
    ],
)
def test_what_the_suite_does_not_have(suite: Suite, chosen: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        jobs(suite, **chosen)
