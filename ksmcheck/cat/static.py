"""Values that the text of a model fixes: tags, tuples, functions, choices by tag.

What hangs on the execution otherwise than as a set or relation (a ``match`` on a set of events, a
set of sets that the execution makes) raises NeedsInterpreter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Literal, TypeVar

from ksmcheck.cat.algebra import Sort
from ksmcheck.cat.define import bind
from ksmcheck.cat.families import FAMILY_OPERATORS, NOTHING, Families, in_order
from ksmcheck.cat.names import UndefinedName, event_set
from ksmcheck.cat.values import (
    Builtin,
    Closure,
    FamilyValue,
    NeedsInterpreter,
    NodeValue,
    Scope,
    TagValue,
    TupleValue,
    Uncompiled,
    Unresolved,
    Value,
    kind_of,
    uncompiled,
)
from ksmcheck.syntax import cat_tree as t
from ksmcheck.text import InputError, Note, Span

_MAX_DEPTH = 1000
_T = TypeVar("_T")


class StaticValues(Families):
    """Expressions as values; ``node`` gives those that are sets and relations."""

    _depth = 0

    @cached_property
    def _given_before(self) -> dict[tuple[int, int], tuple[Value, Scope]]:
        return {}

    def node(self, expr: t.Expr, scope: Scope, want: Sort | None = None) -> int:
        raise NotImplementedError

    def part(self, value: Value, span: Span, scope: Scope, want: Sort) -> int:
        """The node of a part of a tuple that is given to a function at ``span``."""
        raise NotImplementedError

    def value(self, expr: t.Expr, scope: Scope) -> Value:
        """What the right side of a ``let`` or an argument stands for."""
        return self.constant(expr, scope) or self._value(expr, scope)

    def _value(self, expr: t.Expr, scope: Scope) -> Value:
        match expr:
            case t.Lambda(parameters, body):
                return Closure("fun", parameters, body, scope, expr.span)
            case t.Name(name):
                return self.look_up(name, scope) or Unresolved(name, expr.span)
            case t.TagLiteral(name):
                return self.literal(name, expr.span)
            case t.TupleExpr(elements):
                return TupleValue(tuple(self.value(x, scope) for x in elements))
            case t.SetLiteral(elements) if elements:
                return self.family(elements, scope)
            case t.Binary(op, left, right) if op in FAMILY_OPERATORS:
                if self.of_families(op, left, right, scope):
                    return self.joined(expr, scope)
            case t.Unary("~", operand) if self.is_family(operand, scope):
                return self.complement(operand, scope)
            case t.LetIn():
                return self.value(expr.body, self.inside(expr, scope))
            case t.If(condition, then, orelse):
                return self.value(then if self.holds(condition, scope) else orelse, scope)
            case t.Try():
                return self.tried(expr, scope, lambda e: self.value(e, scope))
            case t.Match():
                body, inner = self.case_of(expr, scope)
                return self.value(body, inner)
            case t.Apply():
                return self.applied(expr, scope)
        return NodeValue(self.node(expr, scope))

    # Choices.

    def holds(self, condition: t.Condition, scope: Scope) -> bool:
        """Whether a condition on the model's variants or on tags holds."""
        match condition:
            case t.VariantTest(variant):
                return variant in self.variants
            case t.Logic("not", (operand,)):
                return not self.holds(operand, scope)
            case t.Logic("&&", operands):
                return all(self.holds(c, scope) for c in operands)
            case t.Logic(_, operands):
                return any(self.holds(c, scope) for c in operands)
            case t.Compare():
                return self._compare(condition, scope)

    def _compare(self, c: t.Compare, scope: Scope) -> bool:
        left, right = self._compared(c.left, scope), self._compared(c.right, scope)
        if not all(isinstance(x, TagValue | FamilyValue) for x in (left, right)):
            raise uncompiled("a condition that compares sets", c.span)
        if c.op == "in":
            return left in self.members(c.right, scope)
        if c.op == "=" and isinstance(left, TagValue) != isinstance(right, TagValue):
            raise InputError("a tag is no set of tags", c.span, "`in` asks whether it is in one")
        first, second = set(self.members(c.left, scope)), set(self.members(c.right, scope))
        return first == second if c.op == "=" else first <= second

    def _compared(self, expr: t.Expr, scope: Scope) -> Value:
        found = self.value(expr, scope)
        return FamilyValue(()) if found == NOTHING else found

    def case_of(self, expr: t.Match, scope: Scope) -> tuple[t.Expr, Scope]:
        """The case that a ``match`` takes, and the names it binds."""
        subject = self._compared(expr.subject, scope)
        if isinstance(subject, NodeValue | Unresolved):
            raise uncompiled("`match` on a set of events", expr.span)
        if not isinstance(subject, TagValue | FamilyValue):
            raise InputError(f"`match` on {kind_of(subject)}", expr.subject.span)
        for case in expr.cases:
            names = _taken(case.pattern, subject)
            if names is not None:
                return case.body, {**scope, **names}
        raise InputError("none of the cases fits", expr.span)

    def tried(self, expr: t.Try, scope: Scope, attempt: Callable[[t.Expr], _T]) -> _T:
        """``try a with b``: b where a is not defined or has no meaning."""
        try:
            found = attempt(expr.attempt)
        except NeedsInterpreter:
            raise
        except InputError:
            return attempt(expr.fallback)
        if isinstance(found, Unresolved):
            return found if self.may_be_tag(found.name) else attempt(expr.fallback)
        return found

    # Functions.

    def inside(self, expr: t.LetIn, scope: Scope) -> Scope:
        """The names within ``let ... in``."""
        return bind(self, expr.bindings, expr.recursive, scope)

    def only_member(self, expr: t.Expr, scope: Scope) -> Value | None:
        """The member of a set of one, where that is written as such, by a function it may be."""
        match expr:
            case t.SetLiteral((member,)):
                return self.value(member, scope)
            case t.Apply():
                function = self.function(expr, scope)
                if isinstance(function, Closure):
                    return self.inline(function, expr, scope, self.only_member)
        return None

    def gives_family(self, expr: t.Apply, scope: Scope) -> bool:
        """Whether a function of the model gives a set of tags or of sets. That is kept for the one
        who asks for it next: a function that calls itself would be called twice in each round."""
        try:
            function = self.function(expr, scope)
            value = None if isinstance(function, Builtin) else self.applied(expr, scope)
        except InputError:
            return False  # whoever wants its value will say so, or knows which sort is wanted
        if isinstance(value, FamilyValue):
            self._given_before[id(expr), id(scope)] = value, scope
        return isinstance(value, FamilyValue)

    def applied(self, expr: t.Apply, scope: Scope) -> Value:
        before = self._given_before.pop((id(expr), id(scope)), None)
        if before is not None:
            return before[0]
        function = self.function(expr, scope)
        if isinstance(function, Builtin):
            return NodeValue(self.built(function, expr, scope))
        return self.inline(function, expr, scope, self.value)

    def built(self, function: Builtin, expr: t.Apply, scope: Scope) -> int:
        """The node of a predefined function's value."""
        if function.shorter and self._takes_one(expr, scope):
            function = function.shorter
        given = self._given(function, expr, scope)
        try:
            made: int = function.build(self.builder, *given)
        except NotImplementedError as problem:
            raise InputError(str(problem), expr.span) from None
        return made

    def _takes_one(self, expr: t.Apply, scope: Scope) -> bool:
        """Whether a function is given one argument, and that no tuple."""
        arguments = expr.arguments
        return len(arguments) == 1 and not isinstance(self.value(arguments[0], scope), TupleValue)

    def _given(self, function: Builtin, expr: t.Apply, scope: Scope) -> list[int]:
        sorts, arguments = function.sorts, expr.arguments
        if len(sorts) == len(arguments):
            written = zip(arguments, sorts, strict=True)
            return [self._argument(argument, scope, sort) for argument, sort in written]
        # A tuple that has a name, or that a function gives: its parts are the arguments.
        values = [self.value(argument, scope) for argument in arguments]
        parts = _spread(values, len(sorts))
        if parts is None or "tag" in sorts:
            raise _wrong_number(function.name, len(sorts), len(arguments), expr.span)
        given = zip(parts, sorts, strict=True)
        return [self.part(part, expr.span, scope, sort) for part, sort in given if sort != "tag"]

    def _argument(self, argument: t.Expr, scope: Scope, sort: Sort | Literal["tag"]) -> int:
        if sort != "tag":
            return self.node(argument, scope, sort)
        tag = self.value(argument, scope)
        if not isinstance(tag, TagValue):
            raise InputError(f"a tag is expected here, this is {kind_of(tag)}", argument.span)
        return self.tag(event_set(tag.name), argument.span)

    def function(self, expr: t.Apply, scope: Scope) -> Closure | Builtin:
        """The function that is called. Raises InputError where it is none."""
        called = expr.function
        match called:
            case t.Lambda():
                return Closure("fun", called.parameters, called.body, scope, called.span)
            case t.Name(name):
                found = self.look_up(name, scope)
            case t.Apply():
                found = self.value(called, scope)
            case _:
                found = None
        if isinstance(found, Uncompiled):
            raise uncompiled(f"the function `{found.what}`", expr.span)
        if isinstance(found, Closure | Builtin):
            return found
        if found is None and isinstance(called, t.Name):
            hint = self.suggest(called.name, scope)
            raise UndefinedName(f"the function `{called.name}` is not defined", called.span, hint)
        hint = "two expressions side by side are an application; is an operator missing?"
        raise InputError("this is not a function", expr.span, hint)

    def inline(
        self,
        function: Closure,
        expr: t.Apply,
        scope: Scope,
        finish: Callable[[t.Expr, Scope], _T],
    ) -> _T:
        """The body of a function, with its arguments, as ``finish`` sees it."""
        inner = {**function.scope, **self.arguments(function, expr, scope)}
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise InputError(f"`{function.name}` calls itself without end", expr.span)
        try:
            return finish(function.body, inner)
        except InputError as error:
            diagnostic = error.diagnostic
            if len(diagnostic.notes) >= 3:
                raise
            note = Note(f"in this call of `{function.name}`", expr.span)
            notes = (*diagnostic.notes, note)
            raise type(error)(diagnostic.message, diagnostic.span, diagnostic.hint, notes) from None
        finally:
            self._depth -= 1

    def arguments(self, function: Closure, expr: t.Apply, scope: Scope) -> Scope:
        values = [self.value(argument, scope) for argument in expr.arguments]
        return given_names(function.name, function.parameters, values, expr.span)


