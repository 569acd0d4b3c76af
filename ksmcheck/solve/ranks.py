"""Small unsigned numbers as bits, of which only the order matters."""

from __future__ import annotations

from ksmcheck.solve.gates import FALSE, Gates

Rank = tuple[int, ...]
"""Bits as literals, the most significant first."""


class Ranks:
    """Numbers that can put ``count`` things into a row."""

    def __init__(self, gates: Gates, count: int) -> None:
        self._gates = gates
        self._bits = max(1, (count - 1).bit_length())

    def new(self) -> Rank:
        """A number that is left to the solver."""
        return tuple(self._gates.new() for _ in range(self._bits))

    def less(self, a: Rank, b: Rank) -> int:
        """A literal that implies a < b, and can hold wherever that is so."""
        gates, result = self._gates, FALSE
        for x, y in zip(reversed(a), reversed(b), strict=True):
            here = gates.new()
            gates.add(-here, -x, y)
            gates.add(-here, -x, result)
            gates.add(-here, y, result)
            result = here
        return result
