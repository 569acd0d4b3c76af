"""A gate's report as workflow commands: GitHub shows each finding beside its line."""

from __future__ import annotations

from ksmcheck.report.findings import ERROR, RULES, WARNING, Finding, Report

_COMMANDS = {ERROR: "error", WARNING: "warning"}


def report_github(report: Report) -> str:
    """One annotation a finding; the form is GitHub's "workflow commands"."""
    return "".join(_annotation(finding, report) + "\n" for finding in report.findings)


def _annotation(finding: Finding, report: Report) -> str:
    place = finding.place
    properties = {"title": RULES[finding.rule].short}
    if place is not None:
        properties = {
            "file": report.path(place.file),
            "line": str(place.line),
            "col": str(place.column),
            **properties,
        }
        if place.end:
            properties["endColumn"] = str(place.end)
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    lines = [finding.message, finding.subject, *finding.details]
    if finding.execution is not None and finding.execution.why:
        lines.append(f"why: {finding.execution.why}")
    message = "\n".join(line for line in (*lines, finding.hint) if line)
    return f"::{_COMMANDS.get(finding.level, 'notice')} {given}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
