"""Formulas of primitives: C's precedence (C17 6.5), compared with Python's where they agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksmcheck.kernel.formula import Formula, FormulaError, formula_names, parse_formula
from ksmcheck.kernel.ints import OPERATORS
from ksmcheck.kernel.primitives import all_primitives


def evaluate(formula: Formula, names: dict[str, int]) -> int:
    if formula[0] == "int":
        assert isinstance(formula[1], int)
        return formula[1]
    if formula[0] == "name":
        return names[str(formula[1])]
    return OPERATORS[str(formula[0])](
        *(evaluate(a, names) for a in formula[1:] if isinstance(a, tuple))
    )


def test_subtraction_groups_to_the_left() -> None:
    assert parse_formula("a - b - c") == (
        "sub",
        ("sub", ("name", "a"), ("name", "b")),
        ("name", "c"),
    )


def test_comparison_binds_tighter_than_bitwise_and() -> None:
    # C17 6.5.10: `a & b == c` is `a & (b == c)`, unlike Python.
    assert parse_formula("a & b == c") == (
        "and",
        ("name", "a"),
        ("eq", ("name", "b"), ("name", "c")),
    )


def test_logical_operators_and_conditional() -> None:
    assert evaluate(parse_formula("!a && b || c ? 7 : 9"), {"a": 0, "b": 1, "c": 0}) == 7
    assert evaluate(parse_formula("!a && b || c ? 7 : 9"), {"a": 1, "b": 1, "c": 0}) == 9


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 7))
def test_arithmetic_agrees_with_python(a: int, b: int, n: int) -> None:
    # Python and C give these operators the same relative precedence.
    for text in ("a + b * 3 - n", "a << n | b ^ n & 3", "~a & b >> n", "-a + b"):
        assert evaluate(parse_formula(text), {"a": a, "b": b, "n": n}) == eval(text)


@pytest.mark.parametrize("text", ["", "a +", "(a", "a b", "a @ b", "? a : b", "a ? b"])
def test_malformed(text: str) -> None:
    with pytest.raises(FormulaError):
        parse_formula(text)


def test_every_primitive_uses_only_its_own_names() -> None:
    for primitive in all_primitives().values():
        for text in (primitive.test, primitive.new, primitive.result, primitive.misuse):
            if text is not None:
                known = {*primitive.names, "old"} | ({"ok"} if primitive.test else set())
                assert formula_names(parse_formula(text)) <= known, primitive.name
