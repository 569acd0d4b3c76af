"""Two solvers on the same questions: an answer counts only if both give it."""

from __future__ import annotations

from collections.abc import Sequence

from ksmcheck.solve.backends.backend import Backend, GoOn
from ksmcheck.text import InternalError


class Both:
    """Answers of ``first``, checked against ``second``; models and cores are the first's."""

    def __init__(self, first: Backend, second: Backend) -> None:
        self.name = f"{first.name}+{second.name}"
        self._first = first
        self._second = second

    def add(self, clause: list[int]) -> None:
        """Asserts a clause."""
        self._first.add(clause)
        self._second.add(clause)

    def extend(self, clauses: Sequence[list[int]]) -> None:
        """Asserts each of the clauses."""
        self._first.extend(clauses)
        self._second.extend(clauses)

    def solve(self, assumptions: list[int], go_on: GoOn | None) -> bool | None:
        """Satisfiable under the assumptions? None: one of them was stopped by ``go_on``.

        Raises InternalError if they disagree.
        """
        one = self._first.solve(assumptions, go_on)
        if one is None:
            return None
        other = self._second.solve(assumptions, go_on)
        if other is None:
            return None
        if one != other:
            says = {True: "satisfiable", False: "unsatisfiable"}
            raise InternalError(
                f"{self._first.name} finds a formula {says[one]}, "
                f"{self._second.name} finds it {says[other]}"
            )
        return one

    def model(self) -> Sequence[int]:
        """After True: the literal of variable v that holds is at place v - 1."""
        return self._first.model()

    def core(self) -> list[int]:
        """After False: assumptions that cannot hold together."""
        return self._first.core()

    def close(self) -> None:
        """Frees both; no other call may follow."""
        self._first.close()
        self._second.close()
