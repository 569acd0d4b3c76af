"""Statements of a model, in order: definitions extend the scope, checks are collected."""

from __future__ import annotations

from dataclasses import dataclass, field

from ksmcheck.cat.algebra import Algebra, Check
from ksmcheck.cat.define import bind
from ksmcheck.cat.elaborate import Elaborator, event_set
from ksmcheck.cat.prune import reachable
from ksmcheck.cat.values import NodeValue, ProcedureValue, Scope, TagGroup
from ksmcheck.syntax import cat_tree as t
from ksmcheck.text import InputError


@dataclass(frozen=True, slots=True)
class Elaborated:
    """A model's meaning: its algebra, and the tags it speaks of."""

    algebra: Algebra
    tags: frozenset[str]


def elaborate(
    statements: tuple[t.Statement, ...], variants: frozenset[str] = frozenset()
) -> Elaborated:
    """The algebra of a whole model. Raises InputError with the place of the first mistake."""
    run = _Run(Elaborator(variants))
    run.declare(statements)
    run.all(statements, {})
    builder = run.elaborator.builder
    algebra = reachable(builder, run.checks, run.roots, run.names)
    return Elaborated(algebra, frozenset(run.elaborator.tags) | run.elaborator.declared)


@dataclass(slots=True)
class _Run:
    elaborator: Elaborator
    checks: list[Check] = field(default_factory=list)
    roots: list[int] = field(default_factory=list)
    names: list[tuple[str, int]] = field(default_factory=list)

    def declare(self, statements: tuple[t.Statement, ...]) -> None:
        """Tags of all ``enum``s, before anything: a model may use them in an earlier file."""
        for statement in statements:
            if isinstance(statement, t.EnumStatement):
                self.elaborator.declared.update(event_set(tag) for tag in statement.tags)

    def all(self, statements: tuple[t.Statement, ...], scope: Scope, prefix: str = "") -> Scope:
        for statement in statements:
            scope = self.one(statement, scope, prefix)
        return scope

    def one(self, statement: t.Statement, scope: Scope, prefix: str) -> Scope:
        match statement:
            case t.Let(bindings, recursive):
                return self.let(bindings, recursive, scope)
            case t.CheckStatement():
                self.check(statement, scope, prefix)
            case t.Procedure(name, parameters, body, span):
                return {**scope, name: ProcedureValue(name, parameters, body, scope, span)}
            case t.Call():
                self.call(statement, scope, prefix)
            case t.EnumStatement(name, tags, span):
                return {**scope, name: TagGroup(tags, span)}
            case t.IfStatement(condition, then, orelse):
                chosen = then if self.elaborator.holds(condition) else orelse
                return self.all(chosen, scope, prefix)
            case t.WithFrom() if not _gives_coherence(statement):
                raise InputError("`with ... from` is not supported yet", statement.span)
            case t.Forall():
                raise InputError("`forall` is not supported yet", statement.span)
        return scope

    def let(self, bindings: tuple[t.Binding, ...], recursive: bool, scope: Scope) -> Scope:
        scope = bind(self.elaborator, bindings, recursive, scope)
        for binding in bindings:
            value = scope[binding.name]
            if isinstance(value, NodeValue):
                self.names.append((binding.name, value.node))
        return scope

    def check(self, statement: t.CheckStatement, scope: Scope, prefix: str) -> None:
        if statement.role == "assert":
            raise InputError("`assert` is not supported yet", statement.span)
        want = "rel" if statement.kind in ("acyclic", "irreflexive") else None
        root = self.elaborator.node(statement.expression, scope, want)  # type: ignore[arg-type]
        name = statement.name or f"{statement.kind}@{statement.span.line}"
        # `undefined_unless c` reports the executions where c does not hold: a flag on its opposite.
        undefined = statement.role == "undefined_unless"
        negated = statement.negated != undefined
        flag = undefined or statement.role == "flag"
        self.checks.append(Check(prefix + name, statement.kind, negated, flag, statement.span))
        self.roots.append(root)

    def call(self, statement: t.Call, scope: Scope, prefix: str) -> None:
        procedure = scope.get(statement.name)
        if not isinstance(procedure, ProcedureValue):
            raise InputError(f"`{statement.name}` is not a procedure", statement.span)
        if len(statement.arguments) != len(procedure.parameters):
            wanted = len(procedure.parameters)
            message = f"`{procedure.name}` takes {wanted} arguments, not {len(statement.arguments)}"
            raise InputError(message, statement.span)
        values = [self.elaborator.value(a, scope) for a in statement.arguments]
        inner = {**procedure.scope, **dict(zip(procedure.parameters, values, strict=True))}
        alias = f"{prefix}{statement.alias}." if statement.alias else prefix
        self.all(procedure.body, inner, alias)


def _gives_coherence(statement: t.WithFrom) -> bool:
    """``with co from generate_cos(co0)``: coherence orders come with the candidate."""
    choices = statement.choices
    return (
        statement.name == "co"
        and isinstance(choices, t.Apply)
        and isinstance(choices.function, t.Name)
        and choices.function.name.startswith("generate_cos")
    )
