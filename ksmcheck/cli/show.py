"""``ksmcheck show``: what a test becomes under a model."""

from __future__ import annotations

from pathlib import Path

import click

from ksmcheck.cli.options import (
    MODEL,
    TEST,
    kernel_tree_option,
    parse_defines,
    site_names,
    test_options,
)

_EPILOG = """\b
Examples:
  ksmcheck show litmus/classic/MP/MP+wmb+rmb.litmus --model power
  ksmcheck show litmus/ksm/path-b.litmus --model armv8 --kernel 6.12 --config lse

\b
A line is: event, `?` if only some executions contain it, kind and tags, cell and the values
that it may have, place, primitive, and after `<-` the events that it depends on.
"""


@click.command(epilog=_EPILOG)
@click.argument("file", type=TEST)
@MODEL
@kernel_tree_option
@click.option("--config", help="One configuration of the model. [default: the first]")
@test_options
def command(
    file: Path,
    model: str | None,
    kernel_tree: Path | None,
    config: str | None,
    kernel: str,
    defines: tuple[str, ...],
    removed: tuple[str, ...],
    unroll: int | None,
) -> int:
    """Show the events that FILE becomes under a model, after inlining, unrolling and lowering."""
    from ksmcheck.check.prepare import Workshop
    from ksmcheck.check.verdict import Request
    from ksmcheck.cli.chosen import chosen_model
    from ksmcheck.report.structure import structure_text

    request = Request(
        file,
        chosen_model(file, model, kernel_tree),
        kernel,
        config,
        defines=parse_defines(defines),
        removed=site_names(file, removed, kernel, parse_defines(defines)),
        unroll=unroll,
    )
    workshop = Workshop()
    click.echo(structure_text(workshop.structure(request, workshop.configs(request)[0])))
    return 0
