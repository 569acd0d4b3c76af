"""``ksmcheck gate``: no barrier changes unseen."""

from __future__ import annotations

from pathlib import Path

import click

_EPILOG = """\b
Examples:
  ksmcheck gate                            compare with the recorded baseline
  ksmcheck gate --record                   write the baseline; read its diff, commit it
  ksmcheck gate --full --jobs 2            the necessity of every barrier too

\b
Exit codes: 0 nothing failed; 1 a verdict, a barrier or the budget is not as recorded or
expected; 2 wrong input; 3 a bug in ksmcheck; 4 a verdict says less than before (UNKNOWN, up
to k); 5 nothing is executed any more. docs/gate.md explains the files and the findings.
"""


@click.command(epilog=_EPILOG)
@click.option(
    "--config",
    "path",
    type=click.Path(path_type=Path),
    default=Path("ksmcheck.toml"),
    show_default=True,
    help="The configuration.",
)
@click.option("--record", is_flag=True, help="Write the baseline instead of comparing with it.")
@click.option("--full", is_flag=True, help="Take out the barriers of every scenario, one by one.")
@click.option(
    "--jobs", "-j", type=click.IntRange(min=1), default=1, show_default=True, help="Processes."
)
def command(path: Path, record: bool, full: bool, jobs: int) -> int:
    """Check that no verdict and no barrier changed without the recorded baseline being updated.

    Reads ksmcheck.toml, which says what is gated and under which limits, and the baseline that it
    names.
    """
    from ksmcheck.gate.config import load_config
    from ksmcheck.gate.gate import Run, exit_code, gate
    from ksmcheck.report.findings_text import report_text
    from ksmcheck.store.cache import default_cache

    config = load_config(path)
    report = gate(config, Run(default_cache(), jobs, full), record=record)
    click.echo(report_text(report), nl=False)
    return exit_code(report)
