"""``ksmcheck states``: all final states of a test."""

from __future__ import annotations

from pathlib import Path

import click

from ksmcheck.cli.options import (
    MODEL,
    TEST,
    engine_options,
    kernel_tree_option,
    parse_defines,
    site_names,
    test_options,
)

_EPILOG = """\b
Examples:
  ksmcheck states litmus/classic/SB/SB.litmus --model tso
  ksmcheck states litmus/classic/MP/MP+wmb+rmb.litmus --model lkmm --json
  ksmcheck states litmus/assembly/X86/SB.litmus

\b
The list is complete: where a loop's bound is reached or a limit stops the search, the answer
is UNKNOWN (exit code 4), not a shorter list.
"""


@click.command(epilog=_EPILOG)
@click.argument("file", type=TEST)
@MODEL
@kernel_tree_option
@click.option(
    "--config", help="One configuration of the model. [default: all; their states are united]"
)
@test_options
@engine_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(
    file: Path,
    model: str | None,
    kernel_tree: Path | None,
    config: str | None,
    kernel: str,
    defines: tuple[str, ...],
    removed: tuple[str, ...],
    unroll: int | None,
    solver: str,
    engine: str,
    timeout: float | None,
    memory: int | None,
    as_json: bool,
) -> int:
    """List all final states of FILE, with herd7's observation."""
    from ksmcheck.check import Checker, Request
    from ksmcheck.cli.chosen import chosen_model
    from ksmcheck.report.states import states_json, states_text

    request = Request(
        file,
        chosen_model(file, model, kernel_tree),
        kernel,
        config,
        defines=parse_defines(defines),
        removed=site_names(file, removed, kernel, parse_defines(defines)),
        unroll=unroll,
        solver=solver,
        engine=engine,
        timeout=timeout,
        memory=memory,
    )
    try:
        observed = Checker(direct=True).states(request)
    except TimeoutError as limit:
        click.echo(f"UNKNOWN  {file}: {limit}", err=True)
        return 4
    click.echo(states_json(observed) if as_json else states_text(observed))
    return 0
