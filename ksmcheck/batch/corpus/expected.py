"""Recorded answers: a table of tab-separated values, or the comment in a test's head."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from posixpath import isabs, normpath

from ksmcheck.batch.corpus.states import listed_states
from ksmcheck.record import Struct
from ksmcheck.syntax.files import read_source
from ksmcheck.text import InputError, Note, Source, Span

OBSERVATIONS = ("Never", "Sometimes", "Always")
COLUMNS = ("file", "observation", "states", "final_states", "flags")

_RESULT = re.compile(r"^[ \t]*+(?:(?:\(\*|/\*|//|\*)[ \t]*+)?Result:[ \t]*(\w+)(.*)$", re.M)
_WORDS = {word.lower(): word for word in OBSERVATIONS} | {"deadlock": "Never"}


class Expected(Struct, frozen=True):
    """What somebody else says of one test; None: nothing is said about it.

    ``observation`` is Never, Sometimes or Always; ``states`` are in normal form.
    """

    observation: str | None
    states: frozenset[str] | None = None
    flags: frozenset[str] | None = None


def expected_by_comment(text: str) -> Expected | None:
    """What a ``Result:`` comment says, as the kernel's litmus tests have it.

    ``DATARACE`` behind the word announces that flag, and then the word is not held to (the kernel's
    judgelitmus.sh forgives any outcome there); no execution at all (``DEADLOCK``) is never the one
    asked for. Any other word (``Maybe``) says nothing.
    """
    found = _RESULT.search(text)
    word = _WORDS.get(found[1].lower()) if found else None
    if found is None or word is None:
        return None
    races = "DATARACE" in found[2]
    return Expected(None, None, frozenset({"data-race"})) if races else Expected(word)


def read_expected(path: Path) -> Mapping[str, Expected]:
    """The table in a file: by each test's path below the corpus folder, in the table's order.

    A first line ``file<TAB>observation...`` is a heading. A test may be listed again with the same
    answer. Where all behind the observation is empty nothing is said of states and flags. Raises
    InputError with the line.
    """
    source = read_source(path, once=True)
    found: dict[str, Expected] = {}
    places: dict[str, Span] = {}
    start = 0
    for number, line in enumerate(source.text.split("\n"), 1):
        span = Span(source, start, start + len(line))
        start += len(line) + 1
        fields = [field.strip() for field in line.split("\t")]
        if not line.strip() or (number == 1 and fields[0] == COLUMNS[0]):
            continue
        row = _row(fields, number, span)
        file = _file(fields[0], number, span)
        if found.setdefault(file, row) != row:
            notes = (Note("the first one", _short(places[file])),)
            message = f"line {number}: {file} has another answer already"
            raise InputError(message, _short(span), None, notes)
        places.setdefault(file, span)
    if not found:
        raise InputError(f"{path} lists no tests", hint=_FORM)
    return found


def _file(given: str, number: int, span: Span) -> str:
    """The path of a test without detours (``./a//b``), which is its name in reports."""
    file = normpath(given) if given else ""
    if not file or file == "." or isabs(file) or file.split("/")[0] == "..":
        raise InputError(f"line {number}: {given!r} is no path below the folder", _short(span))
    return file


_FORM = f"columns, separated by tabs: {', '.join(COLUMNS)}"


def _row(fields: list[str], number: int, span: Span) -> Expected:
    if len(fields) != len(COLUMNS):
        raise InputError(
            f"line {number} has {_columns(len(fields))}, not {len(COLUMNS)}", _short(span), _FORM
        )
    _, observation, count, listed, flags = fields
    if observation not in OBSERVATIONS:
        raise InputError(
            f"line {number}: {observation!r} is no observation",
            _short(span),
            f"one of {', '.join(OBSERVATIONS)}",
        )
    if not (count or listed or flags):
        return Expected(observation)
    try:
        states = listed_states(listed)
    except ValueError as error:
        raise InputError(
            f"line {number}: {str(error)!r} is not place=value", _short(span)
        ) from None
    if not count.isdecimal():
        raise InputError(f"line {number}: {count!r} is no number of states", _short(span))
    if not states and int(count) == 1:
        states = frozenset({""})  # one state of which nothing is observed
    if len(states) != int(count):
        raise InputError(
            f"line {number}: {count} states are announced, {len(states)} listed", _short(span)
        )
    words = flags.replace("|", " ").replace(",", " ").split()
    return Expected(observation, states, frozenset(words))


def _columns(count: int) -> str:
    return "1 column" if count == 1 else f"{count} columns"


def _short(span: Span) -> Span:
    """The file's name at the head of the line: a whole line may be too long to show."""
    text: str = span.text.partition("\t")[0]
    return Span(_cut(span.source, span), span.start, span.start + len(text))


def _cut(source: Source, span: Span) -> Source:
    """The source with this line cut to a width that can be read; offsets before it stay."""
    end = min(span.end, span.start + 100)
    return Source(source.name, source.text[:end])
