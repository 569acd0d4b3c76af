"""``T *p __free(kfree) = ...;``: what the kernel's own DEFINE_FREEs do where the scope of p ends.

``DEFINE_FREE(kfree, void *, if (!IS_ERR_OR_NULL(_T)) kfree(_T))`` and that of kvfree
(include/linux/slab.h, 6.12). As a function of ``void *`` they would not know what they free.
"""

from __future__ import annotations

from ksmcheck.syntax.c_ast import (
    Binary,
    Block,
    Call,
    Cast,
    Declaration,
    Expr,
    ExprStmt,
    If,
    IntLit,
    Name,
    NamedType,
    Stmt,
    TypeExpr,
    TypeofType,
    Unary,
)
from ksmcheck.syntax.litmus_allocated import GARBAGE
from ksmcheck.text import Span

FREES = frozenset(("__free_kfree", "__free_kvfree"))
"""What ``__free(name)`` calls, where a test does not define it itself."""
FREES_POINTER = "__free_"
"""What they all begin with, those of a test's own DEFINE_FREE as well."""
_ERRORS = 4096
"""Addresses so near to the end are error values (include/linux/err.h), which begin at MAX_ERRNO."""


def nowhere(type: TypeExpr, span: Span) -> Expr:
    """What such a pointer holds that is declared without a value. It is read where its scope ends,
    on every way there: 0, with which locals begin whose address is taken, would free nothing."""
    return Cast(type, IntLit(GARBAGE, hex(GARBAGE), span), span)


def freed(call: Call) -> Stmt:
    """What such a call does, given the address of a pointer that the block keeps: nothing for NULL
    and for an error, else ``kfree``."""
    (kept,) = call.args
    span = call.span
    assert isinstance(kept, Name)
    pointer = Name(f"{kept.name}.freed", kept.span)
    value = Unary("*", kept, span)
    read = Declaration(pointer.name, TypeofType(value, span), value, span)
    # Below the error values, and not NULL: one less than that is the greatest of all.
    number = Cast(NamedType("unsigned long", span), pointer, span)
    less = Binary("-", number, IntLit(1, "1", span), span)
    end = Cast(NamedType("unsigned long", span), IntLit(-_ERRORS, f"-{_ERRORS}", span), span)
    is_object = Binary("<", less, end, span)
    call = Call(Name("__ksmcheck_freed", call.callee.span), (Unary("*", pointer, span),), span)
    return Block((read, If(is_object, ExprStmt(call, span), None, span)), span)
