"""Values that the text of a model fixes: tags, sets of tags, tuples, functions, choices by tag.

What hangs on the execution otherwise than as a set or relation (a ``match`` on a set of events, a
set of sets that the execution makes) raises NeedsInterpreter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ksmcheck.cat.algebra import Sort
from ksmcheck.cat.define import bind
from ksmcheck.cat.names import Names, UndefinedName
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
from ksmcheck.text import InputError, Note

_MAX_DEPTH = 200
_FAMILY_OPERATORS = ("|", "&", "\\", "++")
_T = TypeVar("_T")


class StaticValues(Names):
    """Expressions as values; ``node`` gives those that are sets and relations."""

    _depth = 0

    def node(self, expr: t.Expr, scope: Scope, want: Sort | None = None) -> int:
        raise NotImplementedError

    def value(self, expr: t.Expr, scope: Scope) -> Value:
        """What the right side of a ``let`` or an argument stands for."""
        match expr:
            case t.Lambda(parameters, body):
                return Closure("fun", parameters, body, scope, expr.span)
            case t.Name(name):
                return self.look_up(name, scope) or Unresolved(name, expr.span)
            case t.TagLiteral(name):
                return TagValue(name)
            case t.TupleExpr(elements):
                return TupleValue(tuple(self.value(x, scope) for x in elements))
            case t.SetLiteral(elements) if elements:
                return self._family(elements, scope)
            case t.Binary(op, left, right) if op in _FAMILY_OPERATORS:
                if self._of_families(op, left, right, scope):
                    return self._joined(expr, scope)
            case t.Unary("~", operand) if self._is_family(operand, scope):
                return self._complement(operand, scope)
            case t.LetIn(bindings, recursive, body):
                return self.value(body, bind(self, bindings, recursive, scope))
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

    # Sets of tags, sets of sets.

    def _family(self, elements: Sequence[t.Expr], scope: Scope) -> FamilyValue:
        members = [self.value(x, scope) for x in elements]
        for member, element in zip(members, elements, strict=True):
            if isinstance(member, Unresolved):
                raise UndefinedName(f"`{member.name}` is not defined", element.span)
            if not isinstance(member, TagValue | FamilyValue | TupleValue):
                raise uncompiled("a set of sets", element.span)
        return FamilyValue(tuple(dict.fromkeys(members)))

    def _of_families(self, op: str, left: t.Expr, right: t.Expr, scope: Scope) -> bool:
        return op == "++" or self._is_family(left, scope) or self._is_family(right, scope)

    def _is_family(self, expr: t.Expr, scope: Scope) -> bool:
        match expr:
            case t.Name(name):
                return isinstance(self.look_up(name, scope), FamilyValue)
            case t.SetLiteral(elements):
                return bool(elements)
            case t.Binary(op, left, right) if op in _FAMILY_OPERATORS:
                return self._of_families(op, left, right, scope)
            case t.Unary("~", operand):
                return self._is_family(operand, scope)
        return False

    def _joined(self, expr: t.Binary, scope: Scope) -> FamilyValue:
        left, right = self.value(expr.left, scope), self.members(expr.right, scope)
        if expr.op == "++":
            if not isinstance(left, TagValue | FamilyValue | TupleValue):
                raise uncompiled("`++`", expr.span)
            return FamilyValue(tuple(dict.fromkeys([left, *right])))
        first = self.members(expr.left, scope)
        if expr.op == "|":
            return FamilyValue(tuple(dict.fromkeys([*first, *right])))
        inside = expr.op == "&"
        return FamilyValue(tuple(x for x in first if (x in right) == inside))

    def members(self, expr: t.Expr, scope: Scope) -> tuple[Value, ...]:
        """The members of a set of tags or of sets."""
        if isinstance(expr, t.SetLiteral) and not expr.elements:
            return ()
        value = self.value(expr, scope)
        match value:
            case FamilyValue(members):
                return members
            case TagValue():
                return (value,)
            case NodeValue():
                raise uncompiled("a set of events taken apart", expr.span)
        raise InputError(f"a set of tags is expected here, this is {kind_of(value)}", expr.span)

    def _complement(self, operand: t.Expr, scope: Scope) -> FamilyValue:
        members = self.members(operand, scope)
        groups = [self.groups.get(x.name) for x in members if isinstance(x, TagValue)]
        whole = {y: None for group in groups if group for y in group.members}
        if len(groups) < len(members) or None in groups:
            raise InputError("`~` needs tags of an enum here", operand.span)
        return FamilyValue(tuple(x for x in whole if x not in members))

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
        left = self.value(c.left, scope)
        right = self.value(c.right, scope)
        if not all(isinstance(x, TagValue | FamilyValue) for x in (left, right)):
            raise uncompiled("a condition that compares sets", c.span)
        if c.op == "in":
            return left in self.members(c.right, scope)
        first, second = set(self.members(c.left, scope)), set(self.members(c.right, scope))
        return first == second if c.op == "=" else first <= second

    def case_of(self, expr: t.Match, scope: Scope) -> tuple[t.Expr, Scope]:
        """The case that a ``match`` takes, and the names it binds."""
        subject = self.value(expr.subject, scope)
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
            upper = found.name[0].isupper()
            declared = not self.declared or found.name in self.declared
            return found if upper and declared else attempt(expr.fallback)
        return found

    # Functions.

    def applied(self, expr: t.Apply, scope: Scope) -> Value:
        function = self.function(expr, scope)
        if isinstance(function, Builtin):
            return NodeValue(self.built(function, expr, scope))
        return self.inline(function, expr, scope, self.value)

    def built(self, function: Builtin, expr: t.Apply, scope: Scope) -> int:
        """The node of a predefined function's value."""
        _need_arguments(function.name, len(function.sorts), expr)
        given: list[int | str] = []
        for argument, sort in zip(expr.arguments, function.sorts, strict=True):
            if sort != "tag":
                given.append(self.node(argument, scope, sort))
                continue
            tag = self.value(argument, scope)
            if not isinstance(tag, TagValue):
                raise InputError(f"a tag is expected here, this is {kind_of(tag)}", argument.span)
            given.append(self.tag(tag.name[0].upper() + tag.name[1:], argument.span))
        try:
            made: int = function.build(self.builder, *given)
        except NotImplementedError as problem:
            raise InputError(str(problem), expr.span) from None
        return made

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
        names = function.parameters
        values = [self.value(argument, scope) for argument in expr.arguments]
        if len(values) == 1 and isinstance(values[0], TupleValue) and len(names) != 1:
            values = list(values[0].parts)
        if len(values) != len(names):
            _need_arguments(function.name, len(names), expr)
        return dict(zip(names, values, strict=True))


def _need_arguments(name: str, wanted: int, expr: t.Apply) -> None:
    if len(expr.arguments) != wanted:
        plural = "" if wanted == 1 else "s"
        given = len(expr.arguments)
        raise InputError(f"`{name}` takes {wanted} argument{plural}, not {given}", expr.span)


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
    if len(pattern) == 2:
        return dict(zip(pattern, (members[0], FamilyValue(members[1:])), strict=True))
    middle = len(members) // 2
    parts = FamilyValue(members[:middle]), members[middle], FamilyValue(members[middle + 1 :])
    return dict(zip(pattern, parts, strict=True))
