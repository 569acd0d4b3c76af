"""Constant expressions (C17 6.6): array lengths, enumerators, case labels, initialisers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ksmcheck.kernel.ints import DivisionByZero, IntType, apply
from ksmcheck.kernel.types import (
    BOOLEAN,
    INT,
    LONG,
    UNSIGNED,
    UNSIGNED_LONG,
    ArrayOf,
    BitField,
    CType,
    IntegerType,
    PointerTo,
    StructType,
    common,
    promote,
)
from ksmcheck.syntax.c_ast import (
    Binary,
    Call,
    Cast,
    Conditional,
    Expr,
    Index,
    IntLit,
    Member,
    Name,
    OffsetOf,
    SizeOf,
    StatementExpr,
    TypeExpr,
    Unary,
)
from ksmcheck.text import InputError, Span

if TYPE_CHECKING:
    from ksmcheck.kernel.declarations import Declarations

BINARY: dict[str, str] = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "div",
    "%": "mod",
    "&": "and",
    "|": "or",
    "^": "xor",
    "<<": "shl",
    ">>": "shr",
    "==": "eq",
    "!=": "ne",
    "<": "lt",
    "<=": "le",
    ">": "gt",
    ">=": "ge",
    "&&": "land",
    "||": "lor",
}
"""C's binary operators as the program's."""

UNARY: dict[str, str] = {
    "-": "neg",
    "~": "bitnot",
    "!": "lnot",
    "__ksmcheck_lowest": "lowest",
    "__ksmcheck_highest": "highest",
    "__ksmcheck_weight": "weight",
}
"""C's unary operators as the program's, and what instructions do for <linux/bitops.h>."""
COMPARISONS = frozenset(("eq", "ne", "lt", "le", "gt", "ge"))
NUMBER = "__ksmcheck_number"
"""``sizeof(__ksmcheck_number(n))`` is n where n is constant; elsewhere it is not constant, and n is
not computed."""
ROOM = "__ksmcheck_room"
"""``sizeof(__ksmcheck_room(to))``: the bytes of an array; where only a pointer is known, no end."""
BUILTIN_CONSTANTS: dict[str, int] = {"true": 1, "false": 0}

Typed = tuple[int, IntegerType]


def literal_type(literal: IntLit) -> IntegerType:
    """The first type of C17 6.4.4.1's list that holds the value. Raises InputError if none does."""
    text = literal.text.lower()
    if text.startswith(("'", "l'")):
        return INT
    suffix = text[len(text.rstrip("ul")) :]
    decimal = not text.startswith("0") or text.strip("ul") == "0"
    candidates = [INT, UNSIGNED, LONG, UNSIGNED_LONG]
    if "u" in suffix:
        candidates = [UNSIGNED, UNSIGNED_LONG]
    elif decimal:
        candidates = [INT, LONG]
    for type in candidates:
        if ("l" not in suffix or type.ints.width == 64) and fits(literal.value, type.ints):
            return type
    raise InputError(f"{literal.text} is too large for any integer type", literal.span)


def fits(value: int, type: IntType) -> bool:
    return type.wrap(value) == value


def constant(expr: Expr, types: Declarations) -> Typed:
    """The value and type. Raises InputError where ``expr`` is not an integer constant."""
    found = try_constant(expr, types)
    if found is None:
        name = _undefined(expr, types)
        hint = f"if {name.name} is a macro, #define it, or give it by -D" if name else None
        raise InputError("this is not a constant expression", (name or expr).span, hint)
    return found


def _undefined(expr: Expr, types: Declarations) -> Name | None:
    """What in it is called as macros are, and has no value: ``PAGE_SIZE``."""
    if isinstance(expr, Name):
        return expr if expr.name.isupper() and _name(expr.name, types) is None else None
    inner: tuple[Expr | None, ...] = ()
    if isinstance(expr, Unary | Cast):
        inner = (expr.operand,)
    elif isinstance(expr, Binary):
        inner = (expr.left, expr.right)
    elif isinstance(expr, Conditional):
        inner = (expr.condition, expr.then, expr.otherwise)
    found = (None if part is None else _undefined(part, types) for part in inner)
    return next((name for name in found if name is not None), None)


def try_constant(expr: Expr, types: Declarations) -> Typed | None:
    """As ``constant``, but None for an expression that is not constant."""
    if isinstance(expr, IntLit):
        return expr.value, literal_type(expr)
    if isinstance(expr, Name):
        return _name(expr.name, types)
    if isinstance(expr, Unary):
        return _unary(expr, types)
    if isinstance(expr, Binary):
        return _binary(expr, types)
    if isinstance(expr, Conditional):
        return _conditional(expr, types)
    if isinstance(expr, Cast):
        return _cast(expr, types)
    if isinstance(expr, SizeOf):
        size = size_of(expr, types)
        return None if size is None else (size, UNSIGNED_LONG)
    if isinstance(expr, OffsetOf):
        return offset_of(types.resolve(expr.type), expr.path, types)[0], UNSIGNED_LONG
    if isinstance(expr, StatementExpr):
        from ksmcheck.kernel.block_constants import block_constant

        return block_constant(expr, types)
    if isinstance(expr, Call) and expr.callee.name == "ARRAY_SIZE" and len(expr.args) == 1:
        array = types.type_of_operand(expr.args[0])
        if isinstance(array, ArrayOf) and array.length is not None:
            return array.length, UNSIGNED_LONG
    return None


