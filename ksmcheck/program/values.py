"""Typed values, and what C's operators make of them (C17 6.5)."""

from __future__ import annotations

from ksmcheck.kernel.constants import BINARY, COMPARISONS, UNARY
from ksmcheck.kernel.ints import ADDRESS, S32, U64
from ksmcheck.kernel.layout import Layouts
from ksmcheck.kernel.types import (
    BOOLEAN,
    INT,
    LONG,
    VOID,
    ArrayOf,
    CType,
    IntegerType,
    PointerTo,
    StructType,
    VoidType,
    alike,
    common,
    ints_of,
    is_scalar,
    is_whole,
    promote,
)
from ksmcheck.program import fold
from ksmcheck.program.ir import Const, Expr
from ksmcheck.record import Struct
from ksmcheck.text import InputError, Span


class Value(Struct, frozen=True):
    """A scalar value of C type ``type``; ``expr`` has type ``ints_of(type)``.

    Of type void, ``expr`` has no meaning.
    """

    expr: Expr
    type: CType

    @property
    def is_null(self) -> bool:
        """A null pointer constant: the integer 0, or 0 cast to ``void *``."""
        plain = isinstance(self.type, IntegerType) or self.type == PointerTo(VOID)
        return plain and fold.is_const(self.expr, 0)


NOTHING = Value(Const(0, S32), VOID)


def integer(value: int, type: IntegerType = INT) -> Value:
    return Value(Const(type.ints.wrap(value), type.ints), type)


def pointer(address: Expr, target: CType, volatile: bool = False) -> Value:
    return Value(address, PointerTo(target, volatile))


def cast(value: Value, type: CType, span: Span) -> Value:
    """An explicit conversion: between any scalars, or to void."""
    if isinstance(type, VoidType):
        return NOTHING
    need_scalar(value, span)
    if not is_scalar(type):
        raise InputError(f"a cast to {type} is not possible", span)
    if type == value.type:
        return value
    if isinstance(type, IntegerType) and type.ints == BOOLEAN.ints:
        return Value(fold.cast(type.ints, fold.truth(value.expr)), type)
    return Value(fold.cast(ints_of(type), value.expr), type)


def need_scalar(value: Value, span: Span) -> None:
    """Raises InputError unless ``value`` is an integer or a pointer."""
    if isinstance(value.type, VoidType):
        raise InputError("this has no value (void)", span)
    if not is_scalar(value.type):
        hint = "name a member" if isinstance(value.type, StructType) else None
        raise InputError(f"a number or pointer is needed, not {value.type}", span, hint=hint)


def compatible(one: CType, other: CType) -> bool:
    """Whether a pointer to ``one`` may be used as a pointer to ``other`` without a cast, as gcc has
    it without -Wpointer-sign; it says more of ``const``, and of ``long`` and ``long long``."""
    if isinstance(one, VoidType) or isinstance(other, VoidType):
        return True
    if isinstance(one, IntegerType) and isinstance(other, IntegerType):
        return one.ints.width == other.ints.width
    return _same(one, other)


def _same(one: CType, other: CType) -> bool:
    """Whether two types are compatible (C17 6.2.7), qualifiers aside."""
    if isinstance(one, PointerTo) and isinstance(other, PointerTo):
        return _same(one.target, other.target)
    if isinstance(one, ArrayOf) and isinstance(other, ArrayOf):
        lengths = one.length, other.length
        return _same(one.element, other.element) and (None in lengths or one.length == other.length)
    return alike(one, other)


def assign(
    value: Value,
    type: CType,
    span: Span,
    *,
    lenient: bool,
    to_function: bool = False,
    at_start: bool = False,
) -> Value:
    """The conversion as if by assignment. ``lenient``: integers and pointers mix freely, as herd7
    has them; but pointers to structs do in a start state alone (``at_start``), and none that is
    given ``to_function``s of the test's own, for herd7 has neither."""
    need_scalar(value, span)
    if isinstance(type, VoidType):
        raise InputError("nothing can be assigned to void", span)
    bad = False
    if isinstance(type, PointerTo) and isinstance(value.type, PointerTo):
        bad = not compatible(value.type.target, type.target)
        told = to_function or _to_whole(type) or _to_whole(value.type)
        lenient &= at_start or not told
    elif isinstance(type, PointerTo):
        bad = not value.is_null
    elif isinstance(value.type, PointerTo):
        bad = type != BOOLEAN and not (isinstance(type, IntegerType) and type.ints == BOOLEAN.ints)
    if bad and not lenient:
        raise InputError(
            f"{value.type} is used where {type} is needed", span, hint=f"cast it: ({type})..."
        )
    return cast(value, type, span)


def _to_whole(type: CType) -> bool:
    """Whether a struct is at the end of the pointers."""
    while isinstance(type, PointerTo | ArrayOf):
        type = type.target if isinstance(type, PointerTo) else type.element
    return is_whole(type)


