"""Options that several subcommands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ksmcheck.text import InputError

F = TypeVar("F", bound=Callable[..., Any])

FILE = click.Path(path_type=Path)


def test_options(function: F) -> F:
    """What selects the program: kernel point, definitions, removed sites, unrolling."""
    for option in (
        click.option("--kernel", default="6.12", show_default=True, help="Kernel point: 3.9 or 6.12."),
        click.option(
            "-D",
            "defines",
            multiple=True,
            metavar="NAME[=VALUE]",
            help="Define a preprocessor macro, as for a C compiler.",
        ),
        click.option(
            "--remove",
            "removed",
            multiple=True,
            metavar="SITE",
            help="Leave out a barrier or primitive, named as `ksmcheck sites` names it.",
        ),
        click.option(
            "--unroll", type=click.IntRange(min=1), help="Loop iterations to look at (proved enough, or said)."
        ),
    ):
        function = option(function)
    return function


def engine_options(function: F) -> F:
    """What answers: solver, engine, limits."""
    for option in (
        click.option(
            "--solver",
            type=click.Choice(["cadical", "z3", "both"]),
            default="cadical",
            show_default=True,
            help="SAT/SMT back end; `both` asks both and compares.",
        ),
        click.option(
            "--engine",
            type=click.Choice(["lazy", "tuple", "explicit"]),
            default="lazy",
            show_default=True,
            help="How the memory model's axioms reach the solver.",
        ),
        click.option("--timeout", type=float, metavar="SECONDS", help="Give up (UNKNOWN) after this."),
        click.option("--memory", type=int, metavar="MB", help="Give up (UNKNOWN) above this."),
    ):
        function = option(function)
    return function


def parse_defines(defines: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """``-D`` arguments as (name, replacement) pairs; a bare name is defined as 1."""
    pairs = []
    for define in defines:
        name, equals, value = define.partition("=")
        if not name.isidentifier():
            raise InputError(f"-D {define}: {name!r} is not a macro name", hint="write -D NAME or -D NAME=VALUE")
        pairs.append((name, value if equals else "1"))
    return tuple(pairs)


def site_names(removed: tuple[str, ...]) -> frozenset[str]:
    """``--remove`` arguments; commas separate names too."""
    return frozenset(name.strip() for item in removed for name in item.split(",") if name.strip())
