"""What stands between two accesses of a thread to order them, by its looks."""

from __future__ import annotations

from collections.abc import Sequence

from ksmcheck.execution.execution import ExecutedEvent, Execution
from ksmcheck.explain.graph import Pair

_NO_ORDER = frozenset(("Barrier", "Rcu-lock", "Rcu-unlock", "Srcu-lock", "Srcu-unlock"))
"""Tags of LKMM's fences that order nothing by themselves."""

_ONE_WAY = {
    "R": frozenset(("A", "Q", "Acq", "Acquire")),
    "W": frozenset(("L", "Rel", "Release")),
}
"""Tags of a read that comes before what follows, of a write that comes after what precedes it."""

_ONE_KIND = {"smp_rmb": "R", "smp_wmb": "W"}
"""Barriers that are meant for accesses of one kind."""


def barriers_between(events: Sequence[ExecutedEvent], a: int, b: int) -> tuple[ExecutedEvent, ...]:
    """What stands between two accesses of a thread to order some of what is around it."""
    found = [e for e in events[a + 1 : b] if e.kind == "F" and e.tags - _NO_ORDER]
    if events[a].kind == "R" and events[a].tags & _ONE_WAY["R"]:
        found.insert(0, events[a])
    if events[b].kind == "W" and events[b].tags & _ONE_WAY["W"]:
        found.append(events[b])
    return tuple({e.instance: e for e in found}.values())


def dependency_between(execution: Execution, a: int, b: int) -> str | None:
    """Address, data, control: which of them there is."""
    kinds = [k for k in ("address", "data", "control") if (a, b) in _relation(execution, k)]
    return " and ".join(kinds) or None


def _relation(execution: Execution, kind: str) -> frozenset[Pair]:
    return {"address": execution.addr, "data": execution.data, "control": execution.ctrl}[kind]


def seems_ordered(execution: Execution, a: int, b: int) -> bool:
    """Whether somebody has seen to it that b comes after a."""
    events = execution.events
    kinds = {events[a].kind, events[b].kind}
    fit = (e for e in barriers_between(events, a, b) if _is_meant(e, kinds))
    return any(fit) or dependency_between(execution, a, b) is not None


def _is_meant(barrier: ExecutedEvent, kinds: set[str]) -> bool:
    return kinds <= {_ONE_KIND[barrier.primitive]} if barrier.primitive in _ONE_KIND else True
