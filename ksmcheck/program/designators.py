"""Designators of several levels, and GNU's ranges of elements (C17 6.7.9 p7; GCC manual, 6.29)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from ksmcheck.kernel.constants import try_constant
from ksmcheck.kernel.declarations import Declarations
from ksmcheck.kernel.lengths import bounds
from ksmcheck.kernel.types import ArrayOf, CType, StructType
from ksmcheck.program.alternatives import Alternative, alternatives
from ksmcheck.syntax.c_ast import (
    Call,
    Cast,
    DesignatorPath,
    ElementRange,
    Expr,
    InitList,
    Name,
    Unary,
)
from ksmcheck.text import InputError, Span

Step = str | Expr | ElementRange


Named: TypeAlias = tuple[CType, int, tuple[Alternative, ...]]
"""The type and offset of what is named, and the members of unions that it is in."""


def named_by(
    type: CType, path: DesignatorPath, given: Expr, types: Declarations
) -> Iterator[Named]:
    """All that a path names in an object of this type. Raises InputError."""
    found = list(_steps(type, path.steps, path.span, types))
    if len(found) > 1 and not _is_fixed(given, types):
        hint = "name each of them, or give a constant"
        raise InputError("one value for several elements is not constant", given.span, hint)
    return iter(found)


def next_place(path: DesignatorPath, types: Declarations) -> int | None:
    """The element behind a range; None behind a path of several levels."""
    step = path.steps[0]
    if len(path.steps) > 1 or not isinstance(step, ElementRange):
        return None
    return bounds(step, types)[1] + 1


def _steps(type: CType, steps: Sequence[Step], span: Span, types: Declarations) -> Iterator[Named]:
    if not steps:
        yield type, 0, ()
        return
    step, *others = steps
    for inner, offset, unions in _step(type, step, span, types):
        for found, at, more in _steps(inner, others, span, types):
            moved = (
                Alternative(one.union, offset + one.offset, one.size, one.first) for one in more
            )
            yield found, offset + at, (*unions, *moved)


def _step(type: CType, step: Step, span: Span, types: Declarations) -> Iterator[Named]:
    if not isinstance(step, str):
        yield from ((inner, at, ()) for inner, at in _elements(type, step, span, types))
        return
    if not isinstance(type, StructType):
        raise InputError(f"{type} has no members", span)
    member = types.member(type, step, span)
    place = types.layouts.of(type, span).members.index(member)
    yield member.type, member.offset, tuple(alternatives(type, place, 0, types))


def _elements(
    type: CType, step: Expr | ElementRange, span: Span, types: Declarations
) -> Iterator[tuple[CType, int]]:
    if not isinstance(type, ArrayOf):
        raise InputError(f"{type} has no elements", span)
    low, high = bounds(step, types)
    if low > high:
        raise InputError("an empty range of elements", span)
    for place in (low, high):
        if not 0 <= place < (type.length or 0):
            raise InputError(f"{type} has no element {place}", span)
    size = types.layouts.size(type.element, span)
    for place in range(low, high + 1):
        yield type.element, place * size


def _is_fixed(given: Expr, types: Declarations) -> bool:
    """Whether it may be computed once for each element: the same again, and without a read."""
    if isinstance(given, InitList):
        return all(_is_fixed(value, types) for _, value in given.items)
    if isinstance(given, Cast):
        return _is_fixed(given.operand, types)
    if isinstance(given, Call):
        return given.callee.name.endswith("_INIT") and all(
            try_constant(argument, types) is not None  # type: ignore[arg-type]
            for argument in given.args
        )
    if isinstance(given, Unary) and given.op == "&":
        return isinstance(given.operand, Name)
    if isinstance(given, Name) and given.name == "NULL":
        return True
    return try_constant(given, types) is not None
