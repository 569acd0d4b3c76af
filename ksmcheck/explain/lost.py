"""What a change has taken from an execution: fences, and the marks of accesses.

An execution of the changed program has no event of what was removed. Its place is found by the
text: a thread's events stand in source order along the calls that led to them, but where control
jumps back. A jump may have passed a place or not; whether a fence is one that counts is for the
model to say (``opened``). What was weakened is there, and is compared with what it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import TypeAlias

from ksmcheck.execution.execution import ExecutedEvent, places
from ksmcheck.explain.graph import fences
from ksmcheck.lowering.template import Row, Step
from ksmcheck.program.ir import Origin
from ksmcheck.record import Struct

Path: TypeAlias = tuple[tuple[int, int], ...]
"""Line and column of each call on the way, outermost first, and of the place itself."""


class Site(Struct, frozen=True):
    """A changed place: the ``path`` by which ``thread`` comes to it and where its text ends, the
    ``row`` of what it was, and the full barrier's, which stands in for what is more than one."""

    thread: int
    path: Path
    end: tuple[int, int]
    row: Row
    full: Row

    def has(self, path: Path, event: ExecutedEvent) -> bool:
        """Whether an event with this way is its own. A plain access that it was weakened to may
        have the span of what it accesses."""
        if path == self.path:
            return True
        around, here = path[:-1], path[-1]
        return event.plain and around == self.path[:-1] and self.path[-1] <= here < self.end


class Fence(Struct, frozen=True):
    """A fence, its ``tags``, was in ``thread`` before the event at place ``before`` (see
    ``execution.places``)."""

    thread: int
    before: int
    tags: frozenset[str]


class Mark(Struct, frozen=True):
    """The event had other ``tags``."""

    event: int
    tags: frozenset[str]


Lost: TypeAlias = Fence | Mark


def site_of(thread: int, origin: Origin, row: Row, full: Row) -> Site:
    """A place of the unchanged program."""
    end = origin.span.source.position(origin.span.end)
    return Site(thread, path_of(origin), end, row, full)


def path_of(origin: Origin) -> Path:
    """The way to an instruction."""
    spans = (*(frame.call for frame in origin.stack), origin.span)
    return tuple((span.line, span.column) for span in spans)


def lost_of(events: Sequence[ExecutedEvent], sites: Sequence[Site]) -> tuple[Lost, ...]:
    """What the sites gave an execution before they were changed, or may have given, each once."""
    place = places(events)
    found: dict[Lost, None] = {}
    for site in sites:
        steps = [
            (path_of(e.origin), e)
            for e in events
            if e.thread == site.thread and e.origin is not None
        ]
        found.update(dict.fromkeys(_passed(site, steps, place)))
        own = (e for path, e in steps if site.has(path, e))
        for _, group in groupby(own, lambda e: e.instance):
            found.update(dict.fromkeys(_weakened(site, list(group), place)))
    return tuple(found)


def _passed(
    site: Site, steps: Sequence[tuple[Path, ExecutedEvent]], place: Sequence[int]
) -> Iterator[Fence]:
    """Gaps between events. What is before the first, or after the last, orders nothing."""
    for (left, first), (right, second) in pairwise(steps):
        forwards = left < site.path < right
        backwards = right <= left and (left < site.path or site.path < right)
        own = site.has(left, first) or site.has(right, second)
        if (forwards or backwards) and not own and place[first.id] != place[second.id]:
            yield from _fences(site, place[second.id])


def _fences(site: Site, before: int) -> Iterator[Fence]:
    only_orders = site.row.always is not None and all(s.kind == "F" for s in site.row.always)
    for tags in fences(site.row if only_orders else site.full):
        yield Fence(site.thread, before, tags)


def _weakened(site: Site, group: list[ExecutedEvent], place: Sequence[int]) -> Iterator[Lost]:
    """How the events of one call differ from the row's; where they are others altogether there
    is a full barrier on either side."""
    accesses = [e for e in group if e.kind != "F"]
    steps = _case(site.row, group[0].outcome)
    if [e.kind for e in accesses] != [s.kind for s in steps if s.kind != "F"]:
        if accesses and all(e.plain for e in accesses):
            return  # what the call's arguments read
        yield from _fences(site, place[group[0].id])
        yield from _fences(site, place[group[-1].id] + 1)
        return
    ahead = iter(accesses)
    following = next(ahead, None)
    for step in steps:
        if step.kind != "F":
            assert following is not None
            if following.tags != frozenset(step.tags):
                yield Mark(following.id, frozenset(step.tags))
            following = next(ahead, None)
        elif not any(e.kind == "F" and e.tags == frozenset(step.tags) for e in group):
            before = place[group[-1].id] + 1 if following is None else place[following.id]
            yield Fence(site.thread, before, frozenset(step.tags))


def _case(row: Row, outcome: str) -> tuple[Step, ...]:
    case = row.ok if outcome == "ok" else row.fail if outcome == "fail" else None
    return row.always or case or ()
