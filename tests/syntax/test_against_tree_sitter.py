"""Expressions against tree-sitter-c: another grammar, written by others, has to see the same tree.

Only what C's standard has, without type names: there tree-sitter-c is right (see c_parser).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from ksmcheck.syntax import c_ast
from ksmcheck.syntax.c_parser import parse_expression
from ksmcheck.text import Source

if TYPE_CHECKING:
    from tree_sitter import Node

BINARY = "|| && | ^ & == != < > <= >= << >> + - * / %"
TOKENS = st.one_of(
    st.sampled_from(["a", "b", "7", "f(a, b)", "c[1]", "d->e", "(a + b)", "*p", "-a", "!b", "~c"]),
    st.sampled_from(["&d", "a ? b : c", "++a", "b--"]),
)


@st.composite
def expressions(draw: st.DrawFn) -> str:
    """Operands and binary operators in turn: all structure comes from precedence."""
    text = draw(TOKENS)
    for _ in range(draw(st.integers(0, 6))):
        text += f" {draw(st.sampled_from(BINARY.split()))} {draw(TOKENS)}"
    return text


def ours(expr: c_ast.Expr) -> str:
    match expr:
        case c_ast.Binary(op=op, left=left, right=right):
            return f"({ours(left)} {op} {ours(right)})"
        case c_ast.Unary(op=op, operand=operand):
            return f"({op} {ours(operand)})"
        case c_ast.IncDec(op=op, prefix=prefix, operand=operand):
            return f"({op} {ours(operand)})" if prefix else f"({ours(operand)} {op})"
        case c_ast.Conditional(condition=a, then=b, otherwise=c):
            assert b is not None
            return f"({ours(a)} ? {ours(b)} : {ours(c)})"
        case _:
            return expr.span.text


def theirs(node: Node) -> str:
    if node.type == "parenthesized_expression":
        return theirs(node.children[1])
    nested = "binary_ unary_ pointer_ update_ conditional_"
    if any(node.type.startswith(kind) for kind in nested.split()):
        return "(" + " ".join(parts(node)) + ")"
    assert node.text is not None
    return node.text.decode()


def parts(node: Node) -> Iterator[str]:
    for child in node.children:
        yield theirs(child) if child.is_named else child.type


@settings(max_examples=400, deadline=None)
@given(expressions())
def test_same_tree(text: str) -> None:
    import tree_sitter
    import tree_sitter_c

    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_c.language()))
    root = parser.parse(f"int x = {text};".encode()).root_node
    assert not root.has_error
    value = root.children[0].child_by_field_name("declarator")
    assert value is not None
    their_tree = value.child_by_field_name("value")
    assert their_tree is not None
    assert ours(parse_expression(Source("e", text))) == theirs(their_tree)
