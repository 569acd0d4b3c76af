"""What a SAFE rests on and what a violation lacks, in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
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
        they = "as they are" if len(grounds.accesses) > 1 else "as it is"
        parts.append(f"with {_places(grounds.accesses)} {they}")
    if grounds.axioms:
        axioms = "axioms" if len(grounds.axioms) > 1 else "axiom"
        parts.append(f"by the {axioms} {', '.join(grounds.axioms)}")
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


def missing_texts(told: Iterable[tuple[Answer, Story]]) -> Iterator[str]:
    """Violated cells and their one-line stories, change by change; one line for all models of which
    the same is to be said."""
    rows: dict[str, dict[str, list[tuple[str, str]]]] = {}
    for cell, story in told:
        change = "; ".join(map(str, cell.changes)) or "as it is"
        model = cell.request.model
        alike = rows.setdefault(change, {}).setdefault(_of_many(story.sentence, model), [])
        alike.append((model, story.sentence))
    for change, sentences in rows.items():
        for of_many, alike in sentences.items():
            *others, last = [model for model, _ in alike]
            if others:
                yield f"why {', '.join(others)} and {last} break, {change}: {of_many}"
            else:
                yield f"why {last} breaks, {change}: {alike[0][1]}"


def _of_many(sentence: str, model: str) -> str:
    """What is said of one model, as it would be said of several."""
    name = rf"{re.escape(model)}(?![\w-])"
    sentence = re.sub(f"strongly enough for {name}", "strongly enough for them", sentence)
    return re.sub(f"and {name} does not keep", "and they do not keep", sentence)
