"""Statements of a model, in order: definitions extend the scope, checks are collected."""

from __future__ import annotations

from ksmcheck.cat.algebra import Algebra, Check
from ksmcheck.cat.define import bind
from ksmcheck.cat.elaborate import Elaborator
from ksmcheck.cat.library import first_orders
from ksmcheck.cat.outline import check_of, outline
from ksmcheck.cat.prune import reachable
from ksmcheck.cat.static import given_names
from ksmcheck.cat.values import (
    Closure,
    FamilyValue,
    NeedsInterpreter,
    NodeValue,
    ProcedureValue,
    Scope,
    TagValue,
    kind_of,
    uncompiled,
)
from ksmcheck.record import Struct, field, replace
from ksmcheck.syntax import cat_tree as t
from ksmcheck.syntax.cat_depth import TOO_DEEP
from ksmcheck.text import InputError


class Elaborated(Struct, frozen=True):
    """A model's meaning: its algebra, and the tags it speaks of.

    ``interpreted`` says why the algebra has no words for the model, None where it has: all that is
    there then are the names of the checks.
    """

    algebra: Algebra
    tags: frozenset[str]
    interpreted: str | None = None


def elaborate(
    statements: tuple[t.Statement, ...], variants: frozenset[str] = frozenset()
) -> Elaborated:
    """The algebra of a whole model. Raises InputError with the place of the first mistake."""
    run = _Run(Elaborator(variants))
    run.declare(statements)
    try:
        run.all(statements, {})
    except NeedsInterpreter as reason:
        place = reason.diagnostic.span
        why = reason.diagnostic.message + (f" ({place.source.name}:{place.line})" if place else "")
        return _interpreted(statements, run.elaborator, why)
    builder = run.elaborator.builder
    algebra = reachable(builder, run.checks, run.roots, run.names)
    return Elaborated(algebra, frozenset(run.elaborator.tags | run.elaborator.declared))


def _interpreted(
    statements: tuple[t.Statement, ...], elaborator: Elaborator, why: str
) -> Elaborated:
    checks, names = outline(statements, elaborator.variants)
    defined = {name for name in names if elaborator.look_up(name, {}) is not None}
    tags = {name for name in names - defined if name[0].isupper()} | elaborator.tags
    nothing = Elaborator()
    root = nothing.builder.constant("empty", "rel")
    algebra = reachable(nothing.builder, checks, [root] * len(checks), [])
    return Elaborated(algebra, frozenset(tags | elaborator.declared), why)


