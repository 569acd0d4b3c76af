"""Texts of our own, damaged at random: near enough to right to get deep into a parser."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

_PIECE = re.compile(rb"\w+|\s+|[^\w\s]")
_BRACKETS = (
    b"(",
    b"{",
    b"[",
    b"*",
    b"!",
    b"(*",
    b"/*",
    b"if(1)",
    b"P0(",
    b"let f(x)=",
    b"#if ",
    b"-",
)
_ODD = (
    *(b"\x00", b"\xff", b"\xc3\x28", b"\xef\xbb\xbf", b"\r", b"\n", b"\\\n", b"\t", b"\x0c"),
    *(b"99999999999999999999", b"0x", b"08", b"1.5", b"-1", b"'", b'"', b"'a", b"\\", b"/\\", b"%"),
    *("\u00e9".encode(), "\u2028".encode(), "\U0001f600".encode()),
)
_MOST = 60_000


def mutated(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """``data`` with one to six random changes; ``others`` lend pieces."""
    for _ in range(random.choice((1, 1, 2, 3, 6))):
        data = random.choice(_CHANGES)(data, others, random)[:_MOST]
    return data


def _place(data: bytes, random: Random) -> tuple[int, int]:
    """A piece of the text: a word or sign, a line, or any range."""
    kind = random.randrange(3)
    at = random.randrange(len(data) + 1)
    if kind == 0:
        found = _PIECE.search(data, at)
        return found.span() if found else (at, at)
    if kind == 1:
        start, end = data.rfind(b"\n", 0, at) + 1, data.find(b"\n", at)
        return start, end + 1 if end >= 0 else len(data)
    return at, min(len(data), at + random.randrange(1, 40))


def _delete(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    start, end = _place(data, random)
    return data[:start] + data[end:]


def _repeat(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    start, end = _place(data, random)
    times = random.choice((2, 2, 2, 3, 50))
    return data[:start] + data[start:end] * times + data[end:]


def _swap(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    (a, b), (c, d) = sorted((_place(data, random), _place(data, random)))
    return data if c < b else data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def _borrow(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    other = random.choice(others)
    start, end = _place(other, random)
    at, until = _place(data, random)
    return data[:at] + other[start:end] + data[random.choice((at, until)) :]


def _insert(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    at = random.choice(_place(data, random))
    return data[:at] + random.choice(_ODD) + data[at:]


def _byte(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + bytes([random.randrange(256)]) + data[at + 1 :]


def _cut(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _nest(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """Deep nesting: a recursive parser must not fall over it."""
    at = random.choice(_place(data, random))
    return data[:at] + random.choice(_BRACKETS) * random.choice((5, 300, 5000)) + data[at:]


_CHANGES: tuple[Callable[[bytes, Sequence[bytes], Random], bytes], ...] = (
    *(_delete, _delete, _repeat, _swap, _borrow, _borrow, _insert, _byte, _cut, _nest),
)
