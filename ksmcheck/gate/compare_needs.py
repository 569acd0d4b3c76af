"""Which barriers are necessary, against what was recorded."""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.gate.baseline import Baseline
from ksmcheck.gate.findings import RECORD, rerun
from ksmcheck.gate.survey import Removal, Survey
from ksmcheck.report.findings import ERROR, Finding


def need_findings(baseline: Baseline, now: Survey) -> Iterator[Finding]:
    """Barriers of which something else is now true without them."""
    groups: dict[tuple[str, str, str, str, str], list[Removal]] = {}
    for removal in now.removals:
        cell = removal.cell
        sites = baseline.needs.get((cell.subject, cell.kernel), {})
        # What is not recorded at all is told by its site, its verdict, or by _unlike.
        before = sites.get(removal.site, {}).get(cell.column.name, "")
        if before and before != removal.word:
            key = (cell.subject, cell.kernel, removal.site, before, removal.word)
            groups.setdefault(key, []).append(removal)
    for (subject, kernel, site, before, word), removals in groups.items():
        yield _need_finding(subject, kernel, site, before, word, removals, now)
    yield from _unlike(baseline, now)


def _unlike(baseline: Baseline, now: Survey) -> Iterator[Finding]:
    """Scenarios whose barriers are taken out now but were not, or were but are not."""
    asked = {(r.cell.subject, r.cell.kernel) for r in now.removals}
    known = {(w.subject, w.kernel) for w in now.answers if now.full or w.necessity == 1}
    for subject, kernel in sorted(asked - baseline.needs.keys()):
        yield _not_alike(subject, kernel, "is asked for, but not in the baseline")
    if not baseline.full or now.full:
        for subject, kernel in sorted(baseline.needs.keys() - known):
            yield _not_alike(subject, kernel, "is in the baseline, but no longer asked for")


def _not_alike(subject: str, kernel: str, what: str) -> Finding:
    message = f"which barriers are necessary {what}"
    return Finding("necessary", ERROR, message, None, f"{subject}, kernel {kernel}", hint=RECORD)


def _need_finding(
    subject: str,
    kernel: str,
    site: str,
    before: str,
    word: str,
    removals: list[Removal],
    now: Survey,
) -> Finding:
    machines = tuple(r.cell.column.name for r in removals)
    where = ", ".join(machines)
    messages = {
        "needed": f"{site} became necessary on {where}: without it {_verdicts(removals)}",
        "idle": f"{site} is no longer necessary on {where}: nothing breaks without it",
        "undecided": f"whether {site} is necessary on {where} is no longer decided",
    }
    inventory = now.inventories[removals[0].cell]
    place = next((b.place for b in inventory.barriers if b.name == site), None)
    rules = {"needed": "necessary", "idle": "unnecessary", "undecided": "weaker"}
    outcome = removals[0].answer.outcome
    reason = (outcome.reason,) if outcome.reason else ()
    return Finding(
        rule=rules[word],
        level=ERROR,
        message=messages[word],
        place=place,
        subject=f"{subject}, kernel {kernel}",
        machines=machines,
        details=(f"recorded: {before}", *reason, rerun(removals[0].request)),
        hint=RECORD,
        execution=outcome.execution if word == "needed" else None,
        code=4 if word == "undecided" else 1,
    )


def _verdicts(removals: list[Removal]) -> str:
    return " or ".join(dict.fromkeys(r.answer.outcome.verdict for r in removals))
