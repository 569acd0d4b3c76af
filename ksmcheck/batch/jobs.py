"""What ``verify`` has to do: the cells of a suite as requests, in an order that shares work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ksmcheck.batch.suite import Column, Scenario, Suite, Variant
from ksmcheck.check.verdict import Request
from ksmcheck.kernel.primitives import KERNELS
from ksmcheck.record import Struct
from ksmcheck.text import InputError


class Limits(Struct, frozen=True):
    """What every request of a run has in common."""

    solver: str = "cadical"
    engine: str = "lazy"
    unroll: int | None = None
    timeout: float | None = None
    memory: int | None = None
    liveness: bool = False


class Job(Struct, frozen=True):
    """One cell to check, or ``skip``: the reason why it is not applicable."""

    scenario: str
    variant: str
    kernel: str
    column: Column
    request: Request
    expected: str | None
    reason: str
    skip: str | None = None


Group = tuple[Job, ...]
"""Jobs about one scenario at one kernel point: all variants, all models."""


def jobs_of(
    suite: Suite,
    *,
    scenarios: Sequence[str] = (),
    variants: Sequence[str] = ("shipped",),
    kernels: Sequence[str] = (),
    models: Sequence[str] = (),
    limits: Limits | None = None,
) -> tuple[Group, ...]:
    """The groups of jobs for the chosen part of a suite; empty choices mean everything.

    Raises InputError for names that the suite does not have.
    """
    chosen = [suite.scenario(name) for name in scenarios] or list(suite.scenarios)
    wanted = list(suite.variants) if "all" in variants else [suite.variant(v) for v in variants]
    points = list(kernels) or list(suite.kernels)
    for kernel in points:
        if kernel not in KERNELS:
            raise InputError(
                f"there is no kernel point {kernel!r}", hint=f"known: {', '.join(KERNELS)}"
            )
    columns = _columns(suite, models)
    return tuple(
        tuple(_job(suite, s, v, k, c, limits or Limits()) for v in wanted for c in columns)
        for s in chosen
        for k in points
    )


def _columns(suite: Suite, models: Sequence[str]) -> list[Column]:
    if not models:
        return list(suite.columns)
    known = {c.model for c in suite.columns} | {c.name for c in suite.columns}
    found = [c for c in suite.columns if c.model in models or c.name in models]
    found += [Column(m, m, marked=False) for m in models if m not in known]
    return found


def _job(
    suite: Suite, scenario: Scenario, variant: Variant, kernel: str, column: Column, limits: Limits
) -> Job:
    cell = suite.cell(scenario.id, variant.name, kernel, column.name)
    names = [*scenario.defines, *variant.defines, *(("MARKED_STORES",) if column.marked else ())]
    request = Request(
        path=scenario.path,
        model=column.model,
        kernel=kernel,
        variant=variant.name,
        defines=tuple((name, "1") for name in names),
        removed=frozenset(variant.remove),
        unroll=limits.unroll,
        solver=limits.solver,
        engine=limits.engine,
        timeout=limits.timeout,
        memory=limits.memory,
        liveness=limits.liveness,
    )
    skip = variant.na.get(kernel) or variant.na_in.get(scenario.id)
    if cell is not None and cell.letter == "-":
        skip = skip or cell.reason or "no such machine at this kernel point"
    return Job(
        scenario=scenario.id,
        variant=variant.name,
        kernel=kernel,
        column=column,
        request=request,
        expected=cell.letter if cell is not None and skip is None else None,
        reason=cell.reason if cell is not None else "",
        skip=skip,
    )


def applicable(groups: Iterable[Group]) -> list[Job]:
    """The jobs that run."""
    return [job for group in groups for job in group if job.skip is None]
