"""Minimal safe points of a product of small partial orders, found with as few questions as can be.

A point gives each site a level: the call as it is, a weaker form, or nothing. Safety is taken to be
monotone: what is safe stays safe when a site gets stronger. Then the safe points are those above
some minimal one, the unsafe ones those below some maximal one, and the two kinds of border can be
found together (M. Liffiton et al., "Fast, flexible MUS enumeration", Constraints 21, 2016): take a
point of which neither border says anything yet; if it is safe, go down to a minimal safe one, else
up to a maximal unsafe one; what lies beyond is then known. A minimal safe set hits each correction
set, which is what a maximal unsafe point leaves out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

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

Safe = Callable[[Point], bool]


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

    def next(self) -> Point | None:
        if not self.solver.solve([], None):
            return None
        holds = {x for x in self.solver.model() if x > 0}
        return tuple(
            next(i for i in range(len(levels.names)) if first + i in holds)
            for levels, first in zip(self.sites, self._first, strict=True)
        )

    def forget_above(self, point: Point) -> None:
        """All points at or above it are known."""
        self._not([levels.at_least(x) for levels, x in zip(self.sites, point, strict=True)])

    def forget_below(self, point: Point) -> None:
        """All points at or below it are known."""
        self._not([levels.at_most(x) for levels, x in zip(self.sites, point, strict=True)])

    def _not(self, inside: Sequence[frozenset[int]]) -> None:
        self.solver.add(
            [
                first + i
                for levels, first, known in zip(self.sites, self._first, inside, strict=True)
                for i in range(len(levels.names))
                if i not in known
            ]
        )


Grow = Callable[[Point], Point]
"""From an unsafe point to another at or above it, found unsafe without a question."""


def minimal_points(
    sites: Sequence[Levels], safe: Safe, grow: Grow | None = None
) -> Iterator[Point]:
    """All minimal safe points, each as soon as it is found; none if the strongest is not safe.

    With ``grow`` it works from below: it asks of the least points not yet known to be unsafe, and
    each answer "unsafe" is made as general as ``grow`` can. A safe one is then minimal.
    """
    unknown = _Unknown(sites)
    unsafe: list[Point] = []

    def open_(point: Point) -> bool:
        return not _below(sites, point, unsafe)

    point = unknown.next() if sites else ()
    try:
        while point is not None:
            if grow is not None:
                point = _moved(
                    point, sites, lambda p: not _below(sites, p, unsafe), Levels.steps_down
                )
            if safe(point):
                least = point if grow else _moved(point, sites, safe, Levels.steps_down)
                yield least
                unknown.forget_above(least)
            else:
                up = grow or (lambda p: _moved(p, sites, lambda q: not safe(q), Levels.steps_up))
                unsafe.append(up(point))
                unknown.forget_below(unsafe[-1])
            point = unknown.next() if sites else None
    finally:
        unknown.solver.close()


def _below(sites: Sequence[Levels], point: Point, others: Sequence[Point]) -> bool:
    """Whether the point is at or below one of the others."""
    return any(
        all(x in levels.at_most(y) for levels, x, y in zip(sites, point, other, strict=True))
        for other in others
    )


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
