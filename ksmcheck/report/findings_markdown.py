"""A gate's report as the summary of a merge request."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ksmcheck.report.findings import ERROR, NOTE, WARNING, Finding, Report
from ksmcheck.report.findings_text import summary

ROOM = 60_000
"""Characters that a comment may have on the usual hosts; executions beyond that are left out."""

_MARKS = {ERROR: "❌", WARNING: "⚠️", NOTE: "ℹ️"}


def report_markdown(report: Report, room: int = ROOM) -> str:
    """A table of what was found, then the executions, folded."""
    parts = ["\n".join(_table(report))]
    left = room - len(parts[0])
    omitted = 0
    for finding in report.findings:
        if finding.execution is None:
            continue
        text = "\n".join(_execution(finding))
        if len(text) <= left:
            parts.append(text)
            left -= len(text)
        else:
            omitted += 1
    if omitted:
        parts.append(f"{omitted} more executions are left out here; the log has them.")
    return "\n\n".join(parts) + "\n"


def _table(report: Report) -> Iterator[str]:
    yield f"### ksmcheck {summary(report)}"
    if report.findings:
        yield ""
        yield "| | where | what | machines |"
        yield "|---|---|---|---|"
        for finding in report.findings:
            place = finding.place
            cells = [
                _MARKS[finding.level],
                _code(f"{report.path(place.file)}:{place.line}") if place else "",
                "<br>".join(_plain(t) for t in (finding.message, finding.subject) if t),
                ", ".join(finding.machines),
            ]
            yield f"| {' | '.join(cells)} |"
    for note in report.notes:
        yield f"\n{_plain(note)}"


def _execution(finding: Finding) -> Iterator[str]:
    execution = finding.execution
    assert execution is not None
    title = ", ".join(text for text in (finding.message, finding.subject) if text)
    fence = "`" * max(3, 1 + max((len(m) for m in re.findall("`+", execution.drawing)), default=0))
    yield f"<details><summary>{_plain(title)}</summary>\n"
    yield f"{fence}text\n{execution.drawing}\n{fence}\n"
    if execution.why:
        yield f"{_plain(execution.why)}\n"
    yield "</details>"


def _code(text: str) -> str:
    """Code in a table's cell, where a bar would still end the cell."""
    return "`" + " ".join(text.split()).replace("`", "'").replace("|", "\\|") + "`"


def _plain(text: str) -> str:
    """Text that Markdown and HTML leave as it is, in a table's cell too."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|~])", r"\\\1", " ".join(text.split()))