class _Run(Struct):
    elaborator: Elaborator
    checks: list[Check] = field(default_factory=list)
    roots: list[int] = field(default_factory=list)
    names: list[tuple[str, int]] = field(default_factory=list)
    depth: int = 0

    def declare(self, statements: tuple[t.Statement, ...]) -> None:
        """Tags of all ``enum``s, before anything: a model may use them in an earlier file."""
        for statement in statements:
            if isinstance(statement, t.EnumStatement):
                self.elaborator.declare(statement.tags)

    def all(self, statements: tuple[t.Statement, ...], scope: Scope, prefix: str = "") -> Scope:
        for statement in statements:
            try:
                scope = self.one(statement, scope, prefix)
            except RecursionError:
                raise InputError(TOO_DEEP, statement.span) from None
        return scope

    def one(self, statement: t.Statement, scope: Scope, prefix: str) -> Scope:
        match statement:
            case t.Let():
                return self.let(statement, scope, prefix)
            case t.CheckStatement():
                self.check(statement, scope, prefix)
            case t.Procedure():
                return _with_procedure(statement, scope)
            case t.Call():
                self.call(statement, scope, prefix)
            case t.EnumStatement(name, tags):
                return {**scope, name: FamilyValue(tuple(TagValue(tag) for tag in tags))}
            case t.IfStatement(condition, then, orelse):
                chosen = then if self.elaborator.holds(condition, scope) else orelse
                return self.all(chosen, scope, prefix)
            case t.MatchStatement():
                return self.all(self.step(statement, scope), scope, prefix)
            case t.Forall():
                return self.each(statement, scope, prefix)
            case t.WithFrom():
                return self.choose(statement, scope, prefix)
            case t.Instructions():
                self.annotated(statement, scope)
        return scope

    def annotated(self, statement: t.Instructions, scope: Scope) -> None:
        """``instructions R[{'once}]`` declares tags, and means nothing else here: which tags an
        event has is the business of rows."""
        if statement.name not in _INSTRUCTIONS:
            message = f"`{statement.name}` is no kind of instruction"
            raise InputError(message, statement.span, f"there are {', '.join(_INSTRUCTIONS)}")
        for annotation in statement.annotations:
            value = self.elaborator.value(annotation, scope)
            if not isinstance(value, TagValue | FamilyValue):
                message = f"tags are expected here, this is {kind_of(value)}"
                raise InputError(message, annotation.span)

    def let(self, statement: t.Let, scope: Scope, prefix: str) -> Scope:
        scope = bind(self.elaborator, statement.bindings, statement.recursive, scope)
        for binding in statement.bindings:
            for name in binding.names:
                value = scope[name]
                if isinstance(value, NodeValue):
                    self.names.append((name, value.node))
        if statement.when:
            # herd7 asks in each round. What a growing relation violates on its way, it violates at
            # its end; not so what shrinks, or a check for something that is not there yet.
            if any(not g.monotone for g in self.elaborator.builder.groups[-1:] if g):
                raise uncompiled("`when` of a recursion through a difference", statement.span)
            if statement.when.negated:
                raise uncompiled("`when` with `~`", statement.when.span)
            self.check(statement.when, scope, prefix)
        return scope

    def check(self, statement: t.CheckStatement, scope: Scope, prefix: str) -> None:
        want = "rel" if statement.kind in ("acyclic", "irreflexive") else None
        root = self.elaborator.node(statement.expression, scope, want)  # type: ignore[arg-type]
        self.checks.append(check_of(statement, prefix))
        self.roots.append(root)

    def call(self, statement: t.Call, scope: Scope, prefix: str) -> None:
        procedure = scope.get(statement.name)
        if not isinstance(procedure, ProcedureValue):
            raise InputError(f"`{statement.name}` is not a procedure", statement.span)
        values = [self.elaborator.value(a, scope) for a in statement.arguments]
        given = given_names(procedure.name, procedure.parameters, values, statement.span)
        inner = {**procedure.scope, **given}
        alias = f"{prefix}{statement.alias}." if statement.alias else prefix
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise InputError(f"`{statement.name}` calls itself without end", statement.span)
        self.all(procedure.body, inner, alias)
        self.depth -= 1

    def step(self, statement: t.MatchStatement, scope: Scope) -> tuple[t.Statement, ...]:
        subject = self.elaborator.value(statement.subject, scope)
        if not isinstance(subject, TagValue):
            raise InputError("`match` around statements needs a tag", statement.subject.span)
        for step in statement.steps:
            if step.tag in (None, subject.name):
                return step.body
        raise InputError(f"no case for '{subject.name}", statement.span)

    def each(self, statement: t.Forall, scope: Scope, prefix: str) -> Scope:
        for member in self.elaborator.members(statement.domain, scope):
            self.all(statement.body, {**scope, statement.variable: member}, prefix)
        return scope

    def choose(self, statement: t.WithFrom, scope: Scope, prefix: str) -> Scope:
        """``with co from generate_cos(e)``: the candidate has a coherence order, it extends e. Of a
        set of one there is nothing to choose."""
        least = _generated(statement, scope)
        if least is not None:
            self.extends(statement, least, scope, prefix)
            return scope
        only = self.elaborator.only_member(statement.choices, scope)
        if only is None or statement.name in ("rf", "co"):
            raise uncompiled("`with ... from`", statement.span)
        return {**scope, statement.name: only}

    def extends(self, statement: t.WithFrom, least: t.Expr, scope: Scope, prefix: str) -> None:
        b = self.elaborator.builder
        order = self.elaborator.node(least, scope, "rel")
        writes = self.elaborator.node(t.Name("W", statement.span), scope, "set")
        wanted = b.inter(order, b.product(writes, writes))
        root = b.diff(b.inter(wanted, b.base("rel", "loc")), b.base("rel", "co"))
        if b.op(root) != "empty" and order != first_orders(b):
            self.checks.append(Check(f"{prefix}with co", "empty", False, False, statement.span))
            self.roots.append(root)


def _with_procedure(s: t.Procedure, scope: Scope) -> Scope:
    made = ProcedureValue(s.name, s.parameters, s.body, scope, s.span)
    if s.recursive:
        inner = dict(scope)
        made = replace(made, scope=inner)
        inner[s.name] = made
    return {**scope, s.name: made}


def _generated(statement: t.WithFrom, scope: Scope) -> t.Expr | None:
    """What all coherence orders extend that are chosen from; None where the choice is another."""
    match statement:
        case t.WithFrom("co", t.Apply(t.Name("generate_cos" as name), (least,))):
            # A model's own function of that name may do anything; those of herd7's files do this.
            own = scope.get(name)
            library = isinstance(own, Closure) and own.span.source.name.rstrip(">").endswith(_CROSS)
            return least if own is None or library else None
    return None


# herd7's BellName.ml, `all_sets`.
_INSTRUCTIONS = ("R", "W", "F", "RMW", "B", "CALL", "SRCU")
_CROSS = "cross.cat"  # and ncross.cat


_MAX_DEPTH = 200
