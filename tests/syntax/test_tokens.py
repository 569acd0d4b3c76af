"""Tokens: C's comments and herd7's, which ``(*p)`` must not be taken for."""

from __future__ import annotations

import pytest

from ksmcheck.syntax.tokens import tokenize
from ksmcheck.text import InputError, Source


def texts(text: str, herd: bool = True) -> list[str]:
    return [token.text for token in tokenize(Source("t", text), herd=herd)][:-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Longest operator first (C17 6.4 p4).
        ("a<<=b>>c->d...", ["a", "<<=", "b", ">>", "c", "->", "d", "..."]),
        ("x+++y", ["x", "++", "+", "y"]),
        (r"a /\ b \/ c", ["a", "/\\", "b", "\\/", "c"]),
        ("0x1F 12ul .5 1e+3", ["0x1F", "12ul", ".5", "1e+3"]),
        ("a /* x */ b // y\nc", ["a", "b", "c"]),
        ("a // continued \\\n line\nb", ["a", "b"]),
        ("\"a\\\"b\" '\\''", ['"a\\"b"', "'\\''"]),
        ("a \\\n b", ["a", "b"]),
    ],
)
def test_c_tokens(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # No blank after the star: a dereference, in a call or at the start of a statement.
        ("f(*x);", ["f", "(", "*", "x", ")", ";"]),
        ("{ (*p) = 1; }", ["{", "(", "*", "p", ")", "=", "1", ";", "}"]),
        ("exists (*p=1)", ["exists", "(", "*", "p", "=", "1", ")"]),
        # A blank: a comment, anywhere.
        ("{ a; (* note *) b; }", ["{", "a", ";", "b", ";", "}"]),
        ("{ (* a (* b *) c *) x; }", ["{", "x", ";", "}"]),
        ("exists (* note *) (x=1)", ["exists", "(", "x", "=", "1", ")"]),
        # Between definitions a comment needs no blank, and `(* ` nests.
        ("{} (*no blank*) P0", ["{", "}", "P0"]),
        ("{} (* a (* b *) c *) P0", ["{", "}", "P0"]),
        # A blank, but no comment: nothing closes it.
        ("{ f(( * p)); }", ["{", "f", "(", "(", "*", "p", ")", ")", ";", "}"]),
        ("{ ((* p)); }", ["{", "(", "(", "*", "p", ")", ")", ";", "}"]),
    ],
)
def test_herd_comments(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


def test_c_sources_have_no_herd_comments() -> None:
    assert texts("(* p *)", herd=False) == ["(", "*", "p", "*", ")"]


@pytest.mark.parametrize(
    "text",
    [
        # As code this assigns twice; as a comment it would swallow the first assignment.
        "{ (* p) = 3; x = (int *) y; }",
        "{ (* p + sizeof(int *) ); }",
    ],
)
def test_what_may_be_code_or_comment_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="comment or a dereference"):
        texts(text)


@pytest.mark.parametrize("text", ["a /* b", "{} (* b", "{} (* a (* b *) c"])
def test_open_comments(text: str) -> None:
    with pytest.raises(InputError, match="not closed"):
        texts(text)


def test_tokens_know_their_place() -> None:
    token = tokenize(Source("t", "ab\n  cd"))[1]
    assert (token.text, token.span.line, token.span.column) == ("cd", 2, 3)


@pytest.mark.parametrize(
    "line",
    ["#define VAL(p) (*(p))", "#define VAL(p) (* p)", "  # define VAL(p) \\\n (*(p))", "#if (*"],
)
def test_directives_have_no_herd_comments(line: str) -> None:
    """``(*`` there is C, whatever stands before it, and what comes up to a later ``*)`` is kept."""
    found = texts(f"C t\n{line}\n#define SIZE sizeof(int *)\nint x;\n")
    assert found.count("#") == 2
    assert "SIZE" in found
