"""The cycle that a change has opened: forbidden while the order was there, and allowed without."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from ksmcheck.cat.compile import CompiledCat
from ksmcheck.execution.execution import Execution, places
from ksmcheck.explain.cycles import Steps, cycles_through, successors_of
from ksmcheck.explain.graph import Extra, Pair, graph_of
from ksmcheck.explain.lost import Fence, Lost, Mark
from ksmcheck.record import Struct, replace

_TRIED = 64
"""Cycles through what is lost, the shortest first."""


class Opened(Struct, frozen=True):
    """``cycle``: the events' ids in order. ``missing``: its steps of program order across a fence,
    or at an event that was marked otherwise; those events are ``marked``."""

    cycle: tuple[int, ...]
    missing: tuple[Pair, ...]
    marked: tuple[int, ...]


def opened_cycle(execution: Execution, cat: CompiledCat, lost: Sequence[Lost]) -> Opened | None:
    """A shortest cycle that would be forbidden, all else put aside, with what is ``lost``.

    None where that forbids nothing, or only with more than one cycle shows.
    """
    if not lost or not _forbidden(execution, cat, lost):
        return None
    needed = list(lost)
    for one in lost:
        fewer = [other for other in needed if other is not one]
        if fewer and _forbidden(execution, cat, fewer):
            needed = fewer
    steps, place = successors_of(execution), places(execution.events)
    touched = [list(_touched(execution, steps, place, one)) for one in needed]
    for cycle in islice(cycles_through(steps, touched[0], execution.rf), _TRIED):
        edges = set(zip(cycle, (*cycle[1:], cycle[0]), strict=True))
        if all(edges.intersection(pairs) for pairs in touched) and _forbidden(
            _alone(execution, cycle), cat, needed
        ):
            return _opened(
                execution, cycle, {e for pairs in touched for e in pairs if e in edges}, needed
            )
    return None


def _opened(
    execution: Execution, cycle: tuple[int, ...], touched: set[Pair], needed: Sequence[Lost]
) -> Opened:
    thread = [e.thread for e in execution.events]
    missing = sorted((a, b) for a, b in touched if thread[a] == thread[b])
    return Opened(cycle, tuple(missing), tuple(m.event for m in needed if isinstance(m, Mark)))


def _forbidden(execution: Execution, cat: CompiledCat, lost: Sequence[Lost]) -> bool:
    extra = [Extra(g.thread, g.before, g.tags) for g in lost if isinstance(g, Fence)]
    restored = with_marks(execution, [mark for mark in lost if isinstance(mark, Mark)])
    return bool(cat.violated(graph_of(restored, extra)))


def with_marks(execution: Execution, marks: Iterable[Mark]) -> Execution:
    """The execution, its events marked so."""
    events = list(execution.events)
    for mark in marks:
        events[mark.event] = replace(events[mark.event], tags=mark.tags)
    return replace(execution, events=tuple(events))


def _touched(execution: Execution, steps: Steps, place: list[int], lost: Lost) -> Iterator[Pair]:
    """Steps of program order from before a fence to behind it; any from or to an event."""
    events = execution.events
    for a, following in steps.items():
        for b in following:
            if isinstance(lost, Mark):
                if lost.event in (a, b):
                    yield a, b
            elif (
                events[a].thread == events[b].thread == lost.thread
                and place[a] < lost.before <= place[b]
            ):
                yield a, b


def _alone(execution: Execution, cycle: Sequence[int]) -> Execution:
    """The execution without what threads tell each other beside the cycle."""
    events = execution.events
    members = frozenset(cycle).union(*(p for p in execution.rmw if set(p) & set(cycle)))

    def own(pair: Pair) -> bool:
        return events[pair[0]].thread == events[pair[1]].thread

    rf = frozenset(pair for pair in execution.rf if own(pair) or pair[1] in members)
    sources = members | {write for write, read in rf if read in members}
    co = frozenset(pair for pair in execution.co if own(pair) or sources.issuperset(pair))
    return replace(execution, rf=rf, co=co)
