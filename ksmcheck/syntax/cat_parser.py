"""Text of a cat or bell file to its tree (LALR, the grammar is in cat_grammar)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from ksmcheck.syntax.cat_lexer import Token, tokens
from ksmcheck.syntax.cat_tree import CatFile, CheckStatement, Expr
from ksmcheck.text import InputError, Source, Span

if TYPE_CHECKING:
    from lark import Lark, UnexpectedToken

    from ksmcheck.syntax.cat_tables import Keeper


def parse_cat(source: Source, keeper: Keeper | None = None) -> CatFile:
    """The tree of one file; includes are not followed. Raises InputError at the first mistake.

    ``keeper`` (a cache) saves making the parser's tables anew in each process.
    """
    from lark import UnexpectedToken

    found = tokens(source)
    # Spans live in our own tokens, so the parser is without state and can be kept.
    parser: Any = _parser(keeper).parse_interactive("")
    try:
        for token in found:
            parser.feed_token(token)
        tree: CatFile = parser.feed_token(_end(source, found))
    except UnexpectedToken as error:
        raise _syntax_error(error) from None
    return tree


def parse_expression(source: Source) -> Expr:
    """The tree of one expression (for tests and for users' queries)."""
    whole = Source(source.name, f"empty {source.text}")
    (statement, *rest) = parse_cat(whole).statements
    if rest or not isinstance(statement, CheckStatement):
        raise InputError("one cat expression is expected", statement.span)
    return statement.expression


@cache
def _parser(keeper: Keeper | None) -> Lark:
    from ksmcheck.syntax.cat_tables import parser

    return parser(keeper)


def _end(source: Source, found: list[Token]) -> Token:
    at = found[-1].span.end if found else 0
    return Token("$END", "", Span(source, at, at))


_SHOWN = {
    "NAME": "a name",
    "TAG": "a tag",
    "STRING": "a string",
    "EQUAL": "`=`",
    "RPAR": "`)`",
    "RBRACKET": "`]`",
    "RBRACE": "`}`",
    "THEN": "`then`",
    "ELSE": "`else`",
    "IN": "`in`",
    "END": "`end`",
    "WITH": "`with`",
    "FROM": "`from`",
    "ARROW": "`->`",
    "DO": "`do`",
}


def _syntax_error(error: UnexpectedToken) -> InputError:
    token: Any = error.token
    what = "the end of the file" if token.type == "$END" else f"`{token.span.text}`"
    return InputError(
        f"{what} is not possible here", token.span, _hint(token, set(error.expected or ()))
    )


def _hint(token: Token, expected: set[str]) -> str | None:
    if "INCLUDE" in expected:  # where no more of what was begun is needed
        if "ALT" in expected and token.type in ("BAR", "COMMA"):
            return "tags and cases are separated by `||`"
        return "a statement begins with let, acyclic, irreflexive, empty, flag, include, show, ..."
    if "EMPTY" in expected:
        return "expected `acyclic`, `irreflexive` or `empty`"
    if "ZERO" in expected:
        return "expected an expression"
    known = [_SHOWN[name] for name in sorted(expected) if name in _SHOWN]
    return f"expected {' or '.join(known[:4])}" if known else None
