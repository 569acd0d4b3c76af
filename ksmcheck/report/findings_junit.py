"""A gate's report as JUnit XML: a suite for each scenario, a test for each machine."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from ksmcheck.report.findings import ERROR, Case, Finding, Report
from ksmcheck.report.findings_text import finding_text

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
BARRIERS = "barriers, necessity and budget"
RUN = "the run"


def report_junit(report: Report) -> str:
    """What is about one verdict fails its test; the rest fail tests of a suite of their own."""
    from xml.etree.ElementTree import Element, indent, tostring

    root = Element("testsuites", name="ksmcheck gate", time=f"{report.seconds:.3f}")
    for group, cases in groupby(report.cases, key=lambda case: case.group):
        root.append(_suite(group, [_case(case) for case in cases]))
    if report.finished:
        root.append(_suite(BARRIERS, _others(report) or [_test(BARRIERS, "as recorded")]))
    else:
        root.append(_suite(RUN, [_broken(finding) for finding in report.findings]))
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    indent(root)
    return "<?xml version='1.0' encoding='utf-8'?>\n" + tostring(root, encoding="unicode") + "\n"


def _others(report: Report) -> list[Element]:
    """What is about no verdict."""
    others = list(report.findings)
    for finding in (f for case in report.cases for f in case.findings):
        if finding in others:
            others.remove(finding)
    return [_finding(finding) for finding in others]


def _suite(name: str, tests: Sequence[Element]) -> Element:
    from xml.etree.ElementTree import Element

    suite = Element("testsuite", name=_text(name), tests=str(len(tests)))
    for word, child in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(word, str(sum(test.find(child) is not None for test in tests)))
    suite.set("time", f"{sum(float(test.get('time', '0')) for test in tests):.3f}")
    suite.extend(tests)
    return suite


def _test(group: str, name: str, seconds: float = 0.0) -> Element:
    from xml.etree.ElementTree import Element

    return Element("testcase", classname=_text(group), name=_text(name), time=f"{seconds:.3f}")


def _case(case: Case) -> Element:
    from xml.etree.ElementTree import SubElement

    test = _test(case.group, case.name, case.seconds)
    test.set("file", _text(case.file))
    if case.skipped:
        SubElement(test, "skipped", message=_text(case.skipped))
    _say(test, case.findings)
    return test


def _finding(finding: Finding) -> Element:
    where = f"{finding.place}: " if finding.place else ""
    test = _test(BARRIERS, f"{where}{finding.message}")
    _say(test, (finding,))
    return test


def _broken(finding: Finding) -> Element:
    """What ended the run: an error, as the form calls a test that could not be made."""
    from xml.etree.ElementTree import SubElement

    test = _test(RUN, "comes to its end")
    error = SubElement(test, "error", message=_text(finding.message), type=finding.rule)
    error.text = _text(finding_text(finding))
    return test


def _say(test: Element, findings: Sequence[Finding]) -> None:
    """Errors fail the test, all in one element, as the form has it; others are its output."""
    from xml.etree.ElementTree import SubElement

    errors = [f for f in findings if f.level == ERROR]
    if errors:
        failure = SubElement(test, "failure", message=_text(errors[0].message), type=errors[0].rule)
        failure.text = _text("\n".join(finding_text(f) for f in errors))
    others = [f for f in findings if f.level != ERROR]
    if others:
        SubElement(test, "system-out").text = _text("\n".join(finding_text(f) for f in others))


def _text(text: str) -> str:
    """Without the characters that XML cannot have."""
    return _ILLEGAL.sub("?", text)
