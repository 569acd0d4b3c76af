"""The places of a test and what may be done to each, as lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from ksmcheck.program.change import Change
from ksmcheck.program.inventory import Spot


def site_lines(spots: Sequence[Spot], *, with_changes: bool) -> Iterator[str]:
    """Name and position; what may be done after that, if wanted."""
    width = max((len(spot.name) for spot in spots), default=0)
    for spot in spots:
        yield f"{spot.name:{width}}  {spot.span}"
        if with_changes:
            yield f"    {changes_text(spot.changes) or 'nothing'}"


def changes_text(changes: Iterable[Change]) -> str:
    """``remove; weaken to smp_wmb, barrier; move up, down``."""
    parts = []
    for kind, group in groupby(changes, key=lambda c: c.kind):
        ways = [c.to for c in group if c.to]
        to = "" if kind == "move" or not ways else " to"
        parts.append(f"{kind}{to} {', '.join(ways)}".rstrip())
    return "; ".join(parts)


def site_objects(spots: Iterable[Spot]) -> Iterator[str]:
    """One JSON object a line."""
    for spot in spots:
        span = spot.span
        yield json.dumps(
            {
                "site": spot.name,
                "primitive": spot.primitive,
                "sort": spot.sort,
                "file": span.source.name,
                "line": span.line,
                "column": span.column,
                "changes": [{"kind": c.kind, "to": c.to} for c in spot.changes],
            }
        )
