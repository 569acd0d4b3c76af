"""C as the kernel writes it, whatever white space the text had: ``return -28``, ``a == 0 && b``.

Two texts of the same tokens are spelt alike, and two of other tokens are not. Where only types
could tell a pointer from a product, a guess is good enough: it decides over a blank.
"""

from __future__ import annotations

import re

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
_TOKEN = re.compile(
    r"""
    "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*'
    | \w+ | \.\.\.? | /\\ | \\/
    | <<= | >>= | -> | \+\+ | -- | << | >> | => | [-+*/%&|^<>=!]= | && | \|\| | \?: | \S
    """,
    re.X | re.S,
)
_WORD = re.compile(r"[\w\"'.]")

_BEFORE_A_VALUE = frozenset(("return", "case", "goto", "else"))
_BEFORE_PARENTHESES = _BEFORE_A_VALUE | frozenset(
    ("if", "while", "for", "do", "step", "switch", "exists", "forall", "filter")
)
_TYPE = re.compile(
    r"""
    void | char | short | int | long | unsigned | signed | float | double | _?bool | _Bool
    | struct | union | enum | const | volatile | \w+_t | (?:__)? [usbl]e? (?:8|16|32|64)
    """,
    re.X,
)
_TAGGED = ("struct", "union", "enum")
_EITHER = frozenset(("-", "+", "*", "&"))
_PREFIX = _EITHER | {"~", "!"}
_STEPS = ("++", "--")
_BINARY = frozenset(
    (
        *("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="),
        *("==", "!=", "<", ">", "<=", ">=", "&&", "||", "?", "?:", "/\\", "\\/", "=>"),
        *("+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", "..."),
    )
)
_TIGHT_BEFORE = frozenset((")", "]", ",", ";", ".", "->", "["))
_TIGHT_BEHIND = frozenset(("(", "[", ".", "->"))


def spelt(text: str, *, declares: bool = False) -> str:
    """``declares``: each ``*`` is of a declaration."""
    writer = _Writer(declares)
    tokens = _TOKEN.findall(_COMMENT.sub(" ", text))
    for token, following in zip(tokens, [*tokens, ""][1:], strict=True):
        writer.add(token, following)
    return writer.text


class _Writer:
    """``roles``: what each token so far is, ``prefix``, ``postfix``, ``binary``, ``cast`` (the end
    of one), ``colon`` or nothing."""

    def __init__(self, declares: bool) -> None:
        self.text = ""
        self.tokens: list[str] = []
        self.roles: list[str] = []
        self.open: list[int] = []
        self.choices = 0
        self.declares = declares

    def add(self, token: str, following: str) -> None:
        role = self._role(token, following)
        if self.tokens and self._apart(token, role):
            self.text += " "
        self.text += token
        self.choices += (token == "?") - (token == ":" and role == "binary")
        if token == "(":
            self.open.append(len(self.tokens))
        self.tokens.append(token)
        self.roles.append(role)

    def _role(self, token: str, following: str) -> str:
        if token in _STEPS:
            return "postfix" if self._behind_a_value() else "prefix"
        if token in _PREFIX and not self._behind_a_value():
            return "prefix"
        if token == "*" and (self._behind_a_type() or following in (")", ",", "*", "")):
            return "prefix"
        if token == ":":
            return "binary" if self.choices else "colon"
        if token == ")" and self.open:
            return "cast" if self._is_a_type(self.open.pop()) else ""
        return "binary" if token in _BINARY else ""

    def _behind_a_value(self) -> bool:
        if not self.tokens or self.roles[-1] in ("prefix", "binary", "cast", "colon"):
            return False
        last = self.tokens[-1]
        return last not in _BEFORE_A_VALUE and (
            last in (")", "]") or self.roles[-1] == "postfix" or bool(_WORD.match(last))
        )

    def _behind_a_type(self) -> bool:
        tagged = len(self.tokens) > 1 and self.tokens[-2] in _TAGGED
        return self.declares or tagged or bool(_TYPE.fullmatch(self.tokens[-1]))

    def _is_a_type(self, start: int) -> bool:
        """Whether what is in parentheses is the type of a cast. That of ``sizeof(int)`` is not."""
        inside = self.tokens[start + 1 :]
        if not inside or (start and _called(self.tokens[start - 1])):
            return False
        pointer = inside[-1] == "*" and self.roles[-1] == "prefix"
        return pointer or bool(_TYPE.fullmatch(inside[0]))

    def _apart(self, token: str, role: str) -> bool:
        last, was = self.tokens[-1], self.roles[-1]
        if _first(last + token) != last:  # they would be another token
            return True
        if "binary" in (role, was) or last in (",", ";") or "{" in (last, token) or token == "}":
            return last not in ("(", "[")
        if token in _TIGHT_BEFORE or last in _TIGHT_BEHIND or was in ("prefix", "cast"):
            return False
        if role in ("postfix", "colon"):
            return False
        if was == "colon":  # `1:r0` of a thread, `r0: 1` of a local
            return not "".join(self.tokens[-2:-1]).isdigit()
        if token == "(":
            return last in _BEFORE_PARENTHESES
        return role == "prefix" and bool(_WORD.match(last))


def _called(word: str) -> bool:
    return bool(_WORD.match(word)) and word not in _BEFORE_PARENTHESES


def _first(text: str) -> str:
    found = _TOKEN.match(text)
    return found[0] if found else ""
