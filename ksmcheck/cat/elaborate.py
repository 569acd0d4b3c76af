"""Expressions of the tree to nodes: names resolved, functions inlined, sorts checked.

Follows "Syntax and semantics of the weak consistency model specification language cat" (Alglave,
Cousot, Maranget, 2016) for its sets and relations of events.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ksmcheck.cat.algebra import Sort
from ksmcheck.cat.define import NO_HINTS, bind
from ksmcheck.cat.names import event_set
from ksmcheck.cat.sorts import sort_of
from ksmcheck.cat.static import StaticValues
from ksmcheck.cat.values import (
    Builtin,
    Closure,
    Constant,
    FamilyValue,
    GroupOfTags,
    NodeValue,
    Scope,
    TagValue,
    Uncompiled,
    Unresolved,
    Value,
    kind_of,
)
from ksmcheck.syntax import cat_tree as t
from ksmcheck.syntax.cat_depth import TOO_DEEP
from ksmcheck.text import InputError, Span

_SORT_NAMES = {"set": "a set of events", "rel": "a relation"}
_BINARY = {"|": "union", "&": "inter", "\\": "diff", ";": "seq", "*": "product"}
_CLOSURES = {"+": "plus", "*": "star", "?": "opt"}


class Elaborator(StaticValues):
    """Makes the nodes of a model's sets and relations."""

    def __init__(self, variants: frozenset[str] = frozenset()) -> None:
        super().__init__(variants)
        self._expressions: dict[type, Callable[[Any, Scope, Sort | None], int]] = {
            t.Name: self._name,
            t.EmptyRelation: lambda e, scope, want: self.builder.constant("empty", "rel"),
            t.Unary: self._unary,
            t.Binary: self._binary,
            t.SetIdentity: self._identity,
            t.Apply: self._apply,
            t.LetIn: self._let_in,
            t.If: self._if,
            t.Try: self._try,
            t.Match: self._match,
        }

    def node(self, expr: t.Expr, scope: Scope, want: Sort | None = None) -> int:
        """The node of a set or relation. Raises InputError if it is not of the wanted sort."""
        try:
            return self._of_sort(self._made(expr, scope, want), want, expr.span)
        except RecursionError:
            raise InputError(TOO_DEEP, expr.span) from None

    def _made(self, expr: t.Expr, scope: Scope, want: Sort | None) -> int:
        rule = self._expressions.get(type(expr))
        if rule is None:
            return self._of_value(self.value(expr, scope), expr.span, scope, want)
        return rule(expr, scope, want)

    def _of_sort(self, node: int, want: Sort | None, span: Span) -> int:
        sort = self.builder.sort(node)
        if want and sort != want:
            hint = "the identity relation on a set S is `[S]`" if sort == "set" else None
            what = f"{_SORT_NAMES[want]} is expected here, but this is {_SORT_NAMES[sort]}"
            raise InputError(what, span, hint)
        return node

    def part(self, value: Value, span: Span, scope: Scope, want: Sort) -> int:
        return self._of_sort(self._of_value(value, span, scope, want), want, span)

    def _name(self, expr: t.Name, scope: Scope, want: Sort | None) -> int:
        found = self.look_up(expr.name, scope)
        if found is None:
            return self.free(expr.name, expr.span, scope, want)
        return self._of_value(found, expr.span, scope, want)

    def _of_value(self, value: Value, span: Span, scope: Scope, want: Sort | None) -> int:
        match value:
            case NodeValue(node):
                return node
            case Constant(op):
                return self._constant(op, want)
            case Unresolved(name, place):
                return self.free(name, place, scope, want)
            case TagValue(name):
                return self.tag(event_set(name), span)
            case FamilyValue():
                message = f"`{span.text}` is a group of tags (enum), not a set of events"
                raise GroupOfTags(message, span)
        message = f"`{span.text}` is {kind_of(value)}; a set or relation is expected"
        applies = isinstance(value, Closure | Builtin | Uncompiled)
        raise InputError(message, span, f"apply it: `{span.text}(...)`" if applies else None)

    def _constant(self, op: str, want: Sort | None) -> int:
        if op == "empty":
            return self.builder.constant("empty", want or "set")
        everything = self.builder.constant("universe", "set")
        return self.builder.product(everything, everything) if want == "rel" else everything

    def _unary(self, expr: t.Unary, scope: Scope, want: Sort | None) -> int:
        if expr.op == "~":
            return self.builder.complement(self.node(expr.operand, scope, want))
        operand = self.node(expr.operand, scope, "rel")
        if expr.op == "^-1":
            return self.builder.inverse(operand)
        return self.builder.unary(_CLOSURES[expr.op], operand)

    def _binary(self, expr: t.Binary, scope: Scope, want: Sort | None) -> int:
        operator = _BINARY.get(expr.op)
        tags = expr.op in "|&\\" and self.of_tags(expr.left, expr.right, scope)
        if operator is None or tags:
            return self._of_value(self.value(expr, scope), expr.span, scope, want)
        expected: Sort | None = {"seq": "rel", "product": "set"}.get(operator)  # type: ignore[assignment]
        if expected is None:
            expected = want or sort_of(expr, lambda name: self.sort_of_name(name, scope))
        try:
            left = self.node(expr.left, scope, expected)
            right = self.node(expr.right, scope, expected or self.builder.sort(left))
        except InputError as error:
            if expected is not None:
                raise
            # Whether what is empty, or tried, is a set may only be seen from the other side.
            left, right = self._from_the_right(expr, scope, error)
        made: int = getattr(self.builder, operator)(left, right)
        return made

    def _from_the_right(self, expr: t.Binary, scope: Scope, error: InputError) -> tuple[int, int]:
        try:
            right = self.node(expr.right, scope, None)
            return self.node(expr.left, scope, self.builder.sort(right)), right
        except InputError:
            raise error from None

    def _identity(self, expr: t.SetIdentity, scope: Scope, want: Sort | None) -> int:
        return self.builder.unary("identity", self.node(expr.operand, scope, "set"))

    def _if(self, expr: t.If, scope: Scope, want: Sort | None) -> int:
        chosen = expr.then if self.holds(expr.condition, scope) else expr.orelse
        return self.node(chosen, scope, want)

    def _try(self, expr: t.Try, scope: Scope, want: Sort | None) -> int:
        taken = expr.attempt

        def attempt(part: t.Expr) -> int:
            # Whether it has a meaning does not hang on what is wanted here, where that can be told.
            nonlocal taken
            taken = part
            try:
                return self.node(part, scope, None)
            except InputError:
                if want is None:
                    raise
                return self.node(part, scope, want)

        done = self.tried(expr, scope, attempt)
        return done if want in (None, self.builder.sort(done)) else self.node(taken, scope, want)

    def _match(self, expr: t.Match, scope: Scope, want: Sort | None) -> int:
        body, inner = self.case_of(expr, scope)
        return self.node(body, inner, want)

    def _apply(self, expr: t.Apply, scope: Scope, want: Sort | None) -> int:
        function = self.function(expr, scope)
        if isinstance(function, Builtin):
            return self.built(function, expr, scope)
        return self.inline(function, expr, scope, lambda body, inner: self.node(body, inner, want))

    def _let_in(self, expr: t.LetIn, scope: Scope, want: Sort | None) -> int:
        hints = {expr.body.name: want} if want and isinstance(expr.body, t.Name) else NO_HINTS
        inner = bind(self, expr.bindings, expr.recursive, scope, hints)
        return self.node(expr.body, inner, want)
