"""Executions of the matrix's cells: those asked for by --show, and those picked by key."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence

import click

from ksmcheck.report.matrix import numbered
from ksmcheck.text import InputError
from ksmcheck.whatif.matrix import Answer

Show = Callable[[Answer], None]


def chosen_cells(wanted: Iterable[str], cells: Sequence[Answer]) -> Iterator[Answer]:
    """The cells that --show names: by number, or by SITE or SITE:MODEL. Raises InputError."""
    shown = numbered(cells)
    for text in wanted:
        found = _numbered(text, shown) if text.isdigit() else _named(text, shown)
        if not found:
            raise InputError(f"--show {text}: there is no such execution", hint=_hint(shown))
        yield from found


def check_shown(wanted: Iterable[str], sites: Iterable[str], models: Sequence[str]) -> None:
    """Raises InputError for a --show that names no site, before anything is asked."""
    known = set(sites)
    known |= {site.partition("@")[0] for site in known}
    for text in wanted:
        site, colon, model = text.rpartition(":")
        named = site if colon and model in models else text
        if not text.isdigit() and named not in known:
            raise InputError(f"--show {text}: there is no such site", hint=_SHOWN)


_SHOWN = "a number of the matrix, SITE, or SITE:MODEL; `ksmcheck sites FILE` lists the sites"


def _hint(shown: Sequence[Answer]) -> str:
    if not shown:
        return "nothing is violated"
    return f"a number from 1 to {len(shown)}, as the matrix shows it, SITE, or SITE:MODEL"


def _numbered(text: str, shown: Sequence[Answer]) -> list[Answer]:
    return list(shown[int(text) - 1 : int(text)]) if int(text) > 0 else []


def _named(text: str, shown: Sequence[Answer]) -> list[Answer]:
    site, colon, model = text.rpartition(":")
    models = {cell.request.model for cell in shown}
    if not colon or model not in models:
        site, model = text, ""
    return [
        cell
        for cell in shown
        if model in ("", cell.request.model)
        and any(c.site == site or c.site.startswith(f"{site}@") for c in cell.changes)
    ]


def can_ask() -> bool:
    """Whether there is somebody at a terminal to ask."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def pick(cells: Sequence[Answer], show: Show, again: Callable[[], None]) -> None:
    """Lets the user pick cells by number until he has enough; ``again`` prints the matrix.

    A number is complete as soon as no longer one could be meant.
    """
    shown = numbered(cells)
    typed = _typed()
    while shown:
        click.echo(f"execution of which cell? 1-{len(shown)}, m matrix, q quit: ", nl=False)
        key = _choice(typed, len(shown))
        click.echo()
        if key == "m":
            again()
        elif key:
            show(shown[int(key) - 1])
        else:
            return


_LEAVE = ("q", "\r", "\n", "\x1b", "\x04")


def _choice(typed: Iterator[str], most: int) -> str:
    """The number of a cell, ``m``, or nothing to leave; other keys are passed over."""
    digits = ""
    for key in typed:
        if digits and key in "\r\n":
            return digits
        if key in _LEAVE:
            return ""
        if key == "m" and not digits:
            return key
        if digits and key in "\x7f\b":
            digits = digits[:-1]
            click.echo("\b \b", nl=False)
        elif key in "0123456789" and 0 < int(digits + key) <= most:
            digits += key
            click.echo(key, nl=False)
            if int(digits) * 10 > most:
                return digits
    return ""


def _typed() -> Iterator[str]:
    """One key after the other, until the terminal is closed. Keys that send a sequence (arrows)
    are none of ours."""
    while True:
        try:
            keys = click.getchar()
        except EOFError:
            return
        if keys == "\x1b" or not keys.startswith("\x1b"):
            yield from keys
