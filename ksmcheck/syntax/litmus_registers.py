"""Registers of herd7's C threads: one for each name, whatever block declares it.

herd7 has no scopes (CSem.ml reads ``C.Seq (insts,_)`` as its instructions, and a declaration as
nothing or as an assignment): what an inner block declares is the thread's register of that name. So
two blocks may declare the same one, what comes after a block may read it, and a condition may name
it. Where C would not take that, or takes the same, such a variable is declared at the beginning of
the thread here and assigned where it was declared. Others stay where they are. A variable that
hides one of a block around it is another to C, and the same to herd7: it is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from ksmcheck.record import Struct, fields, replace
from ksmcheck.syntax.c_ast import (
    Assign,
    Block,
    Declaration,
    DeclGroup,
    ExprStmt,
    For,
    Function,
    InitList,
    Name,
    NamedType,
    Param,
    PointerType,
    StatementExpr,
    Stmt,
    TagType,
    TopLevel,
    TypeExpr,
)
from ksmcheck.text import InputError


def with_registers(thread: Function, top: list[TopLevel], locations: set[str]) -> Function:
    """The thread with one variable for each register that its blocks share. ``locations`` are the
    names of the test's shared variables."""
    if thread.body is None or not thread.params or any(_is_struct(p) for p in thread.params):
        return thread
    params = {param.name for param in thread.params}
    known = {item.name for item in top if isinstance(item, Declaration)}
    found = _Found(params | known)
    found.block(thread.body, set())
    shared = found.shared()
    first = [replace(shared[name], init=None) for name in sorted(shared)]
    span = thread.body.span
    for name in sorted(found.undeclared() - locations):
        first.append(Declaration(name, NamedType("int", span), None, span))
    if not first:
        return thread
    body = cast(Block, _rewritten(thread.body, frozenset(shared)))
    return replace(thread, body=replace(body, body=(*first, *body.body)))


def spelling(type_: TypeExpr) -> str | None:
    """A scalar type as one would write it; None for others."""
    if isinstance(type_, PointerType):
        target = spelling(type_.target)
        return None if target is None else f"{target} *"
    if isinstance(type_, NamedType):
        return type_.name
    return f"{type_.kind} {type_.tag}" if isinstance(type_, TagType) else None


def assignment(stmt: Declaration) -> Stmt:
    """What a declaration of a register does that is declared already."""
    if stmt.init is None:
        return Block((), stmt.span)
    target = Name(stmt.name, stmt.span)
    return ExprStmt(Assign("=", target, stmt.init, stmt.span), stmt.span)


def _is_struct(param: Param) -> bool:
    """Whether it points to a struct of the test: then the thread is C, with C's scopes."""
    type_: TypeExpr = param.type
    while isinstance(type_, PointerType):
        type_ = type_.target
    return isinstance(type_, TagType) and type_.tag != "srcu_struct"


def _is_register(one: Declaration) -> bool:
    whole = isinstance(one.type, TagType) or isinstance(one.init, InitList)
    return not (whole or one.static or one.volatile)


class _Found:
    """The declarations of a thread by name, and the names that are used outside their blocks."""

    def __init__(self, others: set[str]) -> None:
        self.others = others
        self.declared: dict[str, list[Declaration]] = {}
        self.inner: set[str] = set()
        self.loose: set[str] = set()
        self.assigned: set[str] = set()
        self.early: set[str] = set()
        self.hiding: dict[str, Declaration] = {}

    def block(self, node: Struct, outer: set[str]) -> None:
        """A node that is a scope of its own; ``outer`` are the names that are known around it."""
        known = set(outer)
        for part in _parts(node):
            self._node(part, known, bool(outer) or not isinstance(node, Block))

    def _node(self, node: Struct, known: set[str], inside: bool) -> None:
        if isinstance(node, StatementExpr):
            self.others |= set(_declared_in(node))
        if isinstance(node, Declaration):
            self.declared.setdefault(node.name, []).append(node)
            if inside:
                self.inner.add(node.name)
                if node.name in known:
                    self.hiding.setdefault(node.name, node)
            known.add(node.name)
        elif isinstance(node, Assign) and node.op == "=" and isinstance(node.target, Name):
            self._node(node.value, known, inside)
            self.assigned.add(node.target.name)
            if node.target.name not in known:
                self.loose.add(node.target.name)
            return
        elif isinstance(node, Name) and node.name not in known:
            self.loose.add(node.name)
            if node.name not in self.assigned:
                self.early.add(node.name)
        scope = isinstance(node, Block | For | StatementExpr)
        names = {*known, ""} if scope else known  # "": not outermost
        if scope:
            self.block(node, names)
            return
        for part in _parts(node):
            self._node(part, known, inside)

    def shared(self) -> dict[str, Declaration]:
        """The registers to be declared at the beginning, by name."""
        found: dict[str, Declaration] = {}
        for name, all_ in self.declared.items():
            if name in self.others:
                continue
            types = {spelling(one.type) for one in all_}
            alike = len(types) == 1 and None not in types
            shared = name in self.loose or (name in self.inner and len(all_) > 1)
            if shared and alike and all(map(_is_register, all_)):
                if name in self.hiding:
                    message = f"{name} hides a variable of that name: to herd7 it is the same one"
                    hint = "give one of them another name"
                    raise InputError(message, self.hiding[name].span, hint)
                found[name] = all_[0]
        return found

    def undeclared(self) -> set[str]:
        """The registers without a declaration that are read first, and assigned then."""
        return (self.early & self.assigned) - self.declared.keys() - self.others


def _declared_in(node: Struct) -> Iterator[str]:
    """What a statement expression declares (``min``, ``swap``): herd7 has none, so it is C's."""
    for part in _parts(node):
        if isinstance(part, Declaration):
            yield part.name
        yield from _declared_in(part)


def _parts(node: Struct) -> Iterator[Struct]:
    """The nodes directly inside a node, in the order of its fields."""
    for name in fields(node):
        if name != "span":
            yield from _nodes(getattr(node, name))


def _nodes(value: object) -> Iterator[Struct]:
    if isinstance(value, tuple):
        for item in value:
            yield from _nodes(item)
    elif isinstance(value, Struct):
        yield value


def _rewritten(node: Any, names: frozenset[str]) -> Any:
    """A node with assignments for the declarations of ``names``."""
    if isinstance(node, tuple):
        return tuple(_statements(node, names))
    if not isinstance(node, Struct):
        return node
    if isinstance(node, Declaration) and node.name in names:
        return assignment(replace(node, init=_rewritten(node.init, names)))
    changed = {
        name: _rewritten(getattr(node, name), names) for name in fields(node) if name != "span"
    }
    if all(value is getattr(node, name) for name, value in changed.items()):
        return node
    return replace(node, **changed)


def _statements(items: tuple[Any, ...], names: frozenset[str]) -> Iterator[Any]:
    """The items of a tuple; the declarations of one statement may come apart."""
    for item in items:
        if isinstance(item, DeclGroup) and any(one.name in names for one in item.body):
            yield from (_rewritten(one, names) for one in item.body)
        else:
            yield _rewritten(item, names)
