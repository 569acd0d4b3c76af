"""Syntax trees of kernel C: shape only, no meaning. Every node has the span of the user's text.

Both the compiler (``program/``) and the independent interpreter (``execution/``) start here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from ksmcheck.text import Span

# --- types as written -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NamedType:
    """Integer type words sorted into canonical form ("unsigned long"), ``void``, or a typedef."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class TagType:
    """``struct tag``, ``union tag`` or ``enum tag``; ``kind`` is that keyword."""

    kind: str
    tag: str
    span: Span


@dataclass(frozen=True, slots=True)
class TypeofType:
    operand: Expr | TypeExpr
    span: Span


@dataclass(frozen=True, slots=True)
class PointerType:
    """``volatile`` is of what is pointed to: ``volatile T *``."""

    target: TypeExpr
    span: Span
    volatile: bool = False


@dataclass(frozen=True, slots=True)
class ArrayType:
    """``length`` is None for ``[]``."""

    element: TypeExpr
    length: Expr | None
    span: Span


TypeExpr: TypeAlias = NamedType | TagType | TypeofType | PointerType | ArrayType

# --- expressions ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IntLit:
    """``text`` keeps the spelling (base, suffixes U/L decide the type); ``value`` the number."""

    value: int
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class StringLit:
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Name:
    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Unary:
    """``op`` is one of ``- + ~ ! & *``."""

    op: str
    operand: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class IncDec:
    """``++`` or ``--`` (``op``), before the operand or after it."""

    op: str
    prefix: bool
    operand: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Binary:
    """C's binary operators, ``&&``, ``||`` and the comma included."""

    op: str
    left: Expr
    right: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Assign:
    """``op`` is ``=`` or a compound such as ``+=``."""

    op: str
    target: Expr
    value: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Conditional:
    """``condition ? then : otherwise``; ``then`` is None for GNU ``a ?: b``."""

    condition: Expr
    then: Expr | None
    otherwise: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function or primitive by name. Arguments may be types (``offsetof``)."""

    callee: Name
    args: tuple[Expr | TypeExpr, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Member:
    """``base.field`` or ``base->field`` (``arrow``)."""

    base: Expr
    field: str
    arrow: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Index:
    base: Expr
    index: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Cast:
    type: TypeExpr
    operand: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class SizeOf:
    operand: Expr | TypeExpr
    span: Span


@dataclass(frozen=True, slots=True)
class OffsetOf:
    """``offsetof(type, a.b[0].c)``; ``path`` is the member designator as an expression on ``.``.

    ``path`` is a chain of Member/Index nodes whose innermost base is ``Name(first field)``.
    """

    type: TypeExpr
    path: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class ContainerOf:
    """``container_of(pointer, type, member)``."""

    pointer: Expr
    type: TypeExpr
    path: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class StatementExpr:
    """GNU ``({ ...; value; })``."""

    body: Block
    span: Span


@dataclass(frozen=True, slots=True)
class InitList:
    """``{ 1, .field = 2, [3] = 4 }``; a designator is a field name, an index expression or None."""

    items: tuple[tuple[str | Expr | None, Expr], ...]
    span: Span


Expr: TypeAlias = (
    IntLit
    | StringLit
    | Name
    | Unary
    | IncDec
    | Binary
    | Assign
    | Conditional
    | Call
    | Member
    | Index
    | Cast
    | SizeOf
    | OffsetOf
    | ContainerOf
    | StatementExpr
    | InitList
)

# --- statements -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ExprStmt:
    expr: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Declaration:
    """One declared variable; a declaration of several becomes several of these."""

    name: str
    type: TypeExpr
    init: Expr | None
    span: Span
    static: bool = False
    volatile: bool = False


@dataclass(frozen=True, slots=True)
class If:
    condition: Expr
    then: Stmt
    otherwise: Stmt | None
    span: Span


@dataclass(frozen=True, slots=True)
class While:
    """``unroll`` is the bound of a ``#pragma ksmcheck unroll N`` (or ``__unroll(N)``) before it."""

    condition: Expr
    body: Stmt
    span: Span
    unroll: int | None = None


@dataclass(frozen=True, slots=True)
class DoWhile:
    body: Stmt
    condition: Expr
    span: Span
    unroll: int | None = None


@dataclass(frozen=True, slots=True)
class For:
    init: tuple[Stmt, ...]
    condition: Expr | None
    step: Expr | None
    body: Stmt
    span: Span
    unroll: int | None = None


@dataclass(frozen=True, slots=True)
class Switch:
    value: Expr
    body: Stmt
    span: Span


@dataclass(frozen=True, slots=True)
class Case:
    """``case low:``, GNU ``case low ... high:``, or ``default:`` when ``low`` is None."""

    low: Expr | None
    high: Expr | None
    body: Stmt
    span: Span


@dataclass(frozen=True, slots=True)
class Label:
    name: str
    body: Stmt
    span: Span


@dataclass(frozen=True, slots=True)
class Goto:
    label: str
    span: Span


@dataclass(frozen=True, slots=True)
class Break:
    span: Span


@dataclass(frozen=True, slots=True)
class Continue:
    span: Span


@dataclass(frozen=True, slots=True)
class Return:
    value: Expr | None
    span: Span


@dataclass(frozen=True, slots=True)
class Block:
    """``{ ... }`` with a scope of its own; an empty statement is ``Block(())``."""

    body: tuple[Stmt, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class DeclGroup:
    """The declarations of one statement: like a Block, but in the surrounding scope."""

    body: tuple[Declaration, ...]
    span: Span


Stmt: TypeAlias = (
    ExprStmt
    | Declaration
    | DeclGroup
    | If
    | While
    | DoWhile
    | For
    | Switch
    | Case
    | Label
    | Goto
    | Break
    | Continue
    | Return
    | Block
)

# --- top level --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Field:
    """``name`` is None for an anonymous struct/union member; ``bits`` for bit-fields."""

    name: str | None
    type: TypeExpr
    span: Span
    bits: Expr | None = None
    volatile: bool = False


@dataclass(frozen=True, slots=True)
class StructDef:
    """``kind`` is ``struct`` or ``union``."""

    kind: str
    tag: str
    fields: tuple[Field, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class EnumDef:
    tag: str | None
    members: tuple[tuple[str, Expr | None, Span], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Typedef:
    name: str
    type: TypeExpr
    span: Span


@dataclass(frozen=True, slots=True)
class Param:
    name: str
    type: TypeExpr
    span: Span
    volatile: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """A definition, or a prototype when ``body`` is None."""

    name: str
    result: TypeExpr
    params: tuple[Param, ...]
    body: Block | None
    span: Span


TopLevel: TypeAlias = StructDef | EnumDef | Typedef | Function | Declaration
