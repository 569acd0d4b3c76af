"""``ksmcheck verify``: a suite under every model, as a table."""

from __future__ import annotations

from pathlib import Path

import click

from ksmcheck.cli.options import engine_options, jobs_option, liveness_option

_EPILOG = """\b
Examples:
  ksmcheck verify                                   the KSM suite as shipped
  ksmcheck verify --variants all --jobs 4           every variant of every scenario
  ksmcheck verify --scenario path-a --model alpha --kernel 3.9 --variants no-rbd --witness
  ksmcheck verify my/suite --json

\b
A cell of the table is safe, violated, race (LKMM's data-race flag: no promise at all),
reachable or unreachable (tests with `exists`), safe up to k, vacuous, unknown or n/a;
`!` marks a verdict that the suite does not expect. Exit codes: see `ksmcheck --help`.
"""


@click.command(epilog=_EPILOG)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--scenario", "scenarios", multiple=True, metavar="ID", help="Only these scenarios.")
@click.option("--model", "models", multiple=True, metavar="NAME", help="Only these models.")
@click.option(
    "--kernel", "kernels", multiple=True, metavar="POINT", help="Only these kernel points."
)
@click.option(
    "--variants",
    "--variant",
    "variants",
    default="shipped",
    show_default=True,
    metavar="NAMES",
    help="Comma-separated variants, or `all`.",
)
@jobs_option
@engine_options
@click.option(
    "--unroll",
    type=click.IntRange(min=1),
    help="How often a loop may go round again. [default: as needed, up to 8]",
)
@liveness_option
@click.option("--witness", is_flag=True, help="Show the execution of each violation.")
@click.option(
    "--full", is_flag=True, help="Like --witness, but with every step and the whole final state."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(
    paths: tuple[Path, ...],
    scenarios: tuple[str, ...],
    models: tuple[str, ...],
    kernels: tuple[str, ...],
    variants: str,
    jobs: int,
    solver: str,
    engine: str,
    unroll: int | None,
    timeout: float | None,
    memory: int | None,
    liveness: bool,
    witness: bool,
    full: bool,
    as_json: bool,
) -> int:
    """Verify suites (default: the KSM suite): each scenario under every model and kernel point.

    The verdict of each cell is compared with the one that the suite expects, which is written there
    with its reason. PATHS are suite folders or single litmus files of a suite.
    """
    from ksmcheck.batch.jobs import Limits, jobs_of
    from ksmcheck.cli.chosen import chosen_suites
    from ksmcheck.cli.progress import show_results

    groups = [
        group
        for suite, wanted in chosen_suites(paths, scenarios)
        for group in jobs_of(
            suite,
            scenarios=wanted,
            variants=[v.strip() for v in variants.split(",")],
            kernels=() if "all" in kernels else kernels,
            models=() if "all" in models else models,
            limits=Limits(solver, engine, unroll, timeout, memory, liveness),
        )
    ]
    return show_results(groups, jobs, as_json=as_json, witness=witness or full, full=full)