def _name(name: str, types: Declarations) -> Typed | None:
    if name in types.enumerators:
        return types.enumerators[name]
    if name in BUILTIN_CONSTANTS:
        return BUILTIN_CONSTANTS[name], INT
    return None


def _unary(expr: Unary, types: Declarations) -> Typed | None:
    operand = None if expr.op in ("&", "*") else try_constant(expr.operand, types)
    if operand is None:
        return None
    value, type = operand
    if expr.op == "!":
        return int(not value), INT
    type = promote(type)
    return (value if expr.op == "+" else apply(UNARY[expr.op], type.ints, (value,))), type


def _binary(expr: Binary, types: Declarations) -> Typed | None:
    left = None if expr.op == "," else try_constant(expr.left, types)
    if left is None:
        return None
    if expr.op in ("&&", "||") and bool(left[0]) == (expr.op == "||"):
        return int(bool(left[0])), INT
    right = try_constant(expr.right, types)
    if right is None:
        return None
    op = BINARY[expr.op]
    shared = promote(left[1]) if op in ("shl", "shr") else common(left[1], right[1])
    a = shared.ints.wrap(left[0])
    b = right[0] if op in ("shl", "shr") else shared.ints.wrap(right[0])
    result = INT if op in COMPARISONS or op in ("land", "lor") else shared
    try:
        return apply(op, result.ints, (a, b)), result
    except DivisionByZero:
        what = "shift by a number out of range" if op in ("shl", "shr") else "division by zero"
        raise InputError(f"{what} in a constant expression", expr.span) from None


def _conditional(expr: Conditional, types: Declarations) -> Typed | None:
    condition = try_constant(expr.condition, types)
    if condition is None:
        return None
    then = condition if expr.then is None else try_constant(expr.then, types)
    otherwise = try_constant(expr.otherwise, types)
    if then is None or otherwise is None:
        return None
    shared = common(then[1], otherwise[1])
    return shared.ints.wrap((then if condition[0] else otherwise)[0]), shared


def _cast(expr: Cast, types: Declarations) -> Typed | None:
    type = types.resolve(expr.type)
    operand = try_constant(expr.operand, types)
    if operand is None or not isinstance(type, IntegerType):
        return None
    return converted(operand[0], type)


def converted(value: int, type: IntegerType) -> Typed:
    """C17 6.3.1.2 and 6.3.1.3."""
    if type.ints == BOOLEAN.ints:
        return int(value != 0), type
    return type.ints.wrap(value), type


def size_of(expr: SizeOf, types: Declarations) -> int | None:
    """None where it is not known, as among the constants of a file."""
    operand = expr.operand
    if isinstance(operand, Call) and len(operand.args) == 1:
        if operand.callee.name == NUMBER:
            number = try_constant(operand.args[0], types)  # type: ignore[arg-type]
            return None if number is None else UNSIGNED_LONG.ints.wrap(number[0])
        if operand.callee.name == ROOM:
            return _room(operand.args[0], expr.span, types)
    type = types.type_of_operand(operand)
    if _is_flexible(operand, types):
        message = "a flexible array member has no size: each object has a length of its own"
        raise InputError(message, operand.span, "write the number of its elements")
    return None if type is None else types.layouts.size(type, expr.span)


def _is_flexible(operand: Expr | TypeExpr, types: Declarations) -> bool:
    """Whether it is an array of no size (C17 6.5.3.4 p1, 6.7.2.1 p18)."""
    if not isinstance(operand, Member):
        return False
    base = types.type_of_operand(operand.base)
    if isinstance(base, PointerTo | ArrayOf):
        base = base.target if isinstance(base, PointerTo) else base.element
    if not isinstance(base, StructType) or not types.layouts.is_complete(base):
        return False
    member = types.layouts.of(base, operand.span).member(operand.field)
    return member is not None and member.flexible


def _room(operand: Expr | TypeExpr, span: Span, types: Declarations) -> int:
    """How many bytes an array has that is named; of any other place it is not known."""
    type = types.type_of_operand(operand)
    if isinstance(type, ArrayOf) and type.length is not None and not _is_flexible(operand, types):
        return types.layouts.size(type, span)
    return UNSIGNED_LONG.ints.wrap(-1)


def offset_of(type: CType, path: Expr, types: Declarations) -> tuple[int, CType]:
    """The byte offset and type of the member that ``path`` designates in ``type``."""
    if isinstance(path, Name):
        return _member(type, path.name, path.span, types)
    if isinstance(path, Member) and not path.arrow:
        offset, inner = offset_of(type, path.base, types)
        more, found = _member(inner, path.field, path.span, types)
        return offset + more, found
    if isinstance(path, Index):
        offset, inner = offset_of(type, path.base, types)
        if not isinstance(inner, ArrayOf):
            raise InputError(f"{inner} is not an array", path.span)
        index = constant(path.index, types)[0]
        return offset + index * types.layouts.size(inner.element, path.span), inner.element
    raise InputError("this does not designate a member", path.span)


def _member(type: CType, name: str, span: Span, types: Declarations) -> tuple[int, CType]:
    if not isinstance(type, StructType):
        raise InputError(f"{type} has no members", span)
    member = types.member(type, name, span)
    if isinstance(member.type, BitField):
        raise InputError(f"{name} is a bit-field: it has no offset in bytes", span)
    return member.offset, member.type
