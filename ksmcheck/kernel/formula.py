"""The little formulas of ``Primitive``: C expressions over names and integers, as nested tuples."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TypeAlias, Union

Formula: TypeAlias = tuple[Union[str, int, "Formula"], ...]
"""``("int", 3)``, ``("name", "old")``, or ``(op, argument, ...)`` with op of ``ints.OPERATORS``."""

_TOKEN = re.compile(r"\s*(\d+|[A-Za-z_]\w*|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!<>()?:])")

_BINARY: dict[str, tuple[int, str]] = {
    "||": (1, "lor"),
    "&&": (2, "land"),
    "|": (3, "or"),
    "^": (4, "xor"),
    "&": (5, "and"),
    "==": (6, "eq"),
    "!=": (6, "ne"),
    "<": (7, "lt"),
    "<=": (7, "le"),
    ">": (7, "gt"),
    ">=": (7, "ge"),
    "<<": (8, "shl"),
    ">>": (8, "shr"),
    "+": (9, "add"),
    "-": (9, "sub"),
    "*": (10, "mul"),
    "/": (10, "div"),
    "%": (10, "mod"),
}
_UNARY = {"-": "neg", "~": "bitnot", "!": "lnot"}


class FormulaError(ValueError):
    """A formula in ksmcheck's own tables is malformed: our bug, never the user's."""


@cache
def parse_formula(text: str) -> Formula:
    """The tree of a formula, with C's precedence; raises FormulaError on malformed text."""
    parser = _Parser(text)
    tree = parser.ternary()
    if parser.token is not None:
        raise FormulaError(f"unexpected {parser.token!r} in formula {text!r}")
    return tree


def by_outcome(formula: Formula) -> tuple[Formula, Formula] | None:
    """Of ``ok ? a : b`` what the two outcomes give; None for any other formula. The value then
    comes from what is named there alone."""
    if formula[:2] != ("ite", ("name", "ok")):
        return None
    good, bad = formula[2:]
    assert isinstance(good, tuple) and isinstance(bad, tuple)
    return good, bad


def formula_names(formula: Formula) -> frozenset[str]:
    """The names a formula uses."""
    return frozenset(_names(formula))


def _names(formula: Formula) -> Iterator[str]:
    if formula[0] == "name":
        yield str(formula[1])
        return
    for part in formula[1:]:
        if isinstance(part, tuple):
            yield from _names(part)


class _Parser:
    """Precedence climbing over one formula; ``token`` is the next token, None at the end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = _tokens(text)
        self.token = next(self._tokens, None)

    def _take(self) -> str:
        token = self.token
        if token is None:
            raise FormulaError(f"formula {self.text!r} ends too early")
        self.token = next(self._tokens, None)
        return token

    def _expect(self, wanted: str) -> None:
        if self._take() != wanted:
            raise FormulaError(f"{wanted!r} missing in formula {self.text!r}")

    def ternary(self) -> Formula:
        condition = self._binary(0)
        if self.token != "?":
            return condition
        self._take()
        then = self.ternary()
        self._expect(":")
        return ("ite", condition, then, self.ternary())

    def _binary(self, least: int) -> Formula:
        left = self._unary()
        while self.token in _BINARY and _BINARY[self.token][0] > least:
            level, op = _BINARY[self._take()]
            left = (op, left, self._binary(level))
        return left

    def _unary(self) -> Formula:
        token = self._take()
        if token in _UNARY:
            return (_UNARY[token], self._unary())
        if token == "(":
            inner = self.ternary()
            self._expect(")")
            return inner
        if token.isdigit():
            return ("int", int(token))
        if token[0].isalpha() or token[0] == "_":
            return ("name", token)
        raise FormulaError(f"unexpected {token!r} in formula {self.text!r}")


def _tokens(text: str) -> Iterator[str]:
    place = 0
    while place < len(text.rstrip()):
        found = _TOKEN.match(text, place)
        if found is None:
            raise FormulaError(f"unexpected character {text[place]!r} in formula {text!r}")
        yield found.group(1)
        place = found.end()
