"""What a comparison with a kernel tree found, as findings of the gate."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ksmcheck.report.findings import ERROR, Finding, Place


def can_drift() -> bool:
    """Whether this ksmcheck can compare with a kernel tree."""
    return find_spec("ksmcheck.gate.drift") is not None


def kernel_findings(tree: Path, patch: str | None = None) -> Iterator[Finding]:
    """The differences between a kernel tree and the encodings; only a patch's, if one is given.

    Raises InputError for a tree or patch that cannot be read.
    """
    report = import_module("ksmcheck.gate.drift").drift(tree, patch=patch)
    for found in report.findings:
        yield _finding(tree, found)


def _finding(tree: Path, found: Any) -> Finding:
    other = (f"our side: {found.other}",) if found.other is not None else ()
    return Finding(
        rule="drift",
        level=ERROR if found.severity == "error" else "warning",
        message=f"{found.kind}: {found.message}",
        place=Place(str(tree / found.place.file), found.place.line, found.place.column),
        subject=found.subject,
        details=(*other, *found.details),
    )
