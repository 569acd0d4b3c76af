"""Expressions of the tree to nodes: names resolved, functions inlined, sorts checked.

Follows "Syntax and semantics of the weak consistency model specification language cat" (Alglave,
Cousot, Maranget, 2016) for its sets and relations of events.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from ksmcheck.cat.algebra import AlgebraBuilder, Sort
from ksmcheck.cat.define import bind
from ksmcheck.cat.library import LIBRARY_TAGS, functions, predefined
from ksmcheck.cat.sorts import sort_of
from ksmcheck.cat.values import (
    Builtin,
    Closure,
    NodeValue,
    ProcedureValue,
    Scope,
    TagGroup,
    Unresolved,
    Unsupported,
    Value,
    unsupported,
)
from ksmcheck.syntax import cat_tree as t
from ksmcheck.text import InputError, Note, Span

_SORT_NAMES = {"set": "a set of events", "rel": "a relation"}
_MAX_DEPTH = 200
_BINARY = {"|": "union", "&": "inter", "\\": "diff", ";": "seq", "*": "product"}
_CLOSURES = {"+": "plus", "*": "star", "?": "opt"}


class UndefinedName(InputError):
    """A name that nothing defines; ``try ... with`` catches it."""


class Elaborator:
    """Holds what elaboration collects: the nodes, and the tags met or declared."""

    def __init__(self, variants: frozenset[str] = frozenset()) -> None:
        self.builder = AlgebraBuilder()
        self.tags: dict[str, Span] = {}
        self.declared: set[str] = set()
        self.variants = variants
        self._predefined = predefined()
        self._functions = functions()
        self._depth = 0
        self._expressions: dict[type, Callable[[Any, Scope, Sort | None], int]] = {
            t.Name: self._name,
            t.TagLiteral: self._tag_literal,
            t.EmptyRelation: lambda e, scope, want: self.builder.constant("empty", "rel"),
            t.Universe: lambda e, scope, want: self.builder.constant("universe", "set"),
            t.Unary: self._unary,
            t.Binary: self._binary,
            t.SetIdentity: self._identity,
            t.Apply: self._apply,
            t.SetLiteral: self._set_literal,
            t.LetIn: self._let_in,
            t.If: self._if,
            t.Try: self._try,
        }

    # -- expressions

    def node(self, expr: t.Expr, scope: Scope, want: Sort | None = None) -> int:
        """The node of a set or relation. Raises InputError if it is not of the wanted sort."""
        rule = self._expressions.get(type(expr))
        if rule is None:
            raise unsupported(f"{_NAMES.get(type(expr), 'this')} as a set or relation", expr.span)
        node = rule(expr, scope, want)
        sort = self.builder.sort(node)
        if want and sort != want:
            hint = "the identity relation on a set S is `[S]`" if sort == "set" else None
            what = f"{_SORT_NAMES[want]} is expected here, but this is {_SORT_NAMES[sort]}"
            raise InputError(what, expr.span, hint)
        return node

    def value(self, expr: t.Expr, scope: Scope) -> Value:
        """What the right side of a ``let`` or an argument stands for, functions included."""
        if isinstance(expr, t.Lambda):
            return Closure("fun", expr.parameters, expr.body, scope, expr.span)
        if isinstance(expr, t.Name):
            found = self._look_up(expr.name, scope)
            if found is None:
                return Unresolved(expr.name, expr.span)
            return found
        return NodeValue(self.node(expr, scope))

    def _look_up(self, name: str, scope: Scope) -> Value | None:
        found = scope.get(name)
        if found is None and name in self._predefined:
            return NodeValue(self._predefined[name](self.builder))
        return found or self._functions.get(name)

    def _name(self, expr: t.Name, scope: Scope, want: Sort | None) -> int:
        found = self._look_up(expr.name, scope)
        match found:
            case None:
                return self.free(expr.name, expr.span, scope, want)
            case NodeValue(node):
                return node
            case Unresolved(name, span):
                return self.free(name, span, scope, want)
            case Unsupported(what):
                raise unsupported(what, expr.span)
            case TagGroup():
                message = f"`{expr.name}` is a group of tags (enum), not a set of events"
                raise InputError(message, expr.span)
        raise _not_a_node(expr, found)

    def free(self, name: str, span: Span, scope: Scope, want: Sort | None) -> int:
        """A name that nothing defines: a tag where a set can stand, else an error."""
        if want == "set" or (want is None and name[0].isupper()):
            return self._tag(name, span)
        hint = self._suggest(name, scope)
        if hint is None and name[0].isupper():
            hint = f"a tag is a set; `[{name}]` is the identity relation on it"
        raise UndefinedName(f"`{name}` is not defined", span, hint)

    def _tag(self, name: str, span: Span) -> int:
        if self.declared and name not in self.declared | LIBRARY_TAGS:
            hint = self._close(name, self.declared)
            raise UndefinedName(f"`{name}` is neither defined nor a declared tag", span, hint)
        self.tags.setdefault(name, span)
        return self.builder.base("set", name)

    def _suggest(self, name: str, scope: Scope) -> str | None:
        return self._close(name, {*scope, *self._predefined, *self._functions})

    def _close(self, name: str, known: set[str]) -> str | None:
        close = get_close_matches(name, sorted(known), n=1, cutoff=0.7)
        return f"did you mean `{close[0]}`?" if close else None

    def _tag_literal(self, expr: t.TagLiteral, scope: Scope, want: Sort | None) -> int:
        return self._tag(event_set(expr.name), expr.span)

    def _unary(self, expr: t.Unary, scope: Scope, want: Sort | None) -> int:
        if expr.op == "~":
            return self.builder.complement(self.node(expr.operand, scope, want))
        operand = self.node(expr.operand, scope, "rel")
        if expr.op == "^-1":
            return self.builder.inverse(operand)
        return self.builder.unary(_CLOSURES[expr.op], operand)

    def _binary(self, expr: t.Binary, scope: Scope, want: Sort | None) -> int:
        operator = _BINARY.get(expr.op)
        if operator is None:
            raise unsupported("`++`", expr.span)
        expected: Sort | None = {"seq": "rel", "product": "set"}.get(operator)  # type: ignore[assignment]
        if expected is None:
            expected = want or sort_of(expr, lambda name: self.sort_of_name(name, scope))
        left = self.node(expr.left, scope, expected)
        right = self.node(expr.right, scope, expected or self.builder.sort(left))
        made: int = getattr(self.builder, operator)(left, right)
        return made

    def sort_of_name(self, name: str, scope: Scope) -> Sort | None:
        """The sort of what a name stands for, None if it is not a set or relation."""
        found = self._look_up(name, scope)
        if isinstance(found, NodeValue):
            return self.builder.sort(found.node)
        return None

    def _identity(self, expr: t.SetIdentity, scope: Scope, want: Sort | None) -> int:
        return self.builder.unary("identity", self.node(expr.operand, scope, "set"))

    def _set_literal(self, expr: t.SetLiteral, scope: Scope, want: Sort | None) -> int:
        if expr.elements:
            raise unsupported("a set written with its elements", expr.span)
        return self.builder.constant("empty", want or "set")

    def _if(self, expr: t.If, scope: Scope, want: Sort | None) -> int:
        chosen = expr.then if self.holds(expr.condition) else expr.orelse
        return self.node(chosen, scope, want)

    def _try(self, expr: t.Try, scope: Scope, want: Sort | None) -> int:
        try:
            return self.node(expr.attempt, scope, want)
        except UndefinedName:
            return self.node(expr.fallback, scope, want)

    def holds(self, condition: t.Condition) -> bool:
        """Whether a condition on the model's variants holds."""
        match condition:
            case t.VariantTest(variant):
                return variant in self.variants
            case t.Logic("not", (operand,)):
                return not self.holds(operand)
            case t.Logic("&&", operands):
                return all(self.holds(c) for c in operands)
            case t.Logic("||", operands):
                return any(self.holds(c) for c in operands)
        raise unsupported("a condition that compares sets", condition.span)

    # -- functions

    def _apply(self, expr: t.Apply, scope: Scope, want: Sort | None) -> int:
        function = self._function(expr, scope)
        if isinstance(function, Unsupported):
            raise unsupported(function.what, expr.span)
        wanted = len(function.sorts if isinstance(function, Builtin) else function.parameters)
        if len(expr.arguments) != wanted:
            plural = "" if wanted == 1 else "s"
            given = len(expr.arguments)
            message = f"`{function.name}` takes {wanted} argument{plural}, not {given}"
            raise InputError(message, expr.span)
        if isinstance(function, Builtin):
            sorts = zip(expr.arguments, function.sorts, strict=True)
            made: int = function.build(self.builder, *(self.node(a, scope, s) for a, s in sorts))
            return made
        return self._inline(function, expr, scope, want)

    def _function(self, expr: t.Apply, scope: Scope) -> Closure | Builtin | Unsupported:
        called = expr.function
        while isinstance(called, t.Apply):
            # `map f s`: nothing supported returns a function, but say what is not supported.
            called = called.function
        if isinstance(called, t.Name):
            found = self._look_up(called.name, scope)
            if isinstance(found, Unsupported):
                return found
            if isinstance(found, Closure | Builtin) and called is expr.function:
                return found
            if found is None:
                hint = self._suggest(called.name, scope)
                message = f"the function `{called.name}` is not defined"
                raise UndefinedName(message, called.span, hint)
        if isinstance(called, t.Lambda) and called is expr.function:
            return Closure("fun", called.parameters, called.body, scope, called.span)
        hint = "two expressions side by side are an application; is an operator missing?"
        raise InputError("this is not a function", expr.span, hint)

    def _inline(self, function: Closure, expr: t.Apply, scope: Scope, want: Sort | None) -> int:
        arguments = [self.value(argument, scope) for argument in expr.arguments]
        inner = {**function.scope, **dict(zip(function.parameters, arguments, strict=True))}
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise InputError(f"`{function.name}` calls itself without end", expr.span)
        try:
            return self.node(function.body, inner, want)
        except InputError as error:
            diagnostic = error.diagnostic
            if len(diagnostic.notes) >= 3:
                raise
            note = Note(f"in this call of `{function.name}`", expr.span)
            notes = (*diagnostic.notes, note)
            raise type(error)(diagnostic.message, diagnostic.span, diagnostic.hint, notes) from None
        finally:
            self._depth -= 1

    def _let_in(self, expr: t.LetIn, scope: Scope, want: Sort | None) -> int:
        return self.node(expr.body, bind(self, expr.bindings, expr.recursive, scope), want)


def event_set(tag: str) -> str:
    """The set of events that carry a tag: herd7 writes ``'mb`` and ``Mb``."""
    return tag[0].upper() + tag[1:]


def _not_a_node(expr: t.Name, found: Value) -> InputError:
    kind = "a procedure" if isinstance(found, ProcedureValue) else "a function"
    message = f"`{expr.name}` is {kind}; a set or relation is expected"
    return InputError(message, expr.span, f"apply it: `{expr.name}(...)`")


_NAMES: dict[type, str] = {
    t.TupleExpr: "a tuple",
    t.Lambda: "a function",
    t.Match: "`match`",
}
