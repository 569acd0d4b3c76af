"""Verdicts against what is expected and what was recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ksmcheck.gate.answer import Answer
from ksmcheck.gate.baseline import Baseline
from ksmcheck.gate.findings import RECORD, rerun
from ksmcheck.gate.outcome import WORDS, Outcome, says_less
from ksmcheck.gate.plan import SHIPPED, Cell
from ksmcheck.report.findings import ERROR, Finding, Place


def verdict_findings(
    cell: Cell, answer: Answer, baseline: Baseline | None, *, allow_bounded: bool
) -> Iterator[Finding]:
    """One cell against its expectation and against the baseline; None: it is being recorded."""
    outcome = answer.outcome
    said = f"{outcome.verdict} under {cell.column.name}"
    if not _as_expected(cell, outcome):
        expected = WORDS.get(cell.expected, (cell.word,))[0]
        more = (f"expected because: {cell.reason}",) if cell.reason else ()
        yield _about(cell, outcome, expected, f"{said}, expected {expected}", more, "")
        return
    if baseline is None:
        if not (cell.expected or cell.word) and _no_answer(outcome, allow_bounded):
            yield _about(cell, outcome, "SAFE", f"{said}: no answer", outcome.bound_at, _ALLOW)
        return
    before = baseline.verdicts.get(cell.where, {}).get(cell.column.name)
    if before is None:
        yield _about(cell, None, outcome.verdict, f"{said}, not in the baseline", (), RECORD)
    elif before != outcome.verdict:
        yield _about(cell, outcome, before, f"{said}, recorded {before}", (), RECORD)


_ALLOW = "say in ksmcheck.toml that it is expected, or allow-bounded = true for a bound"


def _as_expected(cell: Cell, outcome: Outcome) -> bool:
    if cell.expected:
        return outcome.letter == cell.expected
    return not cell.word or outcome.verdict == cell.word


def _no_answer(outcome: Outcome, allow_bounded: bool) -> bool:
    return outcome.letter in "?0" or (outcome.letter == "K" and not allow_bounded)


def _about(
    cell: Cell,
    outcome: Outcome | None,
    before: str,
    message: str,
    details: tuple[str, ...],
    hint: str,
) -> Finding:
    less = outcome is not None and says_less(outcome.verdict, before)
    execution = outcome.execution if outcome is not None else None
    if outcome is not None:
        details = (*details, *((outcome.reason,) if outcome.reason else ()), rerun(cell.request))
    return Finding(
        rule="weaker" if less else "verdict",
        level=ERROR,
        message=message,
        place=_place(cell, execution.place if execution else None),
        subject=_subject(cell),
        machines=(cell.column.name,),
        details=details,
        hint=hint,
        execution=execution,
        code=_code(outcome, less),
    )


def _code(outcome: Outcome | None, less: bool) -> int:
    if outcome is None or not less:
        return 1
    return 5 if outcome.verdict == "VACUOUS" else 4


def _place(cell: Cell, failure: Place | None) -> Place:
    """A failing assertion's line; else the test's first."""
    return failure if failure is not None else cell.place


def _subject(cell: Cell) -> str:
    variant = "" if cell.variant == SHIPPED else f", variant {cell.variant}"
    return f"{cell.subject}, kernel {cell.kernel}{variant}"


def missing_findings(baseline: Baseline, cells: Mapping[Cell, Answer]) -> Iterator[Finding]:
    """Verdicts that were recorded and are no longer asked for."""
    now = {(*cell.where, cell.column.name) for cell in cells}
    for where, columns in baseline.verdicts.items():
        gone = [column for column in columns if (*where, column) not in now]
        if gone:
            subject, kernel, variant = where
            yield Finding(
                "verdict",
                ERROR,
                f"no longer gated; recorded: {columns[gone[0]]} under {', '.join(gone)}",
                subject=f"{subject}, kernel {kernel}, variant {variant}",
                machines=tuple(gone),
                hint=RECORD,
            )
