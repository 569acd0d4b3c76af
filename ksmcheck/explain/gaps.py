"""Where in an execution a barrier would stand that the change under question has taken away.

An execution of the changed program has no event of what was removed. Its place is found by the
text: a thread's events stand in source order along the calls that led to them, but where control
jumps back. A jump back may have passed the place as well; whether a gap is one that counts is for
the model to say (``opened``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from ksmcheck.execution.execution import ExecutedEvent, places
from ksmcheck.program.ir import Origin
from ksmcheck.record import Struct

Path = tuple[tuple[int, int], ...]
"""Line and column of each call on the way, outermost first, and of the place itself."""


class Site(Struct, frozen=True):
    """A changed place: the ``path`` by which ``thread`` comes to it, and the ``tags`` of each fence
    that would order there as before the change, or more."""

    thread: int
    path: Path
    tags: tuple[frozenset[str], ...]


class Gap(Struct, frozen=True):
    """``tags`` of fences that go into ``thread`` before the event at place ``before`` (see
    ``execution.places``)."""

    thread: int
    before: int
    tags: tuple[frozenset[str], ...]


def path_of(origin: Origin) -> Path:
    """The way to an instruction."""
    spans = (*(frame.call for frame in origin.stack), origin.span)
    return tuple((span.line, span.column) for span in spans)


def gaps_of(events: Sequence[ExecutedEvent], sites: Sequence[Site]) -> tuple[Gap, ...]:
    """The gaps between the events of an execution at which the sites may have been passed, each
    once. An event of the site itself, which a weakening leaves, has one on either side."""
    found: dict[tuple[int, int], Gap] = {}
    for site in sites:
        for before in _before(site.path, _steps(events, site.thread)):
            found.setdefault((site.thread, before), Gap(site.thread, before, site.tags))
    return tuple(found.values())


def _steps(events: Sequence[ExecutedEvent], thread: int) -> list[tuple[Path, int]]:
    """The way to each event of a thread, and its place."""
    place = places(events)
    return [
        (path_of(e.origin), place[e.id])
        for e in events
        if e.thread == thread and e.origin is not None
    ]


def _before(path: Path, steps: Sequence[tuple[Path, int]]) -> Iterator[int]:
    """What is before a thread's first event, or after its last, orders nothing."""
    for (left, here), (right, place) in pairwise(steps):
        forwards = left < path < right
        backwards = right <= left and (left < path or path < right)
        if here != place and (forwards or backwards or path in (left, right)):
            yield place
