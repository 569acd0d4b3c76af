"""Parts of a source that a change makes others (``respelt``), for showing lines."""

from __future__ import annotations

from collections.abc import Iterable

from ksmcheck.record import Struct


class Respelt(Struct, frozen=True):
    """Characters ``start`` to ``end`` of the source of that name become ``text``."""

    source: str
    start: int
    end: int
    text: str


def as_becomes(line: str, start: int, source: str, becomes: Iterable[Respelt]) -> str:
    """The text that begins at ``start`` of a source, with what becomes of parts of it."""
    for part in sorted(becomes, key=lambda part: -part.start):
        here, there = part.start - start, part.end - start
        if part.source == source and here >= 0 and there <= len(line):
            line = line[:here] + part.text + line[there:]
    return line
