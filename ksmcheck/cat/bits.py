"""Relational operators on integers: row i of a relation over n events is at bits i*n .. i*n+n-1.

A composition is, for each midpoint k, the outer product of column k and row k; with ``col`` having
bit 0 of every row, ``(a >> k) & col`` is column k at the places where an integer multiplication by
a row gives that outer product (the summands do not overlap, so no carry occurs).
"""

from __future__ import annotations

import sys
from functools import cache, lru_cache
from types import ModuleType

from ksmcheck.cat.graph import Shape

LARGE = 48
"""From so many events on, a product of matrices is faster than one of integers of n * n bits, even
with the way there and back."""

_CLOSED = 144
"""The same for closures."""

_PATIENCE = 7_000_000
"""Pairs in the compositions that are made of integers first: it takes as long to load numpy, which
a single check need not."""


def _dense(n: int) -> ModuleType | None:
    """The module for many events, if it pays and is to be trusted here."""
    if "numpy" not in sys.modules and _postponed().more(n * n):
        return None
    from ksmcheck.cat import dense

    return dense if dense.sound() else None


class _Postponed:
    """What has been done without numpy in this process."""

    pairs = 0

    def more(self, pairs: int) -> bool:
        """Whether so many pairs more are still to be done without."""
        self.pairs += pairs
        return self.pairs < _PATIENCE


@cache
def _postponed() -> _Postponed:
    return _Postponed()


def compose(a: int, b: int, s: Shape) -> int:
    """a ; b."""
    if not a or not b:
        return 0
    large = s.n >= LARGE
    if a.bit_count() <= s.n // (3 if large else 2):
        return _from_few(a, b, s)
    if b.bit_count() <= s.n // (8 if large else 2):
        return _to_few(a, b, s)
    dense = _dense(s.n) if large else None
    if dense is not None:
        return int(dense.compose(a, b, s.n))
    n, row, col, out, shift = s.n, s.row, s.col, 0, 0
    for k in range(n):
        tail = (b >> shift) & row
        if tail:
            column = (a >> k) & col
            if column:
                out |= column * tail
        shift += n
    return out


def _from_few(a: int, b: int, s: Shape) -> int:
    """a ; b where a has few pairs: for each event that a starts from, the rows of b it leads to."""
    n, row, out, base = s.n, s.row, 0, 0
    while a:
        skipped = ((a & -a).bit_length() - 1) // n * n
        a >>= skipped
        base += skipped
        middle, ends = a & row, 0
        while middle:
            low = middle & -middle
            ends |= (b >> ((low.bit_length() - 1) * n)) & row
            middle ^= low
        out |= ends << base
        a >>= n
        base += n
    return out


def _to_few(a: int, b: int, s: Shape) -> int:
    """a ; b where b has few pairs: for each of them, column by column."""
    n, row, col, out, middle = s.n, s.row, s.col, 0, 0
    while b:
        skipped = ((b & -b).bit_length() - 1) // n
        b >>= skipped * n
        middle += skipped
        column = (a >> middle) & col
        if column:
            out |= column * (b & row)
        b >>= n
        middle += 1
    return out


def closure(a: int, s: Shape) -> int:
    """a+, by Warshall's algorithm."""
    if not a:
        return 0
    dense = _dense(s.n) if s.n >= _CLOSED else None
    if dense is not None:
        return int(dense.closure(a, s.n))
    n, row, col, shift = s.n, s.row, s.col, 0
    for k in range(n):
        tail = (a >> shift) & row
        if tail:
            column = (a >> k) & col
            if column:
                a |= column * tail
        shift += n
    return a


def cyclic(a: int, s: Shape) -> bool:
    """Whether a has a cycle."""
    if a & s.diagonal:
        return True
    if not a & s.lower or not a & ~s.lower:
        return False  # every edge goes forward, or every edge goes back
    n, row = s.n, s.row
    left: list[tuple[int, int]] = []
    alive, bit = 0, 1
    while a:
        ends = a & row
        if ends:
            left.append((bit, ends))
            alive |= bit
        a >>= n
        bit <<= 1
    left.reverse()
    # Take away events that lead nowhere any more, until none is left or none can be taken.
    while left:
        kept = []
        for item in left:
            if item[1] & alive:
                kept.append(item)
            else:
                alive ^= item[0]
        if len(kept) == len(left):
            return True
        left = kept
    return False


def transpose(a: int, s: Shape) -> int:
    """a^-1."""
    n = s.n
    if a.bit_count() > n:
        # Dense: slice the binary text, one slice a column.
        text = format(a, f"0{n * n}b")
        return int("".join([text[k::n] for k in range(n)]), 2)
    out = 0
    while a:
        low = a & -a
        source, target = divmod(low.bit_length() - 1, n)
        out |= 1 << (target * n + source)
        a ^= low
    return out


def product(x: int, y: int, s: Shape) -> int:
    """x * y, the cartesian product of two sets."""
    return _column(x, s.n) * y if x and y else 0


@lru_cache(maxsize=4096)
def _column(x: int, n: int) -> int:
    """The set as a column (kept: most candidates of a test have the same sets)."""
    col = 0
    while x:
        low = x & -x
        col |= 1 << ((low.bit_length() - 1) * n)
        x ^= low
    return col


def identity(x: int, s: Shape) -> int:
    """[x], the identity relation on a set."""
    return s.diagonal & (x * s.col)


def domain(a: int, s: Shape) -> int:
    """The events with a successor."""
    out, n, row, bit = 0, s.n, s.row, 1
    while a:
        if a & row:
            out |= bit
        a >>= n
        bit <<= 1
    return out


def codomain(a: int, s: Shape) -> int:
    """The events with a predecessor."""
    out, n, row = 0, s.n, s.row
    while a:
        out |= a & row
        a >>= n
    return out
