"""How many elements an initialiser gives an array (C17 6.7.9 p22), also one that ends a struct."""

from __future__ import annotations

from ksmcheck.kernel.constants import constant
from ksmcheck.kernel.declarations import Declarations
from ksmcheck.kernel.memory import is_literal
from ksmcheck.kernel.types import ArrayOf, CType, StructType
from ksmcheck.syntax.c_ast import DesignatorPath, ElementRange, Expr, InitList, Name
from ksmcheck.text import InputError


def sized(type: CType, init: Expr | None, types: Declarations) -> CType:
    """``int a[] = {1, 2}`` has two elements."""
    if not isinstance(type, ArrayOf) or type.length is not None or not isinstance(init, InitList):
        return type
    return ArrayOf(type.element, elements(init, types))


def with_room(type: CType, init: Expr | None, types: Declarations) -> CType:
    """What a static object is that ``init`` gives elements of a flexible array member: GNU C gives
    it room for them, as kmalloc(struct_size(...)) would."""
    if not isinstance(type, StructType) or not isinstance(init, InitList):
        return type
    layout = types.layouts.of(type, init.span)
    if not layout.flexible:
        return type
    named = any(designator is not None for designator, _ in init.items) or layout.unnamed
    for place, (designator, given) in enumerate(init.items):
        last = layout.members[-1].name == designator if named else layout.members[place + 1 :] == ()
        listed = literal(given, types) or given
        if last and isinstance(listed, InitList):
            return types.layouts.grown(type, elements(listed, types))
    return type


def literal(expr: Expr, types: Declarations) -> InitList | None:
    """The characters of a string literal, with the 0 behind them."""
    found = types.globals.get(expr.name) if isinstance(expr, Name) else None
    if found is None or not is_literal(found.name):
        return None
    assert isinstance(found.init, InitList)
    return found.init


def elements(init: InitList, types: Declarations) -> int:
    """The length of ``a`` in ``int a[] = {...}``."""
    most = place = 0
    for designator, _ in init.items:
        first = designator.steps[0] if isinstance(designator, DesignatorPath) else designator
        if isinstance(first, str):
            raise InputError("an array has no members", init.span)
        if first is not None:
            place = bounds(first, types)[1]
        place += 1
        most = max(most, place)
    return most


def bounds(step: Expr | ElementRange, types: Declarations) -> tuple[int, int]:
    """The first and the last element that a designator names."""
    if isinstance(step, ElementRange):
        return constant(step.low, types)[0], constant(step.high, types)[0]
    only = constant(step, types)[0]
    return only, only
