"""``ksmcheck show``: what a test becomes under a model."""

from __future__ import annotations

from pathlib import Path

import click

from ksmcheck.cli.options import FILE, parse_defines, site_names, test_options


@click.command()
@click.argument("file", type=FILE)
@click.option("--model", default="lkmm", show_default=True, help="Memory model.")
@click.option("--config", help="One configuration of the model. [default: the first]")
@test_options
def command(
    file: Path,
    model: str,
    config: str | None,
    kernel: str,
    defines: tuple[str, ...],
    removed: tuple[str, ...],
    unroll: int | None,
) -> int:
    """Show the events that FILE becomes under a model, after inlining, unrolling and lowering."""
    from ksmcheck.check.prepare import Workshop
    from ksmcheck.check.verdict import Request
    from ksmcheck.report.structure import structure_text

    request = Request(
        file,
        model,
        kernel,
        config,
        defines=parse_defines(defines),
        removed=site_names(removed),
        unroll=unroll,
    )
    workshop = Workshop()
    chosen = config or workshop.model(model).configs(kernel)[0]
    click.echo(structure_text(workshop.structure(request, chosen)))
    return 0
