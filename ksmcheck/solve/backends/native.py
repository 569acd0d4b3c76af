"""CaDiCaL, Glucose and MiniSat through python-sat's C extension.

``pysolvers`` is imported by itself: ``pysat.solvers`` takes ten times as long to import and adds
nothing that is used here. None of these solvers can be interrupted from another thread while it
holds the interpreter, so a search that has a limit is run in slices of a number of conflicts.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Sequence
from itertools import repeat
from threading import current_thread, main_thread
from types import ModuleType
from typing import Any

from ksmcheck.solve.backends.backend import GoOn

_PREFIX = {"cadical": "cadical195", "glucose": "glucose421", "minisat": "minisat22"}
_FIRST_SLICE = 2_000
_LARGEST_SLICE = 32_000


class Native:
    """One solver instance of the C extension; ``close`` frees it."""

    def __init__(self, name: str) -> None:
        import pysolvers

        self.name = name
        self._module: ModuleType = pysolvers
        self._prefix = _PREFIX[name]
        self._add = self._function("add_cl")
        self._solve = self._function("solve")
        self._assumptions: list[int] = []
        self._solver: Any = self._function("new")()

    def _function(self, name: str) -> Any:
        return getattr(self._module, f"{self._prefix}_{name}")

    def add(self, clause: list[int]) -> None:
        """Asserts a clause."""
        self._add(self._solver, clause)

    def extend(self, clauses: Sequence[list[int]]) -> None:
        """Asserts each of the clauses."""
        # An encoding has tens of thousands: the loop is the interpreter's own.
        deque(map(self._add, repeat(self._solver), clauses), maxlen=0)

    def solve(self, assumptions: list[int], go_on: GoOn | None) -> bool | None:
        """Satisfiable under the assumptions? None: stopped because ``go_on`` said so."""
        self._assumptions = assumptions
        if go_on is None:
            return bool(self._call(self._solve, assumptions, _by_hand()))
        return self._in_slices(assumptions, go_on)

    def _in_slices(self, assumptions: list[int], go_on: GoOn) -> bool | None:
        budget, limited = self._function("cbudget"), self._function("solve_lim")
        cadical = self.name == "cadical"
        conflicts = _FIRST_SLICE
        while go_on():
            budget(self._solver, conflicts)
            arguments = (assumptions, _by_hand()) if cadical else (assumptions, _by_hand(), 0)
            answer = self._call(limited, *arguments)
            # CaDiCaL answers 1, -1, and 0 for "don't know"; the others True, False and None.
            if answer is not None and not (cadical and answer == 0):
                return bool(answer > 0)
            conflicts = min(2 * conflicts, _LARGEST_SLICE)
        return None

    def _call(self, search: Callable[..., Any], *arguments: Any) -> Any:
        """Raises KeyboardInterrupt where the extension has an error of its own for that."""
        try:
            return search(self._solver, *arguments)
        except self._module.error as error:
            if "keyboard interrupt" in str(error):
                raise KeyboardInterrupt from None
            raise

    def model(self) -> Sequence[int]:
        """After True: the literal of variable v that holds is at place v - 1."""
        model: Sequence[int] = self._function("model")(self._solver)
        return model or ()

    def core(self) -> list[int]:
        """After False: assumptions that cannot hold together."""
        if self.name == "cadical":
            return list(self._function("core")(self._solver, self._assumptions) or ())
        return list(self._function("core")(self._solver) or ())

    def close(self) -> None:
        """Frees the solver; no other call may follow."""
        # Forgotten before it is freed: an alarm may ring in between, and what is freed twice ends
        # the process.
        solver, self._solver = self._solver, None
        if solver is not None:
            delete = self._function("del")
            delete(solver, None) if self.name == "cadical" else delete(solver)

    def __del__(self, ending: Callable[[], bool] = sys.is_finalizing) -> None:
        # As the interpreter ends, the extension may be gone before us; the memory goes in any case.
        if getattr(self, "_solver", None) is not None and not ending():
            self.close()


def _by_hand() -> int:
    """1 where an interrupt from the keyboard may end the search (only in the main thread)."""
    return int(current_thread() is main_thread())
