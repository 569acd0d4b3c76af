"""How an access is called in messages and site names: as its text has it."""

from __future__ import annotations

from ksmcheck.program.tree import Tree, walk
from ksmcheck.syntax.c_ast import (
    MADE_UP,
    Assign,
    Binary,
    Call,
    Cast,
    Index,
    IntLit,
    Member,
    Name,
    PointerCall,
    StringLit,
    Unary,
)

_PER_CPU_DISTANCE = "0x100000UL"
"""KSMCHECK_PER_CPU_DISTANCE of <linux/percpu.h>."""

_TIGHT = Name | IntLit | Member | Index | Call | PointerCall | Cast


def wording(node: Tree) -> str:
    """The node's text in one line; of what a macro brought, what it has become there, since the
    text is the macro's use."""
    return _spelt(node) if _from_macro(node) else " ".join(node.span.text.split())


def _from_macro(node: Tree) -> bool:
    """Whether a macro brought some of it."""
    return any(n.span.via is not None for n in walk(node) if hasattr(n, "span"))


def _spelt(node: Tree) -> str:
    match node:
        case Name() if not node.name.startswith(MADE_UP):  # those say what they hold
            return node.name
        case IntLit() | StringLit():
            return node.text
        case Binary() if node.op == ",":
            return f"{_spelt(node.left)}, {_spelt(node.right)}"
        case Binary():
            return f"{_tight(node.left)} {node.op} {_tight(node.right)}"
        case Assign():
            return f"{_spelt(node.target)} {node.op} {_spelt(node.value)}"
        case Member():
            return f"{_tight(node.base)}{'->' if node.arrow else '.'}{node.field}"
        case Index():
            return f"{_tight(node.base)}[{_spelt(node.index)}]"
        case Unary() if node.op == "*" and (copy := _copy_of_a_cpu(node.operand)) is not None:
            variable, cpu = map(_spelt, copy)
            return f"per_cpu({variable}, {cpu})"
        case Unary():
            return f"{node.op}{_tight(node.operand)}"
        case Call():
            return f"{node.callee.name}({', '.join(map(_spelt, node.args))})"
        case PointerCall():
            return f"{_tight(node.pointer)}({', '.join(map(_spelt, node.args))})"
        case Cast():
            return _tight(node.operand)
    return " ".join(node.span.written.split())


def _copy_of_a_cpu(address: Tree) -> tuple[Tree, Tree] | None:
    """The variable and the CPU, of what <linux/percpu.h> makes of ``per_cpu(var, cpu)``."""
    while isinstance(address, Cast):
        address = address.operand
    match address:
        case Binary(op="+", left=left, right=Binary(op="*", left=IntLit(text=text), right=cpu)):
            while isinstance(left, Cast):
                left = left.operand
            if text == _PER_CPU_DISTANCE and isinstance(left, Unary) and left.op == "&":
                return left.operand, cpu
    return None


def _tight(node: Tree) -> str:
    text = _spelt(node)
    return text if isinstance(node, _TIGHT) else f"({text})"
