"""Initialiser lists: which expression goes to which scalar (C17 6.7.9)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from ksmcheck.kernel.constants import constant, try_constant
from ksmcheck.kernel.declarations import Declarations
from ksmcheck.kernel.ints import BOOL
from ksmcheck.kernel.layout import Unnamed
from ksmcheck.kernel.types import WORDS, ArrayOf, BitField, CType, StructType, is_scalar
from ksmcheck.program.designators import named_by, next_place
from ksmcheck.syntax.c_ast import (
    TYPES,
    Binary,
    Call,
    Cast,
    DesignatorPath,
    Expr,
    InitList,
    IntLit,
    NamedType,
)
from ksmcheck.text import InputError

INITIALISERS = frozenset(("ATOMIC_INIT", "ATOMIC_LONG_INIT", "ATOMIC64_INIT", "REFCOUNT_INIT"))
UNLOCKED = frozenset(
    (
        *("__SPIN_LOCK_UNLOCKED", "__RAW_SPIN_LOCK_UNLOCKED", "__RW_LOCK_UNLOCKED"),
        *("__MUTEX_INITIALIZER", "__RWSEM_INITIALIZER"),
    )
)


Given: TypeAlias = tuple[CType, Expr]
"""The type that a value is converted to, and the value."""


def leaves(type: CType, init: Expr, types: Declarations) -> Iterator[tuple[int, Given]]:
    """Pairs of a byte offset and what is given for the scalar there, in the type of the member of
    a union that it is given for.

    Inner aggregates need braces of their own, but those that have no name. A zero for a member of a
    union that the checker leaves out is what all of it is without (C17 6.7.9 p21).
    """
    for at, (inner, expr) in _leaves(type, init, types, 0):
        if types.layouts.holds(type, at, inner, init.span):
            yield at, (inner, expr)
        elif try_constant(expr, types) is None or constant(expr, types)[0]:
            message = "this is given to a member of a union that shares its place with a wider or "
            message += "narrower one, which is used"
            raise InputError(message, expr.span, hint="assign it in a statement of its own")


def _leaves(
    type: CType, init: Expr, types: Declarations, offset: int
) -> Iterator[tuple[int, Given]]:
    if not isinstance(init, InitList):
        yield offset, (_word(type, types), unwrapped(init))
    elif is_scalar(type):
        if len(init.items) != 1 or init.items[0][0] is not None:
            raise InputError(f"{type} takes one value", init.span)
        yield from _leaves(type, init.items[0][1], types, offset)
    else:
        for at, given in _members(type, init, types).items():
            yield offset + at, given


def _members(type: CType, init: InitList, types: Declarations) -> dict[int, Given]:
    """The scalars of an aggregate that a list names, by their offsets; none of ``{ 0 }``, whatever
    the first of them is in: all that is not named is zero (C17 6.7.9 p20, p21)."""
    if len(init.items) == 1 and init.items[0][0] is None and _is_zero(init.items[0][1]):
        return {}
    found: dict[int, Given] = {}
    fields: set[tuple[int, int]] = set()
    place: int | None = 0
    for designator, expr in init.items:
        if isinstance(designator, DesignatorPath):
            for inner, at in named_by(type, designator, expr, types):
                _give(found, fields, inner, at, expr, types)
            place = next_place(designator, types)
            continue
        if designator is not None:
            place = _designated(type, designator, init, types)
        if place is None:
            message = "a value without a designator behind one of several levels is not supported"
            raise InputError(message, expr.span, "name the member")
        unnamed = _unnamed_at(type, place, designator, expr, types)
        inner, at = (unnamed.type, unnamed.offset) if unnamed else _at(type, place, expr, types)
        _give(found, fields, inner, at, expr, types)
        place = unnamed.end if unnamed else _behind(type, place, types)
    return found


def _is_zero(expr: Expr) -> bool:
    return isinstance(expr, IntLit) and expr.value == 0


def _give(
    found: dict[int, Given],
    fields: set[tuple[int, int]],
    inner: CType,
    at: int,
    expr: Expr,
    types: Declarations,
) -> None:
    """Puts a value for the member or element at this offset among those found. ``fields``: the
    bit-fields that have one, by their words' offsets and their places there."""
    if isinstance(inner, BitField):
        if (at, inner.at) in fields or (at in found and all(o != at for o, _ in fields)):
            raise InputError("this bit-field is given a value twice", expr.span)
        fields.add((at, inner.at))
        field = _in_word(expr, inner)
        whole = Binary("|", found[at][1], field, expr.span) if at in found else field
        found[at] = inner.word, whole
        return
    if not (is_scalar(inner) or is_word(inner) or isinstance(expr, InitList)):
        raise InputError(f"{inner} needs braces", expr.span)
    _put(found, at, types.layouts.size(inner, expr.span), _leaves(inner, expr, types, at))


