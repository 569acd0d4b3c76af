"""Types of expressions over variables at file level, where nothing is evaluated: ``sizeof(table)``,
``ARRAY_SIZE(s.parts)``."""

from __future__ import annotations

from ksmcheck.kernel.declarations import Declarations
from ksmcheck.kernel.lengths import sized
from ksmcheck.kernel.types import ArrayOf, CType, FunctionOf, PointerTo, StructType
from ksmcheck.syntax.c_ast import Cast, Expr, Index, Member, Name, Unary
from ksmcheck.text import InputError


def file_type(expr: Expr, types: Declarations) -> CType | None:
    """The type of a variable or a part of one, or of a function; None for any other expression.
    Raises InputError where a variable's type asks for itself."""
    if isinstance(expr, Name):
        function = types.functions.get(expr.name)
        return _variable(expr, types) if function is None else types.signature(function)
    if isinstance(expr, Member):
        whole = file_type(expr.base, types)
        if expr.arrow:
            whole = _target(whole)
        if not isinstance(whole, StructType):
            return None
        return types.member(whole, expr.field, expr.span).type
    if isinstance(expr, Index):
        return _target(file_type(expr.base, types))
    if isinstance(expr, Cast):
        return types.resolve(expr.type)
    if isinstance(expr, Unary) and expr.op == "*":
        return _target(file_type(expr.operand, types))
    if isinstance(expr, Unary) and expr.op == "&":
        of = file_type(expr.operand, types)
        return PointerTo(of) if isinstance(of, FunctionOf) else None
    return None


def _variable(name: Name, types: Declarations) -> CType | None:
    declared = types.globals.get(name.name)
    if declared is None:
        return None
    if name.name in types.asking:
        raise InputError(f"the size of {name.name} depends on itself", name.span)
    types.asking.add(name.name)
    try:
        return sized(types.resolve(declared.type), declared.init, types)
    finally:
        types.asking.discard(name.name)


def _target(type: CType | None) -> CType | None:
    if isinstance(type, PointerTo):
        return type.target
    return type.element if isinstance(type, ArrayOf) else None
