"""Spans as plain places, and where these are."""

from __future__ import annotations

from os.path import normpath
from pathlib import Path

from ksmcheck.program.ir import Origin
from ksmcheck.report.findings import Place
from ksmcheck.text import Span


def place_of(span: Span) -> Place:
    """Where a span begins, with its line."""
    source = span.source
    line, column = source.position(span.start)
    last, end = source.position(span.end)
    return Place(
        _shortest(source.name),
        line,
        column,
        end if last == line else 0,
        source.line_text(line).rstrip(),
    )


def shown_at(origin: Origin) -> Place:
    """Where an instruction is, in a file that a reader of the report has: one of a header that
    comes with ksmcheck is at the call that leads there."""
    spans = [*(frame.call for frame in origin.stack), origin.span]
    own = [span for span in spans if not span.source.name.startswith("<")]
    return place_of(own[-1] if own else origin.span)


def _shortest(name: str) -> str:
    """``mp.h`` for ``inner/../mp.h``, unless ``inner`` is a link to elsewhere."""
    if ".." not in name:
        return name
    short = normpath(name)
    return short if Path(short).resolve() == Path(name).resolve() else name


def prefix_of(here: Path) -> str:
    """The way from the top of the repository to this folder; empty outside of one."""
    for folder in (here, *here.parents):
        if (folder / ".git").exists():
            inside = here.relative_to(folder).as_posix()
            return "" if inside == "." else inside
    return ""
