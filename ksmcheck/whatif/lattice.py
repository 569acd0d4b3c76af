"""Minimal safe points of a product of small partial orders, found with as few questions as can be.

A point gives each site a level: the call as it is, a weaker form, or nothing. Where safety is
monotone (what is safe stays safe when a site gets stronger), the safe points are those above some
minimal one, the unsafe ones those below some maximal one, and the two kinds of border can be found
together (M. Liffiton et al., "Fast, flexible MUS enumeration", Constraints 21, 2016): take a point
of which neither border says anything yet; if it is safe, go down to a minimal safe one, else up to
a maximal unsafe one; what lies beyond is then known. A minimal safe set hits each correction set,
which is what a maximal unsafe point leaves out.

Monotony is asked for, not taken for granted: of each unsafe point, whether all below it are unsafe.
What lies above a minimal safe point is not minimal in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from ksmcheck.record import Struct, field
from ksmcheck.solve.backends import open_backend
from ksmcheck.solve.backends.backend import Backend


class Levels(Struct, frozen=True):
    """The levels of one site, strongest first; ``below[i]`` are the levels weaker than level i."""

    site: str
    names: tuple[str, ...]
    below: tuple[frozenset[int], ...]

    def at_most(self, level: int) -> frozenset[int]:
        return self.below[level] | {level}

    def at_least(self, level: int) -> frozenset[int]:
        return frozenset(i for i in range(len(self.names)) if level in self.at_most(i))

    def steps_down(self, level: int) -> list[int]:
        """The levels just below, weakest reach first."""
        under = self.below[level]
        return sorted(i for i in under if not any(i in self.below[j] for j in under))

    def steps_up(self, level: int) -> list[int]:
        """The levels just above."""
        over = self.at_least(level) - {level}
        return sorted(i for i in over if not any(j in self.below[i] for j in over))


def two_levels(site: str) -> Levels:
    """Kept or removed."""
    return Levels(site, ("keep", "remove"), (frozenset((1,)), frozenset()))


Point = tuple[int, ...]
"""A level for each site, by its index."""

Region = tuple[frozenset[int], ...]
"""Some levels for each site, by its index: all points that can be made of these."""

Safe = Callable[[Point], bool]


def below(sites: Sequence[Levels], point: Point) -> Region:
    """A point and all below it."""
    return tuple(levels.at_most(level) for levels, level in zip(sites, point, strict=True))


class _Unknown(Struct):
    """The points of which nothing is known yet, as clauses: site i has exactly one level."""

    sites: Sequence[Levels]
    solver: Backend = field(default_factory=lambda: open_backend("cadical"))
    _first: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        count = 1
        for levels in self.sites:
            self._first.append(count)
            mine = list(range(count, count + len(levels.names)))
            self.solver.add(mine)
            for a in mine:
                for b in mine:
                    if a < b:
                        self.solver.add([-a, -b])
            count += len(levels.names)

    def next(self, top: Point | None = None) -> Point | None:
        """One of them; with ``top`` one at or below that."""
        if not self.solver.solve(self._under(top) if top is not None else [], None):
            return None
        holds = {x for x in self.solver.model() if x > 0}
        return tuple(
            next(i for i in range(len(levels.names)) if first + i in holds)
            for levels, first in zip(self.sites, self._first, strict=True)
        )

    def open(self, point: Point) -> bool:
        """Whether nothing is known of the point."""
        exactly = [first + level for first, level in zip(self._first, point, strict=True)]
        return bool(self.solver.solve(exactly, None))

    def _under(self, top: Point) -> list[int]:
        return [
            -(first + i)
            for levels, first, most in zip(self.sites, self._first, top, strict=True)
            for i in range(len(levels.names))
            if i not in levels.at_most(most)
        ]

    def forget(self, point: Point) -> None:
        """This point alone is known."""
        self.forget_all([frozenset((level,)) for level in point])

    def forget_above(self, point: Point) -> None:
        """All points at or above it are known."""
        self.forget_all([levels.at_least(x) for levels, x in zip(self.sites, point, strict=True)])

    def forget_all(self, inside: Sequence[frozenset[int]]) -> None:
        """All points of the region are known."""
        self.solver.add(
            [
                first + i
                for levels, first, known in zip(self.sites, self._first, inside, strict=True)
                for i in range(len(levels.names))
                if i not in known
            ]
        )


Grow = Callable[[Point], Iterable[Region]]
"""From an unsafe point to regions that it is of and that may well be unsafe as a whole, found
without a question; wider ones first. With each point they have all below it."""

Sure = Callable[[Point, Region, bool], Region | None]
"""The part of a region, this unsafe point in it, of which it is sure that all points are unsafe;
None if nothing is. The last argument says whether a doubt counts: it does not where a narrower
region will be asked about."""

Hopeless = Callable[[Point], bool]
"""Whether all points above an unsafe point are unsafe too."""


def minimal_points(
    sites: Sequence[Levels],
    safe: Safe,
    grow: Grow | None = None,
    sure: Sure = lambda _, region, __: region,
    hopeless: Hopeless = lambda _: False,
) -> Iterator[Point]:
    """All minimal safe points, each as soon as it is found: those below which none is safe.

    With ``grow`` it works from below: it asks of the least points not yet known to be unsafe, and
    each answer "unsafe" is made as general as ``grow`` can. What is below an unsafe point, or in
    such a region, is left out where ``sure`` says so, else looked at point by point; what is above
    one where ``hopeless`` does.
    """
    search = _Search(sites, safe, grow, sure, hopeless, _Unknown(sites))
    try:
        yield from search.all()
    finally:
        search.unknown.solver.close()


class _Search(Struct):
    sites: Sequence[Levels]
    safe: Safe
    grow: Grow | None
    sure: Sure
    hopeless: Hopeless
    unknown: _Unknown

    def all(self) -> Iterator[Point]:
        point = self.unknown.next() if self.sites else ()
        while point is not None:
            if self.grow is not None:
                point = self._lowest(point)
            if self.safe(point):
                least = point if self.grow is not None else self._least(point)
                yield least
                self.unknown.forget_above(least)
            elif self.hopeless(point):
                self.unknown.forget_above(point)
            else:
                self._settle(point)
            point = self.unknown.next() if self.sites else None

    def _lowest(self, point: Point) -> Point:
        """A point of which nothing is known, at or below this one, with no other below it."""
        while True:
            below = (self.unknown.next(step) for step in self._down(point))
            lower = next((q for q in below if q is not None), None)
            if lower is None:
                return point
            point = lower

    def _least(self, point: Point) -> Point:
        """A minimal safe point at or below a safe one."""
        while True:
            point = _moved(point, self.sites, self.safe, Levels.steps_down)
            lower = self._safe_below(point)
            if lower is None:
                return point
            point = lower

    def _safe_below(self, point: Point) -> Point | None:
        """A safe point below one whose neighbours below are all unsafe; None: there is none."""
        for step in self._down(point):
            if self.unknown.open(step):
                self._settle(step)
            while (lower := self.unknown.next(step)) is not None:
                if self.safe(lower):
                    return lower
                self._settle(lower)
        return None

    def _settle(self, point: Point) -> None:
        """Takes note of an unsafe point, and of what follows from it."""
        for known, region, counts in self._regions(point):
            found = self.sure(known, region, counts)
            if found is not None:
                self.unknown.forget_all(found)
                return
            if counts:  # it was asked about
                self.unknown.forget(known)

    def _regions(self, point: Point) -> Iterator[tuple[Point, Region, bool]]:
        """Of an unsafe point: regions with an unsafe point of each, and whether doubts count."""
        own = below(self.sites, point)
        if self.grow is None:
            top = _moved(point, self.sites, lambda q: not self.safe(q), Levels.steps_up)
            if top != point:
                yield top, below(self.sites, top), True
        else:
            for region in self.grow(point):
                if region != own:
                    yield point, region, False
        yield point, own, True

    def _down(self, point: Point) -> Iterator[Point]:
        for index, levels in enumerate(self.sites):
            for level in levels.steps_down(point[index]):
                yield (*point[:index], level, *point[index + 1 :])


def _moved(
    point: Point, sites: Sequence[Levels], still: Safe, steps: Callable[[Levels, int], list[int]]
) -> Point:
    """As far as ``steps`` lead from the point while ``still`` holds."""
    moved = True
    while moved:
        moved = False
        for index, levels in enumerate(sites):
            for level in steps(levels, point[index]):
                there = (*point[:index], level, *point[index + 1 :])
                if still(there):
                    point, moved = there, True
                    break
    return point
