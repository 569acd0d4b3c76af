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
    jobs_option,
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
Without a question, whatif prints the necessity matrix: every site and change against every
model. A cell is the verdict of the changed program: safe, violated, race, ...; `-` where the
change is not possible. Cells with an execution have a number: at a terminal, type it to see
the execution; elsewhere use --show.
--remove, --weaken, --strengthen, --replace, --move, --drop, --insert and --patch together make
one question, whose verdict is printed as by `check`. Site names are those of `ksmcheck
sites`; the part before `@` is enough if only one site has it.
Exit codes: of a question those of `ksmcheck check`; else 0, or 4 where a verdict is
inconclusive; for --repair 1 where no barrier helps, even if another verdict is inconclusive.
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
@click.option("--unroll", type=click.IntRange(min=1), help="As for `ksmcheck check`.")
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
    help="Also plain accesses, calls of the test's functions, loops and conditions.",
)
@click.option("--remove", multiple=True, metavar=_SITE, help="What if SITE were not there?")
@click.option("--weaken", multiple=True, metavar=_TO, help="What if SITE were the weaker form TO?")
@click.option(
    "--strengthen", multiple=True, metavar=_TO, help="What if SITE were the stronger form TO?"
)
@click.option(
    "--replace",
    multiple=True,
    metavar=_TO,
    help="What if an smp_wmb and the store after it were smp_store_release, or an smp_rmb and "
    "the load before it smp_load_acquire?",
)
@click.option(
    "--move",
    multiple=True,
    metavar="SITE=up|down",
    help="What if SITE changed places with its neighbour?",
)
@click.option(
    "--drop",
    multiple=True,
    metavar=_SITE,
    help="What if a loop ran at most once, or a condition were not tested?",
)
@click.option(
    "--insert",
    multiple=True,
    metavar="BARRIER@FILE:LINE",
    help="What if BARRIER stood before that statement?",
)
@click.option(
    "--patch",
    type=FILE,
    multiple=True,
    metavar="DIFF",
    help="What if this unified diff were applied? Several are applied one after the other.",
)
@click.option(
    "--minimal", is_flag=True, help="Find all minimal sets of barriers that keep the test safe."
)
@click.option("--lattice", is_flag=True, help="With --minimal: also try weaker forms.")
@click.option("--repair", is_flag=True, help="Find the minimal changes that make the test safe.")
@click.option(
    "--most",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="With --repair: at most this many repairs for each model.",
)
@click.option(
    "--why",
    is_flag=True,
    help="Say what a safe verdict rests on, and what order a violated one lacks.",
)
@click.option("--witness", is_flag=True, help="Show the execution of each violated cell.")
@click.option(
    "--show",
    multiple=True,
    metavar="CELL",
    help="Show the execution of a cell: its number in the matrix, SITE, or SITE:MODEL.",
)
@click.option(
    "--full", is_flag=True, help="Show executions with every step and the whole final state."
)
@click.option("--no-input", is_flag=True, help="Do not ask at the terminal which cell to show.")
@click.option("--svg", type=click.Path(path_type=Path), help="Write the matrix as a picture.")
@jobs_option
@click.option("--scheduler", metavar="ADDRESS", help="Use a Dask scheduler instead of --jobs.")
@liveness_option
@engine_options
@click.option("--allow-bounded", is_flag=True, help="Let `SAFE up to k` count as safe.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def command(context: click.Context, /, file: Path, **given: Any) -> int:
    """Ask what each barrier of FILE is for: take it out, weaken it or move it, and see."""
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
