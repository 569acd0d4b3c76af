"""How an access is called in messages and site names: as its text has it."""

from __future__ import annotations

from ksmcheck.program.tree import Tree, walk
from ksmcheck.syntax.c_ast import Call, Cast, Index, IntLit, Member, Name, Unary

_TIGHT = Name | IntLit | Member | Index | Call


def wording(node: Tree) -> str:
    """The node's text in one line; of what a macro brought, what it has become there, since the
    text is the macro's use."""
    if any(n.span.via is not None for n in walk(node) if hasattr(n, "span")):
        return _spelt(node)
    return " ".join(node.span.text.split())


def _spelt(node: Tree) -> str:
    match node:
        case Name():
            return node.name
        case IntLit():
            return node.text
        case Member():
            return f"{_tight(node.base)}{'->' if node.arrow else '.'}{node.field}"
        case Index():
            return f"{_tight(node.base)}[{_spelt(node.index)}]"
        case Unary():
            return f"{node.op}{_tight(node.operand)}"
        case Call():
            return f"{node.callee.name}({', '.join(map(_spelt, node.args))})"
        case Cast():
            return _tight(node.operand)
    return " ".join(node.span.written.split())


def _tight(node: Tree) -> str:
    text = _spelt(node)
    return text if isinstance(node, _TIGHT | Cast) else f"({text})"
