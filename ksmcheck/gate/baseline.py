"""The baseline: what a reviewed run of the gate found, as a text file whose diff can be read.

It is TOML, one fact a line: the verdict of each cell, the outline of each function (see
``gate.outline``) and, for each barrier, on which machines it is needed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from json import dumps
from pathlib import Path
from typing import Any

from ksmcheck.gate.outcome import WORDS
from ksmcheck.record import Struct
from ksmcheck.store.written import write_whole
from ksmcheck.syntax.files import read_source
from ksmcheck.text import InputError, Source, Span
from ksmcheck.text.spelling import did_you_mean

FORMAT = 2

Where = tuple[str, str, str]
"""Subject, kernel point, variant."""

_END = "# end of the baseline"
"""The last line, which the head announces: half a file is a file of TOML, too. Older baselines
announce none."""

_HEAD = """\
# What `ksmcheck gate` compares with; written by `ksmcheck gate --record`.
# A diff of this file is for a reviewer: which verdict, which barrier, where is one needed?
"""


class Known(Struct, frozen=True):
    """An outline in one context. ``cases``: the subjects that have it, empty for all others."""

    cases: tuple[str, ...]
    lines: tuple[str, ...]


class Baseline(Struct, frozen=True):
    """``verdicts``: where -> column -> verdict. ``outlines``: context -> ``file function`` -> its
    outlines. ``needs``: (subject, kernel) -> site -> column -> ``needed``, ``idle``, ...
    ``full``: the necessity of all barriers is there, not only of those asked for in every run.
    """

    verdicts: Mapping[Where, Mapping[str, str]]
    outlines: Mapping[str, Mapping[str, tuple[Known, ...]]]
    needs: Mapping[tuple[str, str], Mapping[str, Mapping[str, str]]]
    full: bool = False

    @property
    def subjects(self) -> frozenset[str]:
        """Those of which some verdict is recorded."""
        return frozenset(subject for subject, _, _ in self.verdicts)

    def outline(self, context: str, function: str, subject: str) -> tuple[str, ...] | None:
        """The recorded outline of a function as ``subject`` has it.

        With marked stores, what is not recorded of its own is as with plain ones.
        """
        for name in (context, context.removesuffix(" marked")):
            known = self.outlines.get(name, {}).get(function, ())
            own = next((k.lines for k in known if subject in k.cases), None)
            if own is not None:
                return own
            usual = next((k.lines for k in known if not k.cases), None)
            if usual is not None:
                return usual
        return None


# Reading.


def read_baseline(path: Path) -> Baseline:
    """Raises InputError for a file that is missing, malformed, or of another format."""
    if not path.exists():
        raise InputError(
            f"there is no baseline {path}", hint="ksmcheck gate --record writes it: commit it"
        )
    source = read_source(path)
    try:
        table = tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        hint = "a merge conflict? Resolve it, or record again: ksmcheck gate --record"
        raise InputError(f"{path}: not a baseline: {error}", hint=hint) from None
    if table.get("format") != FORMAT:
        raise InputError(
            f"{path} has the format {table.get('format')!r}; this ksmcheck reads {FORMAT}",
            hint="it is from another version: record again with ksmcheck gate --record",
        )
    _check_end(path, table, source.text)
    try:
        return _baseline(table)
    except _Unknown as error:
        raise _misspelt(source, error) from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        what = {
            KeyError: f"{error} is missing",
            TypeError: str(error),
        }.get(type(error), "its tables are not as they were recorded")
        raise InputError(
            f"{path}: not a baseline: {what}",
            hint="record again: ksmcheck gate --record",
        ) from None


class _Unknown(Exception):
    """A key or a word that no baseline has: it is not ``what`` is known."""

    def __init__(self, word: str, known: Iterable[str], what: str) -> None:
        super().__init__(word)
        self.word, self.known, self.what = word, known, what


def _check_end(path: Path, table: dict[str, Any], text: str) -> None:
    end = table.get("end")
    if end is not None and text.rstrip().rpartition("\n")[2] != end:
        raise InputError(
            f"{path} is incomplete: its last line is not {end!r}",
            hint="restore the committed file, or record again: ksmcheck gate --record",
        )


def _misspelt(source: Source, error: _Unknown) -> InputError:
    message = f"not a baseline: {error.word!r} is {error.what}"
    spelling = f"(?<![\\w-]){re.escape(error.word)}(?![\\w-])"
    # What is quoted is text: the key of an outline may have stood in a line of code before.
    found = re.search(f"{spelling}(?=[\"']?\\s*=)", source.text) or re.search(spelling, source.text)
    hint = did_you_mean(error.word, error.known) or "record again: ksmcheck gate --record"
    if found is None:
        return InputError(f"{source.name}: {message}", hint=hint)
    return InputError(message, Span(source, *found.span()), hint)


def _only(table: dict[str, Any], known: Collection[str]) -> None:
    for key in table:
        if key not in known:
            raise _Unknown(key, known, f"none of {', '.join(known)}")


def _baseline(table: dict[str, Any]) -> Baseline:
    _only(table, _KEYS)
    verdicts = {
        (subject, kernel, variant): _texts(columns)
        for subject, kernels in table.get("verdicts", {}).items()
        for kernel, variants in kernels.items()
        for variant, columns in variants.items()
    }
    outlines = {
        context: {name: tuple(map(_known, known)) for name, known in functions.items()}
        for context, functions in table.get("outlines", {}).items()
    }
    needs = {
        (subject, kernel): {site: _need(words) for site, words in sites.items()}
        for subject, kernels in table.get("necessity", {}).items()
        for kernel, sites in kernels.items()
    }
    return Baseline(verdicts, outlines, needs, table["full"] is True)


def _known(table: dict[str, Any]) -> Known:
    _only(table, ("only", "outline"))
    return Known(_strings(table.get("only", [])), _strings(table["outline"]))


def _need(words: dict[str, list[str]]) -> dict[str, str]:
    _only(words, _NEEDS)
    return {column: word for word, columns in words.items() for column in _strings(columns)}


def _strings(values: object) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
        raise TypeError(f"{values!r} is not a list of texts")
    return tuple(values)


def _texts(table: dict[str, Any]) -> dict[str, str]:
    for word in _strings(list(table.values())):
        if word.partition(" up to ")[0] not in _VERDICTS:
            raise _Unknown(word, _VERDICTS, "no verdict")
    return dict(table)


_KEYS = ("format", "end", "full", "verdicts", "necessity", "outlines")
_NEEDS = ("needed", "idle", "undecided")

_VERDICTS = frozenset(word.partition(" ")[0] for words in WORDS.values() for word in words)


# Writing.


def baseline_text(baseline: Baseline) -> str:
    """The file's text: the same baseline always gives the same text."""
    return "\n".join((*_lines(baseline), "", _END)) + "\n"


