"""Results of a long run as they come: progress on a terminal, then the table."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from time import perf_counter

import click

from ksmcheck.batch.exit_codes import AS_EXPECTED, DIFFERENT, EMPTY, INCONCLUSIVE, gravest
from ksmcheck.batch.jobs import Group
from ksmcheck.batch.letters import WORDS
from ksmcheck.batch.run import Result, run_jobs


def show_results(groups: Sequence[Group], jobs: int, *, as_json: bool, witness: bool) -> int:
    """Runs everything, prints it, and gives the exit code."""
    started = perf_counter()
    results = _collect(groups, jobs, as_json)
    if not as_json:
        from rich.console import Console

        from ksmcheck.report.table import print_table

        console = Console(highlight=False)
        print_table(console, results, perf_counter() - started)
        if witness:
            _witnesses(results)
    return gravest(_code(r) for r in results)


def _collect(groups: Sequence[Group], jobs: int, as_json: bool) -> list[Result]:
    results: list[Result] = []
    total = sum(len(g) for g in groups)
    if as_json or not sys.stderr.isatty():
        for result in run_jobs(groups, jobs):
            results.append(result)
            if as_json:
                _print_json(result)
        return results
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

    console = Console(stderr=True)
    with Progress(*Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn(),
                  console=console, transient=True) as progress:
        task = progress.add_task("verifying", total=total)
        for result in run_jobs(groups, jobs):
            results.append(result)
            progress.advance(task)
    return results


def _print_json(result: Result) -> None:
    from ksmcheck.report.json import verdict_object

    job = result.job
    expected = WORDS[job.expected] if job.expected else None
    if result.verdict is None:
        found = {
            "scenario": job.scenario,
            "variant": job.variant,
            "kernel": job.kernel,
            "model": job.column.model,
            "stores": job.column.stores,
            "verdict": "n/a",
            "reason": job.skip,
        }
    else:
        found = verdict_object(
            result.verdict, stores=job.column.stores, expected=expected, why=result.story
        )
        found |= {"scenario": job.scenario, "as_expected": result.as_expected}
        if job.reason:
            found["expected_reason"] = job.reason
    click.echo(json.dumps(found))


def _witnesses(results: Sequence[Result]) -> None:
    from rich.console import Console

    from ksmcheck.report.text import print_verdict

    console = Console(highlight=False)
    for result in results:
        if result.verdict is not None and result.letter in "VR":
            print_verdict(console, result.verdict, result.story)


def _code(result: Result) -> int:
    """As documented: where a verdict is expected, only whether it is that one counts."""
    if result.verdict is None:
        return AS_EXPECTED
    if result.letter == "?":
        return INCONCLUSIVE
    if result.job.expected is not None:
        return AS_EXPECTED if result.as_expected else DIFFERENT
    return {"V": DIFFERENT, "R": DIFFERENT, "0": EMPTY, "K": INCONCLUSIVE}.get(result.letter, AS_EXPECTED)
