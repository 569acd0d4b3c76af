"""Where verdicts go: terminal or JSON lines, and the exit code they add up to."""

from __future__ import annotations

import json

import click

from ksmcheck.batch.exit_codes import code_of, gravest
from ksmcheck.check import Checker, Verdict
from ksmcheck.explain.tell import story_of


class Output:
    """Shows verdicts one by one and remembers the gravest."""

    def __init__(self, checker: Checker, *, as_json: bool, allow_bounded: bool) -> None:
        self.checker = checker
        self.as_json = as_json
        self.allow_bounded = allow_bounded
        self.codes: list[int] = []

    def show(self, verdict: Verdict, expected: str | None = None, stores: str = "plain") -> None:
        self.codes.append(code_of(verdict, expected, allow_bounded=self.allow_bounded))
        story = story_of(self.checker, verdict)
        if self.as_json:
            from ksmcheck.report.json import verdict_object

            found = verdict_object(verdict, stores=stores, expected=expected, why=story)
            click.echo(json.dumps(found))
            return
        from rich.console import Console

        from ksmcheck.report.text import print_verdict

        print_verdict(Console(highlight=False), verdict, story)

    def exit_code(self) -> int:
        return gravest(self.codes)
