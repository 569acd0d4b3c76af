"""``ksmcheck models``: what machines there are."""

from __future__ import annotations

import click

_EPILOG = """\b
Examples:
  ksmcheck models                    one line a model: machine, kernel points, configurations
  ksmcheck models power              the axioms of power, where they come from, what is left out
  ksmcheck models --json             for scripts

\b
A model is a folder: a cat file and lowering.toml, which says what each kernel primitive
becomes there. `--model path/to/folder` uses one of your own (docs/models.md).
"""


@click.command(epilog=_EPILOG)
@click.argument("names", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(names: tuple[str, ...], as_json: bool) -> int:
    """List the memory models; with a NAME, print that model's README (axioms, sources, limits)."""
    from ksmcheck.model.load import load_model, shipped_models

    if names and not as_json:
        for name in names:
            readme = load_model(name).folder / "README.md"
            click.echo(
                readme.read_text(encoding="utf-8") if readme.exists() else f"{name}: no README.md"
            )
        return 0
    found = [load_model(name) for name in names or shipped_models()]
    if as_json:
        import json

        for model in found:
            configs = {k: list(model.configs(k)) for k in model.kernels}
            click.echo(json.dumps({"model": model.name, "title": model.title, "configs": configs}))
        return 0
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("model", "machine", "kernel points (configurations)"):
        table.add_column(heading)
    for model in found:
        points = ", ".join(f"{k} ({', '.join(model.configs(k))})" for k in model.kernels)
        table.add_row(model.name, model.title, points)
    Console(highlight=False).print(table)
    return 0
