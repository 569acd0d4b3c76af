"""Which barriers are necessary, against what was recorded."""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.gate.baseline import Baseline
from ksmcheck.gate.findings import RECORD, rerun
from ksmcheck.gate.survey import Removal, Survey
from ksmcheck.report.findings import ERROR, Finding


def need_findings(baseline: Baseline, now: Survey) -> Iterator[Finding]:
    """Barriers of which something else is now true without them."""
    void = _void(baseline, now)
    groups: dict[tuple[str, str, str, str, str], list[Removal]] = {}
    for removal in now.removals:
        cell = removal.cell
        sites = baseline.needs.get((cell.subject, cell.kernel), {})
        # What is not recorded at all is told by its site, its verdict, or by _unlike.
        before = sites.get(removal.site, {}).get(cell.column.name, "")
        told = before == "needed" and (cell.subject, cell.kernel) in void
        if before and before != removal.word and not told:
            key = (cell.subject, cell.kernel, removal.site, before, removal.word)
            groups.setdefault(key, []).append(removal)
    for (subject, kernel, site, before, word), removals in groups.items():
        yield _need_finding(subject, kernel, site, before, word, removals, now)
    for (subject, kernel), once_needed in void.items():
        yield _void_finding(subject, kernel, once_needed, now)
    yield from _unlike(baseline, now)


_SEVERAL = 2
"""One barrier that is not needed any more is another's doing, as a rule; all of several that pair
with each other are so where the threads no longer meet."""


def _void(baseline: Baseline, now: Survey) -> dict[tuple[str, str], list[str]]:
    """The scenarios whose property held by several barriers and now holds without any: it may ask
    nothing any more, and its SAFE say nothing. With the barriers."""
    here: dict[tuple[str, str], dict[tuple[str, str], str]] = {}
    for r in now.removals:
        words = here.setdefault((r.cell.subject, r.cell.kernel), {})
        words[r.site, r.cell.column.name] = r.word
    found = {}
    for name, words in here.items():
        recorded = baseline.needs.get(name, {})
        needed = [(s, c) for s, said in recorded.items() for c in said if said[c] == "needed"]
        sites = list(dict.fromkeys(site for site, _ in needed))
        idle = all(words.get(one) == "idle" for one in needed)
        if len(sites) >= _SEVERAL and idle and "needed" not in words.values():
            found[name] = sites
    return found


def _void_finding(subject: str, kernel: str, sites: list[str], now: Survey) -> Finding:
    own = [r for r in now.removals if (r.cell.subject, r.cell.kernel) == (subject, kernel)]
    return Finding(
        "void",
        ERROR,
        f"none of the {len(sites)} barriers that were necessary is so any more: the test may have "
        "become void",
        place=own[0].cell.place,
        subject=f"{subject}, kernel {kernel}",
        machines=tuple(dict.fromkeys(r.cell.column.name for r in own)),
        details=(
            f"recorded as needed: {', '.join(sites)}",
            "do its threads still use the same objects, and can its property still fail?",
        ),
        hint=RECORD,
    )


def _unlike(baseline: Baseline, now: Survey) -> Iterator[Finding]:
    """Scenarios whose barriers are taken out now but were not, or were but are not."""
    asked = {(r.cell.subject, r.cell.kernel) for r in now.removals}
    known = {(w.subject, w.kernel) for w in now.answers if now.full or w.necessity == 1}
    here = baseline.subjects  # of a new test, its verdict tells
    for subject, kernel in sorted(asked - baseline.needs.keys()):
        if subject in here:
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
