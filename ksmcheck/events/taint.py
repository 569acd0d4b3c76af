"""Which reads a value was computed from, and under which condition: the source of dependencies.

A taint maps the id of a read event to a boolean term; the value depends on that read in the
executions where the term holds (a value merged at a join depends on the branch taken). The
complement ``~id`` stands for a value that a branch on the read gives, or a selection by it: stores
wait for that. ``id | WAY`` stands for a value that was assigned on a way that the read decided:
what a branch on it decides hangs on that read, and nothing else does (as in herd7).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from ksmcheck.events.terms import Term, TermTable

Taint: TypeAlias = dict[int, Term]

CLEAN: Taint = {}

WAY = 1 << 32
"""More than the ids of reads."""


def read_of(key: int) -> int:
    """The read that a key of a taint speaks of."""
    return key ^ WAY if key >= WAY else max(key, ~key)


def union(terms: TermTable, taints: Iterable[Taint]) -> Taint:
    """The taint of a value computed from several."""
    result: Taint = CLEAN
    for taint in taints:
        if not taint or taint is result:
            continue
        result = taint if not result else _two(terms, result, taint)
    return result


def _two(terms: TermTable, a: Taint, b: Taint) -> Taint:
    merged = dict(a)
    for read, when in b.items():
        known = merged.get(read)
        merged[read] = when if known is None or known is when else terms.either(known, when)
    return merged


def by_branch(taint: Taint) -> Taint:
    """The taint of constants that a branch on the value hands on."""
    return {key if key >= WAY else min(key, ~key): when for key, when in taint.items()}


def by_way(taint: Taint) -> Taint:
    """The taint of what is assigned where branches on the value have led."""
    return {read_of(key) | WAY: when for key, when in taint.items()}


def without_ways(taint: Taint) -> Taint:
    """What a value was computed from, however it came to be assigned."""
    return {key: when for key, when in taint.items() if key < WAY}


def deciding(terms: TermTable, taint: Taint) -> Taint:
    """The taint of a branch: where the ways that values were assigned on count too."""
    ways = {key ^ WAY: when for key, when in taint.items() if key >= WAY}
    if not ways:
        return taint
    return union(terms, (without_ways(taint), ways))


def under(terms: TermTable, condition: Term, taint: Taint) -> Taint:
    """The taint restricted to executions where ``condition`` holds."""
    if condition is terms.true or not taint:
        return taint
    return {read: terms.both(condition, when) for read, when in taint.items()}


def joined(terms: TermTable, arms: list[tuple[Term, Taint]]) -> Taint:
    """The taint after a join: that of the arm whose edge condition holds."""
    first = arms[0][1]
    if all(taint is first or taint == first for _, taint in arms):
        return first
    reads = {read for _, taint in arms for read in taint}
    result: Taint = {}
    for read in reads:
        conditions = {id(t.get(read)): t.get(read) for _, t in arms}
        if len(conditions) == 1:
            result[read] = first[read]
        else:
            result[read] = terms.either(
                *(terms.both(edge, t[read]) for edge, t in arms if read in t)
            )
    return result
