"""Characters to tokens: C's, plus the few of litmus conditions (``/\\``, ``\\/``, ``=>``, ``<>``).

A token keeps its place in the source, so that every tree node has an exact span. Characters that
start no token become ``bad`` tokens, which are an error only for the parser that reaches them:
text inside ``#if 0`` or after ``#error`` need not be C.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

from ksmcheck.record import Struct
from ksmcheck.text import InputError, Source, Span

_NO_NAMES: frozenset[str] = frozenset()


class Token(Struct):
    """``kind`` is ``id num str chr op pragma bad eof``; never changed once made. A keyword that is
    a variable has the kind ``name`` (``litmus_dialect``).

    ``start`` and ``end`` are offsets in ``source``: for a token that a macro brought, of the
    macro's use, and ``via`` is the token's place in the definition. ``blocked`` names the macros
    that may not expand here again (Prosser's hide set).
    """

    kind: str
    text: str
    source: Source
    start: int
    end: int
    via: Span | None = None
    blocked: frozenset[str] = _NO_NAMES

    @property
    def span(self) -> Span:
        return Span(self.source, self.start, self.end, self.via)

    def describe(self) -> str:
        """The token as named in messages."""
        if self.kind == "eof":
            return self.text or "the end of the file"
        return f"'{self.text}'"


_OPERATORS = (
    r"\.\.\.|<<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|\#\#|=>|<>"
    r"|/\\(?!\r?\n)|\\/|[-+*/%&|^~!<>=?:;,.(){}\[\]\#]"
)
_SPACE = r"(?:\s|\\\r?\n)*"
_REST = rf"""
    (?P<id>[A-Za-z_]\w*)
  | (?P<num>0[xX][\w.]*|\.?[0-9](?:[eE][+-]|[\w.])*)
  | (?P<comment>//(?:\\\r?\n|[^\n])*|/\*(?s:.*?)\*/)
  | (?P<open>/\*)
  HERD
  | (?P<op>{_OPERATORS})
  | (?P<str>"(?:[^"\\\n]|\\.)*")
  | (?P<chr>'(?:[^'\\\n]|\\.)+')
  | (?P<eof>\Z)
  | (?P<bad>(?s:.))
"""


_MOST = frozenset(("id", "num", "op"))
"""The kinds of most tokens; no other group is in theirs."""

_IN_A_WORD = re.compile(r"\w\\\r?\n\w", re.A)


@cache
def _pattern(herd: bool) -> re.Pattern[str]:
    herd_comment = r"| (?P<herd>\(\*)" if herd else ""
    return re.compile(_SPACE + "(?:" + _REST.replace("HERD", herd_comment) + ")", re.X | re.A)


def tokenize(source: Source, start: int = 0, *, herd: bool = False) -> list[Token]:
    """All tokens of ``source.text[start:]``, the last of kind ``eof``.

    ``herd`` also reads ``(* ... *)`` comments. Raises InputError on a comment that is not closed.
    """
    text, tokens, at = source.text, list[Token](), start
    scan = _pattern(herd).finditer
    while True:
        for match in scan(text, at):
            kind = match.lastgroup or "bad"
            if kind == "comment":
                continue
            word, last = match[kind], match.end()
            first = last - len(word)
            if kind in _MOST:
                if word == "/" and herd and _ends_line(text, first, last):
                    last += 1  # what follows is blank: the backslash and the end of the line
                    word = text[first:last]
                tokens.append(Token(kind, word, source, first, last))
                continue
            if kind == "open":
                raise InputError("this comment is not closed", Span(source, first, last), "add */")
            if kind == "herd":
                after = herd_comment_end(source, first, tokens)
                if after is not None:
                    at = after
                    break  # the scan goes on behind the comment
                tokens.append(Token("op", "(", source, first, first + 1))
                tokens.append(Token("op", "*", source, first + 1, last))
                continue
            tokens.append(Token(kind, word, source, first, last))
            if kind == "eof":
                if _IN_A_WORD.search(text, start) is not None:
                    _refuse_continued_words(tokens)
                return tokens


def _refuse_continued_words(tokens: list[Token]) -> None:
    """A word that goes on in the next line is one word in C, and would be two here."""
    for left, right in pairwise(tokens):
        between = left.source.text[left.end : right.start]
        if {left.kind, right.kind} <= {"id", "num"} and between in ("\\\n", "\\\r\n"):
            span = Span(left.source, left.start, left.end)
            raise InputError("this word goes on in the next line", span, "write it in one line")


def _ends_line(text: str, first: int, last: int) -> bool:
    """Whether ``/`` here is herd7's ``/\\`` at the end of a line, and not a division that a
    directive continues on the next one."""
    if text[last : last + 1] != "\\":
        return False
    if not text[last + 1 : last + 3].startswith(("\n", "\r\n")):
        return False
    return not _in_directive(text, first)


# After one of these, at file level, an expression cannot begin: "(*x" is a comment there.
_ENDS_AN_ITEM = frozenset({"}", ")", "]", ";"})


def herd_comment_end(source: Source, at: int, before: list[Token]) -> int | None:
    """Where the herd comment that ``(*`` at ``at`` opens ends; None if this is C, ``(*p)``.

    Between declarations ``(*`` is always a comment. Inside braces or parentheses it is one only
    with a blank after it and balanced parentheses up to ``*)``: ``( *p ... (int *)`` has others.
    """
    text = source.text
    if _in_directive(text, at):
        return None  # it is C
    blank = text[at + 2 : at + 3].isspace()
    last = before[-1].text if before else ";"
    outside = (blank or last in _ENDS_AN_ITEM) and _at_file_level(before)
    if outside and last not in ("exists", "forall", "filter", "not"):
        return skip_herd_comment(source, at)
    if not blank or "*)" not in text[at + 2 :]:
        return None
    for close in (_closing(text, at), text.find("*)", at + 2)):  # with what nests inside, or not
        if close >= 0 and _balanced(text[at + 2 : close]):
            return close + 2
    raise InputError(
        "'(* ' may begin a comment or a dereference here",
        Span(source, at, at + 2),
        "write (*p) without the blank, or /* ... */ for a comment",
    )


def _in_directive(text: str, at: int) -> bool:
    """Whether an offset is in a line of the preprocessor, or in one that continues it."""
    begin = text.rfind("\n", 0, at) + 1
    while begin and text[:begin].rstrip("\r\n").endswith("\\"):
        begin = text.rfind("\n", 0, begin - 1) + 1
    return text[begin:at].lstrip().startswith("#")


def skip_herd_comment(source: Source, at: int) -> int:
    """The offset behind the comment ``(* ... *)`` at ``at``; ``(* `` nests inside."""
    close = _closing(source.text, at)
    if close < 0:
        raise InputError("this comment is not closed", Span(source, at, at + 2), "add *)")
    return close + 2


def _closing(text: str, at: int) -> int:
    """The ``*)`` of the comment at ``at``; -1 if it is not closed."""
    depth = 0
    for match in re.compile(r"\(\*(?=\s)|\*\)").finditer(text, at + 2):
        if match.group() != "*)":
            depth += 1
        elif depth:
            depth -= 1
        else:
            return match.start()
    return -1


def _at_file_level(tokens: list[Token]) -> bool:
    depth = 0
    for token in tokens:
        if token.text in ("{", "(", "["):
            depth += 1
        elif token.text in ("}", ")", "]"):
            depth -= 1
    return depth <= 0


def _balanced(text: str) -> bool:
    depth = 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if depth < 0:
            return False
    return depth == 0
