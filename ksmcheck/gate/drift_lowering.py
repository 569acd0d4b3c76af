"""The definitions that models rest on, recorded for a kernel version and compared with a tree.

A record (``models/kernel-6.12.definitions``) has a line for each definition: a digest of what it
says, the file, the name; and, indented, the rows that rest on it. No text of the kernel is in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ksmcheck.gate.drift_citations import (
    ARCHITECTURES,
    OWN_HEADERS,
    Citation,
    citation,
    row_primitives,
    source_of,
)
from ksmcheck.gate.drift_finding import Finding, Place
from ksmcheck.gate.kernel_tree import KernelTree
from ksmcheck.gate.kernel_tree_meaning import Meaning, defines, meaning_of
from ksmcheck.lowering.lookup import step_texts
from ksmcheck.lowering.table import LoweringTable, load_table
from ksmcheck.record import Struct
from ksmcheck.store.written import write_whole
from ksmcheck.syntax.files import read_source
from ksmcheck.text import InputError, Span

_LINE = re.compile(r"([0-9a-f]{12}) (\S+) (\w+)")
_ROW = re.compile(r"    (\S+): (\S.*)")
_LONGEST = 24


class Definition(Struct, frozen=True):
    """A recorded definition; ``rows`` are (model, row)."""

    file: str
    name: str
    digest: str
    rows: tuple[tuple[str, str], ...]
    span: Span


def record_path(models: Path, version: str) -> Path:
    """Where the definitions of a kernel version are recorded."""
    return models / f"kernel-{version}.definitions"


def read_definitions(path: Path) -> tuple[Definition, ...]:
    """A record. Raises InputError at a malformed line."""
    source = read_source(path)
    found: list[Definition] = []
    start = 0
    for text in source.text.split("\n"):
        span = Span(source, start, start + len(text))
        start += len(text) + 1
        head, row = _LINE.fullmatch(text), _ROW.fullmatch(text)
        if head is not None:
            found.append(Definition(head[2], head[3], head[1], (), span))
        elif row is not None and found:
            last = found[-1]
            rows = (*last.rows, *((row[1], name) for name in row[2].split(", ")))
            found[-1] = Definition(last.file, last.name, last.digest, rows, last.span)
        elif text.strip() and not text.startswith("#"):
            raise InputError("expected 'DIGEST FILE NAME' or '    MODEL: ROW, ROW'", span)
    return tuple(found)


def citations(tree: KernelTree, models: Path, kernel: str) -> Iterator[Citation]:
    """What each row of the shipped models rests on in a tree."""
    for model in (*ARCHITECTURES, "lkmm"):
        table = load_table(models / model / "lowering.toml")
        for row, primitives in row_primitives(table.tables).items():
            yield citation(tree, model, row, source_of(table.tables[row], kernel), primitives)


def record_definitions(tree: KernelTree, models: Path, version: str, kernel: str) -> Path:
    """Writes the record of a kernel version; the old one is replaced at once or not at all."""
    rows: dict[tuple[str, str], list[tuple[str, str]]] = {}
    unwatched = []
    for cited in citations(tree, models, kernel):
        if not cited.rests_on:
            unwatched.append(f"{cited.model} {cited.row}")
        for key in cited.rests_on:
            rows.setdefault(key, []).append((cited.model, cited.row))
    lines = [f"# {line}".rstrip() for line in _HEADING.format(version=tree.release()).splitlines()]
    for (file, name), resting in sorted(rows.items()):
        meaning = meaning_of(tree, name, file)
        assert meaning is not None
        lines.append(f"{meaning.digest} {file} {name}")
        for model in sorted({model for model, _ in resting}):
            names = sorted({row for which, row in resting if which == model})
            lines.append(f"    {model}: {', '.join(names)}")
    lines += ["# Rows whose sources name no definition of this tree:"]
    lines += [f"#     {row}" for row in unwatched]
    path = record_path(models, version)
    write_whole(path, "\n".join(lines) + "\n")
    return path


_HEADING = """SPDX-License-Identifier: GPL-2.0-only

