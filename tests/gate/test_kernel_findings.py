"""The seam to the comparison with a kernel tree: what it finds becomes findings of the gate."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from ksmcheck.gate.config import DEFAULT_POLICY
from ksmcheck.gate.findings import judged
from ksmcheck.gate.kernel_findings import kernel_findings


@dataclass(frozen=True)
class Where:
    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Difference:
    kind: str
    place: Where
    message: str
    subject: str
    other: Where | None
    details: tuple[str, ...]
    severity: str


@dataclass(frozen=True)
class Differences:
    findings: tuple[Difference, ...]


def test_differences_become_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The form of what the comparison gives is all that is assumed of it here."""
    removed = Difference(
        "removed",
        Where("mm/ksm.c", 700, 2),
        "smp_wmb() is gone",
        "ksm_migrate_page",
        Where("litmus/ksm/ksm.h", 228, 2),
        ("stood behind the store of kpfn",),
        "error",
    )
    mild = Difference("renamed", Where("mm/ksm.c", 1, 1), "page", "f", None, (), "warning")
    asked: list[tuple[Path, str | None]] = []

    def drift(tree: Path, *, patch: str | None = None) -> Differences:
        asked.append((tree, patch))
        return Differences((removed, mild))

    module = ModuleType("ksmcheck.gate.drift")
    monkeypatch.setattr(module, "drift", drift, raising=False)
    monkeypatch.setitem(sys.modules, "ksmcheck.gate.drift", module)
    first, second = judged(kernel_findings(Path("linux"), "a patch"), DEFAULT_POLICY)
    assert asked == [(Path("linux"), "a patch")]
    assert (first.rule, first.level, str(first.place)) == ("drift", "error", "linux/mm/ksm.c:700")
    assert first.message == "removed: smp_wmb() is gone"
    assert first.details == (
        "our side: litmus/ksm/ksm.h:228:2",
        "stood behind the store of kpfn",
    )
    assert second.level == "warning"  # the policy's `fail` does not make more of it
