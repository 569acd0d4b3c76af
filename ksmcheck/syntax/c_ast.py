"""Syntax trees of kernel C: shape only, no meaning. Every node has the span of the user's text.

Both the compiler (``program/``) and the independent interpreter (``execution/``) start here.
"""

from __future__ import annotations

from typing import TypeAlias

from ksmcheck.record import Struct
from ksmcheck.text import Span

# --- types as written -------------------------------------------------------------------


class NamedType(Struct, frozen=True):
    """Integer type words sorted into canonical form ("unsigned long"), ``void``, or a typedef."""

    name: str
    span: Span


class TagType(Struct, frozen=True):
    """``struct tag``, ``union tag`` or ``enum tag``; ``kind`` is that keyword."""

    kind: str
    tag: str
    span: Span


class TypeofType(Struct, frozen=True):
    """``of_value``: an array's is that of a pointer to its first element (``__auto_type``)."""

    operand: Expr | TypeExpr
    span: Span
    of_value: bool = False


class PointerType(Struct, frozen=True):
    """``volatile`` is of what is pointed to: ``volatile T *``."""

    target: TypeExpr
    span: Span
    volatile: bool = False


class ArrayType(Struct, frozen=True):
    """``length`` is None for ``[]``."""

    element: TypeExpr
    length: Expr | None
    span: Span


class FunctionType(Struct, frozen=True):
    """What a pointer to a function points to, without the names of the parameters; ``variadic``:
    there may be more arguments."""

    result: TypeExpr
    params: tuple[TypeExpr, ...]
    span: Span
    variadic: bool = False


TypeExpr: TypeAlias = NamedType | TagType | TypeofType | PointerType | ArrayType | FunctionType
TYPES = (NamedType, TagType, TypeofType, PointerType, ArrayType, FunctionType)

# --- expressions ------------------------------------------------------------------------


class IntLit(Struct, frozen=True):
    """``text`` keeps the spelling (base, suffixes U/L decide the type); ``value`` the number."""

    value: int
    text: str
    span: Span


class StringLit(Struct, frozen=True):
    text: str
    span: Span


class Name(Struct, frozen=True):
    name: str
    span: Span


class Unary(Struct, frozen=True):
    """``op`` is one of ``- + ~ ! & *``."""

    op: str
    operand: Expr
    span: Span


class IncDec(Struct, frozen=True):
    """``++`` or ``--`` (``op``), before the operand or after it."""

    op: str
    prefix: bool
    operand: Expr
    span: Span


class Binary(Struct, frozen=True):
    """C's binary operators, ``&&``, ``||`` and the comma included."""

    op: str
    left: Expr
    right: Expr
    span: Span


class Assign(Struct, frozen=True):
    """``op`` is ``=`` or a compound such as ``+=``."""

    op: str
    target: Expr
    value: Expr
    span: Span


class Conditional(Struct, frozen=True):
    """``condition ? then : otherwise``; ``then`` is None for GNU ``a ?: b``."""

    condition: Expr
    then: Expr | None
    otherwise: Expr
    span: Span


class Call(Struct, frozen=True):
    """A call of a function or primitive by name. Arguments may be types (``offsetof``)."""

    callee: Name
    args: tuple[Expr | TypeExpr, ...]
    span: Span


class PointerCall(Struct, frozen=True):
    """A call of what ``pointer`` points to: ``p->fn(x)``, ``(*fn)(x)``, ``fn(x)`` of a variable."""

    pointer: Expr
    args: tuple[Expr, ...]
    span: Span


class Member(Struct, frozen=True):
    """``base.field`` or ``base->field`` (``arrow``)."""

    base: Expr
    field: str
    arrow: bool
    span: Span


class Index(Struct, frozen=True):
    base: Expr
    index: Expr
    span: Span


class Cast(Struct, frozen=True):
    type: TypeExpr
    operand: Expr
    span: Span


class SizeOf(Struct, frozen=True):
    operand: Expr | TypeExpr
    span: Span


class OffsetOf(Struct, frozen=True):
    """``offsetof(type, a.b[0].c)``; ``path`` is the member designator as an expression on ``.``.

    ``path`` is a chain of Member/Index nodes whose innermost base is ``Name(first field)``.
    """

    type: TypeExpr
    path: Expr
    span: Span


class ContainerOf(Struct, frozen=True):
    """``container_of(pointer, type, member)``."""

    pointer: Expr
    type: TypeExpr
    path: Expr
    span: Span


class StatementExpr(Struct, frozen=True):
    """GNU ``({ ...; value; })``."""

    body: Block
    span: Span


class ElementRange(Struct, frozen=True):
    """GNU ``[low ... high]``."""

    low: Expr
    high: Expr


class DesignatorPath(Struct, frozen=True):
    """``.a[2].b``: a designator of several levels, or one that names several elements."""

    steps: tuple[str | Expr | ElementRange, ...]
    span: Span


