"""How far an unsafe point reaches: the region of what may be there too, with few questions.

Most candidates of a repair have nothing to do with one execution. So many are tried at once, and
only where that is too much is it found out in halves which of them it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ksmcheck.whatif.lattice import Levels, Point, Region, below

Item = tuple[int, int]
"""A site, by its index, and a level of it."""

Together = Callable[[Sequence[Item]], bool]
"""Whether all that is the case at once, added to the point; less is if more is."""


def widest(sites: Sequence[Levels], point: Point, together: Together) -> Region:
    """The levels that each site may have beside those at and below the point; of alternatives the
    ones that come first. There is nothing that could be added to all of them."""
    region = list(below(sites, point))
    taken: list[Item] = []
    items = [(i, level) for i, site in enumerate(sites) for level in _highest(site)]
    while items := [(i, level) for i, level in items if level not in region[i]]:
        left = _left_out(items, taken, together)
        for i, level in taken:
            region[i] |= sites[i].at_most(level)
        items = list(dict.fromkeys((i, down) for i, x in left for down in sites[i].steps_down(x)))
    return tuple(region)


def _highest(site: Levels) -> list[int]:
    return [level for level in range(len(site.names)) if not site.steps_up(level)]


def _left_out(items: Sequence[Item], taken: list[Item], together: Together) -> list[Item]:
    """Adds to ``taken`` what can be; gives the rest."""
    if together([*taken, *items]):
        taken += items
        return []
    if len(items) == 1:
        return list(items)
    half = len(items) // 2
    first = _left_out(items[:half], taken, together)
    return [*first, *_left_out(items[half:], taken, together)]
