"""Calls in a test's tokens, and what is written in their place before the parser reads them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from ksmcheck.record import Struct, replace
from ksmcheck.syntax.tokens import Token
from ksmcheck.text import InputError


class TokenCall(Struct, frozen=True):
    """One call: its ``name``, the ``arguments``, and the parenthesis that is its ``end``."""

    name: Token
    arguments: list[list[Token]]
    end: Token

    def here(self, tokens: Sequence[Token]) -> list[Token]:
        """The tokens as if they stood at the call's name."""
        return [replace(self.name, kind=token.kind, text=token.text) for token in tokens]


Spelling = Callable[[TokenCall, Sequence[Token]], list[Token]]
"""What stands for a call, given also what stands before it."""


def respelt(tokens: Sequence[Token], names: Collection[str], spelling: Spelling) -> list[Token]:
    """The tokens with something else for each call of one of the names."""
    changed: list[Token] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.text not in names or tokens[at + 1].text != "(":
            changed.append(token)
            at += 1
            continue
        arguments, end = arguments_of(tokens, at + 1)
        changed += spelling(TokenCall(token, arguments, tokens[end]), changed)
        at = end + 1
    return changed


def defines(tokens: Sequence[Token], names: Collection[str]) -> bool:
    """Whether ``name(...) {`` stands there for one of the names."""
    for at, token in enumerate(tokens[:-1]):
        if token.text in names and tokens[at + 1].text == "(":
            end = _closing(tokens, at + 1)
            if end + 1 < len(tokens) and tokens[end + 1].text == "{":
                return True
    return False


def arguments_of(tokens: Sequence[Token], opening: int) -> tuple[list[list[Token]], int]:
    """The arguments of a call, and where its parenthesis closes."""
    end = _closing(tokens, opening)
    found: list[list[Token]] = [[]]
    depth = 0
    for token in tokens[opening + 1 : end]:
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(token.text, 0)
        if token.text == "," and not depth:
            found.append([])
        else:
            found[-1].append(token)
    return found, end


def _closing(tokens: Sequence[Token], opening: int) -> int:
    depth = 0
    for at in range(opening, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[at].text, 0)
        if not depth:
            return at
    raise InputError("this '(' is never closed", tokens[opening].span)
