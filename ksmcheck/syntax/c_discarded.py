"""Strings in what is computed and thrown away: arguments of a message that is not printed."""

from __future__ import annotations

from ksmcheck.syntax.c_ast import Binary, Conditional, Expr, IntLit, StringLit


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
