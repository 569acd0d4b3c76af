"""Characters of a cat file to tokens.

Written by hand because two things are not regular: comments ``(* *)`` nest, and ``*`` is the
closure after ``r`` but the cartesian product before an expression (one token of look-ahead).
"""

from __future__ import annotations

import re

from ksmcheck.record import Struct
from ksmcheck.text import InputError, Source, Span

_CHECKS = ("acyclic", "irreflexive", "empty", "flag", "assert", "undefined_unless")
_DEFINITIONS = ("let", "rec", "and", "in", "as", "fun", "procedure", "call", "enum", "instructions")
_CONTROL = ("if", "then", "else", "match", "with", "end", "try", "forall", "do", "from")
_OTHERS = ("show", "unshow", "debug", "include", "not", "subset", "when", "default", "begin")
_OPTIONS = ("catdep", "withco", "withoutco", "withinit", "withoutinit", "withsc", "withoutsc")
KEYWORDS = frozenset([*_CHECKS, *_DEFINITIONS, *_CONTROL, *_OTHERS, *_OPTIONS])

_SYMBOLS = {
    "++": "PLUSPLUS",
    "+": "PLUS",
    "*": "STAR",
    "?": "OPT",
    "^-1": "INVERSE",
    "^+": "PLUS",
    "^*": "STAR",
    "^?": "OPT",
    "||": "ALT",
    "|": "BAR",
    "&&": "ANDAND",
    "&": "AMP",
    ";": "SEMI",
    "\\": "BACKSLASH",
    "~": "TILDE",
    "(": "LPAR",
    ")": "RPAR",
    "[": "LBRACKET",
    "]": "RBRACKET",
    "{": "LBRACE",
    "}": "RBRACE",
    ",": "COMMA",
    "=": "EQUAL",
    "->": "ARROW",
}

# Kinds that begin an operand: a `*` before one of them is a product.
_BEGIN = frozenset(
    ["NAME", "TAG", "LPAR", "LBRACKET", "LBRACE", "TILDE", "UNIVERSE", "ZERO", "BEGIN"]
)


class Token(Struct, frozen=True):
    """``type`` is what the grammar calls it; the parser generator reads only this field."""

    type: str
    text: str
    span: Span


def tokens(source: Source) -> list[Token]:
    """All tokens of a cat text. Raises InputError at a character that begins none."""
    found = _raw(source)
    for i, token in enumerate(found):
        if token.type == "STAR" and token.text == "*" and _is_product(found, i):
            found[i] = Token("PRODUCT", token.text, token.span)
    return found


def _raw(source: Source) -> list[Token]:
    scan, text, out = _pattern().match, source.text, list[Token]()
    at = 1 if text.startswith("\ufeff") else 0  # the mark that some editors begin UTF-8 with
    while at < len(text):
        match = scan(text, at)
        if match is None:
            raise _bad_character(source, at)
        kind, end = match.lastgroup or "", match.end()
        if kind == "comment":
            end = _comment_end(source, at)
        elif kind != "blank":
            out.append(_token(kind, match.group(), Span(source, at, end)))
        at = end
    return out


def _pattern() -> re.Pattern[str]:
    # `re` keeps compiled patterns, so this is a dictionary look-up after the first call.
    return re.compile(
        r"(?P<blank>\s+|\#[^\n]*|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)"
        r"|(?P<comment>\(\*)"
        r"|(?P<name>_?[A-Za-z](?:[A-Za-z0-9_.]|-(?!>))*(?:'(?![A-Za-z]))?)"
        r"|(?P<tag>'_?[A-Za-z](?:[A-Za-z0-9_.]|-(?!>))*'?)"
        r'|(?P<string>"[^"]*")'
        r"|(?P<zero>0(?![0-9A-Za-z]))"
        r"|(?P<universe>_)"
        r"|(?P<symbol>\+\+|\^\s*-1|\^[+*?]|\|\||&&|->|[+*?|&;\\~()\[\]{},=])"
    )


def _token(kind: str, text: str, span: Span) -> Token:
    if kind == "symbol":
        text = "^-1" if text[-1] == "1" else text
        return Token(_SYMBOLS[text], text, span)
    if kind == "name" and text in KEYWORDS:
        return Token(text.upper(), text, span)
    if kind == "string":
        return Token("STRING", text[1:-1], span)
    return Token(kind.upper(), text[1:] if kind == "tag" else text, span)


def _comment_end(source: Source, start: int) -> int:
    depth, at = 0, start
    for mark in re.compile(r"\(\*|\*\)").finditer(source.text, start):
        # "(*)" opens only: its star must not also close.
        if mark.start() < at:
            continue
        depth, at = depth + (1 if mark.group() == "(*" else -1), mark.end()
        if depth == 0:
            return at
    raise InputError("this comment is not closed", Span(source, start, start + 2), "add `*)`")


def _is_product(found: list[Token], star: int) -> bool:
    after = [t.type for t in found[star + 1 : star + 3]]
    if not after or after[0] not in _BEGIN:
        return False
    # `let a = r* ~empty b`: here `~` begins the next statement.
    return not (after[0] == "TILDE" and len(after) > 1 and after[1].lower() in _CHECKS)


def _bad_character(source: Source, at: int) -> InputError:
    char, span = source.text[at], Span(source, at, at + 1)
    hint = {
        '"': 'a string ends on its own line with `"`',
        "^": "the inverse is written `^-1`",
        "<": "inclusion is written `subset`",
        "!": "complement is written `~`",
        "-": "difference is written `\\`",
    }.get(char)
    return InputError(f"{char!r} does not begin anything in cat", span, hint)
