"""What is computed and thrown away, and what is not: strings in arguments of a message that is not
printed, and the value of a block."""

from __future__ import annotations

from ksmcheck.record import replace
from ksmcheck.syntax.c_ast import (
    Binary,
    Block,
    Conditional,
    Expr,
    ExprStmt,
    IntLit,
    Label,
    StringLit,
)


def discarded(expr: Expr) -> Expr:
    """An operand of ``(void)``: strings in it are nothing that anybody sees. What decides between
    two of them is read all the same."""
    match expr:
        case StringLit(_, span):
            return IntLit(0, "0", span)
        case Binary(",", left, right, span):
            return Binary(",", discarded(left), discarded(right), span)
        case Conditional(condition, then, otherwise, span) if then is not None:
            return Conditional(condition, discarded(then), discarded(otherwise), span)
    return expr


def with_value(body: Block) -> Block:
    """The block of ``({ ...; out: value; })``, in which GNU C takes the value behind the label."""
    last = body.body[-1] if body.body else None
    if not isinstance(last, Label) or not isinstance(last.body, Label | ExprStmt):
        return body
    label = replace(last, body=Block((), last.span))
    return with_value(replace(body, body=(*body.body[:-1], label, last.body)))
