"""The worth of an expression of cat in one candidate execution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ksmcheck.execution.plain_names import LOCK_TAGS, MACHINE_TAGS
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
    Unusable,
    Value,
    family,
    kind_of,
    members_in_order,
    parts_of,
    rows,
)
from ksmcheck.syntax import cat_tree as t
from ksmcheck.syntax.cat_depth import TOO_DEEP
from ksmcheck.text import InputError, Span

_MOST_ROUNDS = 10_000


class Expressions(Operators, frozen=True):
    """Names, definitions, functions and choices. ``known`` are the predefined names."""

    variants: frozenset[str]
    known: Scope

    # Definitions.

    def bind(
        self,
        bindings: Sequence[t.Binding],
        recursive: bool,
        scope: Scope,
        each: Callable[[Scope], bool] | None = None,
    ) -> Scope:
        """The scope after a ``let``. A recursion ends with the first round that ``each`` is against
        (herd7's ``when``)."""
        if recursive:
            return self.fixpoint(bindings, scope, each)
        new = dict(scope)
        for b in bindings:
            try:
                new.update(self.bound(b, scope))
            except InputError as error:  # whoever uses it is told
                new.update(dict.fromkeys(b.names, Unusable(error)))
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
        parts = parts_of(value)
        if parts is None or len(parts) != count:
            raise InputError(f"a tuple of {count} is needed, this is {kind_of(value)}", span)
        return parts

    def fixpoint(
        self,
        bindings: Sequence[t.Binding],
        scope: Scope,
        each: Callable[[Scope], bool] | None = None,
    ) -> Scope:
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
            after = self._with_functions(functions, {**scope, **stage})
            if each and not each(after):
                return after
            if all(same(before[name], stage[name]) for name in stage):
                return after
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
            raise InputError(TOO_DEEP, e.span) from None

    def expression(self, e: t.Expr, scope: Scope) -> Value:
        rule = _RULES.get(type(e))
        if rule is None:
            raise InputError("this has no meaning as an expression", e.span)
        return rule(self, e, scope)

    def _name(self, e: t.Name, scope: Scope) -> Value:
        found = scope.get(e.name)
        if isinstance(found, Unusable):
            raise found.error
        return found if found is not None else self.undefined(e.name, e.span)

    def _unary(self, e: t.Unary, scope: Scope) -> Value:
        return self.unary(e.op, self.value(e.operand, scope))

    def _binary(self, e: t.Binary, scope: Scope) -> Value:
        op, left, right = e.op, e.left, e.right
        if op == ";":
            return self._sequence(left, right, scope)
        if op in "&\\" and isinstance(right, t.Unary) and right.op == "^-1":
            return self._turned(op, self.value(left, scope), right, scope)
        return self.binary(op, self.value(left, scope), self.value(right, scope))

    def _turned(self, op: str, left: Value, right: t.Unary, scope: Scope) -> Value:
        r"""``r & s^-1`` and ``r \ s^-1``: r has few pairs more often than s, so its are turned."""
        operand = self.value(right.operand, scope)
        try:
            steps = Relation(rows(operand))
        except SortError as error:
            raise InputError(str(error), right.span) from None
        return self.unary("^-1", self.like(op, self.unary("^-1", left), steps))

    def _sequence(self, left: t.Expr, right: t.Expr, scope: Scope) -> Value:
        if isinstance(left, t.SetIdentity):
            sources = self.inside(left, scope)
            return Relation(within(rows(self.value(right, scope)), sources, self.universe.events))
        if isinstance(right, t.SetIdentity):
            targets = self.inside(right, scope)
            return Relation(within(rows(self.value(left, scope)), self.universe.events, targets))
        return self.binary(";", self.value(left, scope), self.value(right, scope))

    def _identity(self, e: t.SetIdentity, scope: Scope) -> Value:
        return Relation(identity(self.inside(e, scope)))

    def _apply(self, e: t.Apply, scope: Scope) -> Value:
        given = [self.value(a, scope) for a in e.arguments]
        return self.apply(self.value(e.function, scope), given, e.span)

    def _let(self, e: t.LetIn, scope: Scope) -> Value:
        return self.value(e.body, self.bind(e.bindings, e.recursive, scope))

    def _if(self, e: t.If, scope: Scope) -> Value:
        return self.value(e.then if self.holds(e.condition, scope) else e.orelse, scope)

    def _try(self, e: t.Try, scope: Scope) -> Value:
        return self.tried(e.attempt, e.fallback, scope)

    def _match(self, e: t.Match, scope: Scope) -> Value:
        return self.match(self.value(e.subject, scope), e.cases, scope, e.span)

    def _tag(self, e: t.TagLiteral, scope: Scope) -> Value:
        if self.declared and e.name not in self.declared:
            raise InputError(f"`'{e.name}` is not a tag of any enum", e.span)
        return Tag(e.name)

    def _nothing(self, e: t.EmptyRelation, scope: Scope) -> Value:
        return Relation({})

    def _everything(self, e: t.Universe, scope: Scope) -> Value:
        return Everything(self.universe.events)

    def _set(self, e: t.SetLiteral, scope: Scope) -> Value:
        return family(self.value(x, scope) for x in e.elements)

    def _tuple(self, e: t.TupleExpr, scope: Scope) -> Value:
        return Several(tuple(self.value(x, scope) for x in e.elements))

    def _lambda(self, e: t.Lambda, scope: Scope) -> Value:
        return Function(e.parameters, e.body, scope)

    def undefined(self, name: str, span: Span) -> Value:
        """What nothing defines is the set of a tag."""
        known = name in LOCK_TAGS or name in MACHINE_TAGS or self.is_declared(name)
        if self.declared and not known:
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
            case Builtin(count, call, shorter):
                if shorter and len(given) == 1 and parts_of(given[0]) is None:
                    return shorter.call(*given)
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
        parts = parts_of(given[0]) if len(given) == 1 else None
        if parts is not None and len(parts) == count:
            return parts
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
        if isinstance(subject, Everything):
            raise InputError("`match` on the universe", span)
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
                first, second = self.value(left, scope), self.value(right, scope)
                try:
                    return self.compares(op, first, second)
                except SortError as error:
                    raise InputError(str(error), c.span) from None

    def compares(self, op: str, left: Value, right: Value) -> bool:
        if op == "=":
            if isinstance(left, Tag) != isinstance(right, Tag):
                raise SortError("a tag is no set of tags")
            return same(left, right)
        if op == "subset":
            rest = self.like("\\", left, right)
            return not members_in_order(rest)
        if isinstance(left, Several):
            match left.parts:
                case (Event(first), Event(second)):
                    return bool(rows(right).get(first, 0) >> second & 1)
        return any(same(left, member) for member in members_in_order(right))


def _of_sets(case: t.MatchCase) -> bool:
    return isinstance(case.pattern, t.SetLiteral | tuple)


_RULES: dict[type, Callable[[Expressions, Any, Scope], Value]] = {
    t.Name: Expressions._name,
    t.TagLiteral: Expressions._tag,
    t.EmptyRelation: Expressions._nothing,
    t.Universe: Expressions._everything,
    t.Unary: Expressions._unary,
    t.Binary: Expressions._binary,
    t.SetIdentity: Expressions._identity,
    t.Apply: Expressions._apply,
    t.SetLiteral: Expressions._set,
    t.TupleExpr: Expressions._tuple,
    t.Lambda: Expressions._lambda,
    t.LetIn: Expressions._let,
    t.If: Expressions._if,
    t.Try: Expressions._try,
    t.Match: Expressions._match,
}
