"""``ksmcheck whatif``: what each ordering of a program is for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ksmcheck.cli.options import (
    FILE,
    TEST,
    engine_options,
    kernel_option,
    liveness_option,
    parse_defines,
)

_EPILOG = """\b
Examples:
  ksmcheck whatif litmus/ksm/path-a.litmus --kernel 3.9 --model alpha
  ksmcheck whatif litmus/ksm/path-a.litmus --kernel 3.9 --show smp_wmb@ksm_migrate_page:armv8
  ksmcheck whatif litmus/classic/MP/MP+wmb+rmb.litmus --all --kind remove,weaken,strengthen
  ksmcheck whatif litmus/ksm/path-b.litmus --kernel 3.9 --model alpha \\
                  --weaken smp_rmb@get_ksm_page=barrier
  ksmcheck whatif litmus/ksm/path-a.litmus --kernel 3.9 --model armv8 --minimal
  ksmcheck whatif litmus/classic/MP/MP+wmb+po.litmus --model armv8 --repair
  ksmcheck whatif my.litmus --patch fix.diff --model all

\b
Without a question, the necessity matrix: every site and change against every model. A cell
is the verdict of the changed program: safe, violated, race, ...; `-` where the change is
not possible. Cells with an execution have a number: at a terminal, typing it shows the
execution; elsewhere --show does.
A question (--remove, --weaken, ... together make one) prints the verdict as `check` does.
Site names are those of `ksmcheck sites`; the part before `@` will do where it is the only
one. Exit codes of a question: as of `ksmcheck check`. Of the others: 0, or 4 where a
verdict is inconclusive; of --repair 1 where no barrier helps, which is graver.
"""

_SITE = "SITE"
_TO = "SITE=TO"


@click.command(epilog=_EPILOG)
@click.argument("file", type=TEST)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME",
    help="Memory model, a model folder, or `all`; may be repeated. [default: all]",
)
@click.option("--config", help="Pin one configuration of the model.")
@click.option("--variant", default="shipped", help="A variant that the file's suite defines.")
@kernel_option
@click.option("-D", "defines", multiple=True, metavar="NAME[=VALUE]", help="Define a macro.")
@click.option("--unroll", type=click.IntRange(min=1), help="As of `ksmcheck check`.")
@click.option("--site", "sites", multiple=True, metavar=_SITE, help="Only these sites.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    default=("remove,weaken",),
    help="Kinds of change in the matrix: remove, weaken, strengthen, replace, move, drop. May be "
    "repeated.  [default: remove,weaken]",
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Also plain accesses, calls of the test's functions, loops and tests.",
)
@click.option("--remove", multiple=True, metavar=_SITE, help="What if it were not there?")
@click.option("--weaken", multiple=True, metavar=_TO, help="... were a weaker form?")
@click.option("--strengthen", multiple=True, metavar=_TO, help="... were a stronger form?")
@click.option(
    "--replace",
    multiple=True,
    metavar=_TO,
    help="A wmb and the store after it as smp_store_release, an rmb and the load before it as "
    "smp_load_acquire.",
)
@click.option("--move", multiple=True, metavar="SITE=up|down", help="Across its neighbour.")
@click.option("--drop", multiple=True, metavar=_SITE, help="A loop runs once; a test is not made.")
@click.option(
    "--insert", multiple=True, metavar="BARRIER@FILE:LINE", help="A barrier before a statement."
)
@click.option(
    "--patch",
    type=FILE,
    multiple=True,
    metavar="DIFF",
    help="The files with a unified diff applied; with several, one after the other.",
)
@click.option("--minimal", is_flag=True, help="The least sets of barriers that keep it safe.")
@click.option("--lattice", is_flag=True, help="With --minimal: over the weaker forms too.")
@click.option("--repair", is_flag=True, help="The least strengthening that makes it safe.")
@click.option(
    "--most",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="With --repair: as many repairs a model.",
)
@click.option("--why", is_flag=True, help="What the safety rests on, or what order is missing.")
@click.option("--witness", is_flag=True, help="Show the execution of each violated cell.")
@click.option(
    "--show",
    multiple=True,
    metavar="CELL",
    help="Show the execution of a cell: its number in the matrix, SITE, or SITE:MODEL.",
)
@click.option("--full", is_flag=True, help="Executions with every step and the whole final state.")
@click.option("--no-input", is_flag=True, help="Do not ask at the terminal which cell to show.")
@click.option("--svg", type=click.Path(path_type=Path), help="Write the matrix as a picture.")
@click.option("--jobs", "-j", type=click.IntRange(min=1), default=1, help="Processes.")
@click.option("--scheduler", metavar="ADDRESS", help="A Dask scheduler, instead of --jobs.")
@liveness_option
@engine_options
@click.option("--allow-bounded", is_flag=True, help="Let `SAFE up to k` count as safe.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def command(context: click.Context, /, file: Path, **given: Any) -> int:
    """Ask what each barrier of FILE is worth: take it out, weaken it, move it, and see."""
    from ksmcheck.cli.whatif_run import Asked, run

    given["defines"] = parse_defines(given["defines"])
    return run(Asked(file=file, **given, written=_written(context)))


def _written(context: click.Context) -> Mapping[str, str]:
    """The options that the user has given: parameter to spelling."""
    return {
        option.name: option.opts[0]
        for option in context.command.params
        if option.name and context.get_parameter_source(option.name) is ParameterSource.COMMANDLINE
    }
