"""Of the executions that violate a property, one that is simple to follow.

The engine gives any. Where threads do not need to see each other's accesses out of order at all, or
only in one way, an execution that does just that says more than one with strange reads that have
nothing to do with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import combinations, takewhile
from time import perf_counter
from typing import TYPE_CHECKING

from ksmcheck.check.check import Checker
from ksmcheck.check.verdict import UNKNOWN, VIOLATED, Verdict
from ksmcheck.execution.execution import Execution, places
from ksmcheck.explain.cycles import critical_cycle, from_reads
from ksmcheck.record import replace

if TYPE_CHECKING:
    from ksmcheck.cat.in_order import Kinds

_KINDS: tuple[Kinds, ...] = (("W", "R"), ("R", "R"), ("W", "W"), ("R", "W"))
"""What may be out of order, most common first."""

_LEVELS = tuple(kinds for size in range(3) for kinds in combinations(_KINDS, size))

_SECONDS = 10.0
"""For all levels: nobody wants to wait for an execution that is only nicer."""


def simplest(checker: Checker, verdict: Verdict) -> Verdict:
    """The verdict with a simpler execution of the same kind, if there is one; else as it is."""
    if verdict.witness is None or (verdict.flags and verdict.verdict == VIOLATED):
        return verdict
    model = checker.workshop.model(verdict.request.model)
    if model.compiled.interpreted is not None or not critical_cycle(verdict.witness.execution):
        return verdict
    request = replace(verdict.request, engine="lazy")
    ends = perf_counter() + min(_SECONDS, request.timeout or _SECONDS)
    execution = verdict.witness.execution
    for but in takewhile(lambda but: not nearly_interleaved(execution, but), _LEVELS):
        seconds = ends - perf_counter()
        if seconds <= 0:
            break
        other = Checker(checker.workshop.in_order(request.model, but))
        found = other.check(replace(request, timeout=seconds))
        if found.witness is not None and found.verdict == verdict.verdict:
            return replace(verdict, witness=found.witness, config=found.config)
        if found.verdict == UNKNOWN:
            checker.renew()  # broken off anywhere, in what the two have in common
            break
    return verdict


def nearly_interleaved(execution: Execution, but: Sequence[Kinds]) -> bool:
    """Whether the execution is one of ``cat.in_order``: without a cycle of communication and
    program order ``but`` those from one kind of access to another."""
    place = places(execution.events)
    before: dict[int, set[int]] = {e.id: set() for e in execution.events}
    for a, b in (*execution.rf, *execution.co, *from_reads(execution)):
        before[b].add(a)
    accesses = [e for e in execution.events if e.thread >= 0 and e.kind != "F"]
    for one, later in combinations(accesses, 2):
        ordered = one.thread == later.thread and place[one.id] < place[later.id]
        if ordered and (one.kind, later.kind) not in but:
            before[later.id].add(one.id)
    try:
        TopologicalSorter(before).prepare()
    except CycleError:
        return False
    return True
