"""The report of a run that came to no end: what stopped it, in the form of a finding.

Who collects reports learns of it there. Without one the file of an earlier run would stand for
this one.
"""

from __future__ import annotations

from pathlib import Path

from ksmcheck import __version__
from ksmcheck.batch.exit_codes import BUG, INPUT, SIGNAL
from ksmcheck.gate.place import place_of, prefix_of
from ksmcheck.report.findings import (
    BROKEN,
    ERROR,
    INTERRUPTED,
    WRONG_INPUT,
    Finding,
    Report,
)
from ksmcheck.text import InputError


def unfinished(error: BaseException, config: Path) -> Report:
    """One finding, and no verdicts."""
    return Report(
        title=str(config),
        version=__version__,
        cases=(),
        findings=(_finding(error),),
        seconds=0.0,
        prefix=prefix_of(Path.cwd()),
    )


def _finding(error: BaseException) -> Finding:
    if isinstance(error, KeyboardInterrupt):
        return Finding(INTERRUPTED, ERROR, "interrupted", code=SIGNAL)
    if not isinstance(error, InputError):
        said = str(error) or type(error).__name__
        return Finding(BROKEN, ERROR, f"ksmcheck failed: {said}", code=BUG)
    found = error.diagnostic
    notes = (f"{note.span}: {note.message}" if note.span else note.message for note in found.notes)
    return Finding(
        WRONG_INPUT,
        ERROR,
        found.message,
        place_of(found.span) if found.span else None,
        details=tuple(notes),
        hint=found.hint or "",
        code=INPUT,
    )