class InitList(Struct, frozen=True):
    """``{ 1, .field = 2, [3] = 4 }``; a designator is a field name, an index expression, a path or
    None."""

    items: tuple[tuple[str | Expr | DesignatorPath | None, Expr], ...]
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
    | PointerCall
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


class ExprStmt(Struct, frozen=True):
    expr: Expr
    span: Span


class Declaration(Struct, frozen=True):
    """One declared variable; a declaration of several becomes several of these. ``per_cpu``: each
    thread has a copy of it; ``aligned`` as of a field."""

    name: str
    type: TypeExpr
    init: Expr | None
    span: Span
    static: bool = False
    volatile: bool = False
    per_cpu: bool = False
    aligned: tuple[Expr, ...] = ()


class If(Struct, frozen=True):
    condition: Expr
    then: Stmt
    otherwise: Stmt | None
    span: Span


class While(Struct, frozen=True):
    """``unroll`` is the bound of a ``#pragma ksmcheck unroll N`` (or ``__unroll(N)``) before it."""

    condition: Expr
    body: Stmt
    span: Span
    unroll: int | None = None


class DoWhile(Struct, frozen=True):
    body: Stmt
    condition: Expr
    span: Span
    unroll: int | None = None


class For(Struct, frozen=True):
    init: tuple[Stmt, ...]
    condition: Expr | None
    step: Expr | None
    body: Stmt
    span: Span
    unroll: int | None = None


class Switch(Struct, frozen=True):
    value: Expr
    body: Stmt
    span: Span


class Case(Struct, frozen=True):
    """``case low:``, GNU ``case low ... high:``, or ``default:`` when ``low`` is None."""

    low: Expr | None
    high: Expr | None
    body: Stmt
    span: Span


class Label(Struct, frozen=True):
    name: str
    body: Stmt
    span: Span


class Goto(Struct, frozen=True):
    label: str
    span: Span


class Break(Struct, frozen=True):
    span: Span


class Continue(Struct, frozen=True):
    span: Span


class Return(Struct, frozen=True):
    value: Expr | None
    span: Span


class Block(Struct, frozen=True):
    """``{ ... }`` with a scope of its own; an empty statement is ``Block(())``."""

    body: tuple[Stmt, ...]
    span: Span


class DeclGroup(Struct, frozen=True):
    """The declarations of one statement: like a Block, but in the surrounding scope."""

    body: tuple[Declaration, ...]
    span: Span


class Guard(Struct, frozen=True, eq=False):
    """``guard(kind)(args);``, or ``scoped_guard(kind, args) body``; ``fail`` is what
    ``scoped_cond_guard`` does without the lock. Only the parser knows it: the function's tree has
    calls instead (``c_guards``)."""

    kind: str
    args: tuple[Expr, ...]
    body: Stmt | None
    span: Span
    fail: Stmt | None = None


CLEANUP = "cleanup#"
"""The kind of a guard that calls a function of the test, its first argument, with the address of
the variable that is its second; no text has it."""

MADE_UP = "guard#"
"""The names of the variables that a guard needs begin so; their spans are of what they hold."""


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
    | Guard
)

# --- top level --------------------------------------------------------------------------


class Field(Struct, frozen=True):
    """``name`` is None for an anonymous struct/union member; ``bits`` for bit-fields; ``aligned``
    are the alignments that it has at least."""

    name: str | None
    type: TypeExpr
    span: Span
    bits: Expr | None = None
    volatile: bool = False
    aligned: tuple[Expr, ...] = ()


class StructDef(Struct, frozen=True):
    """``kind`` is ``struct`` or ``union``; ``aligned`` as of a field."""

    kind: str
    tag: str
    fields: tuple[Field, ...]
    span: Span
    aligned: tuple[Expr, ...] = ()


class EnumDef(Struct, frozen=True):
    """``tag`` begins with ``<`` if the text gives none."""

    tag: str
    members: tuple[tuple[str, Expr | None, Span], ...]
    span: Span


class Typedef(Struct, frozen=True):
    """``aligned``: the alignments of its objects, which its members have, too."""

    name: str
    type: TypeExpr
    span: Span
    aligned: tuple[Expr, ...] = ()


class Param(Struct, frozen=True):
    name: str
    type: TypeExpr
    span: Span
    volatile: bool = False


class Function(Struct, frozen=True):
    """A definition, or a prototype when ``body`` is None."""

    name: str
    result: TypeExpr
    params: tuple[Param, ...]
    body: Block | None
    span: Span


class StaticAssert(Struct, frozen=True):
    """``static_assert(condition, "message");`` at file level; in a block it is a call."""

    condition: Expr
    span: Span
    why: StringLit | None = None


TopLevel: TypeAlias = StructDef | EnumDef | Typedef | Function | Declaration | StaticAssert
