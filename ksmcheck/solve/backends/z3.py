"""z3 as a SAT solver, through its Python API.

Clauses are handed over as SMT-LIB text, many at a time: a z3py expression for each would take far
longer than solving. ``QF_FD`` selects z3's incremental SAT solver. The package is imported when a
solver is opened, since that takes a quarter of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ksmcheck.solve.backends.backend import GoOn
from ksmcheck.text import InternalError

_FIRST_SLICE_MS = 500
_LONGEST_SLICE_MS = 8_000
_INTERRUPTED = ("timeout", "canceled", "interrupted")


class Z3:
    """One z3 solver; ``close`` frees it."""

    def __init__(self) -> None:
        import z3

        self.name = "z3"
        self._z3: Any = z3
        # Its own context: z3 objects of one context must not be used from two threads.
        self._context: Any = z3.Context()
        self._solver: Any = z3.SolverFor("QF_FD", ctx=self._context)
        self._waiting: list[list[int]] = []
        self._literals: dict[int, Any] = {}
        self._size = 0

    def add(self, clause: list[int]) -> None:
        """Asserts a clause."""
        self._waiting.append(clause)
        for literal in clause:
            self._size = max(self._size, abs(literal))

    def extend(self, clauses: Sequence[list[int]]) -> None:
        """Asserts each of the clauses."""
        for clause in clauses:
            self.add(clause)

    def solve(self, assumptions: list[int], go_on: GoOn | None) -> bool | None:
        """Satisfiable under the assumptions? None: stopped because ``go_on`` said so."""
        self._load()
        self._size = max(self._size, *map(abs, assumptions), 0)
        asked = [self._literal(x) for x in assumptions]
        slice_ms = _FIRST_SLICE_MS
        while go_on is None or go_on():
            if go_on is not None:
                self._solver.set("timeout", slice_ms)
            answer = self._solver.check(*asked)
            if answer != self._z3.unknown:
                return bool(answer == self._z3.sat)
            reason = self._solver.reason_unknown()
            if go_on is None or reason not in _INTERRUPTED:
                raise InternalError(f"z3 does not decide a set of clauses: {reason}")
            slice_ms = min(2 * slice_ms, _LONGEST_SLICE_MS)
        return None

    def model(self) -> Sequence[int]:
        """After True: the literal of variable v that holds is at place v - 1."""
        values = list(range(1, self._size + 1))
        model = self._solver.model()
        for constant in model.decls():
            if self._z3.is_false(model[constant]):
                variable = int(constant.name()[1:])
                values[variable - 1] = -variable
        return values

    def core(self) -> list[int]:
        """After False: assumptions that cannot hold together."""
        found = []
        for literal in self._solver.unsat_core():
            negated = self._z3.is_not(literal)
            variable = int(str(literal.arg(0) if negated else literal)[1:])
            found.append(-variable if negated else variable)
        return found

    def close(self) -> None:
        """Frees the solver; no other call may follow."""
        self._literals.clear()
        self._solver = self._context = None

    def _load(self) -> None:
        if self._waiting:
            text = script(self._waiting)
            self._solver.add(self._z3.parse_smt2_string(text, ctx=self._context))
            self._waiting = []

    def _literal(self, literal: int) -> Any:
        known = self._literals.get(literal)
        if known is None:
            known = self._z3.Bool(f"x{abs(literal)}", self._context)
            known = self._literals[literal] = self._z3.Not(known) if literal < 0 else known
        return known


def script(clauses: Sequence[Sequence[int]]) -> str:
    """SMT-LIB: declares the variables (x1, x2, ...) of the clauses, and asserts these as one."""
    variables = sorted({abs(x) for clause in clauses for x in clause})
    lines = [f"(declare-const x{v} Bool)" for v in variables]
    lines.append("(assert (and true")
    for clause in clauses:
        literals = [f"x{x}" if x > 0 else f"(not x{-x})" for x in clause]
        lines.append(literals[0] if len(literals) == 1 else f"(or {' '.join(literals)})")
    return "\n".join(lines) + "))"
