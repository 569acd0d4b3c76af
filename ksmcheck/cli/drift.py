"""``ksmcheck drift``: has a kernel tree moved away from what the suite and the models say?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ksmcheck.cli.options import FILE

if TYPE_CHECKING:
    from ksmcheck.gate.drift import Finding

_EPILOG = """\b
Examples:
  ksmcheck drift                                          compare the encodings with the record
  ksmcheck drift --kernel-tree ~/linux                    compare the whole tree
  ksmcheck drift --kernel-tree ~/linux --patch my.patch   only what this patch changes
  ksmcheck drift --kernel-tree ~/linux --diff v6.12       only what changed since a revision
  ksmcheck drift --kernel-tree ~/linux --json             for scripts

\b
Exit codes: 0 no drift, 1 drift, 2 no tree, or a file of it that cannot be read (docs/drift.md).
"""


@click.command(epilog=_EPILOG)
@click.option(
    "--kernel-tree",
    "tree",
    type=FILE,
    metavar="DIR",
    help="The kernel's sources. Without it, the encodings are compared with the record"
    " of the kernel.",
)
@click.option(
    "--as",
    "version",
    metavar="VERSION",
    help="Compare with what is recorded for this kernel version. [default: the tree's own]",
)
@click.option("--diff", "revision", metavar="REV", help="Only what git has changed since REV.")
@click.option("--patch", type=FILE, metavar="FILE", help="Only what this patch changes.")
@click.option(
    "--correspondence",
    type=FILE,
    metavar="FILE",
    help="A kernel.toml of your own. [default: the KSM suite's]",
)
@click.option(
    "--record",
    "recording",
    is_flag=True,
    help="Record the present state of the tree; then read the difference, and give reasons.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(
    tree: Path | None,
    version: str | None,
    revision: str | None,
    patch: Path | None,
    correspondence: Path | None,
    recording: bool,
    as_json: bool,
) -> int:
    """Compare a kernel tree with the encodings of the KSM suite and the lowering of the models.

    Barriers, marked accesses, atomics, locks, bit operations and accesses to shared fields of the
    functions that the suite encodes, with the branches and loops around them, must be those that
    were recorded for that kernel version, and, but for omissions with a reason, those of the
    encoding. Definitions of primitives that the models' tables cite must say what they said.
    """
    from ksmcheck.gate.drift import drift, encodings_against_records, record
    from ksmcheck.gate.drift_patch import git_diff
    from ksmcheck.syntax.files import read_source

    if tree is None:
        if recording or version or revision or patch:
            raise click.UsageError("this needs --kernel-tree DIR")
        found = encodings_against_records(correspondence)
        (_json if as_json else _text)(found)
        return int(bool(found))
    if recording:
        for path in record(tree, correspondence=correspondence, version=version):
            click.echo(f"written: {path}")
        return 0
    if revision is not None and patch is not None:
        raise click.UsageError("give --diff or --patch, not both")
    change = None
    if patch is not None:
        change = read_source(patch, once=True).text
    elif revision is not None:
        change = git_diff(tree, revision)
    report = drift(tree, correspondence=correspondence, version=version, patch=change)
    if as_json:
        _json(report.findings)
        counts = {"functions": report.compared, "definitions": report.definitions}
        summary = {"kernel": report.version, **counts, "drift": len(report.findings)}
        click.echo(json.dumps(summary))
    else:
        what = f"{report.compared} functions and {report.definitions} definitions compared"
        _text(report.findings, f"Linux {report.version}, {what}: ")
    return report.exit_code


def _text(findings: tuple[Finding, ...], told: str = "") -> None:
    for finding in findings:
        click.echo("\n".join(_lines(finding)))
    count = len(findings)
    click.echo(told + (f"{count} difference{'s' * (count > 1)}" if count else "no drift"))


def _lines(finding: Finding) -> list[str]:
    lines = [f"{finding.place}: {finding.kind}: {finding.message}"]
    if finding.other is not None:
        lines.append(f"    our side: {finding.other}")
    return lines + [f"    {line}" for line in finding.details]


def _json(findings: tuple[Finding, ...]) -> None:
    from ksmcheck.record import asdict

    for finding in findings:
        click.echo(json.dumps(asdict(finding)))
