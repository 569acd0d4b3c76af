"""The second evaluator of memory models: a cat file's tree, applied to sets of pairs.

It shares nothing with the compiled evaluator (``ksmcheck.cat``) but the syntax tree, and is written
to be read beside "Syntax and semantics of the weak consistency model specification language cat"
(Alglave, Cousot, Maranget, 2016).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ksmcheck.execution.plain_names import Builtin, Universe, functions, predefined
from ksmcheck.execution.plain_relations import (
    Events,
    Nothing,
    Relation,
    SortError,
    Value,
    closure,
    compose,
    events_of,
    holds,
    identity,
    inverse,
    like,
    pairs_of,
    product,
)
from ksmcheck.syntax import cat_tree as t
from ksmcheck.text import InputError, Span


@dataclass(frozen=True, slots=True)
class PlainResult:
    """Names of the requirements that fail and of the flags that are raised, in file order."""

    failed: tuple[str, ...]
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """A function with the names as they were where it was written."""

    parameters: tuple[str, ...]
    body: t.Expr
    scope: Scope


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """A procedure."""

    parameters: tuple[str, ...]
    body: tuple[t.Statement, ...]
    scope: Scope


Meaning: TypeAlias = Value | Closure | Steps | Builtin
Scope: TypeAlias = Mapping[str, Meaning]


def evaluate(
    statements: Sequence[t.Statement],
    universe: Universe,
    variants: frozenset[str] = frozenset(),
) -> PlainResult:
    """What a model says of one candidate execution.

    ``statements`` is ``CatModel.tree``. A check without a name is called ``kind@line``; a check in
    a procedure called ``as p`` is ``p.name``. Raises InputError for constructs without a meaning
    here.
    """
    run = _Run(universe, variants, {**functions(universe), **predefined(universe)})
    run.all(statements, run.known, "")
    return PlainResult(tuple(run.failed), tuple(run.flags))


@dataclass(slots=True)
class _Run:
    universe: Universe
    variants: frozenset[str]
    known: Scope
    failed: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)

    # Statements.

    def all(self, statements: Sequence[t.Statement], scope: Scope, prefix: str) -> Scope:
        for statement in statements:
            scope = self.statement(statement, scope, prefix)
        return scope

    def statement(self, s: t.Statement, scope: Scope, prefix: str) -> Scope:
        if isinstance(s, t.Let):
            return self.bind(s.bindings, s.recursive, scope)
        if isinstance(s, t.CheckStatement):
            self.check(s, scope, prefix)
        elif isinstance(s, t.Procedure):
            return {**scope, s.name: Steps(s.parameters, s.body, scope)}
        elif isinstance(s, t.Call):
            self.call(s, scope, prefix)
        elif isinstance(s, t.IfStatement):
            return self.all(s.then if self.condition(s.condition) else s.orelse, scope, prefix)
        elif isinstance(s, t.WithFrom):
            _coherence_only(s)
        elif isinstance(s, t.Forall):
            raise _unsupported("`forall`", s.span)
        return scope

    def check(self, s: t.CheckStatement, scope: Scope, prefix: str) -> None:
        if s.role == "assert":
            raise _unsupported("`assert`", s.span)
        fine = holds(s.kind, self.value(s.expression, scope)) != s.negated
        name = prefix + (s.name or f"{s.kind}@{s.span.line}")
        if s.role == "flag" and fine:
            # A flag says what it looks for, and is raised where that is so.
            self.flags.append(name)
        elif s.role == "undefined_unless" and not fine:
            self.flags.append(name)
        elif s.role == "check" and not fine:
            self.failed.append(name)

    def call(self, s: t.Call, scope: Scope, prefix: str) -> None:
        steps = scope.get(s.name)
        if not isinstance(steps, Steps):
            raise InputError(f"`{s.name}` is not a procedure", s.span)
        given = [self.argument(a, scope) for a in s.arguments]
        inner = {**steps.scope, **dict(zip(steps.parameters, given, strict=True))}
        self.all(steps.body, inner, f"{prefix}{s.alias}." if s.alias else prefix)

    # Definitions.

    def bind(self, bindings: Sequence[t.Binding], recursive: bool, scope: Scope) -> Scope:
        if recursive:
            return self.fixpoint(bindings, scope)
        return {**scope, **{b.name: self.bound(b, scope) for b in bindings}}

    def bound(self, b: t.Binding, scope: Scope) -> Meaning:
        if b.parameters is not None:
            return Closure(b.parameters, b.value, scope)
        return self.argument(b.value, scope)

    def fixpoint(self, bindings: Sequence[t.Binding], scope: Scope) -> Scope:
        """The least fixpoint: start from nothing, apply the equations until nothing changes."""
        for b in bindings:
            if b.parameters is not None:
                raise _unsupported("a recursive function", b.span)
        stage: dict[str, Value] = {b.name: Nothing() for b in bindings}
        while True:
            inner = {**scope, **stage}
            following = {b.name: self.value(b.value, inner) for b in bindings}
            if all(following[name].items == stage[name].items for name in stage):
                return {**scope, **following}
            stage = following

    # Expressions.

    def argument(self, e: t.Expr, scope: Scope) -> Meaning:
        """The meaning of an expression that may also be a function."""
        if isinstance(e, t.Lambda):
            return Closure(e.parameters, e.body, scope)
        if isinstance(e, t.Name):
            return self.name(e.name, scope)
        return self.value(e, scope)

    def name(self, name: str, scope: Scope) -> Meaning:
        """What a name stands for; what nothing defines is a tag."""
        found = scope.get(name)
        return Events(self.universe.set(name)) if found is None else found

    def value(self, e: t.Expr, scope: Scope) -> Value:
        try:
            return self.expression(e, scope)
        except SortError as error:
            raise InputError(str(error), e.span) from None

    def expression(self, e: t.Expr, scope: Scope) -> Value:
        match e:
            case t.Name(name):
                return _set_or_relation(self.name(name, scope), e.span)
            case t.TagLiteral(name):
                return Events(self.universe.set(name[:1].upper() + name[1:]))
            case t.EmptyRelation():
                return Relation(frozenset())
            case t.Universe():
                return Events(self.universe.events)
            case t.SetLiteral(()):
                return Nothing()
            case t.SetIdentity(operand):
                return Relation(identity(events_of(self.value(operand, scope))))
            case t.Unary(op, operand):
                return self.unary(op, self.value(operand, scope))
            case t.Binary(op, left, right):
                return self.binary(e, op, self.value(left, scope), self.value(right, scope))
            case t.Apply(function, arguments):
                return self.apply(e, function, [self.argument(a, scope) for a in arguments], scope)
            case t.LetIn(bindings, recursive, body):
                return self.value(body, self.bind(bindings, recursive, scope))
            case t.If(condition, then, orelse):
                return self.value(then if self.condition(condition) else orelse, scope)
            case t.Try(attempt, fallback):
                return self.value(attempt if self.defined(attempt, scope) else fallback, scope)
        raise _unsupported("this expression", e.span)

    def unary(self, op: str, operand: Value) -> Value:
        everything = self.universe.events
        if op == "~" and not isinstance(operand, Relation):
            return Events(everything - operand.items)
        pairs = pairs_of(operand)
        if op == "~":
            return Relation(product(everything, everything) - pairs)
        if op == "^-1":
            return Relation(inverse(pairs))
        if op == "?":
            return Relation(pairs | identity(everything))
        steps = closure(pairs)
        return Relation(steps if op == "+" else steps | identity(everything))

    def binary(self, e: t.Expr, op: str, left: Value, right: Value) -> Value:
        if op in ("|", "&", "\\"):
            return like(op, left, right)
        if op == ";":
            return Relation(compose(pairs_of(left), pairs_of(right)))
        if op == "*":
            return Relation(product(events_of(left), events_of(right)))
        raise _unsupported(f"`{op}`", e.span)

    def apply(self, e: t.Apply, function: t.Expr, given: list[Meaning], scope: Scope) -> Value:
        f = self.argument(function, scope)
        if isinstance(f, Closure):
            if len(given) != len(f.parameters):
                raise InputError(f"this function takes {len(f.parameters)} arguments", e.span)
            return self.value(f.body, {**f.scope, **dict(zip(f.parameters, given, strict=True))})
        if callable(f):
            return f(*given)
        raise InputError("this is not a function", function.span)

    def condition(self, c: t.Condition) -> bool:
        match c:
            case t.VariantTest(variant):
                return variant in self.variants
            case t.Logic("not", (operand,)):
                return not self.condition(operand)
            case t.Logic("&&", operands):
                return all(self.condition(o) for o in operands)
            case t.Logic("||", operands):
                return any(self.condition(o) for o in operands)
        raise _unsupported("a condition that compares sets", c.span)

    def defined(self, e: t.Expr, scope: Scope) -> bool:
        """For ``try``: whether the name tried is one that something defines, or a tag."""
        if not isinstance(e, t.Name):
            return True
        return e.name in scope or e.name in self.universe.sets or e.name[:1].isupper()


def _set_or_relation(found: Meaning, span: Span) -> Value:
    if isinstance(found, Events | Relation | Nothing):
        return found
    raise InputError("a set or relation is expected, this is a function", span)


def _coherence_only(s: t.WithFrom) -> None:
    """``with co from generate_cos(...)``: the candidate has its coherence order already."""
    choices = s.choices
    generated = isinstance(choices, t.Apply) and isinstance(choices.function, t.Name)
    if s.name != "co" or not generated:
        raise _unsupported("`with ... from`", s.span)


def _unsupported(what: str, span: Span) -> InputError:
    return InputError(f"{what} has no meaning in the plain evaluator", span)
