"""Unsequenced side effects: ``i = i++``, ``a[i] = i--``, ``f(n, n++)`` (C17 6.5 p2).

C gives them no meaning, so whichever order were chosen would be a guess. Only variables named as
such are looked at; what is reached through pointers is accessed in the order of the text.
"""

from __future__ import annotations

from collections.abc import Collection

from ksmcheck.program.tree import Tree, children, everything, walk
from ksmcheck.record import Struct
from ksmcheck.syntax.c_ast import (
    TYPES,
    Assign,
    Binary,
    Call,
    Conditional,
    Declaration,
    ExprStmt,
    Function,
    IncDec,
    Member,
    Name,
    PointerCall,
    SizeOf,
    StatementExpr,
    Unary,
)
from ksmcheck.text import InputError, Span

_EXPRESSIONS = (Assign, Binary, Call, PointerCall, Conditional, IncDec, Unary)
_SEQUENCED = frozenset(("&&", "||", ","))


class _Effects(Struct, frozen=True):
    """Variables that an expression reads and changes, by name; ``open``: those of which a change
    need not be done when the expression's value is there."""

    reads: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    open: frozenset[str] = frozenset()

    def and_then(self, other: _Effects) -> _Effects:
        return _Effects(self.reads | other.reads, self.changes | other.changes, other.open)

    def beside(self, other: _Effects, span: Span) -> _Effects:
        """Both, in no order. Raises InputError where the order would matter."""
        clash = _both(self.changes, other.reads | other.changes) | _both(other.changes, self.reads)
        if clash:
            raise _unordered(min(clash), span)
        both = self.and_then(other)
        return _Effects(both.reads, both.changes, self.open | other.open)

    def done(self) -> _Effects:
        return _Effects(self.reads, self.changes)


def _both(changed: frozenset[str], used: frozenset[str]) -> frozenset[str]:
    """The changed variables that are used, whole or in part: ``s.a`` is a part of ``s``."""
    if not changed or not used:
        return frozenset()
    return frozenset(
        one
        for one in changed
        if any(one == o or one.startswith(f"{o}.") or o.startswith(f"{one}.") for o in used)
    )


def _unordered(name: str, span: Span) -> InputError:
    message = f"{name} is changed and used in one expression, in no order that C defines"
    return InputError(message, span, hint="split it into two statements")


def check_sequencing(function: Function, nodes: Collection[Tree] | None = None) -> None:
    """Raises InputError for an expression whose value depends on an order that C leaves open.
    ``nodes``: everything in the function, where that is known."""
    if not _may_clash(everything(function) if nodes is None else nodes):
        return
    inner: set[int] = set()
    for node in walk(function):
        if isinstance(node, _EXPRESSIONS) and id(node) not in inner:
            _effects(node)
        if isinstance(node, _EXPRESSIONS):
            inner.update(id(child) for child in children(node))


def _may_clash(nodes: Collection[Tree]) -> bool:
    """Whether something is changed inside of an expression, and not just by it: mostly nothing."""
    kinds = list(map(type, nodes))
    if StatementExpr in kinds:
        return True
    changes = kinds.count(Assign) + kinds.count(IncDec)
    return changes > sum(_changes(node.expr) for node in nodes if type(node) is ExprStmt)


def _effects(node: Tree) -> _Effects:
    if isinstance(node, (SizeOf, *TYPES)):
        return _Effects()
    name = _variable(node.operand if isinstance(node, IncDec) else node)
    if name is not None:
        names = frozenset((name,))
        return _Effects(changes=names, open=names) if isinstance(node, IncDec) else _Effects(names)
    if isinstance(node, Assign):
        return _assignment(node)
    if isinstance(node, Conditional) or (isinstance(node, Binary) and node.op in _SEQUENCED):
        return _in_order(node)
    if isinstance(node, StatementExpr):
        return _statements(node)
    if isinstance(node, Unary) and node.op == "&" and _variable(node.operand) is not None:
        return _Effects()
    parts = node.args if isinstance(node, Call) else tuple(children(node))
    found = _Effects()
    for part in parts:
        found = found.beside(_effects(part), node.span)
    return found.done() if isinstance(node, Call | PointerCall) else found


def _in_order(node: Conditional | Binary) -> _Effects:
    found, arms = _Effects(), frozenset[str]()
    for child in children(node):
        effects = _effects(child)
        found = found.and_then(effects)
        if child is not children(node)[0]:
            arms |= effects.open
    return _Effects(found.reads, found.changes, arms)


def _statements(node: StatementExpr) -> _Effects:
    """What a block does to the variables around it; its statements are in order."""
    inside = list(walk(node.body))
    own = {n.name for n in inside if isinstance(n, Declaration)}
    bases = {id(n.base) for n in inside if isinstance(n, Member)}
    names = {v for n in inside if id(n) not in bases and (v := _variable(n)) is not None}
    targets = (n.target if isinstance(n, Assign) else n.operand for n in inside if _changes(n))
    changed = {name for n in targets if (name := _variable(n)) is not None}

    def outside(found: set[str]) -> frozenset[str]:
        return frozenset(name for name in found if name.split(".")[0] not in own)

    return _Effects(outside(names), outside(changed))


def _changes(node: Tree) -> bool:
    return isinstance(node, Assign | IncDec)


def _variable(node: Tree) -> str | None:
    """``n`` or ``n.member`` for a variable or a member of one."""
    if isinstance(node, Member) and not node.arrow:
        base = _variable(node.base)
        return None if base is None else f"{base}.{node.field}"
    return node.name if isinstance(node, Name) else None


def _assignment(node: Assign) -> _Effects:
    """The target is changed after the value is known; other effects of both sides: in no order."""
    value = _effects(node.value)
    target = _variable(node.target)
    if target is None:
        return _effects(node.target).beside(value, node.span)
    name = frozenset((target,))
    if _both(name, value.open) or (node.op != "=" and _both(name, value.changes)):
        raise _unordered(target, node.span)
    return _Effects(value.reads - name, value.changes | name, value.open | name)
