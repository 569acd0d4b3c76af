"""Operators on sets of values, against the operator on each combination of their members."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksmcheck.events.terms import Term, TermTable
from ksmcheck.events.value_sets import values_of
from ksmcheck.kernel.ints import BOOL, OPERATORS, S32

some_values = st.frozensets(st.integers(-5, 5), max_size=4)
COMPARISONS = ["eq", "ne", "lt", "le", "gt", "ge"]


def of_two_reads(op: str) -> Term:
    terms = TermTable()
    type = BOOL if op in COMPARISONS else S32
    return terms.op(op, type, terms.read(0, S32), terms.read(1, S32))


@pytest.mark.parametrize("op", [*COMPARISONS, "add", "and"])
@given(left=some_values, right=some_values)
def test_as_on_each_pair(op: str, left: frozenset[int], right: frozenset[int]) -> None:
    term = of_two_reads(op)
    one_by_one = {OPERATORS[op](a, b) for a, b in product(left, right)}
    assert values_of(term, [left, right]) == one_by_one


def test_a_comparison_of_many_values_with_many_is_not_given_up() -> None:
    """A million pairs: more than are looked at one by one."""
    term = of_two_reads("lt")
    assert values_of(term, [frozenset(range(1000)), frozenset(range(999, 1999))]) == {0, 1}
    assert values_of(term, [frozenset(range(1000)), frozenset(range(1000, 2000))]) == {1}