def unary(op: str, value: Value, span: Span) -> Value:
    """``- + ~ !``, and what instructions do.

    Where a machine has no instruction that finds a bit, the kernel adds constants under branches:
    what is found depends on the word as on a branch's answer, and no read waits for it.
    """
    need_scalar(value, span)
    if op == "!":
        return Value(fold.negation(value.expr), INT)
    if not isinstance(value.type, IntegerType):
        raise InputError(f"{op} needs an integer, not {value.type}", span)
    type = promote(value.type)
    promoted = cast(value, type, span)
    if op == "+":
        return promoted
    operand = promoted.expr
    if UNARY[op] in ("lowest", "highest"):
        operand = fold.op("branch", type.ints, operand)
    return Value(fold.op(UNARY[op], type.ints, operand), type)


def binary(
    op: str, left: Value, right: Value, layouts: Layouts, span: Span, *, lenient: bool
) -> Value:
    """A binary operator other than the comma; both operands are evaluated already."""
    need_scalar(left, span)
    need_scalar(right, span)
    name = BINARY[op]
    if name in ("land", "lor"):
        truths = fold.truth(left.expr), fold.truth(right.expr)
        return Value(fold.op(name, S32, *truths), INT)
    if isinstance(left.type, PointerTo) or isinstance(right.type, PointerTo):
        return _with_pointers(name, op, left, right, layouts, span, lenient)
    assert isinstance(left.type, IntegerType) and isinstance(right.type, IntegerType)
    return _integers(name, left, right, span)


def _integers(name: str, left: Value, right: Value, span: Span) -> Value:
    assert isinstance(left.type, IntegerType) and isinstance(right.type, IntegerType)
    if name in ("shl", "shr"):
        type = promote(left.type)
        amount = cast(right, promote(right.type), span)
        _need_width(amount.expr, type, span)
        return Value(fold.op(name, type.ints, cast(left, type, span).expr, amount.expr), type)
    type = common(left.type, right.type)
    a, b = cast(left, type, span).expr, cast(right, type, span).expr
    if name in COMPARISONS:
        return Value(fold.op(name, S32, a, b), INT)
    if name in ("div", "mod") and fold.is_const(b, 0):
        raise InputError("division by zero", span)
    return Value(fold.op(name, type.ints, a, b), type)


def _need_width(amount: Expr, type: IntegerType, span: Span) -> None:
    if isinstance(amount, Const) and not 0 <= amount.value < type.ints.width:
        raise InputError(f"a shift of {type} by {amount.value} has no meaning in C", span)


def _with_pointers(
    name: str, op: str, left: Value, right: Value, layouts: Layouts, span: Span, lenient: bool
) -> Value:
    if name in COMPARISONS:
        return _compared(name, left, right, span, lenient)
    if name in ("add", "sub") and isinstance(right.type, IntegerType):
        return moved(left, right, name, layouts, span)
    if name == "add" and isinstance(left.type, IntegerType):
        return moved(right, left, name, layouts, span)
    if name == "sub" and left.type == right.type and isinstance(left.type, PointerTo):
        size = layouts.size(left.type.target, span) if left.type.target != VOID else 1
        apart = fold.cast(LONG.ints, fold.op("sub", U64, left.expr, right.expr))
        return Value(fold.op("div", LONG.ints, apart, Const(size, LONG.ints)), LONG)
    hint = "cast the pointer to unsigned long" if not lenient else None
    raise InputError(f"{op} is not defined for {left.type} and {right.type}", span, hint=hint)


def _compared(name: str, left: Value, right: Value, span: Span, lenient: bool) -> Value:
    pointers = isinstance(left.type, PointerTo) and isinstance(right.type, PointerTo)
    if not pointers and not (left.is_null or right.is_null or lenient):
        raise InputError(
            f"{left.type} is compared with {right.type}", span, hint="cast one of them"
        )
    if isinstance(left.type, PointerTo) and isinstance(right.type, PointerTo):
        targets = left.type.target, right.type.target
        if not compatible(*targets) and not lenient:
            raise InputError(f"{left.type} is compared with {right.type}", span)
    a, b = fold.cast(ADDRESS, left.expr), fold.cast(ADDRESS, right.expr)
    return Value(fold.op(name, S32, a, b), INT)


def moved(base: Value, index: Value, name: str, layouts: Layouts, span: Span) -> Value:
    """``base + index`` or ``base - index``, scaled by the size of what ``base`` points to.

    GNU C: ``void *`` moves by bytes.
    """
    assert isinstance(base.type, PointerTo)
    target = base.type.target
    size = 1 if isinstance(target, VoidType) else layouts.size(target, span)
    steps = fold.cast(ADDRESS, index.expr)
    scaled = fold.op("mul", ADDRESS, steps, Const(size, ADDRESS))
    return Value(fold.op(name, ADDRESS, base.expr, scaled), base.type)
