"""The shape of cat trees: precedence, look-ahead, comments, every statement, and errors."""

from __future__ import annotations

from typing import Any

import pytest

from ksmcheck.record import Struct, fields
from ksmcheck.syntax import cat_tree as t
from ksmcheck.syntax.cat_parser import parse_cat, parse_expression
from ksmcheck.text import InputError, Source, Span


def bare(node: Any) -> Any:
    """A tree without its spans, for comparison."""
    if isinstance(node, tuple):
        return tuple(bare(x) for x in node)
    if isinstance(node, Struct) and not isinstance(node, Span):
        named = [(name, bare(getattr(node, name))) for name in fields(node) if name != "span"]
        return (type(node).__name__, *named)
    return node


def shape(text: str) -> Any:
    return bare(parse_expression(Source("<test>", text)))


def statements(text: str) -> tuple[t.Statement, ...]:
    return parse_cat(Source("<test>", text)).statements


# The order of binding strength is that of herd7's grammar (lib/modelParser.mly in its sources):
# | then ++ then ; then \ then & then * then ~ then the postfix operators, loosest first.
@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("a | b ; c", "a | (b ; c)"),
        ("a ; b | c", "(a ; b) | c"),
        ("a | b ++ c", "a | (b ++ c)"),
        ("a ++ b ; c", "a ++ (b ; c)"),
        (r"a ; b \ c", r"a ; (b \ c)"),
        (r"a \ b & c", r"a \ (b & c)"),
        (r"a & b \ c", r"(a & b) \ c"),
        ("A * B & c", "(A * B) & c"),
        ("c & A * B", "c & (A * B)"),
        ("~A * B", "(~A) * B"),
        ("~a*", "~(a*)"),
        ("~a & b", "(~a) & b"),
        ("a ; b^-1", "a ; (b^-1)"),
        ("a+^-1?", "((a+)^-1)?"),
        (r"a \ b \ c", r"(a \ b) \ c"),
        ("f a ; b", "(f(a)) ; b"),
        ("f a+", "(f(a))+"),
        ("f a b", "(f a) b"),
        ("[A] ; r ; [B]", "([A] ; r) ; [B]"),
    ],
)
def test_precedence(short: str, full: str) -> None:
    assert shape(short) == shape(full)


def test_different_groupings_differ() -> None:
    # Guards the comparison above: it must not be blind to grouping.
    assert shape("(a | b) ; c") != shape("a | b ; c")
    assert shape(r"a \ (b \ c)") != shape(r"a \ b \ c")


@pytest.mark.parametrize(
    ("text", "op"),
    [("A*B", "Binary"), ("A * (B)", "Binary"), ("A * _", "Binary"), ("A * ~B", "Binary")],
)
def test_star_before_an_operand_is_a_product(text: str, op: str) -> None:
    assert shape(text)[0] == op


@pytest.mark.parametrize("text", ["r*", "r* ; s", "r* | s", "(r*)", "r* & s", "r*+", r"r* \ s"])
def test_star_elsewhere_is_a_closure(text: str) -> None:
    assert ("op", "*") in _all_pairs(shape(text))
    assert not any(p[0] == "Binary" and ("op", "*") in p for p in _nodes(shape(text)))


def _nodes(tree: Any) -> list[Any]:
    below = [n for part in tree if isinstance(part, tuple) for n in _nodes(part)]
    return [tree, *below]


def _all_pairs(tree: Any) -> list[Any]:
    return [n for n in _nodes(tree) if len(n) == 2]


def test_star_at_the_end_of_a_statement() -> None:
    first, second = statements("let a = r*\n~empty b as x")
    assert isinstance(first, t.Let)
    assert isinstance(second, t.CheckStatement)
    assert second.negated


def test_names_hold_dashes_dots_and_digits() -> None:
    (binding,) = statements("let po-loc.2 = DMB.ISH-x")
    assert isinstance(binding, t.Let)
    assert binding.bindings[0].name == "po-loc.2"
    assert bare(binding.bindings[0].value) == ("Name", ("name", "DMB.ISH-x"))


def test_comments_nest_and_line_comments() -> None:
    text = "(* a (* b *) let *) let a = b (* c *) # let\n// let x = y\nlet c = d"
    assert [s.bindings[0].name for s in statements(text) if isinstance(s, t.Let)] == ["a", "c"]


def test_comments_of_c() -> None:
    # Not herd7's, but Dat3M's.
    text = "/* a * / (* let */ let a = b /**/ let c = d"
    assert [s.bindings[0].name for s in statements(text) if isinstance(s, t.Let)] == ["a", "c"]


def test_every_statement() -> None:
    text = """
    "title"
    include "cos.cat"
    let a = b and c = d
    let rec e = e | f and g = e
    let h(x, y) = x ; y
    let i x = x
    let j = fun x -> x
    let k = let m = n in m
    let l = if "deps" && not "x" || "y" then a else b
    let o = try a with b
    let p = match q with || {} -> a || x ++ xs -> b || 'mb -> c || _ -> d end
    acyclic a
    flag ~empty a as z
    undefined_unless irreflexive a as u
    show a, b as c
    unshow a
    with co from generate_cos(co0)
    enum E = 'a || 'b-c
    instructions R[{'a, 'b}, E]
    procedure q(r) = acyclic r end
    call q(a | b) as qq
    forall x in S do empty x end
    if a = b then empty a else empty b end
    """
    tree = parse_cat(Source("<test>", text))
    kinds = [type(s).__name__ for s in tree.statements]
    lets, checks, shows = ["Let"] * 9, ["CheckStatement"] * 3, ["Show"] * 2
    rest = ["WithFrom", "EnumStatement", "Instructions", "Procedure", "Call", "Forall"]
    assert tree.title == "title"
    assert kinds == ["Include", *lets, *checks, *shows, *rest, "IfStatement"]


def test_spans_cover_what_was_written() -> None:
    source = Source("<test>", "let a = po ; [R]\nflag ~empty (a & b)+ as x")
    let, check = parse_cat(source).statements
    assert isinstance(let, t.Let)
    assert isinstance(check, t.CheckStatement)
    assert let.span.text == "let a = po ; [R]"
    assert let.bindings[0].value.span.text == "po ; [R]"
    assert check.span.text == "flag ~empty (a & b)+ as x"
    assert (check.span.line, check.span.column) == (2, 1)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("let a = \nacyclic c", 2, 1, "`acyclic` is not possible here"),
        ("let = b", 1, 5, "`=` is not possible here"),
        ("acyclic (a ; b", 1, 15, "the end of the file is not possible here"),
        ("let a = b\n(* open", 2, 1, "this comment is not closed"),
        ("let a = b ! c", 1, 11, "'!' does not begin anything"),
        ("let a = b\nacyclic a as", 2, 13, "the end of the file"),
        ('include "x', 1, 9, "does not begin anything"),
        ("let a = b - c", 1, 11, "'-' does not begin anything"),
    ],
)
def test_syntax_errors(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(InputError) as caught:
        statements(text)
    diagnostic = caught.value.diagnostic
    assert message in diagnostic.message
    assert diagnostic.span is not None
    assert (diagnostic.span.line, diagnostic.span.column) == (line, column)
