"""A gate's report as one JSON object: the fields of ``report.findings``, by their names."""

from __future__ import annotations

import json

from ksmcheck.record import asdict
from ksmcheck.report.findings import Report

FORMAT = 1


def report_json(report: Report) -> str:
    """``format`` changes only if a field changes its meaning or goes away."""
    found = {"format": FORMAT, "failed": report.failed, **asdict(report)}
    for case in found["cases"]:
        del case["findings"]  # each is among the report's own
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"
