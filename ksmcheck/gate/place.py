"""Spans as plain places."""

from __future__ import annotations

from ksmcheck.report.findings import Place
from ksmcheck.text import Span


def place_of(span: Span) -> Place:
    """Where a span begins, with its line."""
    source = span.source
    line, column = source.position(span.start)
    last, end = source.position(span.end)
    return Place(
        source.name, line, column, end if last == line else 0, source.line_text(line).rstrip()
    )
