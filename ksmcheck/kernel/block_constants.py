"""Statement expressions where C wants a constant: ``int a[ilog2(16)]``.

Many of the kernel's macros are two things, a formula for constants and code for what is read. Those
that come along are the code alone; where all that goes into it is constant, its value is as well.
"""

from __future__ import annotations

from ksmcheck.kernel.constants import Typed, converted, try_constant
from ksmcheck.kernel.declarations import Declarations
from ksmcheck.kernel.types import CType, IntegerType
from ksmcheck.record import replace
from ksmcheck.syntax.c_ast import (
    Assign,
    Binary,
    Call,
    Declaration,
    DeclGroup,
    Expr,
    ExprStmt,
    Name,
    StatementExpr,
    Stmt,
)
from ksmcheck.text import InputError


def block_constant(expr: StatementExpr, types: Declarations) -> Typed | None:
    """Its value; None where something in it is not constant, or does more than compute."""
    body = expr.body.body
    if not body or not isinstance(last := body[-1], ExprStmt):
        return None
    known, own = _inside(types), set[str]()
    if all(_done(statement, known, own) for statement in body[:-1]):
        return try_constant(last.expr, known)
    return None


def _inside(types: Declarations) -> Declarations:
    """What is declared there: variables whose value is known are to others as enumerators are."""
    known = replace(types, enumerators=dict(types.enumerators))
    outer = types.type_of
    if outer is not None:

        def type_of(expr: Expr) -> CType:
            found = try_constant(expr, known)
            return outer(expr) if found is None else found[1]

        known.type_of = type_of
    return known


def _done(statement: Stmt, known: Declarations, own: set[str]) -> bool:
    """Whether the statement is understood, and its effect noted. ``own``: the block's variables."""
    if isinstance(statement, DeclGroup):
        return all(_done(part, known, own) for part in statement.body)
    if isinstance(statement, Declaration):
        own.add(statement.name)
        return _declared(statement, known)
    if not isinstance(statement, ExprStmt):
        return False
    expr = statement.expr
    if isinstance(expr, Assign) and isinstance(expr.target, Name) and expr.target.name in own:
        return _assigned(expr, expr.target, known)
    return isinstance(expr, Call) and _checked(expr, known)


def _declared(declaration: Declaration, known: Declarations) -> bool:
    type = known.resolve(declaration.type)
    value = None if declaration.init is None else try_constant(declaration.init, known)
    special = declaration.static or declaration.volatile or declaration.per_cpu
    if value is None or special or not isinstance(type, IntegerType):
        return False
    known.enumerators[declaration.name] = converted(value[0], type)
    return True


def _assigned(expr: Assign, target: Name, known: Declarations) -> bool:
    given = expr.value
    if expr.op != "=":
        given = Binary(expr.op.removesuffix("="), target, expr.value, expr.span)
    value = try_constant(given, known)
    if value is None:
        return False
    known.enumerators[target.name] = converted(value[0], known.enumerators[target.name][1])
    return True


def _checked(call: Call, known: Declarations) -> bool:
    """Of what a macro demands of its arguments; else it is no constant, or does not build."""
    if call.callee.name not in ("BUG_ON", "BUILD_BUG_ON") or len(call.args) != 1:
        return False
    holds = try_constant(call.args[0], known)  # type: ignore[arg-type]
    if holds is not None and holds[0] and call.callee.name == "BUILD_BUG_ON":
        raise InputError("BUILD_BUG_ON: the condition holds", call.span)
    return holds is not None and not holds[0]
