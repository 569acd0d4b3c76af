"""The head of a litmus test: ``C name``, comments, quoted strings and ``Key=value`` lines.

herd7's splitter takes any text up to the start state (lib/splitter.mll, ``find_init``), on the line
of the name too. Here that is so where none of it can be C, which may stand there as well.
"""

from __future__ import annotations

import re

from ksmcheck.record import Struct
from ksmcheck.syntax.tokens import skip_herd_comment
from ksmcheck.text import InputError, Source, Span

_ASSEMBLY = re.compile(
    r"AARCH64\w+|PPCGEN|POWER|RISC-?V\w*|MIPS|BPF|LISA|BELL|CPP|JAVA|ASL|ALPHA|PTX"
)
_DIALECTS = frozenset({"X86", "X86_64", "AARCH64", "ARM", "PPC", "RISCV"})
_FIRST_LINE = re.compile(
    r"\ufeff?\s*(?P<arch>[A-Za-z]\w*)[ \t]+(?P<name>[^\s\"(]\S*)[ \t\r]*"
    r"(?:\((?!\*)[^()\n]*\)[ \t\r]*)?",  # the name as TeX has it
    re.A,
)
_PIECE = re.compile(
    r"""(?P<space>\s+) | (?P<herd>\(\*) | (?P<line>//[^\n]*) | (?P<block>/\*(?s:.*?)\*/)
      | (?P<open>/\*) | (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<info>(?P<key>[A-Za-z][\w-]*)[ \t]*=(?P<value>[^\n]*))
      | (?P<hash>\#[ \t]+(?!(?:(?:el)?if|ifn?def|else|endif|define|undef|include|pragma|error
                               |warning)\b)[^\n]*)""",
    re.X | re.A,
)
# What no C before a start state is without: that has ; or ().
_PROSE = re.compile(r"[^;{}#()=\s\"/]+|/(?![/*])")
# ``int (*fn)(void);`` is no prose with a comment.
_DECLARATOR = re.compile(r"\(\*+\w+(?:\[\w*\])*\)\s*\(", re.A)
_C_WORDS = frozenset(
    {"struct", "union", "enum", "typedef", "static", "extern", "const", "volatile"}
)


class Header(Struct, frozen=True):
    """``end`` is the offset behind the head, where the start state or C begins."""

    name: str
    info: tuple[tuple[str, str], ...]
    comment: str
    span: Span
    end: int


def read_header(source: Source) -> Header:
    """The head of a C litmus test. Raises InputError for other languages and malformed heads."""
    first = _FIRST_LINE.match(source.text)
    if first is None:
        raise _no_first_line(source)
    span = Span(source, *first.span("name"))
    _check_language(source, first)
    at = first.end()
    info: list[tuple[str, str]] = []
    comments: list[str] = []
    while (piece := _PIECE.match(source.text, at)) is not None:
        at = _take(source, piece, info, comments)
    at = _skip_prose(source, at, info, comments)
    if at < _end_of_line(source, first.end()) and source.text[at] != "{":
        raise InputError("the first line holds one name only: 'C name'", Span(source, at, at + 1))
    return Header(first["name"], tuple(info), "\n".join(comments), span, at)


def _skip_prose(
    source: Source, start: int, info: list[tuple[str, str]], comments: list[str]
) -> int:
    """Behind plain text that goes on to the start state; ``start`` where there is none."""
    at, words = start, list[str]()
    keys, more = list[tuple[str, str]](), list[str]()
    while source.text[at : at + 1] != "{":
        piece = _PIECE.match(source.text, at)
        if words and _DECLARATOR.match(source.text, at):
            return start
        if piece is not None and piece["key"] and source.text[at - 1] != "\n":
            return start  # the name and value of a variable
        if piece is not None:
            at = _take(source, piece, keys, more)
            continue
        word = _PROSE.match(source.text, at)
        if word is None or word.group() in _C_WORDS:
            return start
        words.append(word.group())
        at = word.end()
    info += keys
    comments += [" ".join(words), *more] if words else more
    return at


def _end_of_line(source: Source, at: int) -> int:
    found = source.text.find("\n", at)
    return found if found >= 0 else len(source.text)


def _take(
    source: Source, piece: re.Match[str], info: list[tuple[str, str]], comments: list[str]
) -> int:
    """Sort one piece of the head away; the offset behind it."""
    kind, text = piece.lastgroup, piece.group()
    if kind == "herd":
        end = skip_herd_comment(source, piece.start())
        comments.append(_tidy(source.text[piece.start() + 2 : end - 2]))
        return end
    if kind == "open":
        raise InputError("this comment is not closed", Span(source, *piece.span()), "add */")
    if kind == "line":
        comments.append(text[2:].strip())
    elif kind == "block":
        comments.append(_tidy(text[2:-2]))
    elif kind == "string":
        comments.append(text[1:-1])
    elif kind == "hash":
        comments.append(text[1:].strip())
    elif piece["key"]:
        info.append((piece["key"], piece["value"].strip()))
    return piece.end()


def _tidy(comment: str) -> str:
    """A comment's text without the frame of stars and blanks."""
    lines = [re.sub(r"^\s*\*(?:\s|$)", "", line).strip() for line in comment.splitlines()]
    return "\n".join(lines).strip()


def _check_language(source: Source, first: re.Match[str]) -> None:
    language, span = first["arch"], Span(source, *first.span("arch"))
    if language == "C":
        return
    if language.upper() in _DIALECTS:
        hint = "check, states, show and export read assembly tests too"
        raise InputError(f"a test in kernel C is needed here, this one is {language}", span, hint)
    known = "C, X86, X86_64, AArch64, ARM, PPC, RISCV"
    if _ASSEMBLY.fullmatch(language.upper()):
        raise InputError(f"tests in {language} are not supported", span, f"there are {known}")
    hint = f"begin with 'C name', or one of {known}"
    raise InputError(f"unknown litmus language '{language}'", span, hint)


def _no_first_line(source: Source) -> InputError:
    start = len(source.text) - len(source.text.lstrip())
    stop = source.text.find("\n", start)
    span = Span(source, start, stop if stop >= 0 else len(source.text))
    return InputError("a litmus test begins with the line 'C name'", span)
