"""``ksmcheck verify``: a suite under every model, as a table."""

from __future__ import annotations

from pathlib import Path

import click

_EPILOG = """\b
Examples:
  ksmcheck verify                                   the KSM suite as shipped
  ksmcheck verify --variants all --jobs 4           every variant of every scenario
  ksmcheck verify --scenario path-a --model alpha --kernel 3.9 --variants no-rbd
  ksmcheck verify my/suite --json
"""


@click.command(epilog=_EPILOG)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--scenario", "scenarios", multiple=True, metavar="ID", help="Only these scenarios.")
@click.option("--model", "models", multiple=True, metavar="NAME", help="Only these models.")
@click.option("--kernel", "kernels", multiple=True, metavar="POINT", help="Only these kernel points.")
@click.option(
    "--variants",
    default="shipped",
    show_default=True,
    metavar="NAMES",
    help="Comma-separated variants, or `all`.",
)
@click.option("--jobs", "-j", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")
@click.option("--solver", type=click.Choice(["cadical", "z3", "both"]), default="cadical")
@click.option("--engine", type=click.Choice(["lazy", "tuple"]), default="lazy")
@click.option("--unroll", type=click.IntRange(min=1), help="Loop iterations to look at.")
@click.option("--timeout", type=float, metavar="SECONDS", help="Per cell; UNKNOWN after this.")
@click.option("--memory", type=int, metavar="MB", help="Per worker; UNKNOWN above this.")
@click.option("--witness", is_flag=True, help="Show the execution of each violation.")
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
    witness: bool,
    as_json: bool,
) -> int:
    """Verify suites (default: the KSM suite): each scenario under every model and kernel point.

    The verdict of each cell is compared with the one that the suite expects, which is written there
    with its reason. PATHS are suite folders or single litmus files of a suite.
    """
    from ksmcheck.batch.jobs import Limits, jobs_of
    from ksmcheck.batch.suite import load_suite
    from ksmcheck.cli.progress import show_results
    from ksmcheck.store.paths import litmus_dir

    limits = Limits(solver, engine, unroll, timeout, memory)
    groups = [
        group
        for path in paths or (litmus_dir() / "ksm",)
        for group in jobs_of(
            load_suite(path.parent if path.suffix == ".litmus" else path),
            scenarios=(path.stem,) if path.suffix == ".litmus" else scenarios,
            variants=tuple(v.strip() for v in variants.split(",")),
            kernels=kernels,
            models=models,
            limits=limits,
        )
    ]
    return show_results(groups, jobs, as_json=as_json, witness=witness)
