"""A place in a list of tokens, and how to say what was expected there."""

from __future__ import annotations

from typing import NoReturn

from ksmcheck.syntax.c_words import KEYWORDS, REFUSED_WORDS
from ksmcheck.syntax.tokens import Token
from ksmcheck.text import InputError, Span


class Cursor:
    """``tokens`` ends with an ``eof`` token; ``at`` is the next one to read."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def ahead(self, distance: int) -> Token:
        """The token ``distance`` further on (``eof`` beyond the end)."""
        index = self.at + distance
        return self.tokens[index] if index < len(self.tokens) else self.tokens[-1]

    def accept(self, text: str) -> bool:
        if self.tokens[self.at].text == text:
            self.at += 1
            return True
        return False

    def expect(self, text: str, where: str, hint: str | None = None) -> Token:
        """The next token, which has to be ``text``; ``where`` completes "expected ';' ..."."""
        token = self.tokens[self.at]
        if token.text != text:
            self.expected(f"'{text}' {where}", hint)
        self.at += 1
        return token

    def identifier(self, what: str) -> Token:
        """The next token, which has to be a name that is no keyword."""
        token = self.tokens[self.at]
        named = token.kind == "id" and token.text not in KEYWORDS
        if not (named and token.text not in REFUSED_WORDS) and token.kind != "name":
            self.expected(what)
        self.at += 1
        return token

    def span_from(self, start: int) -> Span:
        """The span of the tokens from index ``start`` up to the one read last."""
        end = self.at - 1
        first, last = self.tokens[start], self.tokens[end if end > start else start]
        if first.via is None and last.via is None and first.source is last.source:
            return Span(first.source, first.start, last.end)
        if first is last or last.source is not first.source:
            return Span(first.source, first.start, first.end, first.via)
        low, high = min(first.start, last.start), max(first.end, last.end)
        inside_one_use = (low, high) == (first.start, first.end)
        return Span(first.source, low, high, _via(first.via, last.via) if inside_one_use else None)

    def expected(self, what: str, hint: str | None = None) -> NoReturn:
        """``expected WHAT, found TOKEN``, at the end of the line before if the line is complete."""
        token = self.token
        self.refuse_word(token)
        span, message = token.span, f"expected {what}, found {token.describe()}"
        previous = self.tokens[self.at - 1] if self.at else token
        if what.startswith("';'") and previous.source is token.source and not previous.via:
            between = token.source.text[previous.end : token.start]
            if "\n" in between or token.kind == "eof":
                span = Span(token.source, previous.end, previous.end + 1)
                message = f"expected {what}"
        raise InputError(message, span, hint)

    def refuse_word(self, token: Token) -> None:
        """Raise the specific message where the unexpected token is a known unsupported word."""
        if token.kind == "id" and token.text in REFUSED_WORDS:
            raise InputError(REFUSED_WORDS[token.text], token.span)
        if token.kind == "pragma":
            raise InputError("an unrolling bound stands directly before a loop", token.span)
        if token.kind == "bad":
            raise InputError(*bad_token(token))


def bad_token(token: Token) -> tuple[str, Span, str | None]:
    """Message, span and hint for a character that starts no token."""
    if token.text == '"':
        return "this string is not closed on its line", token.span, 'add " at its end'
    if token.text == "'":
        return "this character literal is not closed or empty", token.span, None
    return f"the character {token.text!r} has no meaning here", token.span, None


def _via(first: Span | None, last: Span | None) -> Span | None:
    """Where in macros' definitions something stands that begins and ends at these places."""
    if first is None or last is None or first.source is not last.source or first.start > last.start:
        return first
    if (first.start, first.end) == (last.start, last.end):  # one use of another macro
        return Span(first.source, first.start, first.end, _via(first.via, last.via))
    return Span(first.source, first.start, max(first.end, last.end))
