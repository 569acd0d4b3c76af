"""Lines look the same in a file and, but for the colours, on a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from ksmcheck.report.console import Paper, Styled, in_columns, paper


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ((), "\n"),
        (("plain, ", ("bold", "bold red"), "  "), "plain, bold\n"),
        ((("two\n  lines", "dim"),), "two\n  lines\n"),
        (("\ttab\tstops",), "        tab     stops\n"),
        (("a\x07 bell\r",), "a bell\n"),
        (("[red]no markup[/red] :smile:",), "[red]no markup[/red] :smile:\n"),
        (("far longer than the terminal is wide",), "far longer than the terminal is wide\n"),
    ],
)
def test_bare_and_rich_lines(pieces: tuple[str | Styled, ...], text: str) -> None:
    bare, rich = io.StringIO(), io.StringIO()
    Paper(bare).line(*pieces)
    Paper(rich, Console(file=rich, width=10, no_color=True)).line(*pieces)
    assert bare.getvalue() == rich.getvalue() == text


def test_columns_stand_under_each_other() -> None:
    out = io.StringIO()
    for row in ((("a", ""), ("b", "bold")), (("long", ""), ("", ""))):
        Paper(out).line(*in_columns(row, (4, 1)))
    assert out.getvalue() == "a     b\nlong\n"


def test_a_pipe_may_be_made_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", io.StringIO())
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    assert paper().console is None
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert paper().console is not None
