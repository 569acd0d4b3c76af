"""A gate's report for the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ksmcheck.record import replace
from ksmcheck.report.findings import ERROR, WARNING, Finding, Report

_INDENT = "  "

DRAWN = 5
"""Executions that are drawn; of the others the log says only why they are possible."""


def report_text(report: Report) -> str:
    """Every finding with its place and execution, then one line that sums up. What several of them
    hint at is said once, behind them."""
    parts = []
    drawn = 0
    hints = Counter(finding.hint for finding in report.findings if finding.hint)
    shared = [hint for hint, times in hints.items() if times > 1]
    for finding in report.findings:
        own = replace(finding, hint="") if finding.hint in shared else finding
        parts.append(finding_text(own, draw=drawn < DRAWN))
        drawn += finding.execution is not None
    if drawn > DRAWN:
        parts.append(f"{drawn - DRAWN} more executions are not drawn here: see the `run:` lines.\n")
    parts += [f"hint: {hint}\n" for hint in shared]
    return "\n".join([*parts, *report.notes, summary(report)]) + "\n"


def summary(report: Report) -> str:
    """``gate: failed: 2 errors, 1 warning; 520 verdicts (512 known before), 1.3 s``."""
    if not report.finished:
        return "gate could not run: nothing was compared"
    known = sum(case.cached for case in report.asked)
    counts = ", ".join(_count(report, level) for level in (ERROR, WARNING) if report.count(level))
    said = ("failed" if report.failed else "passed") + (f": {counts}" if counts else "")
    asked = len(report.asked)
    verdicts = "1 verdict" if asked == 1 else f"{asked} verdicts"
    return f"gate {said}; {verdicts} ({known} known before), {report.seconds:.1f} s"


def _count(report: Report, level: str) -> str:
    number = report.count(level)
    return f"{number} {level}{'' if number == 1 else 's'}"


def finding_text(finding: Finding, *, draw: bool = True) -> str:
    """``file:line: error: message`` and, indented, what else there is to say."""
    return "\n".join(_lines(finding, draw)) + "\n"


def _lines(finding: Finding, draw: bool) -> Iterator[str]:
    at = f"{finding.place}: " if finding.place else ""
    yield f"{at}{finding.level}: {finding.message}"
    if finding.subject:
        yield f"{_INDENT}{finding.subject}"
    for line in finding.details:
        yield f"{_INDENT}{line}"
    if finding.hint:
        yield f"{_INDENT}hint: {finding.hint}"
    execution = finding.execution
    if execution is not None:
        if draw:
            yield ""
            yield from (f"{_INDENT}{line}".rstrip() for line in execution.drawing.splitlines())
        if execution.why:
            yield f"{_INDENT}why:   {execution.why}"
