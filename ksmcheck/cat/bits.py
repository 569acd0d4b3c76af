"""Relational operators on integers: row i of a relation over n events is at bits i*n .. i*n+n-1.

A composition is, for each midpoint k, the outer product of column k and row k; with ``col`` having
bit 0 of every row, ``(a >> k) & col`` is column k at the places where an integer multiplication by
a row gives that outer product (the summands do not overlap, so no carry occurs).
"""

from __future__ import annotations

from ksmcheck.cat.graph import Shape


def compose(a: int, b: int, s: Shape) -> int:
    """a ; b."""
    if not a or not b:
        return 0
    n, row, col, out, shift = s.n, s.row, s.col, 0, 0
    for k in range(n):
        column = (a >> k) & col
        if column:
            tail = (b >> shift) & row
            if tail:
                out |= column * tail
        shift += n
    return out


def closure(a: int, s: Shape) -> int:
    """a+, by Warshall's algorithm."""
    if not a:
        return 0
    n, row, col, shift = s.n, s.row, s.col, 0
    for k in range(n):
        column = (a >> k) & col
        if column:
            tail = (a >> shift) & row
            if tail:
                a |= column * tail
        shift += n
    return a


def cyclic(a: int, s: Shape) -> bool:
    """Whether a has a cycle."""
    if not a & s.lower or not a & ~s.lower:
        # Every edge goes forward, or every edge goes back or stays: cycles are self-loops.
        return bool(a & s.diagonal)
    return bool(a & s.diagonal or closure(a, s) & s.diagonal)


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
    n, col = s.n, 0
    while x:
        low = x & -x
        col |= 1 << ((low.bit_length() - 1) * n)
        x ^= low
    return col * y


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