The definitions of Linux {version} that rows of models/*/lowering.toml rest on: a digest of what
each says, its file, its name; below it, the rows (docs/drift.md). Written by `ksmcheck drift
--record`."""


def against_definitions(
    tree: KernelTree, models: Path, version: str, kernel: str
) -> tuple[list[Finding], int]:
    """Each recorded definition that says something else now, or is gone, or that an architecture
    has one of its own of; and how many were compared."""
    path = record_path(models, version)
    if not path.is_file():
        raise InputError(f"no definitions are recorded for kernel {version}: there is no {path}")
    recorded = read_definitions(path)
    tables = _tables(models)
    files = sorted({one.file for one in recorded if not (tree.root / one.file).is_file()})
    findings = [_gone_file(file) for file in files]
    own = {(one.file, one.name) for one in recorded}
    for one in recorded:
        if one.file in files:
            continue
        meaning = meaning_of(tree, one.name, one.file)
        if meaning is None or meaning.digest != one.digest:
            findings.append(_changed(tree, one, meaning, tables, kernel))
        findings += _overridden(tree, one, own)
    return findings, len(recorded)


def _tables(models: Path) -> Mapping[str, LoweringTable]:
    return {name: load_table(models / name / "lowering.toml") for name in (*ARCHITECTURES, "lkmm")}


def _gone_file(file: str) -> Finding:
    message = f"{file} is gone: definitions in it that models rest on cannot be compared"
    return Finding("missing", Place(file, 1, 1), message, file)


def _changed(
    tree: KernelTree,
    one: Definition,
    meaning: Meaning | None,
    tables: Mapping[str, LoweringTable],
    kernel: str,
) -> Finding:
    rows = ", ".join(f"{model} [{row}]" for model, row in one.rows[:4])
    rows += f" and {len(one.rows) - 4} more" if len(one.rows) > 4 else ""
    said = [line for model, row in one.rows[:4] for line in _row_says(tables, model, row, kernel)]
    if meaning is None:
        place = Place(one.file, 1, 1)
        message = f"{one.name} is not defined in {one.file} any more; on it rest {rows}"
        return Finding("missing", place, message, one.name, Place.of(one.span), tuple(said))
    text = meaning.text.splitlines()
    shown = [f"  {line}" for line in text[:_LONGEST]] + ["  ..."] * (len(text) > _LONGEST)
    message = f"{one.name} says something else than recorded; on it rest {rows}"
    details = (*said, "the tree's text now:", *shown)
    place = Place.of(meaning.spans[0])
    return Finding("definition", place, message, one.name, Place.of(one.span), details)


def _row_says(
    tables: Mapping[str, LoweringTable], model: str, row: str, kernel: str
) -> Iterator[str]:
    table = tables[model].tables.get(row) if model in tables else None
    if table is None:
        return
    for key, value in table.entries.items():
        if key not in ("source", "same") and (key == "all" or key.startswith(kernel)):
            steps = " | ".join(text.value or "nothing" for text in step_texts(value))
            yield f"{model} [{row}] {key}: {steps}"
    yield f"{model} [{row}] has it from: {source_of(table, kernel)}"


def _overridden(
    tree: KernelTree, one: Definition, recorded: set[tuple[str, str]]
) -> Iterator[Finding]:
    """An architecture's own definition of what its model takes from a common header."""
    if not one.file.startswith("include/"):
        return
    for model in sorted({model for model, _ in one.rows if model in ARCHITECTURES}):
        for header in OWN_HEADERS:
            file = f"arch/{ARCHITECTURES[model]}/include/asm/{header}.h"
            found = () if (file, one.name) in recorded else defines(tree, one.name, file)
            if found:
                arch = ARCHITECTURES[model]
                message = f"{arch} has a {one.name} of its own; {model} rests on {one.file}"
                yield Finding(
                    "definition", Place.of(found[0].span), message, one.name, Place.of(one.span)
                )