def _put(found: dict[int, Given], at: int, size: int, given: Iterable[tuple[int, Given]]) -> None:
    """What is given once more takes the place of all that was there (C17 6.7.9 p19)."""
    for before in [o for o in found if at <= o < at + size]:
        del found[before]
    found.update(given)


def _unnamed_at(
    type: CType, place: int, designator: str | Expr | None, expr: Expr, types: Declarations
) -> Unnamed | None:
    """The member without a name that a list in braces is for."""
    if designator is not None or not (isinstance(expr, InitList) and isinstance(type, StructType)):
        return None
    unnamed = types.layouts.of(type, expr.span).unnamed
    return next((u for u in unnamed if u.first == place), None)


def _behind(type: CType, place: int, types: Declarations) -> int:
    """The member that a value without designator is for, behind one for that at ``place``: of a
    union, also of one without a name, it is the first alone."""
    if not isinstance(type, StructType):
        return place + 1
    layout = types.layouts.of(type, None)
    around = [u for u in layout.unnamed if u.first <= place < u.end]
    next_ = place + 1
    for u in reversed(around):
        if u.type.kind == "union":
            next_ = u.end
        elif next_ < u.end:
            return next_
    return len(layout.members) if type.kind == "union" else next_


def _in_word(expr: Expr, field: BitField) -> Expr:
    """The value of a bit-field, where it is in its word: several of them are or-ed together."""
    span = expr.span
    if isinstance(expr, InitList):
        raise InputError("a bit-field takes one value", span)
    if field.declared.ints == BOOL:
        value: Expr = Binary("!=", expr, IntLit(0, "0", span), span)
    else:
        mask = (1 << field.bits) - 1
        value = Binary("&", expr, IntLit(mask, f"{mask}UL", span), span)
    wide = Cast(NamedType("unsigned long", span), value, span)
    return Binary("<<", wide, IntLit(field.at, str(field.at), span), span)


def is_word(type: CType) -> bool:
    """Whether ``type`` is one of the kernel's opaque words, which take ``ATOMIC_INIT(n)``."""
    return isinstance(type, StructType) and (type.kind, type.tag) in WORDS


def _word(type: CType, types: Declarations) -> CType:
    """``int`` of ``atomic_t``; any other type as it is."""
    if is_word(type):
        assert isinstance(type, StructType)
        return types.layouts.of(type, None).members[0].type
    return type


def unwrapped(init: Expr) -> Expr:
    """``n`` of ``ATOMIC_INIT(n)``."""
    if isinstance(init, Call) and init.callee.name in INITIALISERS and len(init.args) == 1:
        argument = init.args[0]
        assert not isinstance(argument, TYPES)
        return argument
    return init


def _designated(type: CType, designator: str | Expr, init: InitList, types: Declarations) -> int:
    if isinstance(type, StructType):
        if not isinstance(designator, str):
            raise InputError("a member's name is needed", designator.span)
        member = types.member(type, designator, init.span)
        return types.layouts.of(type, init.span).members.index(member)
    if isinstance(designator, str):
        raise InputError(f"{type} has no members", init.span)
    return constant(designator, types)[0]


def _at(type: CType, place: int, expr: Expr, types: Declarations) -> tuple[CType, int]:
    if isinstance(type, ArrayOf):
        if not 0 <= place < (type.length or 0):
            raise InputError(f"{type} has no element {place}", expr.span)
        return type.element, place * types.layouts.size(type.element, expr.span)
    if isinstance(type, StructType):
        members = types.layouts.of(type, expr.span).members
        if place >= len(members):
            raise InputError(f"too many values for {type}", expr.span)
        return members[place].type, members[place].offset
    raise InputError(f"{type} takes no list of values", expr.span)
