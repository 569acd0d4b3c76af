"""The recorded skeletons of a kernel version: what was seen, and what of it is not encoded.

::

    get_ksm_page follows ksm_get_folio
        READ_ONCE(node.kpfn)
      - debug: test_bit(locked, old.flags)
      - order-0=false: if <call>  then -> atomic_set(old._count)

A line that starts with ``-`` names the reason why the encoding leaves it out (``[reasons]`` of
kernel.toml); ``=true`` or ``=false`` say which way such a branch is taken, ``=once`` that it is the
test of a loop that runs once. All other lines have to
be in the encoding. Nothing of the kernel's text is here, only what it does, in our own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from pathlib import Path

from ksmcheck.gate.skeleton_graph import Line
from ksmcheck.record import Struct
from ksmcheck.store.written import write_whole
from ksmcheck.syntax.files import read_source
from ksmcheck.text import InputError, Span

_HEAD = re.compile(r"(\w+) follows (\w+)")
_OMITTED = re.compile(r"  - ([\w-]+)(?:=(true|false|once))?: (.+)")


class Omission(Struct, frozen=True):
    """Why a line is left out, and which way a branch goes (None: it does not matter). ``why`` is
    the sentence that goes by the name ``reason``."""

    reason: str
    taken: str | None = None
    why: str = ""

    def __str__(self) -> str:
        return self.reason if self.taken is None else f"{self.reason}={self.taken}"


class Recorded(Struct, frozen=True):
    """One line of the record."""

    line: Line
    omitted: Omission | None = None


class Entry(Struct, frozen=True):
    """The recorded skeleton of one function."""

    name: str
    follows: str
    lines: tuple[Recorded, ...]
    span: Span | None = None


def read_record(path: Path, reasons: Mapping[str, str]) -> dict[str, Entry]:
    """The entries of a record by encoded function. Raises InputError at a malformed line or at a
    reason that nobody gives."""
    source = read_source(path)
    entries: dict[str, Entry] = {}
    current: list[Recorded] = []
    start = 0
    for text in source.text.split("\n"):
        span = Span(source, start, start + len(text))
        start += len(text) + 1
        head = _HEAD.fullmatch(text)
        if head is not None:
            current = []
            entries[head[1]] = Entry(head[1], head[2], (), span)
        elif text.strip() and not text.startswith("#"):
            if not entries:
                raise InputError("expected 'FUNCTION follows FUNCTION'", span)
            current.append(_recorded(text, span, reasons, len(current)))
            last = next(reversed(entries.values()))
            entries[last.name] = Entry(last.name, last.follows, tuple(current), last.span)
    return entries


def _recorded(text: str, span: Span, reasons: Mapping[str, str], number: int) -> Recorded:
    found = _OMITTED.fullmatch(text)
    if found is not None:
        if found[1] not in reasons:
            raise InputError(
                f"no reason {found[1]!r} is given", span, "see [reasons] of kernel.toml"
            )
        return Recorded(
            _line(found[3], span, number), Omission(found[1], found[2], reasons[found[1]])
        )
    if not text.startswith("    "):
        raise InputError("a line is '    OPERATION' or '  - REASON: OPERATION'", span)
    return Recorded(_line(text.strip(), span, number))


def _line(text: str, span: Span, number: int) -> Line:
    head, _, ways = text.partition("  ")
    return Line(head, ways.strip(), number, span)


def matched(old: Iterable[Line], new: Iterable[Line]) -> SequenceMatcher[str]:
    """How two listings line up, by shape."""
    return SequenceMatcher(None, [x.shape for x in old], [x.shape for x in new], autojunk=False)


def rerecord(name: str, follows: str, lines: tuple[Line, ...], old: Entry | None) -> Entry:
    """The entry for what is seen now; lines that were there before keep their reasons."""
    reasons: dict[int, Omission | None] = {}
    if old is not None:
        for block in matched((r.line for r in old.lines), lines).get_matching_blocks():
            for i in range(block.size):
                reasons[block.b + i] = old.lines[block.a + i].omitted
    kept = tuple(Recorded(line, reasons.get(n)) for n, line in enumerate(lines))
    return Entry(name, follows, kept)


def write_record(path: Path, entries: Iterable[Entry], heading: str) -> None:
    """Writes a record; the file that is there is replaced at once or not at all."""
    parts = [f"# {line}".rstrip() for line in heading.splitlines()]
    for entry in entries:
        parts += ["", f"{entry.name} follows {entry.follows}"]
        for one in entry.lines:
            parts.append(f"  - {one.omitted}: {one.line}" if one.omitted else f"    {one.line}")
    write_whole(path, "\n".join(parts) + "\n")
