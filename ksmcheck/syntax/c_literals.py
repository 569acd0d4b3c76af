"""Integer, character and string literals (C17 6.4.4, 6.4.5; GNU binary constants)."""

from __future__ import annotations

import re

from ksmcheck.syntax.c_ast import IntLit
from ksmcheck.syntax.tokens import Token
from ksmcheck.text import InputError, Span

_INTEGER = re.compile(
    r"(?P<digits>0[xX][0-9a-fA-F]+|0[bB][01]+|0[0-7]*|[1-9][0-9]*)"
    r"(?P<suffix>[uU](?:ll|LL|[lL])?|(?:ll|LL|[lL])[uU]?)?",
    re.A,
)
_FLOAT = re.compile(
    r"(?:[0-9]*\.[0-9]+|[0-9]+\.?)(?:[eE][+-]?[0-9]+)?[fFlL]?|0[xX]\w*[.pP][\w.]*", re.A
)
_LETTERS = "ntrabfve" + "\\'\"?"
_ESCAPES = dict(zip(_LETTERS, (10, 9, 13, 7, 8, 12, 11, 27, 92, 39, 34, 63), strict=True))
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]+)|([0-7]{1,3})|(.))", re.A)
_MAX = (1 << 64) - 1


def integer(token: Token) -> IntLit:
    """The literal of a ``num`` token; InputError on floats, bad digits and more than 64 bits."""
    match = _INTEGER.fullmatch(token.text)
    if match is None:
        raise InputError(*_bad_number(token))
    value = digits_value(match["digits"])
    if value > _MAX:
        raise InputError(f"the constant {token.text} does not fit into 64 bits", token.span)
    return IntLit(value, token.text, token.span)


def digits_value(digits: str) -> int:
    """The value of an integer constant without its suffix; a leading 0 means octal."""
    if digits[:2] in ("0x", "0X"):
        return int(digits, 16)
    if digits[:2] in ("0b", "0B"):
        return int(digits[2:], 2)
    # More digits than any 64-bit number has: do not pay for converting them.
    if len(digits) > 64:
        return _MAX + 1
    return int(digits, 8) if digits[0] == "0" else int(digits)


def _bad_number(token: Token) -> tuple[str, Span, str | None]:
    if "..." in token.text:
        hint = "put blanks around '...'"
        return f"'{token.text}' is read as one number", token.span, hint
    if re.fullmatch(r"0[0-9]+[uUlL]*", token.text):
        return f"'{token.text}': a leading 0 makes this octal, without 8 and 9", token.span, None
    if _FLOAT.fullmatch(token.text):
        return "floating point is not supported", token.span, None
    return f"'{token.text}' is not an integer constant", token.span, None


def character(token: Token) -> IntLit:
    """The ``int`` value of a character literal (ASCII only)."""
    codes = unescape(token, token.text[1:-1])
    if len(codes) != 1:
        raise InputError("a character literal holds one character", token.span)
    if codes[0] > 127:
        message = "the value of a character above 127 depends on the machine"
        raise InputError(message, token.span, "write the number")
    return IntLit(codes[0], token.text, token.span)


def unescape(token: Token, body: str) -> list[int]:
    """The character codes of a literal's body."""
    codes, at = [], 0
    while at < len(body):
        if body[at] != "\\":
            codes.append(ord(body[at]))
            at += 1
            continue
        match = _ESCAPE.match(body, at)
        if match is None or (match[3] or "n") not in _ESCAPES:
            raise InputError(f"unknown escape sequence '{body[at : at + 2]}'", token.span)
        if match[1]:
            codes.append(int(match[1], 16))
        elif match[2]:
            codes.append(int(match[2], 8))
        else:
            codes.append(_ESCAPES[str(match[3])])
        at = match.end()
    return codes


def string(token: Token) -> str:
    """The text of a string literal, its escapes resolved."""
    codes = unescape(token, token.text[1:-1])
    if any(code > 0x10FFFF for code in codes):
        raise InputError("an escape sequence in this string is out of range", token.span)
    return "".join(map(chr, codes))
