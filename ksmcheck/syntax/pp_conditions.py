"""The conditions of ``#if`` and ``#elif`` (C17 6.10.1): integer constants of 64 bits."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import NamedTuple

from ksmcheck.record import replace
from ksmcheck.syntax.c_ast import Binary, Conditional, Expr, IntLit, Name, Unary
from ksmcheck.syntax.c_expressions import Expressions
from ksmcheck.syntax.pp_macros import Expander
from ksmcheck.syntax.tokens import Token
from ksmcheck.text import InputError

_BITS = (1 << 64) - 1
_SIGN = 1 << 63


class _Value(NamedTuple):
    value: int
    unsigned: bool


def condition_holds(tokens: list[Token], end: Token, expander: Expander) -> bool:
    """Whether the condition is not 0. ``end`` is the place to blame if something is missing."""
    resolved = _resolve_defined(tokens, end, expander.macros)
    expanded = expander.expand(resolved)
    last = expanded[-1] if expanded else end
    stop = Token("eof", "the end of the line", last.source, last.end, last.end)
    parser = Expressions([*expanded, stop])
    if not expanded:
        raise InputError("this condition is empty", end.span)
    expr = parser.conditional()
    if parser.token.kind != "eof":
        parser.expected("the end of the condition")
    return _value(expr).value != 0


def _resolve_defined(tokens: list[Token], end: Token, macros: Container[str]) -> list[Token]:
    """``defined X`` and ``defined(X)`` as 1 or 0, before anything is expanded."""
    out: list[Token] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        at += 1
        if token.text != "defined":
            out.append(token)
            continue
        texts = [t.text for t in tokens[at : at + 3]]
        bracketed = len(texts) == 3 and texts[0] == "(" and texts[2] == ")"
        at += 1 if bracketed else 0
        name = tokens[at] if at < len(tokens) else end
        if name.kind != "id":
            raise InputError("expected a macro's name after 'defined'", name.span)
        at += 2 if bracketed else 1
        out.append(replace(name, kind="num", text="1" if name.text in macros else "0"))
    return out


def _value(expr: Expr) -> _Value:
    if isinstance(expr, IntLit):
        return _wrap(expr.value, _unsigned(expr))
    if isinstance(expr, Name):
        if expr.name.startswith("KSMCHECK"):
            raise InputError(f"'{expr.name}' is not defined", expr.span)
        return _Value(0, False)  # C17 6.10.1 p4: what is left over is 0
    if isinstance(expr, Unary) and expr.op in _UNARY:
        operand = _value(expr.operand)
        return _wrap(_UNARY[expr.op](operand.value), _unsigned(expr))
    if isinstance(expr, Binary):
        return _binary(expr)
    if isinstance(expr, Conditional):
        condition = _value(expr.condition)
        chosen = expr.then or expr.condition if condition.value else expr.otherwise
        return _wrap(_value(chosen).value, _unsigned(expr))
    raise InputError("this has no meaning in a preprocessor condition", expr.span)


def _unsigned(expr: Expr) -> bool:
    """Whether the value is unsigned, by C17 6.3.1.8; an operand need not be evaluated for it."""
    if isinstance(expr, IntLit):
        return "u" in expr.text.lower() or expr.value >= _SIGN
    if isinstance(expr, Unary):
        return expr.op != "!" and _unsigned(expr.operand)
    if isinstance(expr, Conditional):
        return _unsigned(expr.then or expr.condition) or _unsigned(expr.otherwise)
    if not isinstance(expr, Binary) or expr.op in _COMPARE or expr.op in ("&&", "||"):
        return False
    return _unsigned(expr.left) or (expr.op not in ("<<", ">>") and _unsigned(expr.right))


def _wrap(value: int, unsigned: bool) -> _Value:
    value &= _BITS
    return _Value(value - (_BITS + 1) if value & _SIGN and not unsigned else value, unsigned)


def _binary(expr: Binary) -> _Value:
    left = _value(expr.left)
    if expr.op in ("&&", "||"):
        if (left.value != 0) == (expr.op == "||"):
            return _Value(int(expr.op == "||"), False)
        return _Value(int(_value(expr.right).value != 0), False)
    right = _value(expr.right)
    shift = expr.op in ("<<", ">>")
    unsigned = left.unsigned or (right.unsigned and not shift)
    a, b = _wrap(left.value, unsigned).value, right.value
    if not shift:
        b = _wrap(b, unsigned).value
    elif not 0 <= b < 64:
        raise InputError("this shift is not within 64 bits", expr.span)
    if expr.op in _COMPARE:
        return _Value(int(_COMPARE[expr.op](a, b)), False)
    if expr.op in ("/", "%") and b == 0:
        raise InputError("division by zero", expr.span)
    if expr.op not in _ARITHMETIC:
        raise InputError(f"'{expr.op}' has no meaning in a preprocessor condition", expr.span)
    return _wrap(_ARITHMETIC[expr.op](a, b), unsigned)


def _quotient(a: int, b: int) -> int:
    """C's division: towards zero."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


_UNARY: dict[str, Callable[[int], int]] = {
    "-": lambda a: -a,
    "+": lambda a: a,
    "~": lambda a: ~a,
    "!": lambda a: int(a == 0),
}
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _quotient,
    "%": lambda a, b: a - b * _quotient(a, b),
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "<<": lambda a, b: a << b,
    ">>": lambda a, b: a >> b,
}