def given_names(name: str, parameters: Sequence[str], values: list[Value], span: Span) -> Scope:
    """The parameters of a function or procedure with what they are given. Raises InputError."""
    parts = _spread(values, len(parameters))
    if parts is None:
        raise _wrong_number(name, len(parameters), len(values), span)
    return dict(zip(parameters, parts, strict=True))


def _spread(values: list[Value], count: int) -> Sequence[Value] | None:
    """What each of ``count`` parameters is given, None where that does not come out.

    All that is given is one value, a tuple: a single parameter takes it as it is, of several each
    takes a part.
    """
    if count == 1:
        return values if len(values) == 1 else [TupleValue(tuple(values))]
    if len(values) == 1 and isinstance(values[0], TupleValue):
        values = list(values[0].parts)
    return values if len(values) == count else None


def _wrong_number(name: str, wanted: int, given: int, span: Span) -> InputError:
    plural = "" if wanted == 1 else "s"
    return InputError(f"`{name}` takes {wanted} argument{plural}, not {given}", span)


def _taken(
    pattern: t.TagLiteral | t.SetLiteral | tuple[str, ...] | None, subject: TagValue | FamilyValue
) -> Scope | None:
    """The names that a pattern binds, None if it does not fit."""
    if isinstance(pattern, tuple | t.SetLiteral):
        members = subject.members if isinstance(subject, FamilyValue) else (subject,)
        return _parts(pattern, members)
    if isinstance(subject, FamilyValue):
        return None
    return {} if pattern is None or pattern.name == subject.name else None


def _parts(pattern: t.SetLiteral | tuple[str, ...], members: tuple[Value, ...]) -> Scope | None:
    if isinstance(pattern, t.SetLiteral):
        return None if members else {}
    if not members:
        return None
    members = in_order(members)
    if len(pattern) == 2:
        return dict(zip(pattern, (members[0], FamilyValue(members[1:])), strict=True))
    middle = len(members) // 2
    parts = FamilyValue(members[:middle]), members[middle], FamilyValue(members[middle + 1 :])
    return dict(zip(pattern, parts, strict=True))
