"""The names that a model uses without defining them."""

from __future__ import annotations

from collections.abc import Iterable

from ksmcheck.record import Struct, fields
from ksmcheck.syntax import cat_tree as t
from ksmcheck.text import Span


def free_names(statements: Iterable[t.Statement], bound: frozenset[str] = frozenset()) -> set[str]:
    """Names that stand for nothing that was defined before them."""
    out: set[str] = set()
    for s in statements:
        match s:
            case t.Let(bindings, recursive):
                inner = bound | _names(bindings)
                out |= _in_bindings(bindings, inner if recursive else bound)
                bound = inner
                out |= _in(s.when, bound)
            case t.Procedure(name, parameters, body):
                out |= free_names(body, bound | {name, *parameters})
                bound |= {name}
            case t.EnumStatement(name):
                bound |= {name}
            case t.WithFrom(name, choices):
                out |= _in(choices, bound)
                bound |= {name}
            case t.Forall(variable, domain, body):
                out |= _in(domain, bound) | free_names(body, bound | {variable})
            case t.IfStatement(condition, then, orelse):
                out |= _in(condition, bound) | free_names(then, bound) | free_names(orelse, bound)
            case t.MatchStatement(subject, steps):
                bodies = (free_names(step.body, bound) for step in steps)
                out |= _in(subject, bound).union(*bodies)
            case t.CheckStatement() | t.Call():
                out |= _in(s, bound)
    return out


def _names(bindings: Iterable[t.Binding]) -> frozenset[str]:
    return frozenset(name for b in bindings for name in b.names)


def _in_bindings(bindings: Iterable[t.Binding], bound: frozenset[str]) -> set[str]:
    values = (_in(b.value, bound.union(b.parameters or ())) for b in bindings)
    return set[str]().union(*values)


def _in(tree: object, bound: frozenset[str]) -> set[str]:
    match tree:
        case t.Name(name):
            return set() if name in bound else {name}
        case t.Lambda(parameters, body):
            return _in(body, bound.union(parameters))
        case t.LetIn(bindings, recursive, body):
            inner = bound | _names(bindings)
            return _in_bindings(bindings, inner if recursive else bound) | _in(body, inner)
        case t.MatchCase(pattern, body):
            return _in(body, bound.union(pattern) if isinstance(pattern, tuple) else bound)
        case tuple():
            return set[str]().union(*(_in(part, bound) for part in tree))
        case Span() | str() | bool() | None:
            return set()
    if isinstance(tree, Struct):
        parts = (getattr(tree, name) for name in fields(tree))
        return set[str]().union(*(_in(part, bound) for part in parts))
    return set()
