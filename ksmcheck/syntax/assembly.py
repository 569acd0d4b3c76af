"""Litmus tests in assembly: the container, read from a text.

The first line names the dialect and the test; then come metadata, the start state in braces, a
table with one column for each thread, and conditions. The form is herd7's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ksmcheck.record import replace
from ksmcheck.syntax.assembly_arrays import Arrays
from ksmcheck.syntax.assembly_ast import (
    AssemblyTest,
    AssemblyThread,
    Instruction,
    Label,
    Start,
)
from ksmcheck.syntax.assembly_condition import ConditionReader
from ksmcheck.syntax.assembly_head import HEAD, dialect_of
from ksmcheck.syntax.assembly_init import read_start
from ksmcheck.syntax.assembly_labels import with_names
from ksmcheck.text import InputError, Source, Span

_BRACE = re.compile(r'"[^"\n]*"|^[ \t]*[A-Za-z][\w-]*[ \t]*=[^\n]*|(?P<brace>\{)', re.M)
_INFO = re.compile(r"^[ \t]*([A-Za-z][\w-]*)[ \t]*=(.*)$", re.M | re.A)
_SECTION = re.compile(
    r"(?:^|(?<=[;\n]))[ \t]*(?P<at>(?:~|not)?\s*exists\b|forall\b|filter\b|locations\b|final\b"
    r"|[oO]bserved\b|\()"
)
_VARIANT = re.compile(r"^[ \t]*Variant[ \t]*=(?P<names>[^\n]*)", re.M | re.I)
_OTHER_MEANINGS = frozenset(("cu", "constrainedunpredictable", "mixed", "self", "ifetch"))
"""More instructions succeed, accesses of several sizes, code that is data. Others change nothing
for what is understood here."""
_COMMENT = re.compile(r"\(\*|\*\)")
_LABEL = re.compile(r"\s*([A-Za-z_][\w.$]*|\d{1,6})\s*:(?!\S*\])")
_HEADING = re.compile(r"\s*P(\d+)\s*(?::\s*[A-Za-z]\w*\s*)?\Z")
"""``P0``, or ``P0:kind``: a kind of thread, for which no shipped model asks."""
_PREFIX = re.compile(r"(?:\A|[\s|:])lock\s*\Z", re.I)


def parse_assembly(source: Source) -> AssemblyTest:
    """The test that ``source`` holds. Raises InputError, with a span, for everything wrong."""
    head = HEAD.match(source.text)
    dialect = dialect_of(source.text)
    if head is None or dialect is None:
        raise InputError("an assembly test begins with its dialect and its name")
    text = without_comments(source)
    opening = _opening(source, text, head)
    _check_variants(source, text, head.end(), opening)
    init, after = read_start(source, text, opening)
    section = _SECTION.search(text, after)
    end = len(text) if section is None else section.start("at")
    threads = with_names(text[after:end], _threads(source, text, after, end), dialect)
    reader = ConditionReader(source, text, end)
    reader.read()
    arrays = Arrays(init)
    arrays.check(reader.arrays)
    final = reader.final
    return AssemblyTest(
        name=head["name"].removesuffix(".litmus"),
        path=source.name,
        dialect=dialect,
        info=tuple((k, v.strip()) for k, v in _INFO.findall(text[head.end() : opening])),
        init=tuple(one for entry in arrays.starts(init) for one in _by_thread(entry, threads)),
        threads=threads,
        filter=None if reader.filter is None else arrays.tree(reader.filter),
        condition=None if final is None else replace(final, tree=arrays.tree(final.tree)),
        locations=arrays.listed(reader.listed),
        span=Span(source, 0, len(source.text)),
    )


def _check_variants(source: Source, text: str, start: int, end: int) -> None:
    """``Variant=CU`` and the like make other programs of the same instructions."""
    for match in _VARIANT.finditer(text, start, end):
        for name in re.finditer(r"[^\s,]+", match["names"]):
            if name[0].lower() in _OTHER_MEANINGS:
                at = match.start("names")
                span = Span(source, at + name.start(), at + name.end())
                hint = "it changes what the instructions may do; without it this is another test"
                raise InputError(f"herd7's variant {name[0]} is not modelled", span, hint)


def _by_thread(entry: Start, threads: tuple[AssemblyThread, ...]) -> Iterator[Start]:
    """``%a=x`` is about a register ``%a`` of every thread that names it."""
    if entry.thread is not None or not entry.name.startswith("%"):
        yield entry
        return
    named = re.compile(rf"{re.escape(entry.name)}\b")
    for number, thread in enumerate(threads):
        if any(isinstance(i, Instruction) and named.search(i.text) for i in thread.lines):
            yield replace(entry, thread=number)


def without_comments(source: Source) -> str:
    """The text with blanks for ``(* ... *)``, which nests; lines and columns stay."""
    text = source.text
    if "(*" not in text:
        return text
    parts: list[str] = []
    depth = begin = at = 0
    for match in _COMMENT.finditer(text):
        if match.group() == "(*":
            if depth == 0:
                parts.append(text[at : match.start()])
                begin = match.start()
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                at = match.end()
                parts.append(re.sub(r"[^\n]", " ", text[begin:at]))
    if depth:
        raise InputError("this comment is not closed", Span(source, begin, begin + 2), "add *)")
    return "".join(parts) + text[at:]


def _opening(source: Source, text: str, head: re.Match[str]) -> int:
    for match in _BRACE.finditer(text, head.end()):
        if match["brace"]:
            return match.start()
    hint = "write {} where everything starts with 0"
    span = Span(source, *head.span("name"))
    raise InputError("the test has no start state '{ ... }'", span, hint)


def _threads(source: Source, text: str, start: int, end: int) -> tuple[AssemblyThread, ...]:
    rows = _rows(text[start:end])
    at = start + len(rows[0]) + 1
    headings = _headings(source, rows[0], start)
    columns: list[list[Label | Instruction]] = [[] for _ in headings]
    for row in rows[1:-1]:
        cells = row.split("|")
        if len(cells) != len(columns):
            raise _unbalanced(source, row, at, len(cells), len(columns))
        for column, cell in zip(columns, cells, strict=True):
            if not cell.isspace() and cell:
                _cell(source, cell, at, column)
            at += len(cell) + 1
    rest = rows[-1]
    if rest.strip():
        first = at + len(rest) - len(rest.lstrip())
        where = Span(source, first, first + len(rest.strip()))
        raise InputError(
            "a row of the table does not end", where, "write ';' after its last column"
        )
    return tuple(
        AssemblyThread(name, tuple(lines), span)
        for (name, span), lines in zip(headings, columns, strict=True)
    )


def _rows(table: str) -> list[str]:
    """The rows and what is behind the last. A ``;`` behind the prefix LOCK ends none: ``LOCK; DEC
    [x]`` is one instruction, as in herd7's grammar."""
    rows = table.split(";")
    if "lock" not in table.lower():
        return rows
    found = [rows[0]]
    for row in rows[1:]:
        if len(found) > 1 and _PREFIX.search(found[-1]):
            found[-1] += ";" + row
        else:
            found.append(row)
    return found


