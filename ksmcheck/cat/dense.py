"""Products of relations over many events, by numpy's matrix product.

A float32 counts the midpoints of a pair exactly (there are fewer than 2**24). The linear algebra
library that numpy brings is checked on a sample before it is believed: one that is broken for this
processor must not decide a verdict.
"""

from __future__ import annotations

import os
from functools import cache, lru_cache
from typing import TypeAlias

# Products of this size are slower on more than one thread, and workers share the processors.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

Matrix: TypeAlias = NDArray[np.float32]

_SMALL = 256
"""Matrices of relations over so many events, of 256 KiB each at most, are kept for a while."""


def compose(a: int, b: int, n: int) -> int:
    """a ; b over n events."""
    return _kept_product(a, b, n) if n <= _SMALL else _product(a, b, n)


def _product(a: int, b: int, n: int) -> int:
    return _integer(_matrix(a, n) @ _matrix(b, n))


_kept_product = lru_cache(maxsize=512)(_product)
"""Candidates that differ in what a few reads see have a quarter of their products in common."""


def closure(a: int, n: int) -> int:
    """a+ over n events, by squaring."""
    whole, pairs = _matrix(a, n), -1
    while True:
        found = int(np.count_nonzero(whole))
        if found == pairs:
            return _integer(whole)
        pairs = found
        whole = ((whole @ whole + whole) > 0).astype(np.float32)


def _matrix(a: int, n: int) -> Matrix:
    return _kept(a, n) if n <= _SMALL else _made(a, n)


def _made(a: int, n: int) -> Matrix:
    packed = np.frombuffer(a.to_bytes((n * n + 7) // 8, "little"), dtype=np.uint8)
    bits = np.unpackbits(packed, count=n * n, bitorder="little")
    return bits.reshape(n, n).astype(np.float32)


_kept = lru_cache(maxsize=64)(_made)
"""po, and what does not hang on rf and co, is composed with again and again."""


def _integer(matrix: Matrix) -> int:
    return int.from_bytes(np.packbits(matrix.ravel() > 0, bitorder="little").tobytes(), "little")


@cache
def sound() -> bool:
    """Whether products come out right on a sample with rows of every kind."""
    n = 67
    pairs = [(i, j) for i in range(n) for j in range(n) if (i * i + 3 * j) % 5 < 1 + i % 4]
    ends = [sum(1 << j for x, j in pairs if x == i) for i in range(n)]
    relation = sum(row << (i * n) for i, row in enumerate(ends))
    expected = [0] * n
    for i, j in pairs:
        expected[i] |= ends[j]
    return _product(relation, relation, n) == sum(row << (i * n) for i, row in enumerate(expected))
