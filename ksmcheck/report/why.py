"""What a SAFE rests on and what a violation lacks, in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ksmcheck.explain.story import Story, span_text
from ksmcheck.program.inventory import Spot
from ksmcheck.whatif.matrix import Answer
from ksmcheck.whatif.why import Grounds


def grounds_text(grounds: Grounds) -> str:
    """``armv8: ordered by smp_wmb@P0 (MP.litmus:10); ...``."""
    parts = []
    if grounds.orders:
        parts.append(f"ordered by {_places(grounds.orders)}")
    if grounds.accesses:
        parts.append(f"with {_places(grounds.accesses)} as they are")
    if grounds.axioms:
        parts.append(f"by the axioms {', '.join(grounds.axioms)}")
    said = "; ".join(parts) or "whatever becomes of any barrier"
    return f"why {grounds.verdict.request.model} is safe: {said}"


def _places(spots: Iterable[Spot]) -> str:
    return ", ".join(f"{spot.name} ({span_text(spot.span)})" for spot in spots)


def grounds_object(grounds: Grounds) -> dict[str, Any]:
    """The fields of a line of ``whatif --why --json``."""
    return {
        "model": grounds.verdict.request.model,
        "orders": [spot.name for spot in grounds.orders],
        "accesses": [spot.name for spot in grounds.accesses],
        "axioms": list(grounds.axioms),
    }


def missing_text(cell: Answer, story: Story) -> str:
    """One violated cell and its one-line story."""
    change = "; ".join(map(str, cell.changes)) or "as it is"
    return f"why {cell.request.model} breaks, {change}: {story.sentence}"
