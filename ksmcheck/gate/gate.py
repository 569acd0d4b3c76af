"""The whole way of a gate run: configuration, questions, baseline, findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter

from ksmcheck import __version__
from ksmcheck.batch.exit_codes import gravest
from ksmcheck.gate.answer import Answerer, Progress
from ksmcheck.gate.baseline import Baseline, read_baseline, write_baseline
from ksmcheck.gate.compare_needs import need_findings
from ksmcheck.gate.compare_sites import site_findings
from ksmcheck.gate.compare_verdicts import (
    missing_findings,
    refusal_findings,
    subject_of,
    verdict_findings,
    wrong,
)
from ksmcheck.gate.config import Config, in_config
from ksmcheck.gate.findings import judged
from ksmcheck.gate.kernel_findings import kernel_findings
from ksmcheck.gate.place import prefix_of
from ksmcheck.gate.plan import Cell, asked, plan
from ksmcheck.gate.renamed import rename_findings, renamed, under_new_names
from ksmcheck.gate.renamed_functions import (
    renamed_function_findings,
    renamed_functions,
    under_new_function_names,
)
from ksmcheck.gate.respelt import with_blanks
from ksmcheck.gate.survey import Removal, Survey, survey, to_baseline
from ksmcheck.record import Struct
from ksmcheck.report.findings import ERROR, REFUSED, Case, Finding, Report
from ksmcheck.store.cache import Cache
from ksmcheck.store.content import Contents
from ksmcheck.store.results import Results
from ksmcheck.text import InputError


class Run(Struct, frozen=True):
    """How to run: ``cache`` keeps results, ``full`` asks the necessity of everything.

    ``kernel_tree`` is compared too, or only what ``patch`` changes of it. ``progress`` is told how
    many of how many questions are answered.
    """

    cache: Cache
    jobs: int = 1
    full: bool = False
    kernel_tree: Path | None = None
    patch: str | None = None
    progress: Progress | None = None


def gate(config: Config, run: Run, *, record: bool = False) -> Report:
    """Compares with the baseline, or writes it. Raises InputError and InternalError.

    Nothing is recorded while a verdict is not the expected one, or UNKNOWN.
    """
    started = perf_counter()
    cells = plan(config)
    before = None
    if not record or config.baseline.exists():
        before = _baseline(config, record)
    full = run.full or (record and before is not None and before.full)
    if run.full and not record and before is not None and not before.full:
        raise InputError(
            f"{config.baseline} holds no necessity of all barriers",
            hint="ksmcheck gate --full --record",
        )
    with Answerer(Results(run.cache), Contents(), run.jobs, run.progress) as answerer:
        try:
            now = survey(asked(cells), answerer, file_names(config), full=full)
        except InputError as error:  # a model that there is not
            raise in_config(config.source, error) from None
    found: list[Finding] = []
    if before is not None and not record:
        before, found = _with_names_of_now(before, now, cells, file_names(config))
    found += _findings(config, now, None if record else before)
    notes = (_record(config, now, found),) if record else ()
    if run.kernel_tree is not None:
        found += kernel_findings(run.kernel_tree, run.patch)
    found += _overruns(config, now, perf_counter() - started, full)
    findings = judged(found, config.policy)
    return Report(
        title=str(config.source.name),
        version=__version__,
        cases=tuple(_cases(cells, now, findings)),
        findings=tuple(findings),
        seconds=perf_counter() - started,
        prefix=prefix_of(Path.cwd()),
        notes=notes,
    )


def _with_names_of_now(
    before: Baseline, now: Survey, cells: Sequence[Cell], name_of: Callable[[str], str]
) -> tuple[Baseline, list[Finding]]:
    """The baseline with the names that files and functions have now; each new name is told."""
    here = to_baseline(now)
    before = with_blanks(before, here)
    files = renamed(before, here, cells)
    before = under_new_names(before, files)
    functions = renamed_functions(before, here)
    told = [*rename_findings(files), *renamed_function_findings(functions, now, name_of)]
    return under_new_function_names(before, functions), told


def exit_code(report: Report) -> int:
    """The gravest of the findings that fail."""
    return gravest(f.code for f in report.findings if f.level == ERROR)


def _baseline(config: Config, record: bool) -> Baseline | None:
    """The recorded one; one that cannot be read may be replaced."""
    try:
        return read_baseline(config.baseline)
    except InputError:
        if not record:
            raise
        return None


def file_names(config: Config) -> Callable[[str], str]:
    """The baseline's names of files: from the configuration's folder."""
    folder = config.folder.resolve()
    known: dict[str, str] = {}

    def name(file: str) -> str:
        if file not in known:
            path = Path(file).resolve()
            inside = path.is_relative_to(folder)
            known[file] = (path.relative_to(folder) if inside else path).as_posix()
        return known[file]

    return name


def _findings(config: Config, now: Survey, before: Baseline | None) -> Iterator[Finding]:
    allowed = config.allow_bounded
    given = {c: answer for c, answer in now.answers.items() if answer.outcome.refusal is None}
    found = (wrong(c, answer, before, allow_bounded=allowed) for c, answer in given.items())
    yield from refusal_findings(now.answers)
    yield from verdict_findings(one for one in found if one is not None)
    if before is not None:
        yield from missing_findings(before, now.answers)
        yield from site_findings(before, now)
        yield from need_findings(before, now)


def _overruns(config: Config, now: Survey, seconds: float, full: bool) -> Iterator[Finding]:
    limits = config.limits
    budget = limits.budget_full if full else limits.budget
    if budget is not None and seconds > budget:
        yield Finding("budget", ERROR, f"the run took {seconds:.1f} s, its budget is {budget:g} s")
    if limits.budget_each is None:
        return
    for cell, answer in now.answers.items():
        took = answer.outcome.seconds
        if not answer.cached and took > limits.budget_each:
            yield Finding(
                "budget",
                ERROR,
                f"{cell.column.name} took {took:.1f} s, the budget is {limits.budget_each:g} s",
                place=cell.place,
                subject=f"{cell.subject}, kernel {cell.kernel}",
                machines=(cell.column.name,),
            )


def _record(config: Config, now: Survey, contradictions: Sequence[Finding]) -> str:
    if any(finding.rule == REFUSED for finding in contradictions):
        return f"{config.baseline} is left as it was: a test has no verdict"
    if contradictions:
        return f"{config.baseline} is left as it was: the verdicts above are not as expected"
    unknown = [f"{c.subject}" for c, a in now.answers.items() if a.outcome.letter == "?"]
    unknown += [f"{r.cell.subject} without {r.site}" for r in now.removals if _open(r)]
    if unknown:
        return f"{config.baseline} is left as it was: UNKNOWN for {', '.join(unknown)}"
    write_baseline(config.baseline, to_baseline(now))
    return f"recorded in {config.baseline}"


def _open(removal: Removal) -> bool:
    return removal.answer.outcome.letter == "?"


def _cases(cells: Sequence[Cell], now: Survey, findings: Sequence[Finding]) -> Iterator[Case]:
    """Each cell with the findings about its verdict."""
    by_cell: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        for machine in finding.machines:
            by_cell.setdefault((finding.subject, machine), []).append(finding)
    for cell in cells:
        subject = subject_of(cell)
        answer = now.answers.get(cell)
        yield Case(
            group=subject,
            name=cell.column.name,
            file=str(cell.request.path),
            verdict=answer.outcome.verdict if answer else "n/a",
            seconds=answer.outcome.seconds if answer else 0.0,
            cached=answer.cached if answer else False,
            skipped=cell.skip,
            findings=tuple(by_cell.get((subject, cell.column.name), ())),
        )
