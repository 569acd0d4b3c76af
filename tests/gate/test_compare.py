"""Verdicts and needs against what is expected and recorded, case by case, without any check."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.batch.suite import Column
from ksmcheck.check.verdict import Request
from ksmcheck.gate.answer import Answer, Answerer
from ksmcheck.gate.baseline import Baseline
from ksmcheck.gate.compare_needs import need_findings
from ksmcheck.gate.compare_verdicts import missing_findings, verdict_findings, wrong
from ksmcheck.gate.findings import judged, rerun
from ksmcheck.gate.outcome import Outcome
from ksmcheck.gate.outline import Inventory
from ksmcheck.gate.plan import Cell
from ksmcheck.gate.survey import Removal, Survey, inventories_of
from ksmcheck.program.change import REMOVE, Change
from ksmcheck.record import replace
from ksmcheck.report.findings import ERROR, NOTE, WARNING, Finding
from ksmcheck.store.cache import Cache
from ksmcheck.store.content import Contents
from ksmcheck.store.results import Results

LETTERS = {
    "SAFE": "S",
    "VIOLATED": "V",
    "RACE": "R",
    "Never": "N",
    "Sometimes": "Y",
    "SAFE up to 3": "K",
    "VACUOUS": "0",
    "UNKNOWN": "?",
}


def cell(model: str = "tso", subject: str = "a.litmus", variant: str = "shipped") -> Cell:
    column = Column(model, model, marked=False)
    return Cell(subject, "6.12", variant, column, Request(Path(subject), model))


def answer(verdict: str, reason: str = "") -> Answer:
    return Answer(Outcome(verdict, LETTERS[verdict], "", "P", 0.0, reason), cached=False)


def baseline(**verdicts: str) -> Baseline:
    return Baseline({("a.litmus", "6.12", "shipped"): verdicts}, {}, {})


def findings(
    before: Baseline | None, *found: tuple[Cell, Answer], allow_bounded: bool = False
) -> list[Finding]:
    some = (wrong(c, a, before, allow_bounded=allow_bounded) for c, a in found)
    return list(verdict_findings(one for one in some if one is not None))


@pytest.mark.parametrize("now", LETTERS)
@pytest.mark.parametrize("before", LETTERS)
def test_any_other_verdict_than_the_recorded_one_is_an_error(before: str, now: str) -> None:
    """Also one that is better: the barrier that did it may be another question's answer. What only
    proves less has the exit code of an answer that is missing."""
    found = findings(baseline(tso=before), (cell(), answer(now)))
    if before == now:
        assert found == []
        return
    (one,) = found
    assert (one.level, one.message) == (ERROR, f"{now} under tso, recorded {before}")
    lost = {"UNKNOWN": 4, "VACUOUS": 5}
    if now in lost and (before not in lost or (now, before) == ("UNKNOWN", "VACUOUS")):
        assert (one.rule, one.code) == ("weaker", lost[now])
    elif (now, before) == ("SAFE up to 3", "SAFE"):
        assert (one.rule, one.code) == ("weaker", 4)
    else:
        assert (one.rule, one.code) == ("verdict", 1)


def test_what_is_not_recorded_is_no_agreement() -> None:
    for before in (baseline(), baseline(armv8="SAFE")):
        (one,) = findings(before, (cell(), answer("SAFE")))
        assert (one.rule, one.level, one.code) == ("verdict", ERROR, 1)
        assert one.message == "SAFE under tso, not in the baseline"


@pytest.mark.parametrize("word", ["UNKNOWN", "VACUOUS", "SAFE up to 3"])
def test_what_is_no_answer_is_recorded_where_it_is_expected(word: str) -> None:
    code = 5 if word == "VACUOUS" else 4
    (one,) = findings(None, (cell(), answer(word)))
    assert (one.code, one.message) == (code, f"{word} under tso, which is no answer")
    allowed = findings(None, (cell(), answer(word)), allow_bounded=True)
    assert len(allowed) == (word != "SAFE up to 3")
    expected = replace(cell(), expected=LETTERS[word])
    assert findings(None, (expected, answer(word))) == []
    if word != "SAFE up to 3":
        assert findings(None, (replace(cell(), word=word), answer(word))) == []


def test_an_expectation_comes_before_the_baseline() -> None:
    before = baseline(tso="VIOLATED")
    for wanted in (replace(cell(), expected="S"), replace(cell(), word="SAFE")):
        (one,) = findings(before, (wanted, answer("VIOLATED")))
        assert one.message == "VIOLATED under tso, expected SAFE"
        assert one.code == 1


def test_machines_are_told_together_where_the_same_is_wrong_alone() -> None:
    """armv8 was recorded as something else, and in another scenario, variant or for another reason
    it is another finding."""
    before = baseline(tso="SAFE", power="SAFE", armv8="VACUOUS", sc="SAFE")
    unknown = answer("UNKNOWN", "no time left")
    found = findings(
        before,
        (cell("tso"), unknown),
        (cell("power"), unknown),
        (cell("armv8"), unknown),
        (cell("sc"), answer("UNKNOWN", "too many values")),
        (cell("tso", "b.litmus"), unknown),
        (cell("tso", variant="bare"), unknown),
    )
    assert [(f.subject, f.message) for f in found] == [
        ("a.litmus, kernel 6.12", "UNKNOWN under tso, power, recorded SAFE"),
        ("a.litmus, kernel 6.12", "UNKNOWN under armv8, recorded VACUOUS"),
        ("a.litmus, kernel 6.12", "UNKNOWN under sc, recorded SAFE"),
        ("b.litmus, kernel 6.12", "UNKNOWN under tso, not in the baseline"),
        ("a.litmus, kernel 6.12, variant bare", "UNKNOWN under tso, not in the baseline"),
    ]
    assert [f.machines for f in found[:2]] == [("tso", "power"), ("armv8",)]


def test_each_verdict_that_is_no_longer_asked_for_is_missed() -> None:
    recorded = Baseline(
        {
            ("a.litmus", "6.12", "shipped"): {"tso": "SAFE", "armv8": "SAFE"},
            ("b.litmus", "6.12", "shipped"): {"tso": "VIOLATED"},
        },
        {},
        {},
    )
    found = list(missing_findings(recorded, {cell("tso"): answer("SAFE")}))
    assert [(f.subject, f.machines, f.level) for f in found] == [
        ("a.litmus, kernel 6.12, variant shipped", ("armv8",), ERROR),
        ("b.litmus, kernel 6.12, variant shipped", ("tso",), ERROR),
    ]


# Needs.


def survey(*removed: tuple[str, str], full: bool = False, often: int = 1) -> Survey:
    """Of a.litmus under tso: what became of it without each site."""
    one = replace(cell(), necessity=often)
    removals = tuple(
        Removal(
            one,
            site,
            word,
            replace(one.request, changes=(Change(site, REMOVE),)),
            answer({"needed": "VIOLATED", "idle": "SAFE", "undecided": "UNKNOWN"}[word]),
        )
        for site, word in removed
    )
    return Survey({one: answer("SAFE")}, removals, {}, {one: Inventory((), ())}, full)


def recorded(full: bool = False, **sites: str) -> Baseline:
    needs = {site: {"tso": word} for site, word in sites.items()}
    return Baseline({}, {}, {("a.litmus", "6.12"): needs} if needs else {}, full)


@pytest.mark.parametrize("now", ["needed", "idle", "undecided"])
@pytest.mark.parametrize("before", ["needed", "idle", "undecided"])
def test_any_other_need_than_the_recorded_one_is_told(before: str, now: str) -> None:
    found = list(need_findings(recorded(smp_mb=before), survey(("smp_mb", now))))
    if before == now:
        assert found == []
        return
    (one,) = found
    rule = {"needed": "necessary", "idle": "unnecessary", "undecided": "weaker"}[now]
    assert (one.rule, one.level, one.machines) == (rule, ERROR, ("tso",))
    assert one.code == (4 if now == "undecided" else 1)
    assert f"recorded: {before}" in one.details


@pytest.mark.parametrize(
    ("before", "now", "rules"),
    [
        (("needed", "needed"), ("idle", "idle"), ["void"]),
        (("needed", "needed"), ("idle", "needed"), ["unnecessary"]),
        (("needed", "needed"), ("idle", "undecided"), ["unnecessary", "weaker"]),
        # One alone is what a second barrier beside it makes of it.
        (("needed", "idle"), ("idle", "idle"), ["unnecessary"]),
        # The need has moved from one to the other.
        (("needed", "idle"), ("idle", "needed"), ["unnecessary", "necessary"]),
    ],
)
def test_all_needs_gone_at_once_are_a_failure_of_their_own(
    before: tuple[str, str], now: tuple[str, str], rules: list[str]
) -> None:
    known = recorded(smp_wmb=before[0], smp_rmb=before[1])
    found = list(need_findings(known, survey(("smp_wmb", now[0]), ("smp_rmb", now[1]))))
    assert [f.rule for f in found] == rules


def test_needs_that_are_asked_for_and_recorded_unlike() -> None:
    asked, known = survey(("smp_mb", "idle")), recorded(smp_mb="idle")
    verdicts = baseline(tso="SAFE").verdicts
    (one,) = need_findings(replace(recorded(), verdicts=verdicts), asked)
    assert list(need_findings(recorded(), asked)) == []  # a new test, of which its verdict tells
    assert (one.rule, one.level) == ("necessary", ERROR)
    assert one.message.endswith("is asked for, but not in the baseline")
    (one,) = need_findings(known, survey(often=2))
    assert one.message.endswith("is in the baseline, but no longer asked for")
    # Recorded with --full: a run without it asks less, and that is meant.
    full = recorded(full=True, smp_mb="idle")
    assert list(need_findings(full, survey(often=2))) == []
    assert list(need_findings(full, survey(("smp_mb", "idle"), full=True, often=2))) == []
    (one,) = need_findings(
        Baseline({}, {}, {("gone.litmus", "6.12"): {}}, True), survey(full=True, often=2)
    )
    assert one.message.endswith("is in the baseline, but no longer asked for")


# Outlines.


@pytest.mark.parametrize(
    ("variants", "chosen"),
    [
        (("shipped", "bare"), "shipped"),
        (("bare", "shipped"), "shipped"),
        (("early", "bare"), "early"),
        (("bare", "early"), "bare"),
    ],
)
def test_outlines_are_of_what_is_shipped_or_comes_first(
    tmp_path: Path, variants: tuple[str, ...], chosen: str
) -> None:
    """What a variant takes out is not missing from the program."""
    path = tmp_path / "a.litmus"
    path.write_text("C a\n{ }\nP0(int *x) { WRITE_ONCE(*x, 1); smp_mb(); WRITE_ONCE(*x, 2); }\n")
    removed = {"bare": frozenset(("smp_mb@P0",))}
    cells = [
        replace(
            cell("tso", variant=name),
            request=Request(path, "tso", removed=removed.get(name, frozenset())),
        )
        for name in variants
    ]
    found = inventories_of(cells, Answerer(Results(Cache(None)), Contents()))
    assert [one.variant for one in found] == [chosen]
    (inventory,) = found.values()
    assert [b.name for b in inventory.barriers] == ([] if chosen == "bare" else ["smp_mb@P0"])


# What all findings have in common.


def test_a_policy_lowers_and_never_raises() -> None:
    some = [Finding(rule, ERROR, rule) for rule in ("verdict", "site", "access", "unnecessary")]
    policy = {"verdict": "fail", "site": "warn", "access": "note", "unnecessary": "ignore"}
    assert [(f.rule, f.level) for f in judged(some, policy)] == [
        ("verdict", ERROR),
        ("site", WARNING),
        ("access", NOTE),
    ]
    told = Finding("drift", NOTE, "a comment")
    assert [f.level for f in judged([told], {"drift": "fail"})] == [NOTE]


def test_the_command_asks_the_same() -> None:
    request = Request(
        Path("a.litmus"),
        "armv8",
        "3.9",
        defines=(("A", "1"), ("B", "2")),
        removed=frozenset(("smp_rmb@P1",)),
        changes=(Change("smp_wmb@P0", REMOVE),),
        liveness=True,
    )
    assert rerun(request) == (
        "run: ksmcheck check a.litmus --model armv8 --kernel 3.9 --liveness -D A -D B=2 "
        "--remove smp_rmb@P1 --remove smp_wmb@P0"
    )
