"""The part of TOML that model tables are written in, read with a span for every value.

Tables with bare or quoted dotted names, and keys whose values are strings, arrays of strings, or
inline tables of strings, each on one line. Any such file is TOML, with TOML's meaning; the standard
library's reader keeps no positions, and a wrong row must be pointed at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from ksmcheck.record import Struct, field
from ksmcheck.text import InputError, Source, Span


class Text(Struct, frozen=True):
    """A string; ``span`` covers what is between the quotes."""

    value: str
    span: Span


class Array(Struct, frozen=True):
    items: tuple[Text, ...]
    span: Span


class Inline(Struct, frozen=True):
    """``{ ok = "...", fail = "..." }``."""

    entries: dict[str, Text]
    span: Span


Value: TypeAlias = Text | Array | Inline


class Table(Struct):
    """``[name]`` and its keys; ``keys`` are the spans of the keys."""

    name: str
    span: Span
    entries: dict[str, Value] = field(default_factory=dict)
    keys: dict[str, Span] = field(default_factory=dict)


_BLANK = re.compile(r"[ \t]*(#.*)?\Z")
_KEY = r'(?:[A-Za-z0-9_-]+|"[^"\\]*")'
_HEADER = re.compile(rf"\[(?P<name>{_KEY}(?:\.{_KEY})*)\](?P<rest>.*)")
_ENTRY = re.compile(rf"(?P<key>{_KEY}(?:\.{_KEY})*)[ \t]*=[ \t]*(?P<value>.*)")
_STRING = re.compile(r'"([^"\\]*)"')
_INNER = re.compile(rf"[ \t]*(?P<key>{_KEY})[ \t]*=[ \t]*")
_SPACE = re.compile(r"[ \t]*")
_HINT = 'write  key = "text",  key = ["text", ...]  or  key = { ok = "...", fail = "..." }'


def parse_document(source: Source) -> dict[str, Table]:
    """The tables of a file by dotted name, in order.

    Raises InputError with the place: a malformed line, a key or a table given twice.
    """
    tables: dict[str, Table] = {}
    current: Table | None = None
    for start, line in _lines(source):
        header = _HEADER.fullmatch(line)
        span = Span(source, start, start + len(line))
        if header is not None and _BLANK.match(header["rest"]):
            name = header["name"].replace('"', "")
            current = _new_table(tables, name, Span(source, start, start + header.end("name") + 1))
        elif current is None:
            raise InputError("expected a table such as [model]", span)
        else:
            _entry(current, line, span)
    return tables


def _lines(source: Source) -> Iterator[tuple[int, str]]:
    """Offset and text of each line that says something, without its indentation."""
    start = 0
    for line in source.text.split("\n"):
        text = line.strip()
        if text and not text.startswith("#"):
            yield start + line.index(text[0]), text
        start += len(line) + 1


def _new_table(tables: dict[str, Table], name: str, span: Span) -> Table:
    if name in tables:
        raise InputError(f"table [{name}] is given twice", span)
    tables[name] = Table(name, span)
    return tables[name]


def _entry(table: Table, line: str, span: Span) -> None:
    found = _ENTRY.fullmatch(line)
    if found is None:
        raise InputError("not a table and not a key with its value", span, hint=_HINT)
    key = found["key"].replace('"', "")
    place = Span(span.source, span.start, span.start + found.end("key"))
    if key in table.entries:
        raise InputError(f"key {key!r} is given twice in [{table.name}]", place)
    table.entries[key] = _Reader(span.source, span.start + found.start("value"), span.end).value()
    table.keys[key] = place


class _Reader:
    """Reads one value from ``place`` to the end of its line."""

    def __init__(self, source: Source, place: int, end: int) -> None:
        self.source = source
        self.text = source.text
        self.place = place
        self.end = end

    def value(self) -> Value:
        start = self.place
        first = self.text[start : start + 1]
        value: Value
        if first == '"':
            value = self._string()
        elif first == "[":
            value = Array(
                tuple(item for _, item in self._sequence("]", keyed=False)), self._from(start)
            )
        elif first == "{":
            value = Inline(dict(self._sequence("}", keyed=True)), self._from(start))
        else:
            raise self._error("a value is text in double quotes")
        if not _BLANK.match(self.text[self.place : self.end]):
            raise self._error("unexpected text after the value")
        return value

    def _string(self) -> Text:
        found = _STRING.match(self.text, self.place, self.end)
        if found is None:
            raise self._error("a value is text in double quotes, on one line, without backslashes")
        self.place = found.end()
        return Text(found.group(1), Span(self.source, found.start(1), found.end(1)))

    def _sequence(self, close: str, keyed: bool) -> list[tuple[str, Text]]:
        items: list[tuple[str, Text]] = []
        self.place += 1
        while True:
            self._skip()
            if self.text.startswith(close, self.place):
                self.place += 1
                return items
            key = self._key() if keyed else ""
            if keyed and key in dict(items):
                raise self._error(f"key {key!r} is given twice")
            items.append((key, self._string()))
            self._skip()
            if self.text.startswith(",", self.place):
                self.place += 1
            elif not self.text.startswith(close, self.place):
                raise self._error(f"expected ',' or {close!r}")

    def _key(self) -> str:
        found = _INNER.match(self.text, self.place, self.end)
        if found is None:
            raise self._error("expected a key and '='")
        self.place = found.end()
        return found["key"].replace('"', "")

    def _skip(self) -> None:
        found = _SPACE.match(self.text, self.place, self.end)
        assert found is not None
        self.place = found.end()

    def _from(self, start: int) -> Span:
        return Span(self.source, start, self.place)

    def _error(self, message: str) -> InputError:
        here = min(self.place, self.end - 1)
        return InputError(message, Span(self.source, here, max(here + 1, self.end)), hint=_HINT)
