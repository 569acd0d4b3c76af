"""The head of a litmus test: ``C name``, comments, quoted strings and ``Key=value`` lines."""

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
      | (?P<info>(?P<key>[A-Za-z][\w-]*)[ \t]*=(?P<value>[^\n]*))""",
    re.X | re.A,
)
# herd7 takes any text up to the start state for a title. None of it can be C: that has ; or ().
_PROSE = re.compile(r"[^;{}#()=]*?\n(?=[ \t]*\{)")
_C_WORDS = re.compile(r"\b(struct|union|enum|typedef|static|extern|const|volatile)\b")


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
    at, end = first.end(), len(source.text)
    info: list[tuple[str, str]] = []
    comments: list[str] = []
    while at < end:
        piece = _PIECE.match(source.text, at)
        if piece is None:
            return Header(first["name"], tuple(info), *_skip_prose(source, at, comments, span))
        at = _take(source, piece, info, comments)
    return Header(first["name"], tuple(info), "\n".join(comments), span, at)


def _skip_prose(source: Source, at: int, comments: list[str], span: Span) -> tuple[str, Span, int]:
    """Comment, name span and end of a head that may close with a line of plain text."""
    prose = _PROSE.match(source.text, at)
    if prose is not None and not _C_WORDS.search(prose.group()):
        comments.append(prose.group().strip())
        at = prose.end()
    return "\n".join(comments), span, at


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
        line_end = source.text.find("\n", first.end())
        rest = source.text[first.end() : line_end if line_end >= 0 else len(source.text)].strip()
        if rest and not rest.startswith(("(*", "//", "/*", '"', "{")):
            after = Span(source, first.end(), first.end() + 1)
            raise InputError("the first line holds one name only: 'C name'", after)
        return
    if language.upper() in _DIALECTS:
        hint = "check, states and show read assembly tests too"
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
