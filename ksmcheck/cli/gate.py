"""``ksmcheck gate``: no barrier changes unseen."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ksmcheck.cli.options import FILE, jobs_option

if TYPE_CHECKING:
    from ksmcheck.report.findings import Report

F = TypeVar("F", bound=Callable[..., Any])

Target = tuple[str, Path | None]
"""A form of report with the file that it goes to; None: standard output."""

_EPILOG = """\b
Examples:
  ksmcheck gate                            compare with the recorded baseline
  ksmcheck gate --record                   write the baseline; read its diff, commit it
  ksmcheck gate --full --jobs 2            the necessity of every barrier too
  ksmcheck gate --report github --report sarif=gate.sarif --report junit=gate.xml

\b
Exit codes: 0 nothing failed; 1 a verdict, a barrier or the budget is not as recorded or
expected; 2 wrong input; 3 a bug in ksmcheck; 4 a verdict says less than before (UNKNOWN, up
to k); 5 no execution gets to the end any more. docs/gate.md explains files and findings.
"""


def _tree_options(function: F) -> F:
    """What compares with a kernel tree, where this ksmcheck can."""
    from ksmcheck.gate.kernel_findings import can_drift

    if not can_drift():
        return function
    for option in (
        click.option(
            "--kernel-tree", type=FILE, metavar="DIR", help="Compare with a kernel's sources too."
        ),
        click.option(
            "--diff",
            "revision",
            metavar="REV",
            help="With --kernel-tree: only what git changed since REV.",
        ),
        click.option(
            "--patch",
            type=FILE,
            metavar="FILE",
            help="With --kernel-tree: only what this patch changes.",
        ),
    ):
        function = option(function)
    return function


@click.command(epilog=_EPILOG)
@click.option(
    "--config",
    "path",
    type=FILE,
    default=Path("ksmcheck.toml"),
    show_default=True,
    help="The configuration file.",
)
@click.option("--record", is_flag=True, help="Write the baseline instead of comparing with it.")
@click.option(
    "--full", is_flag=True, help="Check whether each barrier of every scenario is needed."
)
@jobs_option
@click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="FORM[=FILE]",
    help="text, json, junit, sarif, github or markdown; to stdout without a file. May be repeated. "
    "[default: text]",
)
@click.option("--no-cache", is_flag=True, help="Ask everything again, keep nothing.")
@_tree_options
def command(
    path: Path,
    record: bool,
    full: bool,
    jobs: int,
    reports: tuple[str, ...],
    no_cache: bool,
    kernel_tree: Path | None = None,
    revision: str | None = None,
    patch: Path | None = None,
) -> int:
    """Check that no verdict and no barrier changed without the recorded baseline being updated.

    Reads ksmcheck.toml, which says what is gated and under which limits, and the baseline that it
    names.
    """
    from ksmcheck.gate.config import load_config
    from ksmcheck.gate.gate import Run, exit_code, gate
    from ksmcheck.store.cache import Cache, default_cache

    targets = _targets(reports)
    with _told_in(targets, path):
        run = Run(
            Cache(None) if no_cache else default_cache(),
            jobs,
            full,
            kernel_tree,
            _patch(kernel_tree, revision, patch),
            _progress if sys.stderr.isatty() else None,
        )
        report = gate(load_config(path), run, record=record)
    if not any(file is None for _, file in targets):
        targets = [("text", None), *targets]
    _write(targets, report)
    return exit_code(report)


@contextmanager
def _told_in(targets: Sequence[Target], config: Path) -> Iterator[None]:
    """What ends the run is in its reports, too; for people it goes to standard error alone."""
    try:
        yield
    except click.UsageError:
        raise
    except (Exception, KeyboardInterrupt) as error:
        from ksmcheck.gate.unfinished import unfinished

        with suppress(Exception):  # what ended the run is what has to be told
            _write([t for t in targets if t != ("text", None)], unfinished(error, config))
        raise


def _write(targets: Iterable[Target], report: Report) -> None:
    from ksmcheck.report.renderers import renderer
    from ksmcheck.store.written import write_whole

    for form, file in targets:
        text = renderer(form)(report)
        if file is None:
            # What a program reads is UTF-8, as it says of itself, on any terminal.
            click.echo(text.encode() if form in ("json", "junit", "sarif") else text, nl=False)
        else:
            write_whole(file, text)


def _patch(tree: Path | None, revision: str | None, patch: Path | None) -> str | None:
    """The text of the change that the comparison with the tree is limited to."""
    from ksmcheck.syntax.files import read_source

    if revision is None and patch is None:
        return None
    if tree is None or (revision is not None and patch is not None):
        raise click.UsageError("give --kernel-tree with either --diff or --patch")
    if patch is not None:
        return read_source(patch, once=True).text
    from importlib import import_module

    return str(import_module("ksmcheck.gate.drift_patch").git_diff(tree, revision))


def _progress(done: int, total: int) -> None:
    """A line that is written over, and gone in the end."""
    click.echo("\r\033[K" if done == total else f"\r{done} of {total}", nl=False, err=True)


def _targets(reports: Iterable[str]) -> list[Target]:
    """Forms with the files that they go to; checked before anything runs."""
    from ksmcheck.report.renderers import FORMS
    from ksmcheck.store.written import check_writable
    from ksmcheck.text import InputError

    found: list[Target] = []
    for report in reports:
        form, equals, file = report.partition("=")
        if form not in FORMS or (equals and not file):
            raise InputError(
                f"--report {report}: no such form", hint=f"FORM or FORM=FILE: {', '.join(FORMS)}"
            )
        if file:
            check_writable(Path(file))
        if file and Path(file) in (other for _, other in found):
            raise InputError(f"two reports go to {file}", hint="give each a file of its own")
        found.append((form, Path(file) if file else None))
    return found
