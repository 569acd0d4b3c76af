"""``c ? s : t`` between structs, as the statements that it is short for.

C17 6.5.15: one of the two is evaluated, and the value is that. So it is ``({ typeof(s) v; if (c) v
= s; else v = t; v; })``, and orders as that does. Both interpreters read it so.
"""

from __future__ import annotations

from ksmcheck.syntax.c_ast import (
    Assign,
    Block,
    Conditional,
    Declaration,
    Expr,
    ExprStmt,
    If,
    Name,
    StatementExpr,
    TypeofType,
)


def written_out(choice: Conditional) -> StatementExpr:
    """The statements, with a variable of a name that no text has."""
    assert choice.then is not None
    span = choice.span
    value = Name(f"choice#{span.start}", span)

    def given(arm: Expr) -> ExprStmt:
        return ExprStmt(Assign("=", value, arm, arm.span), arm.span)

    declared = Declaration(value.name, TypeofType(choice.then, span), None, span)
    decided = If(choice.condition, given(choice.then), given(choice.otherwise), span)
    return StatementExpr(Block((declared, decided, ExprStmt(value, span)), span), span)
