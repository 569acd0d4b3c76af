"""The outlines of functions against the recorded ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ksmcheck.gate.baseline import Baseline
from ksmcheck.gate.changes import Change, changes
from ksmcheck.gate.findings import RECORD
from ksmcheck.gate.outline import ASKED, Outline
from ksmcheck.gate.survey import Survey
from ksmcheck.record import replace
from ksmcheck.report.findings import ERROR, Finding, Place


def site_findings(baseline: Baseline, now: Survey) -> Iterator[Finding]:
    """The outlines against the recorded ones; the same change in several tests is told once."""
    needs = _needs_by_site(baseline)
    found: dict[tuple[str, str, str, str, str], tuple[Finding, list[str]]] = {}
    for (context, function), by_subject in now.functions.items():
        for subject, outline in by_subject.items():
            before = baseline.outline(context, function, subject)
            for change in _changes(before, outline):
                finding = _site_finding(change, outline, needs)
                key = (finding.rule, function, change.kind, change.text, change.detail)
                found.setdefault(key, (finding, []))[1].append(f"{subject} ({context})")
    for finding, told in found.values():
        where = list(dict.fromkeys(told))
        rest = f" and {len(where) - 3} more" if len(where) > 3 else ""
        yield replace(finding, subject=f"{', '.join(where[:3])}{rest}")
    yield from _lost_functions(baseline, now, needs)


def _changes(before: tuple[str, ...] | None, outline: Outline) -> list[Change]:
    if before == outline.lines:
        return []
    return changes(before or (), outline)


def _site_finding(
    change: Change, outline: Outline, needs: Mapping[str, dict[str, None]]
) -> Finding:
    if outline.function == ASKED:
        return _other_question(change.place, (change.detail,))
    where = f"in {outline.function}"
    messages = {
        "added": f"{change.text} added {where}",
        "removed": f"{change.text} removed {where}",
        "moved": f"{change.text} moved {where}",
        "replaced": f"{change.before} replaced by {change.text} {where}",
        "around": f"the accesses around the barriers of {outline.function} changed",
    }
    text = change.before or change.text
    needed = needs.get(f"{text.partition('(')[0]}@{outline.function}", {})
    details = [change.detail] if change.detail else []
    if needed:
        details.append(f"recorded as needed: {', '.join(needed)}")
    return Finding(
        rule="access" if change.kind == "around" else "site",
        level=ERROR,
        message=messages[change.kind],
        place=change.place,
        machines=tuple(dict.fromkeys(name.partition(" ")[0] for name in needed)),
        details=tuple(details),
        hint=RECORD,
    )


def _other_question(place: Place, details: tuple[str, ...]) -> Finding:
    message = "what the test starts with or asks for changed"
    return Finding("verdict", ERROR, message, place=place, details=details, hint=RECORD)


def _needs_by_site(baseline: Baseline) -> dict[str, dict[str, None]]:
    """For each barrier ``primitive@function``, where it was needed: ``armv8 (path-a, 3.9)``."""
    found: dict[str, dict[str, None]] = {}
    for (subject, kernel), sites in baseline.needs.items():
        for site, words in sites.items():
            for column, word in words.items():
                if word == "needed":
                    said = f"{column} ({subject.rpartition('/')[2]}, {kernel})"
                    found.setdefault(site.partition("#")[0], {})[said] = None
    return found


def _lost_functions(
    baseline: Baseline, now: Survey, needs: Mapping[str, dict[str, None]]
) -> Iterator[Finding]:
    """Functions with sites that no test calls any more."""
    called = {function for _, function in now.functions}
    lost: dict[str, list[str]] = {}
    for functions in baseline.outlines.values():
        for function, known in functions.items():
            if function not in called:
                sites = [line[2:] for k in known for line in k.lines if line.startswith("* ")]
                lost.setdefault(function, []).extend(sites)
    for function, sites in lost.items():
        if function.endswith(ASKED):
            yield _other_question(Place(function.removesuffix(ASKED).strip(), 1), ("nothing now",))
            continue
        file, _, name = function.rpartition(" ")
        needed = {n for site, said in needs.items() if site.endswith(f"@{name}") for n in said}
        yield Finding(
            "site",
            ERROR,
            f"{name} is gone, or nothing calls it; it had {', '.join(dict.fromkeys(sites))}",
            place=Place(file, 1),
            machines=tuple(sorted({n.partition(" ")[0] for n in needed})),
            hint=RECORD,
        )
