"""The run behind ``ksmcheck corpus``: tests in, answers shown as they come, a report out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, nullcontext
from pathlib import Path
from time import perf_counter
from typing import Any

import click

from ksmcheck import __version__
from ksmcheck.batch.corpus.answer import Answer, Settings
from ksmcheck.batch.corpus.deviations import DEVIATIONS, read_deviations
from ksmcheck.batch.corpus.expected import read_expected
from ksmcheck.batch.corpus.judge import judge
from ksmcheck.batch.corpus.record import run_object
from ksmcheck.batch.corpus.resume import Resume, open_resume
from ksmcheck.batch.corpus.run import run_tests
from ksmcheck.batch.corpus.summary import exit_code, summary_of
from ksmcheck.batch.corpus.tests import CorpusTest, found_tests, listed_tests, unlisted
from ksmcheck.model.load import load_model
from ksmcheck.record import Struct
from ksmcheck.store.paths import models_dir
from ksmcheck.store.written import check_writable, write_whole
from ksmcheck.text import InputError


class Files(Struct, frozen=True):
    """What the command line names, None where it does not. ``json`` may be ``-``."""

    expected: Path | None = None
    deviations: Path | None = None
    resume: Path | None = None
    json: str | None = None


def run_corpus(folder: Path, settings: Settings, files: Files, jobs: int, *, full: bool) -> int:
    """Runs everything, prints the report, and gives the exit code. Raises InputError."""
    started = perf_counter()
    _check_targets(files)
    if settings.model is not None:
        load_model(settings.model)  # one complaint, and not each test's
    listed = read_deviations(files.deviations or models_dir() / DEVIATIONS)
    tests = _tests(folder, settings, files.expected)
    with _opened(files.resume, settings) as resume:
        answers = {a.file: a for a in _progressing(_answers(tests, settings, jobs, resume), tests)}
    judged = [judge(answers[t.file], t.expected, listed.of(folder, t.file)) for t in tests]
    seconds = perf_counter() - started
    rest = unlisted(folder, tests) if files.expected else 0
    if files.json:
        found = run_object(__version__, settings, judged, summary_of(judged, seconds, rest))
        _write_json(files.json, found)
    if files.json != "-":
        from ksmcheck.report.corpus import corpus_text

        click.echo(corpus_text(judged, seconds, rest, full=full))
    return exit_code(judged)


def _check_targets(files: Files) -> None:
    """Raises InputError where the JSON could not be written: after a long run is too late."""
    if not files.json or files.json == "-":
        return
    target = Path(files.json)
    check_writable(target)
    if files.resume and target.resolve() == files.resume.resolve():
        raise InputError(f"--json and --resume name the same file, {target}", hint="give another")


def _tests(folder: Path, settings: Settings, expected: Path | None) -> tuple[CorpusTest, ...]:
    if expected is None:
        return found_tests(folder, settings.model)
    return listed_tests(folder, read_expected(expected), settings.model)


def _opened(path: Path | None, settings: Settings) -> closing[Resume] | nullcontext[None]:
    if path is None:
        return nullcontext()
    return closing(open_resume(path, settings, __version__))


def _answers(
    tests: Sequence[CorpusTest], settings: Settings, jobs: int, resume: Resume | None
) -> Iterator[Answer]:
    """Answers of before first, then new ones, each written down before it is counted."""
    left = []
    for test in tests:
        known = resume.known(test) if resume else None
        if known is None:
            left.append(test)
        else:
            yield known
    for answer in run_tests(left, settings, jobs):
        if resume:
            resume.add(answer)
        yield answer


def _progressing(answers: Iterator[Answer], tests: Sequence[CorpusTest]) -> Iterator[Answer]:
    """The same answers, with a progress bar if somebody watches."""
    if not sys.stderr.isatty():
        yield from answers
        return
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

    columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("testing", total=len(tests))
        for answer in answers:
            progress.advance(task)
            yield answer


def _write_json(target: str, found: dict[str, Any]) -> None:
    """To standard output, or to a file that is whole or not there; a line for each test."""
    tests = ",\n".join(json.dumps(test) for test in found["tests"])
    head = json.dumps({**found, "tests": []})
    text = head.removesuffix("]}") + f"\n{tests}\n]}}"
    if target == "-":
        click.echo(text)
    else:
        write_whole(Path(target), text + "\n")
