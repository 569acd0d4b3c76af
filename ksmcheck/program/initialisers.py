"""Initialiser lists: which expression goes to which scalar (C17 6.7.9)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from ksmcheck.kernel.constants import constant, try_constant
from ksmcheck.kernel.declarations import Declarations
from ksmcheck.kernel.ints import BOOL
from ksmcheck.kernel.layout import Unnamed
from ksmcheck.kernel.lengths import literal
from ksmcheck.kernel.types import WORDS, ArrayOf, BitField, CType, StructType, is_scalar, is_whole
from ksmcheck.program.alternatives import Alternative, Chosen, Whole, alternatives
from ksmcheck.program.designators import named_by, next_place
from ksmcheck.record import Struct
from ksmcheck.syntax.c_ast import (
    TYPES,
    Binary,
    Call,
    Cast,
    DesignatorPath,
    Expr,
    InitList,
    IntLit,
    Member,
    Name,
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
_NO_ROOM = (
    "elements of a flexible array member are given by the list, in braces of its own, that a shared"
    " variable of that struct starts with"
)


Given: TypeAlias = tuple[CType, Expr]
"""The type that a value is converted to, and the value."""


def leaves(type: CType, init: Expr, types: Declarations) -> Iterator[tuple[int, Given]]:
    """Pairs of a byte offset and what is given for the scalar there, in the type of the member of
    a union that it is given for.

    Inner aggregates need braces of their own, but those that have no name.
    """
    for at, (inner, expr) in _leaves(type, init, types, 0):
        whole = isinstance(inner, StructType)
        if not whole and types.layouts.holds(type, at, inner, init.span):
            yield at, (inner, expr)


class Copied(Struct, frozen=True):
    """A struct or union that a list gives a member or element, at ``offset``: ``.in = s``."""

    offset: int
    type: StructType
    expr: Expr
    size: int

    @property
    def bytes(self) -> range:
        return range(self.offset, self.offset + self.size)


def copied(type: CType, init: Expr, types: Declarations) -> tuple[Copied, ...]:
    """As ``leaves``, the structs that are copied (C17 6.7.9 p13). They are given last: C leaves the
    order open (p23)."""
    return tuple(
        Copied(at, inner, expr, types.layouts.size(inner, expr.span))
        for at, (inner, expr) in _leaves(type, init, types, 0)
        if isinstance(inner, StructType)
    )


def parts(type: CType, init: Expr, types: Declarations) -> Iterator[tuple[int, Given]]:
    """As ``leaves``, what is given for members of unions that have no scalar of their own: they are
    parts of a wider one, to be given after it.

    A zero is left out: it is what all of the union is without (C17 6.7.9 p21). Raises InputError
    for what is no part of an integer.
    """
    for at, (inner, expr) in _leaves(type, init, types, 0):
        if isinstance(inner, StructType):
            continue
        if types.layouts.holds(type, at, inner, init.span) or _constant_zero(expr, types):
            continue
        try:
            types.layouts.within(type, at, inner, expr.span)
        except InputError as error:
            message = "this is given to a member of a union that shares its place with a wider or "
            message += "narrower one, which is used"
            hint = "give it to the member that is used"
            raise InputError(message, expr.span, hint=hint) from error
        yield at, (inner, expr)


def _constant_zero(expr: Expr, types: Declarations) -> bool:
    return try_constant(expr, types) is not None and not constant(expr, types)[0]


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
    found = _Found({}, set(), Chosen())
    place: int | None = 0
    for designator, expr in init.items:
        if isinstance(designator, DesignatorPath):
            for inner, at, unions in named_by(type, designator, expr, types):
                _give(found, inner, at, unions, expr, types)
            place = next_place(designator, types)
            continue
        if designator is not None:
            place = _designated(type, designator, init, types)
        if place is None:
            message = "a value without a designator behind one of several levels is not supported"
            raise InputError(message, expr.span, "name the member")
        unnamed = _unnamed_at(type, place, designator, expr, types)
        inner, at = (unnamed.type, unnamed.offset) if unnamed else _at(type, place, expr, types)
        unions = ()
        if isinstance(type, StructType):
            unions = tuple(alternatives(type, place, 0, types, unnamed=unnamed is not None))
        _give(found, inner, at, unions, expr, types)
        place = unnamed.end if unnamed else _behind(type, place, types)
    return found.given


class _Found(Struct):
    """``given``: by offset. ``fields``: the bit-fields among it, by their words' offsets and their
    places there."""

    given: dict[int, Given]
    fields: set[tuple[int, int]]
    chosen: Chosen

    def clear(self, bytes: range) -> None:
        for before in [o for o in self.given if o in bytes]:
            del self.given[before]
        self.fields = {one for one in self.fields if one[0] not in bytes}


def _is_zero(expr: Expr) -> bool:
    return isinstance(expr, IntLit) and expr.value == 0


def _give(
    found: _Found,
    inner: CType,
    at: int,
    unions: tuple[Alternative, ...],
    expr: Expr,
    types: Declarations,
) -> None:
    """Puts a value for the member or element at this offset among those found. What is given once
    more takes the place of all that was there (C17 6.7.9 p19)."""
    for bytes in found.chosen.choose(unions, expr.span):
        found.clear(bytes)
    given, expr = found.given, _spelled(inner, expr, types)
    if isinstance(inner, BitField):
        if (at, inner.at) in found.fields or (
            at in given and all(o != at for o, _ in found.fields)
        ):
            raise InputError("this bit-field is given a value twice", expr.span)
        found.fields.add((at, inner.at))
        field = _in_word(expr, inner)
        whole = Binary("|", given[at][1], field, expr.span) if at in given else field
        given[at] = inner.word, whole
        return
    size = types.layouts.size(inner, expr.span)
    _not_into_copied(found, range(at, at + size), expr, types)
    if isinstance(inner, StructType) and not isinstance(expr, InitList) and not is_word(inner):
        _give_copied(found, inner, at, expr, types)
        return
    if is_scalar(inner) and isinstance(expr, Name | Member) and types.type_of is not None:
        used = types.type_of(expr)
        if is_whole(used):
            message = f"{used} is used where {inner} is needed"
            raise InputError(message, expr.span, "name a member")
    if not (is_scalar(inner) or is_word(inner) or isinstance(expr, InitList)):
        raise InputError(f"{inner} needs braces", expr.span)
    found.clear(range(at, at + size))
    if isinstance(expr, InitList):
        found.chosen.give(Whole(range(at, at + size), unions))
    given.update(_leaves(inner, expr, types, at))


def _give_copied(
    found: _Found, inner: StructType, at: int, expr: Expr, types: Declarations
) -> None:
    if types.type_of is None or types.type_of(expr) != inner:
        raise InputError(f"{inner} needs braces, or a value of its type", expr.span)
    found.clear(range(at, at + types.layouts.size(inner, expr.span)))
    found.given[at] = inner, expr


def _not_into_copied(found: _Found, bytes: range, expr: Expr, types: Declarations) -> None:
    """Raises InputError where part of a struct that was copied is given a value again."""
    for before, (type, copy) in found.given.items():
        if isinstance(type, StructType):
            size = types.layouts.size(type, copy.span)
            inside = before < bytes.stop and bytes.start < before + size
            if inside and not (bytes.start <= before and before + size <= bytes.stop):
                raise InputError("part of a struct that was given as a whole", expr.span)


def _spelled(inner: CType, expr: Expr, types: Declarations) -> Expr:
    """A string literal, for an array of characters, as a list of these (C17 6.7.9 p14)."""
    listed = literal(expr, types)
    if listed is None or not isinstance(inner, ArrayOf) or not is_scalar(inner.element):
        return expr
    items = listed.items
    return InitList(items[:-1] if len(items) - 1 == inner.length else items, expr.span)


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
            hint = None if type.length else _NO_ROOM
            raise InputError(f"{type} has no element {place}", expr.span, hint=hint)
        return type.element, place * types.layouts.size(type.element, expr.span)
    if isinstance(type, StructType):
        members = types.layouts.of(type, expr.span).members
        if place >= len(members):
            raise InputError(f"too many values for {type}", expr.span)
        return members[place].type, members[place].offset
    raise InputError(f"{type} takes no list of values", expr.span)
