"""``ksmcheck corpus``: many tests, compared with recorded answers."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource

from ksmcheck.cli.options import FILE, engine_options, jobs_option, kernel_option

_EPILOG = """\b
Examples:
  ksmcheck corpus litmus/classic/SB
  ksmcheck corpus litmus/classic/MP --model tso --mode states
  ksmcheck corpus my/tests --expected my/tests/expected.tsv -j 4 --resume run.jsonl
  ksmcheck corpus my/tests --expected herd7.tsv --deviations known.toml --json new.json
  ksmcheck corpus --compare my/old.json my/new.json

\b
The table of --expected has five columns, separated by tabs: file (a path below DIR),
observation, number of states, final states joined by ` | `, flags. Without a table, every
*.litmus file below DIR runs, and is compared with `Result: Never` (Sometimes, Always) in its
comments.
The model follows a test's language: C lkmm, X86 tso, AArch64 armv8, ARM armv7, PPC power,
RISCV riscv.

\b
Exit codes: 0 all agree or deviate as listed, 1 a disagreement, 2 bad input or an unsupported
test, 3 a bug in ksmcheck, 4 time-outs; where several apply, the first of 3, 2, 1, 4, 0.
"""


@click.command(epilog=_EPILOG)
@click.argument("folder", metavar="DIR", type=FILE, required=False)
@click.option(
    "--expected", type=FILE, metavar="TSV", help="A table of recorded answers; only its tests run."
)
@click.option("--model", metavar="NAME", help="One model for all. [default: by language]")
@click.option(
    "--mode",
    type=click.Choice(["states", "verdict"]),
    help="Ask for all states and flags, or for the observation only. [default: states for tests "
    "whose states --expected has, else verdict]",
)
@jobs_option
@click.option("--unroll", type=click.IntRange(min=1), help="How often a loop may go round again.")
@kernel_option
@engine_options
@click.option(
    "--deviations",
    type=FILE,
    metavar="TOML",
    help="A list of deliberate differences. [default: that of docs/deviations.md]",
)
@click.option(
    "--resume", type=FILE, metavar="FILE", help="Keep answers in FILE, and continue from there."
)
@click.option(
    "--json",
    "json_file",
    metavar="FILE",
    help="Write everything as JSON (`-`: to standard output).",
)
@click.option("--full", is_flag=True, help="List every missing and extra state.")
@click.option(
    "--compare", type=FILE, nargs=2, metavar="OLD NEW", help="Compare the JSON files of two runs."
)
def command(
    folder: Path | None,
    expected: Path | None,
    model: str | None,
    mode: str | None,
    jobs: int,
    unroll: int | None,
    kernel: str,
    solver: str,
    engine: str,
    timeout: float | None,
    memory: int | None,
    deviations: Path | None,
    resume: Path | None,
    json_file: str | None,
    full: bool,
    compare: tuple[Path, Path] | None,
) -> int:
    """Run the litmus tests below DIR and compare the answers with recorded ones.

    One bad test does not end the run: it is listed as unsupported, timed out, or a bug in
    ksmcheck.
    """
    if compare is not None:
        _refuse_beside_compare()
        from ksmcheck.cli.corpus_compare import compare_runs

        return compare_runs(*compare)
    if folder is None:
        raise click.UsageError("Missing argument 'DIR' (or --compare OLD NEW).")
    from ksmcheck.batch.corpus.answer import TABLE, VERDICT, Settings
    from ksmcheck.cli.corpus_run import Files, run_corpus

    chosen = mode or (TABLE if expected else VERDICT)
    settings = Settings(chosen, model, kernel, unroll, solver, engine, timeout, memory)
    files = Files(expected, deviations, resume, json_file)
    return run_corpus(folder, settings, files, jobs, full=full)


def _refuse_beside_compare() -> None:
    """Raises UsageError: two runs are compared as they are, and nothing is run."""
    context = click.get_current_context()
    for parameter in context.command.params:
        name = parameter.name or ""
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if name != "compare" and given and context.params[name] is not None:
            what = parameter.opts[0] if isinstance(parameter, click.Option) else "DIR"
            raise click.UsageError(f"{what} with --compare OLD NEW, which compares two files only.")