def _unbalanced(source: Source, row: str, at: int, found: int, wanted: int) -> InputError:
    first = at + len(row) - len(row.lstrip())
    span = Span(source, first, max(first + 1, at + len(row.rstrip())))
    message = f"this row has {found} column{'s' * (found > 1)}, the table has {wanted}"
    return InputError(message, span, "separate columns with '|', end a row with ';'")


def _headings(source: Source, row: str, at: int) -> list[tuple[str, Span]]:
    found: list[tuple[str, Span]] = []
    for number, cell in enumerate(row.split("|")):
        heading = _HEADING.match(cell)
        if heading is None or int(heading[1][:6]) != number:
            first = at + len(cell) - len(cell.lstrip())
            span = Span(
                source, min(first, len(source.text) - 1), max(first + 1, at + len(cell.rstrip()))
            )
            raise InputError(f"expected the heading P{number} of a column", span, "P0 | P1 ;")
        span = Span(source, at + heading.start(1) - 1, at + heading.end(1))
        found.append((f"P{number}", span))
        at += len(cell) + 1
    return found


def _cell(source: Source, cell: str, at: int, column: list[Label | Instruction]) -> None:
    """A cell holds an instruction; labels may come before it or stand alone."""
    if ":" in cell:
        label = _LABEL.match(cell)
        while label is not None:
            span = Span(source, at + label.start(1), at + label.end(1))
            column.append(Label(label[1], span))
            at += label.end()
            cell = cell[label.end() :]
            label = _LABEL.match(cell)
    text = cell.replace(";", " ").strip()  # of LOCK; DEC [x]
    if text:
        first = at + len(cell) - len(cell.lstrip())
        column.append(Instruction(text, Span(source, first, first + len(text))))
