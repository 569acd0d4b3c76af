"""``ksmcheck sites``: the named places of a test."""

from __future__ import annotations

from pathlib import Path

import click

from ksmcheck.cli.options import TEST, kernel_option, parse_defines

_EPILOG = """\b
Examples:
  ksmcheck sites litmus/ksm/path-b.litmus --kernel 3.9
  ksmcheck sites litmus/ksm/path-b.litmus --all --changes
  ksmcheck sites my.litmus | grep smp_

\b
A name is PRIMITIVE@FUNCTION, with #2, #3, ... for further ones in that function. Names do
not change when lines are added elsewhere. `check --remove NAME` takes a site out; `ksmcheck
whatif` says what each is for.
"""


@click.command(epilog=_EPILOG)
@click.argument("file", type=TEST)
@kernel_option
@click.option("-D", "defines", multiple=True, metavar="NAME[=VALUE]", help="Define a macro.")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Also plain accesses, calls of the test's functions, loops and conditions.",
)
@click.option("--changes", is_flag=True, help="Show the changes that are possible at each.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(
    file: Path,
    kernel: str,
    defines: tuple[str, ...],
    everything: bool,
    changes: bool,
    as_json: bool,
) -> int:
    """List the barriers, marked accesses, atomics and locks of FILE by their stable names."""
    from ksmcheck.program.inventory import inventory
    from ksmcheck.report.sites import site_lines, site_objects
    from ksmcheck.syntax.litmus import load_litmus

    test = load_litmus(file, kernel=kernel, defines=parse_defines(defines))
    spots = inventory(test, kernel)
    if not everything:
        spots = tuple(spot for spot in spots if spot.sort == "primitive")
    for line in site_objects(spots) if as_json else site_lines(spots, with_changes=changes):
        click.echo(line)
    return 0
