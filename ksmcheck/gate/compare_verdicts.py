"""Verdicts against what is expected and what was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ksmcheck.batch.exit_codes import INPUT
from ksmcheck.gate.answer import Answer
from ksmcheck.gate.baseline import Baseline
from ksmcheck.gate.findings import RECORD, rerun
from ksmcheck.gate.outcome import WORDS, Outcome, Refusal, says_less
from ksmcheck.gate.plan import SHIPPED, Cell
from ksmcheck.record import Struct
from ksmcheck.report.findings import ERROR, REFUSED, Finding

_ALLOW = "say in ksmcheck.toml that it is expected, or allow-bounded = true for a bound"


class Wrong(Struct, frozen=True):
    """A verdict that is not as it should be: ``instead`` of what, and what ``said`` so."""

    cell: Cell
    outcome: Outcome
    instead: str
    said: str
    details: tuple[str, ...] = ()
    hint: str = ""


def wrong(
    cell: Cell, answer: Answer, baseline: Baseline | None, *, allow_bounded: bool
) -> Wrong | None:
    """One cell against its expectation and against the baseline; None: it is being recorded."""
    outcome = answer.outcome
    if not _as_expected(cell, outcome):
        expected = WORDS.get(cell.expected, (cell.word,))[0]
        more = (f"expected because: {cell.reason}",) if cell.reason else ()
        return Wrong(cell, outcome, expected, f"expected {expected}", more)
    if baseline is None:
        if cell.expected or cell.word or not _no_answer(outcome, allow_bounded):
            return None
        return Wrong(cell, outcome, "SAFE", "which is no answer", outcome.bound_at, _ALLOW)
    before = baseline.verdicts.get(cell.where, {}).get(cell.column.name)
    if before == outcome.verdict:
        return None
    if before is None:
        return Wrong(cell, outcome, "", "not in the baseline", (), RECORD)
    return Wrong(cell, outcome, before, f"recorded {before}", (), RECORD)


def _as_expected(cell: Cell, outcome: Outcome) -> bool:
    if cell.expected:
        return outcome.letter == cell.expected
    return not cell.word or outcome.verdict == cell.word


def _no_answer(outcome: Outcome, allow_bounded: bool) -> bool:
    return outcome.letter in "?0" or (outcome.letter == "K" and not allow_bounded)


def verdict_findings(found: Iterable[Wrong]) -> Iterator[Finding]:
    """A finding for each scenario in which the same is wrong, on however many machines."""
    groups: dict[tuple[object, ...], list[Wrong]] = {}
    for one in found:
        outcome = one.outcome
        key = (*one.cell.where, outcome.verdict, outcome.reason, one.said, one.details)
        groups.setdefault(key, []).append(one)
    for group in groups.values():
        yield _finding(group)


def _finding(group: list[Wrong]) -> Finding:
    first = group[0]
    cell, outcome = first.cell, first.outcome
    machines = tuple(one.cell.column.name for one in group)
    less = bool(first.instead) and says_less(outcome.verdict, first.instead)
    execution = outcome.execution if first.instead else None
    reason = (outcome.reason,) if outcome.reason else ()
    failing = execution.place if execution is not None else None
    return Finding(
        rule="weaker" if less else "verdict",
        level=ERROR,
        message=f"{outcome.verdict} under {', '.join(machines)}, {first.said}",
        place=failing if failing is not None else cell.place,
        subject=subject_of(cell),
        machines=machines,
        details=(*first.details, *reason, rerun(cell.request)),
        hint=first.hint,
        execution=execution,
        code=_code(outcome, less),
    )


def _code(outcome: Outcome, less: bool) -> int:
    if not less:
        return 1
    return 5 if outcome.verdict == "VACUOUS" else 4


def subject_of(cell: Cell) -> str:
    """``litmus/ksm/path-a, kernel 3.9``, and the variant where it is another than the shipped."""
    variant = "" if cell.variant == SHIPPED else f", variant {cell.variant}"
    return f"{cell.subject}, kernel {cell.kernel}{variant}"


def refusal_findings(answers: Mapping[Cell, Answer]) -> Iterator[Finding]:
    """Tests that have no meaning under a model: one for each place, on however many machines."""
    groups: dict[tuple[object, ...], list[tuple[Cell, Refusal]]] = {}
    for cell, answer in answers.items():
        refusal = answer.outcome.refusal
        if refusal is not None:
            groups.setdefault((*cell.where, refusal.place), []).append((cell, refusal))
    for group in groups.values():
        cell, first = group[0]
        machines = tuple(cell.column.name for cell, _ in group)
        more = (f"so it is under {', '.join(machines[1:])}",) if machines[1:] else ()
        yield Finding(
            REFUSED,
            ERROR,
            first.message,
            place=first.place,
            subject=subject_of(cell),
            machines=machines,
            details=(*more, *first.details),
            hint=first.hint or _OTHER_MODELS,
            code=INPUT,
        )


_OTHER_MODELS = "gate the test by a [[tests]] of its own, under models that know this"


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
