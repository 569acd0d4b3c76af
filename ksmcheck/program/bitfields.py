"""The value of a bit-field in its word, and the word with another value in it."""

from __future__ import annotations

from ksmcheck.kernel.ints import BOOL
from ksmcheck.kernel.types import BitField
from ksmcheck.program import fold
from ksmcheck.program.ir import Const, Expr
from ksmcheck.program.values import Value
from ksmcheck.text import InputError, Span


def taken(word: Expr, field: BitField, span: Span) -> Value:
    """The field's value; a signed one's highest bit is its sign. Raises InputError, with the place
    ``span``, where compilers disagree about its type."""
    if 32 < field.bits < 64:
        message = "compilers disagree about the arithmetic of a bit-field wider than int"
        hint = "make it a whole unsigned long, with shifts and masks"
        raise InputError(f"{message}, here of {field}", span, hint=hint)
    return _held(word, field)


def _held(word: Expr, field: BitField) -> Value:
    width = field.word.ints.width
    top = fold.op("shl", field.word.ints, word, _number(width - field.at - field.bits, field))
    low = Const(width - field.bits, field.ints)
    value = fold.op("shr", field.ints, fold.cast(field.ints, top), low)
    return Value(fold.cast(field.value.ints, value), field.value)


def put(word: Expr, value: Expr, field: BitField) -> Expr:
    """The word with the field's bits replaced by the value's low ones."""
    ints, mask = field.word.ints, (1 << field.bits) - 1
    kept = fold.op("and", ints, word, _number(ints.raw(~(mask << field.at)), field))
    if field.declared.ints == BOOL:
        value = fold.truth(value)
    low = fold.op("and", ints, fold.cast(ints, value), _number(mask, field))
    return fold.op("or", ints, kept, fold.op("shl", ints, low, _number(field.at, field)))


def narrowed(value: Value, field: BitField) -> Value:
    """What an assignment of ``value`` leaves in the field."""
    return _held(put(_number(0, field), value.expr, field), field)


def _number(value: int, field: BitField) -> Const:
    return Const(value, field.word.ints)
