"""``ksmcheck export``: the check for another tool, or an execution as a picture."""

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
from ksmcheck.record import replace

_EPILOG = """\b
Examples:
  ksmcheck export litmus/classic/MP/MP+wmb+po.litmus --model armv8 --to dot | dot -Tsvg > mp.svg
  ksmcheck export litmus/ksm/path-b.litmus --model tso --kernel 3.9 --to smt2 -o path-b.smt2
  z3 path-b.smt2                     unsat: the property holds on that machine
"""


@click.command(epilog=_EPILOG)
@click.argument("file", type=TEST)
@click.option(
    "--to",
    "form",
    type=click.Choice(["smt2", "dot"]),
    required=True,
    help="smt2: satisfiable iff the property can fail. dot: the failing execution as a graph.",
)
@MODEL
@kernel_tree_option
@click.option("--config", help="One configuration of the model. [default: the first]")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="File to write. [default: stdout]"
)
@test_options
def command(
    file: Path,
    form: str,
    model: str | None,
    kernel_tree: Path | None,
    config: str | None,
    output: Path | None,
    kernel: str,
    defines: tuple[str, ...],
    removed: tuple[str, ...],
    unroll: int | None,
) -> int:
    """Write FILE's check as SMT-LIB 2 (all axioms, no learned clauses), or its execution as DOT."""
    from ksmcheck.check import Checker, Request
    from ksmcheck.cli.chosen import chosen_model

    checker = Checker()
    request = Request(
        file,
        chosen_model(file, model, kernel_tree),
        kernel,
        config,
        defines=parse_defines(defines),
        removed=site_names(file, removed, kernel, parse_defines(defines)),
        unroll=unroll,
    )
    text = _smt2(checker, request) if form == "smt2" else _dot(checker, request)
    if output is None:
        click.echo(text)
    else:
        from ksmcheck.store.written import write_whole

        write_whole(output, text + "\n")
    return 0


def _smt2(checker: object, request: object) -> str:
    from ksmcheck.check import Checker, Request
    from ksmcheck.check.goals import demands, goals_of
    from ksmcheck.solve.smtlib import smtlib_text

    assert isinstance(checker, Checker)
    assert isinstance(request, Request)
    structure = checker.workshop.structure(request, checker.workshop.configs(request)[0])
    goals = goals_of(structure)
    goal = goals.broken if demands(structure) else goals.wanted
    return smtlib_text(structure, checker.workshop.model(request.model).compiled, goal)


def _dot(checker: object, request: object) -> str:
    from ksmcheck.check import Checker, Request
    from ksmcheck.check.prepare import ASSEMBLY
    from ksmcheck.report.dot import execution_dot
    from ksmcheck.report.text import word
    from ksmcheck.text import InputError

    assert isinstance(checker, Checker)
    assert isinstance(request, Request)
    config = checker.workshop.configs(request)[0]
    verdict = checker.check(request if config == ASSEMBLY else replace(request, config=config))
    if verdict.witness is None:
        raise InputError(
            f"{request.path}: {word(verdict)} under {request.model}: there is no execution to draw"
        )
    return execution_dot(verdict.witness)
