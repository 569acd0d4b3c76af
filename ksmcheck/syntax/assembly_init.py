"""The start state of an assembly test: ``{ 0:X1=x; x=1; uint64_t y; int64_t 1:X3=-1; z; }``.

What has no value starts as 0.
"""

from __future__ import annotations

import re

from ksmcheck.syntax.assembly_arrays import array_of
from ksmcheck.syntax.assembly_ast import Start
from ksmcheck.text import InputError, Source, Span

_ENTRY = re.compile(
    r"\s*(?P<type>(?:[A-Za-z_]\w*[ \t]+)*?"
    r"(?:[A-Za-z_]\w*(?:[ \t]+(?=[\[P\d\w%])|[ \t]*\*+[ \t]*)|\*+[ \t]*))?"
    r"(?:P?(?P<thread>\d{1,3})[ \t]*:[ \t]*)?(?P<open>\[)?(?P<name>[A-Za-z_$%][\w.]*)(?(open)\])"
    r"[ \t]*(?:=\s*(?:(?P<init>ATOMIC_INIT\s*\(\s*)?(?P<number>-?(?:0[xX][0-9a-fA-F]+|\d+))"
    r"(?(init)\s*\))"
    r"|&?(?P<symbol>[A-Za-z_][\w.]*(?:\[\d+\])?)))?"
    r"\s*\Z",
    re.A,
)

_BRACES = re.compile("[{}]")
_CODE = re.compile(r"\binstr\s*:|\blabel\s*:|=\s*P?\d+\s*:|\bins_t\b")


def read_start(source: Source, text: str, opening: int) -> tuple[tuple[Start, ...], int]:
    """The entries of the block that begins at ``opening``, and the offset behind it.

    ``text`` is the source's with blanks for comments. Raises InputError.
    """
    close = _closing(text, opening)
    if close < 0:
        raise InputError(
            "the start state is not closed", Span(source, opening, opening + 1), "add '}'"
        )
    entries: list[Start] = []
    at = opening + 1
    for part in text[at:close].split(";"):
        if part and not part.isspace():
            entries += _entries(source, part, at)
        at += len(part) + 1
    after = close + 1
    rest = text[after : after + 80].lstrip()
    if rest.startswith(";"):
        after = text.index(";", after) + 1
    return tuple(entries), after


def _closing(text: str, opening: int) -> int:
    """The offset of the brace that ends the block; the values of arrays are in braces too."""
    depth = 0
    for brace in _BRACES.finditer(text, opening):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return brace.start()
    return -1


def _entries(source: Source, part: str, at: int) -> list[Start]:
    start = at + len(part) - len(part.lstrip())
    span = Span(source, start, at + len(part.rstrip()))
    return array_of(part, span) or [_entry(part, span)]


def _entry(part: str, span: Span) -> Start:
    match = _ENTRY.match(part)
    if match is None and _CODE.search(part):
        raise InputError("instructions and labels as data are not modelled", span)
    if match is None:
        hint = "an entry is x=1, uint64_t x=1, 0:X1=x or 0:X1=3, and ends with ';'"
        raise InputError("this entry of the start state is not understood", span, hint)
    thread, type, number = match["thread"], match["type"], match["number"]
    value: int | str | None = match["symbol"]
    if number is not None:
        value = int(number, 16 if "x" in number.lower() else 10)
    return Start(
        match["name"],
        None if thread is None else int(thread),
        None if type is None else " ".join(type.split()),
        value,
        span,
    )
