"""Edits that change nothing of what a function does: names, comments, white space."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ksmcheck.gate.drift import Comparison
from ksmcheck.gate.drift_data import Followed
from ksmcheck.gate.skeleton_content import _KEYWORDS
from ksmcheck.gate.skeleton_words import TRANSPARENT

_C = """
auto break case char const continue default do double else enum extern float for goto if inline int
long register return short signed sizeof static struct switch typedef union unsigned void volatile
while bool true false NULL ifdef ifndef elif endif defined
"""
C_WORDS = frozenset(_C.split())
# Bit numbers are part of what an operation is: another bit is another operation.
BIT = re.compile("PG_|DOOR_")
PIECE = re.compile(r'"(?:[^"\\\n]|\\.)*"|/\*(?s:.*?)\*/|//[^\n]*|[A-Za-z_]\w*|\s+|.')


def free_names(comparison: Comparison, followed: Followed) -> list[str]:
    """The names in a function that nothing of ours refers to: locals, parameters, labels, types,
    fields that are not shared, constants, and functions of the same file."""
    tree, words = comparison.tree, comparison.contents.words
    definition = tree.defined(followed.name, followed.file)[0]
    text = definition.span.text
    found = set()
    for name in {p for p in PIECE.findall(text) if re.fullmatch(r"[A-Za-z_]\w*", p)}:
        known = words.template(name) or words.primitive(name) or name in words.inlined
        ours = name in words.fields or name == followed.name or BIT.match(name)
        other = name in C_WORDS or name in TRANSPARENT or name in _KEYWORDS
        called = re.search(rf"\b{name}\s*\(", text) is not None
        pointer = re.search(rf"\b{name}\s*=[^=]", text) is not None
        elsewhere = called and not pointer and not tree.defined(name, followed.file)
        if not (known or ours or other or elsewhere) and not name.startswith(("CONFIG_", "__")):
            found.add(name)
    return sorted(found)


def renamed(text: str, names: Iterable[str]) -> str:
    """The text with each of the names spelled otherwise throughout."""
    new = {n: f"{n}_X" if n.upper() == n else f"{n}_x" for n in names}
    return "".join(new.get(piece, piece) for piece in PIECE.findall(text))


def respaced(text: str, start: int, end: int, every: int) -> str:
    """The text with comments and white space behind every ``every``-th bracket, comma and semicolon
    of ``text[start:end]``. Lines of the preprocessor are left alone."""
    inside = text[start:end]
    directives = [m.span() for m in re.finditer(r"^[ \t]*#(?:\\\n|[^\n])*", inside, re.M)]
    out, number = [], 0
    for piece in PIECE.finditer(inside):
        out.append(piece[0])
        is_directive = any(a <= piece.start() < b for a, b in directives)
        if re.fullmatch(r"[;,()]", piece[0]) and not is_directive:
            number += 1
            if number % every == 0:
                out.append(" /* smp_mb(); */\n\t" if number % 2 else "  // goto out;\n")
    return text[:start] + "".join(out) + text[end:]
