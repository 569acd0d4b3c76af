"""z3 as a SAT solver, and two solvers that have to agree."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Sequence
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.solve.backends import NAMES, open_backend
from ksmcheck.solve.backends.backend import GoOn
from ksmcheck.solve.backends.both import Both
from ksmcheck.solve.backends.z3 import script
from ksmcheck.text import InternalError

LITERALS = st.integers(1, 5).flatmap(lambda v: st.sampled_from([v, -v]))
CLAUSES = st.lists(st.lists(LITERALS, min_size=1, max_size=3), min_size=1, max_size=14)


def satisfiable(clauses: Sequence[Sequence[int]], assumed: Iterable[int]) -> bool:
    """By trying every assignment of five variables."""
    for signs in product((1, -1), repeat=5):
        chosen = {sign * v for v, sign in enumerate(signs, 1)}
        if chosen.issuperset(assumed) and all(chosen.intersection(c) for c in clauses):
            return True
    return False


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=30, deadline=None)
@given(
    first=CLAUSES, second=CLAUSES, assumed=st.sets(st.integers(1, 5)), sign=st.sampled_from([1, -1])
)
def test_answers_models_and_cores(
    name: str, first: list[list[int]], second: list[list[int]], assumed: set[int], sign: int
) -> None:
    solver = open_backend(name)
    asked = sorted(sign * v for v in assumed)
    clauses: list[list[int]] = []
    for more in (first, second):  # incremental
        for clause in more:
            solver.add(clause)
        clauses += more
        for assumptions in (asked, []):
            answer = solver.solve(assumptions, None)
            assert answer is satisfiable(clauses, assumptions)
            if answer:
                model = solver.model()
                assert all(any(model[abs(x) - 1] == x for x in c) for c in clauses)
                assert all(abs(x) > len(model) or model[abs(x) - 1] == x for x in assumptions)
            else:
                core = solver.core()
                assert set(core) <= set(assumptions)
                assert not satisfiable(clauses, core)
    solver.close()


def pigeons(count: int) -> list[list[int]]:
    """``count`` pigeons in one hole less: unsatisfiable, and hard for resolution."""
    at = {(p, h): p * (count - 1) + h + 1 for p in range(count) for h in range(count - 1)}
    clauses = [[at[p, h] for h in range(count - 1)] for p in range(count)]
    for hole in range(count - 1):
        clauses += [[-at[a, hole], -at[b, hole]] for a, b in combinations(range(count), 2)]
    return clauses


@pytest.mark.parametrize("name", ["z3", "both"])
def test_a_search_can_be_stopped(name: str) -> None:
    solver = open_backend(name)
    for clause in pigeons(13):
        solver.add(clause)
    asked = 0

    def go_on() -> bool:
        nonlocal asked
        asked += 1
        return asked < 3

    assert solver.solve([], go_on) is None
    assert asked == 3
    solver.close()


def test_a_variable_that_no_clause_has_is_in_the_model() -> None:
    solver = open_backend("z3")
    solver.add([1])
    assert solver.solve([-4], None) is True
    model = solver.model()
    assert model[0] == 1
    assert model[3] == -4


class Contrary:
    """Says the opposite of a solver."""

    def __init__(self) -> None:
        self.inner = open_backend("cadical")
        self.name = "contrary"

    def add(self, clause: list[int]) -> None:
        self.inner.add(clause)

    def extend(self, clauses: Sequence[list[int]]) -> None:
        self.inner.extend(clauses)

    def solve(self, assumptions: list[int], go_on: GoOn | None) -> bool:
        return not self.inner.solve(assumptions, go_on)

    def model(self) -> Sequence[int]:
        return self.inner.model()

    def core(self) -> list[int]:
        return self.inner.core()

    def close(self) -> None:
        self.inner.close()


@pytest.mark.parametrize("clauses", [[[1]], [[1], [-1]]])
def test_disagreement_is_an_internal_error(clauses: list[list[int]]) -> None:
    both = Both(open_backend("cadical"), Contrary())
    both.extend(clauses)
    with pytest.raises(InternalError, match="contrary finds it"):
        both.solve([], None)
    both.close()


def test_the_text_that_z3_gets() -> None:
    assert script([[2, -3], [-2]]).split("\n") == [
        "(declare-const x2 Bool)",
        "(declare-const x3 Bool)",
        "(assert (and true",
        "(or x2 (not x3))",
        "(not x2)))",
    ]


def test_z3_is_not_imported_before_it_is_asked_for() -> None:
    code = "import sys, ksmcheck.solve.session; print('z3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("name", NAMES)
def test_a_solver_that_outlives_its_library_says_nothing(name: str) -> None:
    """Modules go in the reverse order of their import as the interpreter ends."""
    code = (
        "import enum\nfrom ksmcheck.solve.backends import open_backend\n"
        f"enum.kept = open_backend({name!r})\nenum.kept.add([1])\nassert enum.kept.solve([], None)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
