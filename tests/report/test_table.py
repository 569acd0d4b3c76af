"""The table of `ksmcheck verify`: every word whole, whatever the terminal's width.

Where the columns do not fit side by side, they come in parts, each with the scenarios.
"""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from ksmcheck.batch.jobs import Job
from ksmcheck.batch.run import Result
from ksmcheck.batch.suite import Column
from ksmcheck.check.verdict import SAFE, VIOLATED, Request, Verdict
from ksmcheck.report.console import Paper
from ksmcheck.report.table import print_table


def result(scenario: str, model: str, verdict: str | None, expected: str | None) -> Result:
    request = Request(Path(f"{scenario}.litmus"), model)
    skip = "no such machine" if verdict is None else None
    job = Job(
        scenario, "shipped", "6.12", Column(model, model, False), request, expected, "why", skip
    )
    return Result(job, None if verdict is None else Verdict(request, scenario, "default", verdict))


def test_a_table_at_every_width() -> None:
    results = [
        result("a-long-scenario-name", "alpha-letter", SAFE, "S"),
        result("a-long-scenario-name", "tso", VIOLATED, "S"),
        result("b", "alpha-letter", VIOLATED, None),
        result("b", "tso", None, None),
    ]
    whole = (
        "scenario              alpha-letter  tso\n"
        "a-long-scenario-name  safe          violated !\n"
        "b                     violated      n/a\n"
    )
    parts = (
        "scenario              alpha-letter\n"
        "a-long-scenario-name  safe\n"
        "b                     violated\n"
        "\n"
        "scenario              tso\n"
        "a-long-scenario-name  violated !\n"
        "b                     n/a\n"
    )
    # The widest line of the whole has 46 characters: two of 20 and 12, two gaps, and one of 10.
    for width, table in ((None, whole), (200, whole), (46, whole), (45, parts), (20, parts)):
        out = io.StringIO()
        terminal = Console(file=out, width=width) if width else None
        print_table(Paper(out, terminal), results, 1.0)
        assert out.getvalue().startswith(
            f"kernel 6.12\n{table}\n3 verdicts, 1 as expected, 1 without expectation, 1 not;"
        )
        line = "! a-long-scenario-name shipped, kernel 6.12, tso: violated, expected safe (why)\n"
        assert line in out.getvalue()
