"""Minimal sets and repairs as text and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ksmcheck.program.change import Change
from ksmcheck.whatif.minimal import KEEP, MinimalSet
from ksmcheck.whatif.repair import Repair


def minimal_text(least: MinimalSet, cost: float | None) -> str:
    """``{ smp_wmb@P0, smp_mb@P1 as smp_rmb }  cost 6``."""
    names = [site if form == KEEP else f"{site} as {form}" for site, form in least.kept]
    return f"{{ {', '.join(names)} }}{_price(cost)}" if names else f"{{ }}: none{_price(cost)}"


def repair_text(changes: Sequence[Change], cost: float | None) -> str:
    """``insert smp_wmb before ksm.h:230  cost 3``."""
    if not changes:
        return "safe as it is: nothing to repair"
    return "; ".join(map(str, changes)) + _price(cost)


def _price(cost: float | None) -> str:
    return "" if cost is None else f"  cost {cost:g}"


def minimal_object(least: MinimalSet, cost: float | None) -> dict[str, Any]:
    """The fields of ``whatif --minimal --json``."""
    return {
        "models": list(least.models),
        "kept": dict(least.kept),
        "changes": _changes(least.changes),
        "cost": cost,
    }


def repair_object(repair: Repair, cost: float | None) -> dict[str, Any]:
    """The fields of ``whatif --repair --json``."""
    return {"models": list(repair.models), "changes": _changes(repair.changes), "cost": cost}


def _changes(changes: Sequence[Change]) -> list[dict[str, str]]:
    return [{"site": c.site, "kind": c.kind, "to": c.to} for c in changes]
