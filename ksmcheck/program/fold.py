"""Pure expressions made simpler: constants folded, neutral operands dropped.

Nothing here may drop an operand that can divide by zero on a path where it is evaluated, except
where C does not evaluate it either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import reduce

from ksmcheck.kernel.ints import S32, DivisionByZero, IntType, apply, passing
from ksmcheck.program.ir import Const, Expr, Op, Use

COMPARISONS = frozenset(("eq", "ne", "lt", "le", "gt", "ge"))
_BOOLEAN = COMPARISONS | {"land", "lor", "lnot"}
_NEGATED = {"eq": "ne", "ne": "eq", "lt": "ge", "ge": "lt", "gt": "le", "le": "gt"}


def op(name: str, type: IntType, *args: Expr) -> Expr:
    """An ``Op``, or something simpler of equal value and type."""
    made = Op(name, args, type)
    values = tuple([a.value for a in args if isinstance(a, Const)])
    if len(values) == len(args):
        try:
            return Const(apply(name, type, values), type)
        except DivisionByZero:
            return made
    rule = _RULES.get(name)
    return made if rule is None else rule(made)


def cast(type: IntType, value: Expr) -> Expr:
    return value if value.type == type else op("cast", type, value)


def truth(value: Expr) -> Expr:
    """``value != 0`` as 0 or 1 in ``int``."""
    if isinstance(value, Op) and value.op in _BOOLEAN:
        return value
    if isinstance(value, Op) and value.op == "cast" and value.args[0].type.width <= 1:
        return truth(value.args[0])
    return op("ne", S32, value, Const(0, value.type))


def negation(value: Expr) -> Expr:
    """``value == 0`` as 0 or 1 in ``int``."""
    if isinstance(value, Op) and value.op in _NEGATED:
        return op(_NEGATED[value.op], S32, *value.args)
    return op("lnot", S32, value)


def is_const(value: Expr, number: int) -> bool:
    return isinstance(value, Const) and value.value == number


def _cast(made: Op) -> Expr:
    (value,) = made.args
    if value.type == made.type:
        return value
    if isinstance(value, Op) and value.op == "cast":
        inner = value.args[0]
        if passing(inner.type, value.type, made.type):
            return cast(made.type, inner)
    return made


def _neutral_right(neutral: int, *, symmetric: bool) -> Callable[[Op], Expr]:
    def rule(made: Op) -> Expr:
        left, right = made.args
        if is_const(right, neutral) and left.type == made.type:
            return left
        if symmetric and is_const(left, neutral) and right.type == made.type:
            return right
        return made

    return rule


def _add(made: Op) -> Expr:
    simple = _neutral_right(0, symmetric=True)(made)
    if simple is not made:
        return simple
    left, right = made.args
    if isinstance(left, Const):
        left, right = right, left
    if isinstance(right, Const) and isinstance(left, Op) and left.op == "add":
        inner = left.args[1]
        if isinstance(inner, Const) and left.type == made.type:
            return op("add", made.type, left.args[0], op("add", made.type, inner, right))
    return Op("add", (left, right), made.type)


def _ite(made: Op) -> Expr:
    condition, then, otherwise = made.args
    if isinstance(condition, Const):
        return then if condition.value else otherwise
    return then if then == otherwise else made


def _land(made: Op) -> Expr:
    left, right = made.args
    if is_const(left, 0):
        return Const(0, made.type)
    if isinstance(left, Const):
        return truth(right)
    return truth(left) if isinstance(right, Const) and right.value else made


def _lor(made: Op) -> Expr:
    left, right = made.args
    if is_const(left, 0):
        return truth(right)
    if isinstance(left, Const):
        return Const(1, made.type)
    return truth(left) if is_const(right, 0) else made


def _with(made: Op) -> Expr:
    value, *others = made.args
    kept = [other for other in others if not isinstance(other, Const)]
    return Op("with", (value, *kept), made.type) if kept and not isinstance(value, Const) else value


def _lnot(made: Op) -> Expr:
    (value,) = made.args
    if isinstance(value, Op) and value.op in _NEGATED:
        return op(_NEGATED[value.op], made.type, *value.args)
    return made


def _ne(made: Op) -> Expr:
    left, right = made.args
    if is_const(right, 0) and isinstance(left, Op) and left.op in _BOOLEAN:
        return left if left.type == made.type else made
    return made


def _eq(made: Op) -> Expr:
    left, right = made.args
    if is_const(right, 0) and isinstance(left, Op) and left.op in _BOOLEAN:
        return negation(left)
    return made


_RULES: dict[str, Callable[[Op], Expr]] = {
    "cast": _cast,
    "add": _add,
    "sub": _neutral_right(0, symmetric=False),
    "mul": _neutral_right(1, symmetric=True),
    "or": _neutral_right(0, symmetric=True),
    "xor": _neutral_right(0, symmetric=True),
    "shl": _neutral_right(0, symmetric=False),
    "shr": _neutral_right(0, symmetric=False),
    "ite": _ite,
    "pick": _ite,
    "land": _land,
    "lor": _lor,
    "lnot": _lnot,
    "with": _with,
    "ne": _ne,
    "eq": _eq,
}


def substitute(expr: Expr, values: Mapping[str, Const]) -> Expr:
    """``expr`` with the registers known in ``values`` replaced, and folded."""
    if type(expr) is Use:
        known = values.get(expr.reg)
        return expr if known is None else cast(expr.type, known)
    if type(expr) is Op:
        args = tuple(substitute(a, values) for a in expr.args)
        return op(expr.op, expr.type, *args)
    return expr


def registers(expr: Expr) -> Iterator[str]:
    """The registers that ``expr`` reads."""
    if type(expr) is Use:
        yield expr.reg
    elif type(expr) is Op:
        for arg in expr.args:
            yield from registers(arg)


_MOST = 32
"""Operands in a row."""


def joined(join: Callable[[Expr, Expr], Expr], parts: list[Expr]) -> Expr:
    """All parts under one associative operator. A condition that lists all states has hundreds,
    and expressions are walked by recursion: of many parts, groups are joined first."""
    while len(parts) > _MOST:
        groups = (parts[i : i + _MOST] for i in range(0, len(parts), _MOST))
        parts = [reduce(join, group) for group in groups]
    return reduce(join, parts)
