"""What can be told of a model without evaluating it: its checks and tags by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ksmcheck.cat.algebra import Check
from ksmcheck.cat.free import free_names
from ksmcheck.syntax import cat_tree as t


def outline(
    statements: tuple[t.Statement, ...], variants: frozenset[str]
) -> tuple[list[Check], set[str]]:
    """The checks that a model can come to, by name, and the names that it does not define."""
    procedures: dict[str, t.Procedure] = {}
    found: dict[tuple[str, bool], Check] = {}
    for s, prefix in _reached(statements, "", procedures, variants, 0):
        check = check_of(s, prefix)
        found.setdefault((check.name, check.flag), check)
    return list(found.values()), free_names(statements)


def check_of(statement: t.CheckStatement, prefix: str) -> Check:
    """``undefined_unless c`` and ``assert c`` report the executions where c does not hold: each is
    a flag on its opposite. A flag is told by its own name, whatever a procedure is called as."""
    name = statement.name or f"{statement.kind}@{statement.span.line}"
    opposite = statement.role in ("undefined_unless", "assert")
    flag = opposite or statement.role == "flag"
    negated = statement.negated != opposite
    return Check(name if flag else prefix + name, statement.kind, negated, flag, statement.span)


def _reached(
    statements: Iterable[t.Statement],
    prefix: str,
    procedures: dict[str, t.Procedure],
    variants: frozenset[str],
    depth: int,
) -> Iterator[tuple[t.CheckStatement, str]]:
    for s in statements:
        bodies: list[tuple[tuple[t.Statement, ...], str]] = []
        match s:
            case t.CheckStatement():
                yield s, prefix
            case t.Let(when=t.CheckStatement() as when):
                yield when, prefix
            case t.Procedure(name):
                procedures[name] = s
            case t.Call(name) if name in procedures and depth < 8:
                alias = f"{prefix}{s.alias}." if s.alias else prefix
                bodies = [(procedures[name].body, alias)]
            case t.IfStatement(_, then, orelse):
                bodies = [(then, prefix), (orelse, prefix)]
            case t.MatchStatement(_, steps):
                bodies = [(step.body, prefix) for step in steps]
            case t.Forall(_, _, body):
                bodies = [(body, prefix)]
        for body, inner in bodies:
            yield from _reached(body, inner, procedures, variants, depth + 1)


def needs_library(statements: tuple[t.Statement, ...]) -> bool:
    """Whether a procedure is called that is not defined."""
    called = {s.name for s in _flat(statements) if isinstance(s, t.Call)}
    return not called <= {s.name for s in _flat(statements) if isinstance(s, t.Procedure)}


def _flat(statements: Iterable[t.Statement]) -> Iterator[t.Statement]:
    for s in statements:
        yield s
        match s:
            case t.Procedure(body=body) | t.Forall(body=body):
                yield from _flat(body)
            case t.IfStatement(_, then, orelse):
                yield from _flat((*then, *orelse))
            case t.MatchStatement(_, steps):
                yield from _flat(x for step in steps for x in step.body)
