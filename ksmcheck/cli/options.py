"""Options that several subcommands share."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ksmcheck.text import InputError

if TYPE_CHECKING:
    from ksmcheck.program.sites import Site

F = TypeVar("F", bound=Callable[..., Any])

FILE = click.Path(path_type=Path)


class _Test(click.Path):
    """A litmus file; ``-`` is standard input, which is read at once."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        if value == "-":
            from ksmcheck.syntax.files import take_standard_input

            return take_standard_input()
        return Path(str(super().convert(value, param, ctx)))


TEST = _Test(path_type=Path)

_LONGEST = 10_000_000
"""Seconds, as in ``check.alarm``, which is not loaded for the sake of a number."""

MODEL = click.option(
    "--model",
    metavar="NAME",
    help="Memory model. [default: the test's own machine; lkmm for kernel C]",
)


def _number(_context: click.Context, _option: click.Parameter, value: float | None) -> float | None:
    if value is not None and value != value:
        raise click.BadParameter("this is no number")
    return value


def _point(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """A model of one's own may have any version; what is none is found out here, for not every
    command and language looks at it."""
    if not re.fullmatch(r"\d+(\.\d+)+", value, re.A):
        from ksmcheck.kernel.primitives import KERNELS

        raise InputError(f"there is no kernel point {value!r}", hint=f"known: {', '.join(KERNELS)}")
    return value


kernel_option = click.option(
    "--kernel",
    default="6.12",
    show_default=True,
    callback=_point,
    help="The kernel version whose primitives are meant: 3.9 or 6.12.",
)


def test_options(function: F) -> F:
    """What selects the program: kernel point, definitions, removed sites, unrolling."""
    for option in (
        kernel_option,
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
            help="Leave out a barrier or primitive, named as `ksmcheck sites` names it; the part "
            "before `@` is enough if only one site has it. May be repeated.",
        ),
        click.option(
            "--unroll",
            type=click.IntRange(min=1),
            help="How often a loop may go round again. [default: as needed, up to 8; 2 for "
            "show and export] Where this cannot be proved to be enough, the verdict says so.",
        ),
    ):
        function = option(function)
    return function


kernel_tree_option = click.option(
    "--kernel-tree",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Use the memory model of the kernel sources in DIR: tools/memory-model/linux-kernel.cat "
    "with its .bell and .def.",
)


jobs_option = click.option(
    "--jobs",
    "-j",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Number of processes.",
)


liveness_option = click.option(
    "--liveness",
    is_flag=True,
    help="Also demand that no thread waits for ever: for a lock, in a loop or for RCU readers.",
)


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
            help="How the axioms are solved: lazy adds them as they are violated, tuple encodes "
            "them all, explicit enumerates executions.",
        ),
        click.option(
            "--timeout",
            type=click.FloatRange(min=0, min_open=True, max=_LONGEST),
            callback=_number,
            metavar="SECONDS",
            help="Give up on a verdict (UNKNOWN) after this time.",
        ),
        click.option(
            "--memory",
            type=click.IntRange(min=1),
            metavar="MB",
            help="Give up (UNKNOWN) when the process needs more memory.",
        ),
    ):
        function = option(function)
    return function


def parse_defines(defines: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """``-D`` arguments as (name, replacement) pairs; a bare name is defined as 1."""
    pairs = []
    for define in defines:
        name, equals, value = define.partition("=")
        if not name.isidentifier():
            raise InputError(
                f"-D {define}: {name!r} is not a macro name", hint="write -D NAME or -D NAME=VALUE"
            )
        pairs.append((name, value if equals else "1"))
    return tuple(pairs)


def site_names(
    file: Path, removed: tuple[str, ...], kernel: str, defines: tuple[tuple[str, str], ...]
) -> frozenset[str]:
    """``--remove`` arguments; commas separate names too. A primitive's name stands for its only
    site. Raises InputError where it has several."""
    names = frozenset(name.strip() for item in removed for name in item.split(","))
    if "" in names:
        raise InputError("--remove '' names nothing", hint="`ksmcheck sites FILE` lists the sites")
    if all("@" in name for name in names):
        return names
    from ksmcheck.program.sites import list_sites
    from ksmcheck.syntax.litmus import load_litmus

    sites = list_sites(load_litmus(file, kernel=kernel, defines=defines), kernel)
    return frozenset(name if "@" in name else _only(name, sites) for name in names)


def _only(primitive: str, sites: tuple[Site, ...]) -> str:
    """The one site of a primitive; its own name, to be refused later, where there is none."""
    found = [site.name for site in sites if site.primitive == primitive]
    if len(found) > 1:
        raise InputError(f"--remove {primitive}: which one?", hint=f"there are {', '.join(found)}")
    return found[0] if found else primitive
