"""``ksmcheck check``: one test, a verdict, and the execution if it is violated."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import click

from ksmcheck.cli.options import (
    TEST,
    engine_options,
    kernel_tree_option,
    liveness_option,
    parse_defines,
    site_names,
    test_options,
)

_EPILOG = """\b
Examples:
  ksmcheck check litmus/classic/MP/MP+wmb+po.litmus --model armv8
  ksmcheck check litmus/assembly/AArch64/SB+stlr+ldapr.litmus
  ksmcheck check litmus/ksm/path-b.litmus --kernel 3.9 --model alpha \\
                 --remove smp_read_barrier_depends
  ksmcheck check litmus/ksm/path-a.litmus --kernel 3.9 --variant no-wmb --model all
  ksmcheck check litmus/ksm/path-a.litmus -D MARKED_STORES --json

\b
A test with `~exists`, `forall`, BUG_ON or assert gets SAFE, `SAFE up to k`, VIOLATED,
VACUOUS or UNKNOWN; a test with `exists` gets Never, Sometimes or Always, as in herd7.
A SAFE covers every configuration of the model at that kernel point.
Exit codes: see `ksmcheck --help`.
"""


@click.command(epilog=_EPILOG)
@click.argument("file", type=TEST)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME",
    help="Memory model (see `ksmcheck models`), a model folder, or `all`; may be repeated. "
    "[default: the test's own machine; lkmm for kernel C]",
)
@kernel_tree_option
@click.option(
    "--config", help="Pin one configuration of the model, e.g. lse. [default: all of them]"
)
@click.option("--variant", default="shipped", help="A variant that the file's suite defines.")
@test_options
@engine_options
@liveness_option
@click.option("--allow-bounded", is_flag=True, help="Let `SAFE up to k` count as safe.")
@click.option("--full", is_flag=True, help="Show every step and the whole final state.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(
    file: Path,
    models: tuple[str, ...],
    kernel_tree: Path | None,
    config: str | None,
    variant: str,
    kernel: str,
    defines: tuple[str, ...],
    removed: tuple[str, ...],
    unroll: int | None,
    solver: str,
    engine: str,
    timeout: float | None,
    memory: int | None,
    liveness: bool,
    allow_bounded: bool,
    full: bool,
    as_json: bool,
) -> int:
    """Check FILE: a verdict per model and, if the property fails, the execution step by step."""
    from ksmcheck.batch.single import Options, requests_for
    from ksmcheck.check import Checker
    from ksmcheck.check.assembly import usual_model
    from ksmcheck.cli.chosen import chosen_models
    from ksmcheck.cli.output import Output, missing_model

    if not models and kernel_tree is None:
        models = (usual_model(file),)
    chosen = chosen_models(models, config, kernel_tree)
    options = Options(
        kernel=kernel,
        config=config,
        variant=variant,
        defines=parse_defines(defines),
        removed=site_names(file, removed, kernel, parse_defines(defines)),
        unroll=unroll,
        solver=solver,
        engine=engine,
        timeout=timeout,
        memory=memory,
        liveness=liveness,
    )
    checker = Checker(doubting=True)
    output = Output(checker, as_json, allow_bounded, full)
    requests = list(requests_for(file, chosen, options))
    for request in requests:
        with output.going_on() if len(requests) > 1 else nullcontext():
            reason = missing_model(checker, request) if "all" in models else None
            if reason is None:
                output.show(checker.check(request))
            else:
                output.not_applicable(request, reason)
    return output.exit_code()