def _lines(baseline: Baseline) -> Iterator[str]:
    # The end is announced before what no baseline may be without.
    yield f"{_HEAD}format = {FORMAT}\nend = {_text(_END)}"
    yield f"full = {str(baseline.full).lower()}"
    for (subject, kernel, variant), columns in sorted(baseline.verdicts.items()):
        yield f"\n[{_key('verdicts', subject, kernel, variant)}]"
        for column, verdict in columns.items():
            yield f"{_name(column)} = {_text(verdict)}"
    for (subject, kernel), sites in sorted(baseline.needs.items()):
        yield f"\n[{_key('necessity', subject, kernel)}]"
        for site, words in sites.items():
            yield f"{_name(site)} = {_need_text(words)}"
    for context, functions in sorted(baseline.outlines.items()):
        for name, known in sorted(functions.items()):
            for one in known:
                yield f"\n[[{_key('outlines', context, name)}]]"
                yield from _outline_lines(one)


def _need_text(words: Mapping[str, str]) -> str:
    by_word: dict[str, list[str]] = {}
    for column, word in words.items():
        by_word.setdefault(word, []).append(column)
    parts = [f"{_name(w)} = {_list(by_word[w])}" for w in sorted(by_word, reverse=True)]
    return f"{{ {', '.join(parts)} }}"


def _outline_lines(one: Known) -> Iterator[str]:
    if one.cases:
        yield f"only = {_list(one.cases)}"
    yield "outline = ["
    yield from (f"  {_text(line)}," for line in one.lines)
    yield "]"


def _key(*names: str) -> str:
    return ".".join(map(_name, names))


def _name(text: str) -> str:
    """A TOML key, bare where it may be."""
    return text if re.fullmatch("[A-Za-z0-9_-]+", text) else _text(text)


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_text, texts))}]"


def _text(text: str) -> str:
    """A TOML string: as JSON has it, but for DEL, which TOML wants escaped."""
    return dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Replaces the file as a whole or not at all. Raises InputError where it cannot be written."""
    write_whole(path, baseline_text(baseline))
