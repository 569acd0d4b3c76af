"""A gate's report as SARIF 2.1.0, the format that code hosts and editors show beside the code.

An execution becomes a code flow: one thread flow for each thread, its steps at their source lines,
``executionOrder`` counting through all threads in telling order. Section numbers are those of the
standard (OASIS, 2023, with errata 01).
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from ksmcheck.report.findings import RULES, Execution, Finding, Place, Report, Step

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_ORDER = list(RULES)

Object = dict[str, Any]


def report_sarif(report: Report) -> str:
    """The log as JSON text."""
    return json.dumps(sarif_log(report), indent=1, ensure_ascii=False) + "\n"


def sarif_log(report: Report) -> Object:
    """One run. A finding without a place is put at the configuration's first line, since hosts
    show no result without a location."""
    driver = {"name": "ksmcheck", "version": report.version, "rules": [_rule(r) for r in _ORDER]}
    run = {
        "tool": {"driver": driver},
        "invocations": [_invocation(report)],
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, report) for finding in report.findings],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _invocation(report: Report) -> Object:
    """What ended a run is a notification (3.20.21); it is a result as well, for hosts show those
    alone, and take a log without any for a clean one."""
    if report.finished:
        return {"executionSuccessful": True}
    told = [
        {"level": f.level, "message": {"text": f.message}, "descriptor": {"id": f.rule}}
        for f in report.findings
    ]
    return {"executionSuccessful": False, "toolExecutionNotifications": told}


def _rule(name: str) -> Object:
    rule = RULES[name]
    return {
        "id": name,
        "name": rule.name,
        "shortDescription": {"text": rule.short},
        "fullDescription": {"text": rule.full},
    }


def _result(finding: Finding, report: Report) -> Object:
    place = finding.place or Place(report.title, 1)
    lines = [finding.message, finding.subject, *finding.details]
    execution = finding.execution
    if execution is not None and execution.why:
        lines.append(f"Why: {execution.why}")
    result: Object = {
        "ruleId": finding.rule,
        "ruleIndex": _ORDER.index(finding.rule),
        "level": finding.level,
        "message": {"text": "\n".join(line for line in (*lines, finding.hint) if line)},
        "locations": [{"physicalLocation": _physical(place, report)}],
        "partialFingerprints": {"ksmcheck/v1": _fingerprint(finding, report)},
        "properties": {"machines": list(finding.machines), "subject": finding.subject},
    }
    if execution is not None and execution.steps:
        result["codeFlows"] = [_code_flow(execution, report)]
    return result


def _fingerprint(finding: Finding, report: Report) -> str:
    """The same for the same finding after lines were added elsewhere (3.27.17)."""
    file = report.path(finding.place.file) if finding.place else ""
    parts = (finding.rule, file, finding.subject, *finding.machines, finding.message)
    return sha256("\0".join(parts).encode()).hexdigest()[:32]


def _physical(place: Place, report: Report) -> Object:
    region: Object = {"startLine": place.line, "startColumn": place.column}
    if place.end:
        region["endColumn"] = place.end
    found = {"artifactLocation": _artifact(report.path(place.file)), "region": region}
    if place.text:
        # A region's snippet is its own text (3.30.13); the whole line is its context.
        found["contextRegion"] = {"startLine": place.line, "snippet": {"text": place.text}}
    return found


def _artifact(path: str) -> Object:
    """Relative names start at the top of the repository, as hosts understand it (3.4.4)."""
    if path.startswith("/"):
        return {"uri": f"file://{quote(path)}"}
    return {"uri": quote(path), "uriBaseId": "%SRCROOT%"}


def _code_flow(execution: Execution, report: Report) -> Object:
    threads: dict[str, list[Object]] = {}
    for order, step in enumerate(execution.steps, 1):
        threads.setdefault(step.thread, []).append(_location(order, step, report))
    config = f" ({execution.config})" if execution.config not in ("", "default") else ""
    message = f"{execution.failure}{config}; in the end {execution.final}"
    return {
        "message": {"text": message},
        "threadFlows": [
            {"id": thread, "message": {"text": thread}, "locations": locations}
            for thread, locations in sorted(threads.items())
        ],
    }


def _location(order: int, step: Step, report: Report) -> Object:
    said = "  ".join(text for text in (step.effect, step.source) if text)
    importance = "essential" if step.marked else "important" if step.needed else "unimportant"
    return {
        "executionOrder": order,
        "nestingLevel": step.depth,
        "importance": importance,
        "location": {
            "physicalLocation": _physical(step.place, report),
            "logicalLocations": [{"fullyQualifiedName": f"{step.thread}: {step.function}"}],
            "message": {"text": f"{step.thread}: {said}" if said else step.thread},
        },
    }
