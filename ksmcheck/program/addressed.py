"""Which locals of a function must live in memory: those whose address is taken."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ksmcheck.kernel.primitive import Primitive
from ksmcheck.program.tree import Tree, children, everything
from ksmcheck.syntax.c_ast import (
    ArrayType,
    Call,
    Declaration,
    Function,
    Index,
    IntLit,
    Member,
    Name,
    Param,
    PointerType,
    SizeOf,
    TypeofType,
    Unary,
)

_NONE: frozenset[str] = frozenset()
_OF_ARRAYS = frozenset((Index, ArrayType))


def addressed_locals(
    function: Function, primitives: Mapping[str, Primitive], nodes: Collection[Tree] | None = None
) -> frozenset[str]:
    """Names under ``&``, and arrays used other than ``a[constant]``.

    By name, not by scope: a name that is shadowed counts for all its declarations, which costs
    registers but is never wrong. ``nodes``: everything in the function, where that is known.
    """
    nodes = everything(function) if nodes is None else nodes
    kinds = set(map(type, nodes))
    if kinds.isdisjoint(_OF_ARRAYS) and not any(map(_takes_address, nodes)):
        return _NONE
    arrays = _arrays([n for n in nodes if type(n) is Declaration])
    found: set[str] = set()
    _collect(function, primitives, (arrays, _pointers(function, nodes)), found)
    return frozenset(found)


def _arrays(declared: list[Declaration]) -> set[str]:
    """Names of arrays: also of what is declared to be as one of them (``typeof(a) b``)."""
    found = {n.name for n in declared if type(n.type) is ArrayType}
    for one in sorted(declared, key=lambda n: n.span.start) if found else ():
        type_ = one.type
        of = type_.operand if type(type_) is TypeofType and not type_.of_value else None
        if isinstance(of, Name) and of.name in found:
            found.add(one.name)
    return found


def _pointers(function: Function, nodes: Collection[Tree]) -> set[str]:
    """Names that are declared as pointers, and never as anything else: ``&p[1]`` is no address of
    such a one."""
    declared: dict[str, set[bool]] = {}
    for item in (*function.params, *nodes):
        if isinstance(item, Declaration | Param):
            declared.setdefault(item.name, set()).add(type(item.type) is PointerType)
    return {name for name, kinds in declared.items() if kinds == {True}}


def _takes_address(node: Tree) -> bool:
    return type(node) is Unary and node.op == "&"


def _collect(
    node: Tree,
    primitives: Mapping[str, Primitive],
    declared: tuple[set[str], set[str]],
    found: set[str],
) -> None:
    arrays, pointers = declared
    kind = type(node)
    if kind is SizeOf or kind is TypeofType:
        return
    if kind is Call:
        for argument in _evaluated(node, primitives):
            _collect(argument, primitives, declared, found)
        return
    if kind is Unary and node.op == "&":
        root = root_name(node.operand)
        if root is not None and not (type(node.operand) is Index and root in pointers):
            found.add(root)
    elif kind is Index and type(node.index) is IntLit:
        if type(node.base) is not Name:
            _collect(node.base, primitives, declared, found)
        return
    elif kind is Index:
        root = root_name(node.base)
        if root is not None and (root in arrays or type(node.base) is not Name):
            found.add(root)
    elif kind is Name and node.name in arrays:
        found.add(node.name)
    for child in children(node):
        _collect(child, primitives, declared, found)


def _evaluated(call: Call, primitives: Mapping[str, Primitive]) -> list[Tree]:
    """The arguments, those for ``inout`` parameters (``&local``) without their ``&``."""
    known = primitives.get(call.callee.name)
    if known is None or len(known.params) != len(call.args):
        return list(call.args)
    return [
        arg.operand if kind == "inout" and isinstance(arg, Unary) and arg.op == "&" else arg
        for kind, arg in zip(known.params, call.args, strict=True)
    ]


def root_name(expr: Tree) -> str | None:
    """``x`` of ``x.a[1].b``: the variable that an lvalue is part of, if it is by name."""
    while isinstance(expr, Member | Index):
        if isinstance(expr, Member) and expr.arrow:
            return None
        expr = expr.base
    return expr.name if isinstance(expr, Name) else None
