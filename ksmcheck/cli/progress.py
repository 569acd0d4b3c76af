"""Results of a long run as they come: progress on a terminal, then the table."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from time import perf_counter

import click

from ksmcheck.batch.exit_codes import AS_EXPECTED, gravest
from ksmcheck.batch.jobs import Group
from ksmcheck.batch.run import Result, run_jobs
from ksmcheck.cli.output import exit_code_of, nothing_asked
from ksmcheck.explain.story import Story
from ksmcheck.report.expectation import Belonging, Expectation, belonging, suite_of


def show_results(
    groups: Sequence[Group], jobs: int, *, as_json: bool, witness: bool, full: bool
) -> int:
    """Runs everything, prints it, and gives the exit code. Raises InputError for no verdicts."""
    started = perf_counter()
    results = _collect(groups, jobs, as_json, keep=witness and not as_json)
    if not as_json:
        from ksmcheck.report.console import paper
        from ksmcheck.report.table import print_table

        print_table(paper(), results, perf_counter() - started)
        if witness:
            _witnesses(results, full)
    if all(result.verdict is None for result in results):
        raise nothing_asked(results[-1].job.skip if results else "nothing of the suite is chosen")
    return gravest(_code(r) for r in results)


def _collect(groups: Sequence[Group], jobs: int, as_json: bool, keep: bool) -> list[Result]:
    """``keep``: the executions, too."""
    results: list[Result] = []
    total = sum(len(g) for g in groups)
    if as_json or not sys.stderr.isatty():
        for result in run_jobs(groups, jobs, shown=keep or as_json):
            results.append(result if keep else result.without_execution())
            if as_json:
                _print_json(result)
        return results
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

    console = Console(stderr=True)
    with Progress(
        *Progress.get_default_columns(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as progress:
        task = progress.add_task("verifying", total=total)
        for result in run_jobs(groups, jobs, shown=keep or as_json):
            results.append(result)
            progress.advance(task)
    return results


def _print_json(result: Result) -> None:
    from ksmcheck.report.json import skipped_object, verdict_object

    job = result.job
    place = place_of(result)
    if result.verdict is None:
        found = skipped_object(job.request, place, job.skip or "")
    else:
        story = None if result.story is None else Story(result.story)
        found = verdict_object(result.verdict, place, story)
    click.echo(json.dumps(found | {"stores": job.column.stores}))


def place_of(result: Result) -> Belonging:
    """The cell of the suite that a result is about."""
    job = result.job
    expectation = Expectation(job.expected, job.reason) if job.expected else None
    return Belonging(job.scenario, (), expectation)


def _witnesses(results: Sequence[Result], full: bool) -> None:
    """The execution of each violation."""
    from ksmcheck.check import Checker
    from ksmcheck.explain.tell import simply_told
    from ksmcheck.report.console import paper
    from ksmcheck.report.text import Said, print_verdict

    checker, out = Checker(), paper()
    for result in results:
        if result.verdict is not None and result.letter in "VR":
            request, expectation = result.job.request, place_of(result).expectation
            titles = belonging(request, suite_of(request.path)).titles
            verdict, story = simply_told(checker, result.verdict)
            print_verdict(out, verdict, Said(story, expectation, titles, full))


def _code(result: Result) -> int:
    """As documented: where a verdict is expected, only whether it is that one counts."""
    if result.verdict is None:
        return AS_EXPECTED
    return exit_code_of(result.verdict, place_of(result).expectation)
