"""The definitions that stand behind the words of ``kernel.toml``, recorded and compared.

A word says what a kernel function is taken for: ``xas_store`` for an assignment,
``folio_test_*`` for ``test_bit``. What its definition holds (see skeleton_content), the macros that
generate the functions of a pattern (``[watched]``), and their uses for each flag in a skeleton,
must not change unseen either.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from ksmcheck.gate.drift_data import Correspondence
from ksmcheck.gate.drift_finding import Finding, Place
from ksmcheck.gate.kernel_tree import KernelTree
from ksmcheck.gate.kernel_tree_meaning import normalised
from ksmcheck.gate.kernel_tree_text import c_words
from ksmcheck.gate.skeleton_content import Contents
from ksmcheck.gate.skeleton_graph import Line
from ksmcheck.record import Struct
from ksmcheck.store.written import write_whole
from ksmcheck.syntax.files import read_source
from ksmcheck.text import InputError, Span

_LINE = re.compile(r"([0-9a-f]{8}) (word|macro|flag) (\w+)")
_FLAG = re.compile(r"bit\w*\((\w+), [^)]*\.flags\)")
_USE = re.compile(r"^\w*FLAG\w*\([^()]*\)", re.M)


class Behind(Struct, frozen=True):
    """What stands behind a word (``kind`` is ``word``, ``macro`` or ``flag``)."""

    kind: str
    name: str
    digest: str
    span: Span


def behind_words(
    tree: KernelTree, data: Correspondence, version: str, contents: Contents, lines: list[Line]
) -> Iterator[Behind]:
    """What stands behind the words of a version in a tree; ``lines`` are those of its skeletons."""
    named = {f.follows[version].name for f in data.functions if version in f.follows}
    for word in sorted(set(contents.words.templates) - named):
        definitions = tree.find(word)
        if definitions:
            yield Behind("word", word, contents.digest(word), definitions[0].span)
    flags = sorted({flag for line in lines for flag in _FLAG.findall(line.text)})
    for file, names in data.watched.items():
        for name in names:
            definitions = tree.defined(name, file)
            if definitions:
                said = [word for d in definitions for word in normalised(d)]
                yield Behind("macro", name, _digest(said), definitions[0].span)
        yield from _flags(tree, file, flags)


def _flags(tree: KernelTree, file: str, flags: list[str]) -> Iterator[Behind]:
    source = tree.read(file)
    uses = [Span(source, m.start(), m.end()) for m in _USE.finditer(source.text)]
    said = [(span, c_words(span.text)) for span in uses]
    for flag in flags:
        own = [(span, words) for span, words in said if flag in words[1:]]
        if own:
            yield Behind("flag", flag, _digest([w for _, words in own for w in words]), own[0][0])


def _digest(words: list[str]) -> str:
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:8]


def words_path(data: Correspondence, version: str) -> Path:
    """Where the words of a version are recorded."""
    return data.record_path(version).with_suffix(".words")


def write_words(path: Path, found: Iterator[Behind], heading: str) -> None:
    """Writes the record; the one that is there is replaced at once or not at all."""
    lines = [f"# {line}".rstrip() for line in heading.splitlines()]
    lines += [f"{one.digest} {one.kind} {one.name}" for one in found]
    write_whole(path, "\n".join(lines) + "\n")


def against_words(path: Path, found: Iterator[Behind], contents: Contents) -> list[Finding]:
    """What stands behind a word and is not as it was recorded."""
    source = read_source(path)
    recorded: dict[tuple[str, str], tuple[str, Span]] = {}
    start = 0
    for text in source.text.split("\n"):
        span, line = Span(source, start, start + len(text)), _LINE.fullmatch(text)
        start += len(text) + 1
        if line is not None:
            recorded[line[2], line[3]] = (line[1], span)
        elif text.strip() and not text.startswith("#"):
            raise InputError("expected 'DIGEST word|macro|flag NAME'", span)
    findings = []
    for one in found:
        known = recorded.pop((one.kind, one.name), None)
        if known is None or known[0] != one.digest:
            message = f"{_told(one.kind, one.name, contents)}: it is not what was recorded"
            other = Place.of(known[1]) if known else None
            details = ("the tree's text now:", *(f"  {x}" for x in one.span.text.splitlines()[:24]))
            place = Place.of(one.span)
            findings.append(Finding("definition", place, message, one.name, other, details))
    for (kind, name), (_, span) in recorded.items():
        message = f"{_told(kind, name, contents)}: there is no definition of it any more"
        findings.append(Finding("missing", Place("mm", 1, 1), message, name, Place.of(span)))
    return findings


def _told(kind: str, name: str, contents: Contents) -> str:
    if kind == "word":
        return f"{name} is taken for {contents.words.templates.get(name) or 'nothing'!r}"
    return f"{name} stands behind the page flags" if kind == "macro" else f"page flag {name}"
