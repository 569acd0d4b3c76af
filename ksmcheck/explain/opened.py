"""The cycle that a change has opened: forbidden while the order was there, and allowed without."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from ksmcheck.cat.compile import CompiledCat
from ksmcheck.execution.execution import Execution, places
from ksmcheck.explain.cycles import Pair, Steps, cycles_through, successors_of
from ksmcheck.explain.gaps import Gap
from ksmcheck.explain.graph import Extra, graph_of
from ksmcheck.record import Struct, replace

_TRIED = 64
"""Cycles across a gap, the shortest first."""


class Opened(Struct, frozen=True):
    """``cycle``: the events' ids in order, from the end of a missing order on. ``missing``: its
    steps of program order across a gap."""

    cycle: tuple[int, ...]
    missing: tuple[Pair, ...]


def opened_cycle(execution: Execution, cat: CompiledCat, gaps: Sequence[Gap]) -> Opened | None:
    """A shortest cycle that would be forbidden, all else put aside, with the fences in the gaps.

    None where they forbid nothing, or only with more than one cycle shows.
    """
    if not _forbidden(execution, cat, gaps):
        return None
    needed = list(gaps)
    for gap in gaps:
        fewer = [other for other in needed if other is not gap]
        if fewer and _forbidden(execution, cat, fewer):
            needed = fewer
    steps, place = successors_of(execution), places(execution.events)
    across = {gap: list(_across(execution, steps, place, gap)) for gap in needed}
    for cycle in islice(cycles_through(steps, across[needed[0]]), _TRIED):
        edges = set(zip(cycle, (*cycle[1:], cycle[0]), strict=True))
        missing = sorted({e for pairs in across.values() for e in pairs if e in edges})
        spans_all = all(any(e in edges for e in pairs) for pairs in across.values())
        if spans_all and _forbidden(_alone(execution, cycle), cat, needed):
            return Opened(cycle, tuple(missing))
    return None


def _forbidden(execution: Execution, cat: CompiledCat, gaps: Sequence[Gap]) -> bool:
    extra = [Extra(gap.thread, gap.before, tags) for gap in gaps for tags in gap.tags]
    return bool(extra) and bool(cat.violated(graph_of(execution, extra)))


def _across(execution: Execution, steps: Steps, place: list[int], gap: Gap) -> Iterator[Pair]:
    """Steps of program order from before a gap to behind it."""
    events = execution.events
    for a, following in steps.items():
        if events[a].thread == gap.thread and place[a] < gap.before:
            for b in following:
                if events[b].thread == gap.thread and place[b] >= gap.before:
                    yield a, b


def _alone(execution: Execution, cycle: Sequence[int]) -> Execution:
    """The execution without what threads tell each other beside the cycle."""
    events, members = execution.events, frozenset(cycle)

    def own(pair: Pair) -> bool:
        return events[pair[0]].thread == events[pair[1]].thread

    rf = frozenset(pair for pair in execution.rf if own(pair) or pair[1] in members)
    sources = members | {write for write, read in rf if read in members}
    co = frozenset(pair for pair in execution.co if own(pair) or sources.issuperset(pair))
    return replace(execution, rf=rf, co=co)
