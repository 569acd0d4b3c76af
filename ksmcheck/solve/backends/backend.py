"""What the engines need of a SAT solver."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

GoOn = Callable[[], bool]
"""Asked from time to time while solving; False stops the search."""


class Backend(Protocol):
    """An incremental SAT solver over DIMACS literals."""

    name: str

    def add(self, clause: list[int]) -> None:
        """Asserts a clause."""

    def extend(self, clauses: Sequence[list[int]]) -> None:
        """Asserts each of the clauses."""

    def solve(self, assumptions: list[int], go_on: GoOn | None) -> bool | None:
        """Satisfiable under the assumptions? None: stopped because ``go_on`` said so."""

    def model(self) -> Sequence[int]:
        """After True: the literal of variable v that holds is at place v - 1."""

    def core(self) -> list[int]:
        """After False: assumptions that cannot hold together."""

    def close(self) -> None:
        """Frees the solver; no other call may follow."""
