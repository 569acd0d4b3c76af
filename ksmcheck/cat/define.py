"""Definitions: ``let``, ``let rec``, ``and``."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol, TypeAlias

from ksmcheck.cat.algebra import AlgebraBuilder, Group, Sort
from ksmcheck.cat.recursion import is_monotone, require_fixed
from ksmcheck.cat.sorts import recursive_sorts
from ksmcheck.cat.strata import strata
from ksmcheck.cat.values import (
    Closure,
    GroupOfTags,
    NodeValue,
    Scope,
    TupleValue,
    Unresolved,
    Unusable,
    Value,
    kind_of,
    uncompiled,
)
from ksmcheck.syntax.cat_tree import Binding, Expr
from ksmcheck.text import InputError, Span


class Expressions(Protocol):
    """What definitions need of the elaborator."""

    builder: AlgebraBuilder

    def node(self, expr: Expr, scope: Scope, want: Sort | None = None) -> int: ...
    def value(self, expr: Expr, scope: Scope) -> Value: ...
    def free(self, name: str, span: Span, scope: Scope, want: Sort | None) -> int: ...
    def sort_of_name(self, name: str, scope: Scope) -> Sort | None: ...


Hints: TypeAlias = Mapping[str, Sort]
"""Of recursive names, what they are used as, where their definitions do not tell."""

NO_HINTS: Hints = MappingProxyType({})


def bind(
    using: Expressions,
    bindings: tuple[Binding, ...],
    recursive: bool,
    scope: Scope,
    hints: Hints = NO_HINTS,
) -> Scope:
    """The scope after a ``let``; the one given is left as it is, for closures over it. A definition
    that has no meaning is an error where it is used."""
    if recursive:
        return _recursive(using, bindings, scope, hints)
    new = dict(scope)
    for b in bindings:
        try:
            new.update(_bound(using, b, scope))
        except InputError as error:
            new.update(dict.fromkeys(b.names, Unusable(error)))
    return new


def _bound(using: Expressions, binding: Binding, scope: Scope) -> Scope:
    if binding.parameters is not None:
        return {binding.name: _closure(binding, scope)}
    value = using.value(binding.value, scope)
    if not binding.several:
        return {binding.name: _settled(using, value, scope)}
    wanted = len(binding.several)
    if not isinstance(value, TupleValue) or len(value.parts) != wanted:
        message = f"a tuple of {wanted} is expected here, this is {kind_of(value)}"
        raise InputError(message, binding.value.span)
    parts = [_settled(using, part, scope) for part in value.parts]
    return dict(zip(binding.several, parts, strict=True))


def _closure(binding: Binding, scope: Scope) -> Closure:
    assert binding.parameters is not None
    return Closure(binding.name, binding.parameters, binding.value, scope, binding.span)


def _settled(using: Expressions, value: Value, scope: Scope) -> Value:
    if isinstance(value, Unresolved):
        # `let fence = MFENCE`: nothing says more than the name itself.
        return NodeValue(using.free(value.name, value.span, scope, None))
    return value


def _recursive(
    using: Expressions, bindings: tuple[Binding, ...], scope: Scope, hints: Hints
) -> Scope:
    """A ``let rec``, as the smallest recursions that it is made of if each of them is monotone.

    If one is not, all definitions are iterated together as herd7 does, since what they settle on
    could then hang on the order of steps.
    """
    if all(b.parameters is not None for b in bindings):
        return _functions(bindings, scope)
    for b in bindings:
        if b.parameters is not None or b.several:
            raise uncompiled("a recursion of functions and relations at once", b.span)
    inner = scope
    for part, recursive in strata(bindings):
        if not recursive:
            inner = bind(using, part, False, inner)
            continue
        group, inner = _group(using, part, inner, hints)
        if not group.monotone:
            break
    else:
        return inner
    whole, inner = _group(using, bindings, scope, hints)
    require_fixed(using.builder, whole)
    return inner


def _functions(bindings: tuple[Binding, ...], scope: Scope) -> Scope:
    """Functions that see themselves and each other."""
    inner = dict(scope)
    inner.update((b.name, _closure(b, inner)) for b in bindings)
    return inner


def _group(
    using: Expressions, bindings: tuple[Binding, ...], scope: Scope, hints: Hints
) -> tuple[Group, Scope]:
    """One recursion group of all the definitions, and the scope after it."""
    builder, names = using.builder, tuple(b.name for b in bindings)
    sorts = recursive_sorts(bindings, lambda name: using.sort_of_name(name, scope), hints)
    number, variables = builder.open_group(sorts)
    inner = {**scope, **{k: NodeValue(v) for k, v in zip(names, variables, strict=True)}}
    pairs = zip(bindings, sorts, strict=True)
    try:
        bodies = tuple(using.node(b.value, inner, sort) for b, sort in pairs)
    except GroupOfTags:
        raise uncompiled("a recursion of sets of tags", bindings[0].span) from None
    span = bindings[0].span.to(bindings[-1].span)
    monotone = is_monotone(builder, variables, bodies)
    group = Group(number, names, variables, bodies, monotone, span)
    values = builder.close_group(group)
    return group, {**scope, **{k: NodeValue(v) for k, v in zip(names, values, strict=True)}}
