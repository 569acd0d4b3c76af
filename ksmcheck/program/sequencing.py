"""Unsequenced side effects: ``i = i++``, ``a[i] = i--``, ``f(n, n++)`` (C17 6.5 p2).

C gives them no meaning, so whichever order were chosen would be a guess. Only variables named as
such are looked at; what is reached through pointers is accessed in the order of the text.
"""

from __future__ import annotations

from ksmcheck.program.tree import Tree, children, walk
from ksmcheck.record import Struct
from ksmcheck.syntax.c_ast import (
    ArrayType,
    Assign,
    Binary,
    Call,
    Conditional,
    Function,
    IncDec,
    Member,
    Name,
    NamedType,
    PointerType,
    SizeOf,
    StatementExpr,
    TagType,
    TypeofType,
    Unary,
)
from ksmcheck.text import InputError, Span

_TYPES = (NamedType, TagType, TypeofType, PointerType, ArrayType)
_EXPRESSIONS = (Assign, Binary, Call, Conditional, IncDec, Unary)
_SEQUENCED = frozenset(("&&", "||", ","))


class _Effects(Struct, frozen=True):
    """Variables that an expression reads and changes, by name."""

    reads: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()

    def and_then(self, other: _Effects) -> _Effects:
        return _Effects(self.reads | other.reads, self.changes | other.changes)

    def beside(self, other: _Effects, span: Span) -> _Effects:
        """Both, in no order. Raises InputError where the order would matter."""
        clash = self.changes & (other.reads | other.changes) | other.changes & self.reads
        if clash:
            name = min(clash)
            message = f"{name} is changed and used in one expression, in no order that C defines"
            raise InputError(message, span, hint="split it into two statements")
        return self.and_then(other)


def check_sequencing(function: Function) -> None:
    """Raises InputError for an expression whose value depends on an order that C leaves open."""
    inner: set[int] = set()
    for node in walk(function):
        if isinstance(node, _EXPRESSIONS) and id(node) not in inner:
            _effects(node)
        if isinstance(node, _EXPRESSIONS):
            inner.update(id(child) for child in children(node))


def _effects(node: Tree) -> _Effects:
    if isinstance(node, (SizeOf, StatementExpr, *_TYPES)):
        return _Effects()
    if isinstance(node, Name):
        return _Effects(frozenset((node.name,)))
    if isinstance(node, Assign):
        return _assignment(node)
    if isinstance(node, IncDec) and isinstance(node.operand, Name):
        return _Effects(frozenset(), frozenset((node.operand.name,)))
    if isinstance(node, Conditional) or (isinstance(node, Binary) and node.op in _SEQUENCED):
        found = _Effects()
        for child in children(node):
            found = found.and_then(_effects(child))
        return found
    if isinstance(node, Unary) and node.op == "&" and isinstance(node.operand, Name):
        return _Effects()
    parts = node.args if isinstance(node, Call) else tuple(children(node))
    found = _Effects()
    for part in parts:
        found = found.beside(_effects(part), node.span)
    return found


def _assignment(node: Assign) -> _Effects:
    """The target is changed after the value is known; other effects of both sides: in no order."""
    value = _effects(node.value)
    target = node.target
    while isinstance(target, Member) and not target.arrow:
        target = target.base
    if not isinstance(target, Name):
        return _effects(node.target).beside(value, node.span)
    if target.name in value.changes:
        _Effects(changes=frozenset((target.name,))).beside(value, node.span)
    return _Effects(value.reads - {target.name}, value.changes | {target.name})
