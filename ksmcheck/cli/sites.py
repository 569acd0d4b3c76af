"""``ksmcheck sites``: the named places of a test."""

from __future__ import annotations

from pathlib import Path

import click

from ksmcheck.cli.options import FILE, parse_defines

_EPILOG = """\b
Examples:
  ksmcheck sites litmus/ksm/path-b.litmus --kernel 3.9
  ksmcheck sites my.litmus | grep smp_

\b
A name is PRIMITIVE@FUNCTION, with #2, #3, ... for the next ones of that function. Names do
not change when lines are added elsewhere; `check --remove NAME` takes that one out.
"""


@click.command(epilog=_EPILOG)
@click.argument("file", type=FILE)
@click.option("--kernel", default="6.12", show_default=True, help="Kernel point: 3.9 or 6.12.")
@click.option("-D", "defines", multiple=True, metavar="NAME[=VALUE]", help="Define a macro.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(file: Path, kernel: str, defines: tuple[str, ...], as_json: bool) -> int:
    """List the barriers, marked accesses, atomics and locks of FILE by their stable names."""
    from ksmcheck.program.sites import list_sites
    from ksmcheck.syntax.litmus import load_litmus

    test = load_litmus(file, kernel=kernel, defines=parse_defines(defines))
    sites = list_sites(test, kernel)
    if as_json:
        import json

        for site in sites:
            span = site.span
            where = {"file": span.source.name, "line": span.line, "column": span.column}
            click.echo(json.dumps({"site": site.name, "primitive": site.primitive, **where}))
        return 0
    width = max((len(s.name) for s in sites), default=0)
    for site in sites:
        click.echo(f"{site.name:{width}}  {site.span}")
    return 0
