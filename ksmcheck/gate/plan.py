"""What a gate run asks: the cells of the configured suites and files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ksmcheck.batch.jobs import Job, Limits, jobs_of
from ksmcheck.batch.suite import Column, Suite, load_suite
from ksmcheck.check.assembly import misfit_of, usual_model
from ksmcheck.check.verdict import Request
from ksmcheck.gate.config import Config, FileChoice, SuiteChoice, in_config
from ksmcheck.kernel.primitives import KERNELS
from ksmcheck.record import Struct
from ksmcheck.report.findings import Place
from ksmcheck.syntax.assembly_head import dialect_of
from ksmcheck.syntax.files import read_source
from ksmcheck.text import InputError

SHIPPED = "shipped"


class Cell(Struct, frozen=True):
    """One verdict to be had.

    ``subject`` names the scenario: its suite's folder and its id, or the file. ``expected`` is a
    suite's letter, ``word`` a verdict from ksmcheck.toml; empty where nothing is expected.
    ``necessity``: 1 if its barriers are taken out in every run, 2 if only with --full.
    """

    subject: str
    kernel: str
    variant: str
    column: Column
    request: Request
    expected: str = ""
    word: str = ""
    reason: str = ""
    skip: str = ""
    necessity: int = 2

    @property
    def where(self) -> tuple[str, str, str]:
        return self.subject, self.kernel, self.variant

    @property
    def context(self) -> str:
        """The kernel point, and whether the suite's plain stores are marked."""
        return f"{self.kernel} marked" if self.column.marked else self.kernel

    @property
    def place(self) -> Place:
        return Place(str(self.request.path), 1)


def plan(config: Config) -> tuple[Cell, ...]:
    """All cells, in the order of the configuration. Raises InputError for unknown names."""
    try:
        return _planned(config)
    except InputError as error:
        raise in_config(config.source, error) from None


def _planned(config: Config) -> tuple[Cell, ...]:
    given = config.limits
    limits = Limits(unroll=given.unroll, timeout=given.timeout, memory=given.memory)
    cells: list[Cell] = []
    for choice in config.suites:
        suite = load_suite(choice.folder)
        cells += suite_cells(suite, choice, config.folder, limits)
    for entry in config.files:
        cells += file_cells(entry, config.folder, config.source.name, limits)
    seen: set[tuple[object, ...]] = set()
    for cell in cells:
        name = (*cell.where, cell.column.name)
        if name in seen:
            raise InputError(
                f"{config.source.name}: {cell.subject} is gated twice under {cell.column.name}",
                hint="let no two entries choose the same scenario, kernel, variant and model",
            )
        seen.add(name)
    if all(cell.skip for cell in cells):
        why = f": {cells[0].skip}" if cells else ""
        raise InputError(
            f"{config.source.name}: nothing to gate{why}", hint="choose other models or kernels"
        )
    return tuple(cells)


def suite_cells(
    suite: Suite, choice: SuiteChoice, folder: Path, limits: Limits | None = None
) -> Iterator[Cell]:
    """The chosen cells of a suite, named from ``folder``."""
    groups = jobs_of(
        suite,
        scenarios=choice.scenarios,
        variants=choice.variants,
        kernels=choice.kernels,
        models=choice.models,
        limits=limits,
    )
    often = _necessary(suite, choice.necessity)
    name = _relative(choice.folder, folder)
    for job in (job for group in groups for job in group):
        subject = job.scenario if name == "." else f"{name}/{job.scenario}"
        yield _cell(job, subject, 1 if job.scenario in often else 2)


def _necessary(suite: Suite, names: Sequence[str]) -> set[str]:
    if "all" in names:
        return {s.id for s in suite.scenarios}
    return {suite.scenario(name).id for name in names}


def _cell(job: Job, subject: str, necessity: int) -> Cell:
    return Cell(
        subject,
        job.kernel,
        job.variant,
        job.column,
        job.request,
        expected=job.expected or "",
        reason=job.reason,
        skip=job.skip or "",
        necessity=necessity,
    )


def file_cells(
    choice: FileChoice, folder: Path, source: str, limits: Limits | None = None
) -> Iterator[Cell]:
    """The cells of single files, named from ``folder``; ``source`` is who asks for them."""
    _check_kernels(choice, source)
    for path in choice.files:
        subject = _relative(path, folder)
        said = choice.expected.get(subject, {})
        models = choice.models or (usual_model(path),)
        _check_models(subject, said, models, source)
        skips = _skips(path, subject, models, source)
        for kernel in choice.kernels:
            for model in models:
                yield Cell(
                    subject,
                    kernel,
                    SHIPPED,
                    Column(model, model, marked=False),
                    _request(path, model, kernel, limits or Limits(), choice.liveness),
                    word=said.get(model, said.get("", "")),
                    reason=f"{source} says so",
                    skip=skips[model],
                    necessity=1 if choice.necessity else 2,
                )


def _skips(path: Path, subject: str, models: Sequence[str], source: str) -> dict[str, str]:
    """Why a test in assembly is not for a model. Raises InputError where it is for none of them."""
    dialect = dialect_of(read_source(path).text)
    if dialect is None:
        return dict.fromkeys(models, "")
    skips = {model: misfit_of(dialect, model) or "" for model in models}
    if all(skips.values()):
        message = f"{source}: {subject}: {skips[models[0]]}"
        raise InputError(message, hint=f"it is for the models {usual_model(path)} and sc")
    return skips


def _check_kernels(choice: FileChoice, source: str) -> None:
    for kernel in choice.kernels:
        if kernel not in KERNELS:
            raise InputError(
                f"{source}: there is no kernel point {kernel!r}",
                hint=f"known: {', '.join(KERNELS)}",
            )


def _check_models(
    subject: str, said: Mapping[str, str], models: Sequence[str], source: str
) -> None:
    for model in said:
        if model and model not in models:
            raise InputError(
                f"{source}: {subject} expects something of {model}, which is not among the "
                "models of its [[tests]]"
            )


def _request(path: Path, model: str, kernel: str, limits: Limits, liveness: bool) -> Request:
    return Request(
        path,
        model,
        kernel,
        unroll=limits.unroll,
        timeout=limits.timeout,
        memory=limits.memory,
        liveness=liveness,
    )


def _relative(path: Path, folder: Path) -> str:
    """As the baseline names it: from the configuration's folder where that is possible."""
    try:
        return path.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return path.as_posix()


def asked(cells: Iterable[Cell]) -> list[Cell]:
    """The cells that exist."""
    return [cell for cell in cells if not cell.skip]
