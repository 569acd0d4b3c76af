"""The worth of an expression of cat in one candidate execution."""

from __future__ import annotations

from collections.abc import Sequence

from ksmcheck.execution.plain_names import LOCK_TAGS
from ksmcheck.execution.plain_operators import Operators, same
from ksmcheck.execution.plain_relations import (
    Set,
    identity,
    within,
)
from ksmcheck.execution.plain_values import (
    Builtin,
    Event,
    Events,
    Everything,
    Function,
    Nothing,
    Relation,
    Scope,
    Several,
    SortError,
    Tag,
    Unknown,
    Value,
    family,
    kind_of,
    members_in_order,
    rows,
)
from ksmcheck.syntax import cat_tree as t
from ksmcheck.text import InputError, Span

_MOST_ROUNDS = 10_000


class Expressions(Operators, frozen=True):
    """Names, definitions, functions and choices. ``known`` are the predefined names."""

    variants: frozenset[str]
    known: Scope

    # Definitions.

    def bind(self, bindings: Sequence[t.Binding], recursive: bool, scope: Scope) -> Scope:
        if recursive:
            return self.fixpoint(bindings, scope)
        new = dict(scope)
        for b in bindings:
            new.update(self.bound(b, scope))
        return new

    def bound(self, b: t.Binding, scope: Scope) -> Scope:
        if b.parameters is not None:
            return {b.name: Function(b.parameters, b.value, scope)}
        value = self.value(b.value, scope)
        if isinstance(value, Unknown):
            raise InputError(f"`{value.name}` is not defined", b.value.span)
        if not b.several:
            return {b.name: value}
        return dict(zip(b.several, self._parts(value, len(b.several), b.span), strict=True))

    def _parts(self, value: Value, count: int, span: Span) -> tuple[Value, ...]:
        if not isinstance(value, Several) or len(value.parts) != count:
            raise InputError(f"a tuple of {count} is needed, this is {kind_of(value)}", span)
        return value.parts

    def fixpoint(self, bindings: Sequence[t.Binding], scope: Scope) -> Scope:
        """From nothing, each definition in turn with the newest values, until nothing changes.

        Functions among them see the values of their round.
        """
        functions = [b for b in bindings if b.parameters is not None]
        values = [b for b in bindings if b.parameters is None]
        stage: dict[str, Value] = {name: Nothing() for b in values for name in b.names}
        for _ in range(_MOST_ROUNDS):
            before = dict(stage)
            for b in values:
                inner = self._with_functions(functions, {**scope, **stage})
                stage.update(self.bound(b, inner))
            if all(same(before[name], stage[name]) for name in stage):
                return self._with_functions(functions, {**scope, **stage})
        raise InputError("this recursion does not settle on the execution", bindings[0].span)

    def _with_functions(self, functions: Sequence[t.Binding], scope: Scope) -> Scope:
        """The scope with functions that see it, themselves included."""
        inner = dict(scope)
        for b in functions:
            assert b.parameters is not None
            inner[b.name] = Function(b.parameters, b.value, inner)
        return inner

    # Values.

    def value(self, e: t.Expr, scope: Scope) -> Value:
        try:
            return self.expression(e, scope)
        except SortError as error:
            raise InputError(str(error), e.span) from None
        except RecursionError:
            message = "this is nested too deeply, or calls itself without end"
            raise InputError(message, e.span) from None

    def expression(self, e: t.Expr, scope: Scope) -> Value:
        match e:
            case t.SetIdentity():
                return Relation(identity(self.inside(e, scope)))
            case t.Unary(op, operand):
                return self.unary(op, self.value(operand, scope))
            case t.Binary(";", t.SetIdentity() as first, r):
                sources = self.inside(first, scope)
                return Relation(within(rows(self.value(r, scope)), sources, self.universe.events))
            case t.Binary(";", r, t.SetIdentity() as last):
                targets = self.inside(last, scope)
                return Relation(within(rows(self.value(r, scope)), self.universe.events, targets))
            case t.Binary(op, left, right):
                return self.binary(op, self.value(left, scope), self.value(right, scope))
            case t.Apply(function, arguments):
                given = [self.value(a, scope) for a in arguments]
                return self.apply(self.value(function, scope), given, e.span)
            case t.LetIn(bindings, recursive, body):
                return self.value(body, self.bind(bindings, recursive, scope))
            case t.If(condition, then, orelse):
                return self.value(then if self.holds(condition, scope) else orelse, scope)
            case t.Try(attempt, fallback):
                return self.tried(attempt, fallback, scope)
            case t.Match(subject, cases):
                return self.match(self.value(subject, scope), cases, scope, e.span)
        return self.simple(e, scope)

    def simple(self, e: t.Expr, scope: Scope) -> Value:
        match e:
            case t.Name(name):
                return self.name(name, scope, e.span)
            case t.TagLiteral(name):
                return Tag(name)
            case t.EmptyRelation():
                return Relation({})
            case t.Universe():
                return Everything(self.universe.events)
            case t.SetLiteral(elements):
                return family(self.value(x, scope) for x in elements)
            case t.TupleExpr(elements):
                return Several(tuple(self.value(x, scope) for x in elements))
            case t.Lambda(parameters, body):
                return Function(parameters, body, scope)
        raise InputError("this has no meaning as an expression", e.span)

    def name(self, name: str, scope: Scope, span: Span) -> Value:
        """What a name stands for; what nothing defines is the set of a tag."""
        found = scope.get(name)
        if found is not None:
            return found
        if self.declared and name not in LOCK_TAGS and not self.is_declared(name):
            raise InputError(f"`{name}` is neither defined nor a declared tag", span)
        if name[0].isupper():
            return Events(self.universe.set(name))
        return Unknown(name, self.universe.set(name))

    def is_declared(self, name: str) -> bool:
        return any(tag[0].upper() + tag[1:] == name for tag in self.declared)

    def tried(self, attempt: t.Expr, fallback: t.Expr, scope: Scope) -> Value:
        try:
            found = self.value(attempt, scope)
        except InputError:
            return self.value(fallback, scope)
        return self.value(fallback, scope) if isinstance(found, Unknown) else found

    def inside(self, e: t.SetIdentity, scope: Scope) -> Set:
        """The set between the brackets of ``[S]``."""
        try:
            return self.events(self.value(e.operand, scope))
        except SortError as error:
            raise InputError(str(error), e.span) from None

    # Functions.

    def apply(self, function: Value, given: list[Value], span: Span) -> Value:
        match function:
            case Builtin(count, call):
                return call(*self.spread(given, count, span))
            case Function(parameters, body, inner):
                values = self.spread(given, len(parameters), span)
                return self.value(body, {**inner, **dict(zip(parameters, values, strict=True))})
        raise InputError(f"this is not a function, but {kind_of(function)}", span)

    def spread(self, given: list[Value], count: int, span: Span) -> Sequence[Value]:
        """``f(a, b)`` and ``let p = (a, b) in f p`` are one; a single parameter takes a tuple."""
        if len(given) == count:
            return given
        if count == 1:
            return [Several(tuple(given))]
        if len(given) == 1 and isinstance(given[0], Several) and len(given[0].parts) == count:
            return given[0].parts
        raise InputError(f"this function takes {count} arguments, not {len(given)}", span)

    # Choices.

    def match(
        self, subject: Value, cases: Sequence[t.MatchCase], scope: Scope, span: Span
    ) -> Value:
        if isinstance(subject, Tag) and not any(_of_sets(c) for c in cases):
            for case in cases:
                if case.pattern is None or (
                    isinstance(case.pattern, t.TagLiteral) and case.pattern.name == subject.name
                ):
                    return self.value(case.body, scope)
            raise InputError(f"no case for '{subject.name}", span)
        members = members_in_order(subject)
        for case in cases:
            names = self.taken(case.pattern, members)
            if names is not None:
                return self.value(case.body, {**scope, **names})
        raise InputError(f"no case for {kind_of(subject)}", span)

    def taken(
        self, pattern: t.TagLiteral | t.SetLiteral | tuple[str, ...] | None, members: list[Value]
    ) -> Scope | None:
        """The names that a pattern of sets gives to parts of a set; None if it does not fit."""
        if isinstance(pattern, t.SetLiteral):
            return None if members else {}
        if not isinstance(pattern, tuple) or not members:
            return None
        if len(pattern) == 2:
            return dict(zip(pattern, (members[0], family(members[1:])), strict=True))
        middle = len(members) // 2
        parts = family(members[:middle]), members[middle], family(members[middle + 1 :])
        return dict(zip(pattern, parts, strict=True))

    def holds(self, c: t.Condition, scope: Scope) -> bool:
        match c:
            case t.VariantTest(variant):
                return variant in self.variants
            case t.Logic("not", (operand,)):
                return not self.holds(operand, scope)
            case t.Logic("&&", operands):
                return all(self.holds(o, scope) for o in operands)
            case t.Logic(_, operands):
                return any(self.holds(o, scope) for o in operands)
            case t.Compare(op, left, right):
                return self.compares(op, self.value(left, scope), self.value(right, scope))

    def compares(self, op: str, left: Value, right: Value) -> bool:
        if op == "=":
            return same(left, right)
        if op == "subset":
            rest = self.like("\\", left, right)
            return not members_in_order(rest)
        if isinstance(left, Several):
            first, second = left.parts
            if isinstance(first, Event) and isinstance(second, Event):
                return bool(rows(right).get(first.number, 0) >> second.number & 1)
        return left in members_in_order(right)


def _of_sets(case: t.MatchCase) -> bool:
    return isinstance(case.pattern, t.SetLiteral | tuple)
