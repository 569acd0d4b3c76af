"""C text as characters: comments and strings skipped, brackets matched, tokens normalised."""

from __future__ import annotations

import re

_PIECE = re.compile(
    r"""//[^\n]*|/\*(?s:.*?)\*/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[(){}\[\]]"""
)
_COMMENT = re.compile(r"""(//[^\n]*|/\*(?s:.*?)\*/)|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'""")
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|[A-Za-z_]\w*|\d[\w.]*|\\\r?\n|\s+|\S')


def balanced_end(text: str, start: int) -> int:
    """The offset behind the bracket that closes the one at ``start``; else the text's end."""
    depth = 0
    for piece in _PIECE.finditer(text, start):
        if piece[0] in "([{":
            depth += 1
        elif piece[0] in ")]}":
            depth -= 1
            if depth == 0:
                return piece.end()
    return len(text)


def uncommented(text: str) -> str:
    """The text with each comment blanked; offsets and lines stay."""
    return _COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]) if m[1] else m[0], text)


def c_words(text: str) -> list[str]:
    """The tokens of a C text; white space, comments and continued lines are gone."""
    found = _TOKEN.findall(uncommented(text))
    return [word for word in found if not word.isspace() and not word.startswith("\\\n")]
