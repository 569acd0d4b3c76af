"""A litmus test in kernel C as written: header, start state, code, threads, conditions."""

from __future__ import annotations

from typing import TypeAlias

from ksmcheck.record import Struct
from ksmcheck.syntax.c_ast import Expr, Function, TopLevel, TypeExpr
from ksmcheck.text import Span


class InitEntry(Struct, frozen=True):
    """One entry of the start state: ``int *p = &x;``, ``x = 1;``, ``0:r1 = 2;``, ``a[3] = {1,2}``.

    ``target`` is an lvalue expression (Name, Member, Index, Unary ``*``); ``thread`` is set for
    registers. ``type`` is None where the entry gives none. ``value`` is None for a bare
    declaration. herd7's ``int x = y`` for ``&y`` keeps ``value = Name("y")``: the meaning
    (address of y) is given by ``kernel/``.
    """

    target: Expr
    type: TypeExpr | None
    value: Expr | None
    thread: int | None
    span: Span


class Register(Struct, frozen=True):
    """``0:r1`` in a condition: local variable ``name`` of thread ``thread`` when it ends."""

    thread: int
    name: str
    span: Span


class Content(Struct, frozen=True):
    """``[x]`` on the right of a comparison: what x holds, where ``x`` alone is its address."""

    location: Expr
    span: Span


# Conditions are C expressions over shared lvalues, plus Register for ``0:r1`` and Content for
# ``[x]``; the parser turns ``/\`` ``\/`` ``~`` (``not``) and ``=`` into Binary && || / Unary ! /
# Binary ==.
PropExpr: TypeAlias = "Expr | Register | Content"


class PropTree(Struct, frozen=True):
    """A condition tree. ``op`` is one of ``and or not implies eq ne lt le gt ge true false``.

    Leaves of comparisons are PropAtom operands (``PropExpr``) in ``operands``;
    inner nodes have PropTree children.
    """

    op: str
    children: tuple[PropTree, ...]
    operands: tuple[PropExpr, ...]
    span: Span


class Condition(Struct, frozen=True):
    """``quantifier`` is ``exists``, ``~exists`` or ``forall``."""

    quantifier: str
    tree: PropTree
    span: Span


class LitmusTest(Struct, frozen=True):
    """One test. ``name`` is the header's, ``path`` the file it came from (or a label).

    ``top`` holds every struct, enum, typedef, global and function definition of the test and of
    what it includes; ``threads`` are the functions P0, P1, ... in order.
    ``comment`` is the text of the header comments, ``info`` the ``Key=value`` lines.
    """

    name: str
    path: str
    info: tuple[tuple[str, str], ...]
    comment: str
    init: tuple[InitEntry, ...]
    top: tuple[TopLevel, ...]
    threads: tuple[Function, ...]
    filter: PropTree | None
    condition: Condition | None
    locations: tuple[PropExpr, ...]
    span: Span
