"""Definitions: ``let``, ``let rec``, ``and``."""

from __future__ import annotations

from typing import Protocol

from ksmcheck.cat.algebra import AlgebraBuilder, Group, Sort
from ksmcheck.cat.recursion import is_monotone, require_fixed
from ksmcheck.cat.sorts import recursive_sorts
from ksmcheck.cat.strata import strata
from ksmcheck.cat.values import Closure, NodeValue, Scope, Unresolved, Value, unsupported
from ksmcheck.syntax.cat_tree import Binding, Expr
from ksmcheck.text import Span


class Expressions(Protocol):
    """What definitions need of the elaborator."""

    builder: AlgebraBuilder

    def node(self, expr: Expr, scope: Scope, want: Sort | None = None) -> int: ...
    def value(self, expr: Expr, scope: Scope) -> Value: ...
    def free(self, name: str, span: Span, scope: Scope, want: Sort | None) -> int: ...
    def sort_of_name(self, name: str, scope: Scope) -> Sort | None: ...


def bind(using: Expressions, bindings: tuple[Binding, ...], recursive: bool, scope: Scope) -> Scope:
    """The scope after a ``let``; the one given is left as it is, for closures over it."""
    if recursive:
        return _recursive(using, bindings, scope)
    return {**scope, **{b.name: _bound(using, b, scope) for b in bindings}}


def _bound(using: Expressions, binding: Binding, scope: Scope) -> Value:
    if binding.parameters is not None:
        return Closure(binding.name, binding.parameters, binding.value, scope, binding.span)
    value = using.value(binding.value, scope)
    if isinstance(value, Unresolved):
        # `let fence = MFENCE`: nothing says more than the name itself.
        return NodeValue(using.free(value.name, value.span, scope, None))
    return value


def _recursive(using: Expressions, bindings: tuple[Binding, ...], scope: Scope) -> Scope:
    """A ``let rec``, as the smallest recursions that it is made of if each of them is monotone.

    If one is not, all definitions are iterated together as herd7 does, since what they settle on
    could then hang on the order of steps.
    """
    for b in bindings:
        if b.parameters is not None:
            raise unsupported("a recursive function", b.span)
    inner = scope
    for part, recursive in strata(bindings):
        if not recursive:
            inner = bind(using, part, False, inner)
            continue
        group, inner = _group(using, part, inner)
        if not group.monotone:
            break
    else:
        return inner
    whole, inner = _group(using, bindings, scope)
    require_fixed(using.builder, whole)
    return inner


def _group(using: Expressions, bindings: tuple[Binding, ...], scope: Scope) -> tuple[Group, Scope]:
    """One recursion group of all the definitions, and the scope after it."""
    builder, names = using.builder, tuple(b.name for b in bindings)
    sorts = recursive_sorts(bindings, lambda name: using.sort_of_name(name, scope))
    number, variables = builder.open_group(sorts)
    inner = {**scope, **{k: NodeValue(v) for k, v in zip(names, variables, strict=True)}}
    pairs = zip(bindings, sorts, strict=True)
    bodies = tuple(using.node(b.value, inner, sort) for b, sort in pairs)
    span = bindings[0].span.to(bindings[-1].span)
    monotone = is_monotone(builder, variables, bodies)
    group = Group(number, names, variables, bodies, monotone, span)
    values = builder.close_group(group)
    return group, {**scope, **{k: NodeValue(v) for k, v in zip(names, values, strict=True)}}
