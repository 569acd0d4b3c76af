"""Conjunctions of conditions, and what several of them come to together."""

from __future__ import annotations

from collections.abc import Callable

Cube = frozenset[int]
"""A conjunction of terms, by their numbers."""


def resolve(cubes: set[Cube], no: Callable[[int], int]) -> set[Cube]:
    """Merges pairs of cubes that differ in one complemented condition, and drops implied ones."""
    changed = True
    while changed and len(cubes) > 1:
        changed = False
        for cube in sorted(cubes, key=len, reverse=True):
            for term in cube:
                opposite = no(term)
                partners = [other for other in cubes if opposite in other]
                rest = cube - {term}
                if any(other <= rest | {opposite} for other in partners):
                    cubes = {c for c in cubes if not rest <= c} | {rest}
                    changed = True
                    break
            if changed:
                break
    return cubes
