"""The families of a corpus: its folders, each with a table of answers or with comments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

BY_COMMENT = "hard"
"""The folder whose tests say in a comment what is expected; too large to list all states."""


@dataclass(frozen=True, slots=True)
class Family:
    """``expected`` is the table of answers, None where the comments hold them; ``files`` are paths
    below ``folder``."""

    name: str
    folder: Path
    expected: Path | None
    files: tuple[str, ...]


def families(corpus: Path) -> tuple[Family, ...]:
    """The folders below ``corpus`` that have an ``expected.tsv``, then ``hard``; or ``corpus``
    itself if it is such a folder."""
    if (corpus / "expected.tsv").is_file():
        return (_family(corpus),)
    below = sorted(p for p in corpus.iterdir() if p.is_dir()) if corpus.is_dir() else []
    found = [_family(p) for p in below if (p / "expected.tsv").is_file()]
    found += [_family(p) for p in below if p.name == BY_COMMENT]
    return tuple(found)


def _family(folder: Path) -> Family:
    table = folder / "expected.tsv"
    if not table.is_file():
        names = (p.relative_to(folder).as_posix() for p in folder.rglob("*.litmus"))
        return Family(folder.name, folder, None, tuple(sorted(names)))
    rows = (line.split("\t")[0] for line in table.read_text(encoding="utf-8").splitlines()[1:])
    return Family(folder.name, folder, table, tuple(row for row in rows if row))
