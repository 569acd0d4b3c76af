"""The outlines of functions against the recorded ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set

from ksmcheck.gate.baseline import Baseline
from ksmcheck.gate.changes import Change, changes
from ksmcheck.gate.compare_declared import (
    declared_changes,
    lost_declarations,
    taken_apart,
    unknown_declarations,
)
from ksmcheck.gate.declared import VOLATILE, is_declared
from ksmcheck.gate.findings import RECORD
from ksmcheck.gate.outline import ASKED, Outline
from ksmcheck.gate.respelt import as_now
from ksmcheck.gate.survey import Survey
from ksmcheck.record import Struct, replace
from ksmcheck.report.findings import ERROR, WARNING, Finding, Place

_THREAD = re.compile(r"P\d+")
"""Each test has these of its own; other functions may be several tests'."""


class Need(Struct, frozen=True):
    """A machine on which a test needs a barrier."""

    machine: str
    subject: str
    kernel: str

    def __str__(self) -> str:
        return f"{self.machine} ({self.subject}, {self.kernel})"

    @property
    def test(self) -> str:
        return self.subject.removesuffix(".litmus")


def site_findings(baseline: Baseline, now: Survey) -> Iterator[Finding]:
    """The outlines against the recorded ones; the same change in several tests is told once. A
    test that is new is told of by its verdict; here, of the functions that come with it."""
    needs, known = _needs_by_site(baseline), baseline.subjects
    subjects: dict[str, set[str]] = {}
    for (_, function), by_subject in now.functions.items():
        subjects.setdefault(function, set()).update(by_subject)
    found: dict[tuple[object, ...], tuple[Finding, list[str]]] = {}
    for (context, function), by_subject in now.functions.items():
        for subject, outline in by_subject.items():
            if subject not in known and _is_its_own(outline):
                continue
            before = baseline.outline(context, function, subject)
            for finding in _differences(before, outline, needs, subjects[function]):
                key = (finding.rule, function, finding.message, finding.details)
                found.setdefault(key, (finding, []))[1].append(f"{subject} ({context})")
    for finding, told in found.values():
        where = list(dict.fromkeys(told))
        rest = f" and {len(where) - 3} more" if len(where) > 3 else ""
        yield replace(finding, subject=f"{', '.join(where[:3])}{rest}")
    yield from _lost_functions(baseline, now, needs)
    yield from unknown_declarations(baseline, now)


def _differences(
    before: tuple[str, ...] | None,
    outline: Outline,
    needs: Mapping[str, Sequence[Need]],
    subjects: Set[str],
) -> Iterator[Finding]:
    before = None if before is None else as_now(before, outline.lines)
    if before == outline.lines:
        return
    if is_declared(outline.function):
        yield from declared_changes(before, outline)
        return
    if before is None and outline.function != ASKED:
        yield from _new_function(outline)
        return
    for change in changes(before or (), outline):
        yield _site_finding(change, outline, needs, subjects)


def _is_its_own(outline: Outline) -> bool:
    """Whether no other test can have it."""
    return outline.function == ASKED or bool(_THREAD.fullmatch(outline.function))


def _new_function(outline: Outline) -> Iterator[Finding]:
    """One for all that orders memory in it."""
    sites = [token for token in outline.tokens if token.site]
    if sites:
        shown = ", ".join(token.text for token in sites[:_SHOWN])
        more = f" and {len(sites) - _SHOWN} more" if len(sites) > _SHOWN else ""
        message = f"{outline.function} is new, with {shown}{more}"
        yield Finding("site", ERROR, message, place=sites[0].place, hint=RECORD)


_SHOWN = 4
"""Sites of a new function that are named."""


def _site_finding(
    change: Change, outline: Outline, needs: Mapping[str, Sequence[Need]], subjects: Set[str]
) -> Finding:
    """``subjects``: the tests that have the function. Another's ``P1`` is another function."""
    if outline.function == ASKED:
        return _other_question(change.place, (change.detail,))
    where = f"in {outline.function}"
    if change.kind == "asked":
        message = f"what is asserted or assumed {where} changed"
        details = (change.detail,)
        return Finding("verdict", ERROR, message, place=change.place, details=details, hint=RECORD)
    messages = {
        "added": f"{change.text} added {where}",
        "removed": f"{change.text} removed {where}",
        "moved": f"{change.text} moved {where}",
        "replaced": f"{change.before} replaced by {change.text} {where}",
        "around": f"the accesses around the barriers of {outline.function} changed",
    }
    text = change.before or change.text
    site = f"{text.partition('(')[0]}@{outline.function}"
    needed = [need for need in needs.get(site, ()) if need.subject in subjects]
    told = [change.detail] if change.detail else []
    if needed:
        told.append(f"recorded as needed: {', '.join(map(str, needed))}")
    return Finding(
        rule="access" if change.kind == "around" else "site",
        level=WARNING if _comes_volatile(change) else ERROR,
        message=messages[change.kind],
        place=change.place,
        machines=tuple(dict.fromkeys(need.machine for need in needed)),
        details=tuple(told),
        hint=RECORD,
    )


def _comes_volatile(change: Change) -> bool:
    """What becomes volatile is accessed more strictly than it was."""
    return change.kind == "added" and change.text.startswith((f"{VOLATILE} ", f"({VOLATILE}"))


def _other_question(place: Place, details: tuple[str, ...]) -> Finding:
    message = "what the test starts with or asks for changed"
    return Finding("verdict", ERROR, message, place=place, details=details, hint=RECORD)


def _needs_by_site(baseline: Baseline) -> dict[str, list[Need]]:
    """For each barrier ``primitive@function``, where it was needed."""
    found: dict[str, dict[Need, None]] = {}
    for (subject, kernel), sites in baseline.needs.items():
        for site, words in sites.items():
            for column, word in words.items():
                if word == "needed":
                    need = Need(column, subject, kernel)
                    found.setdefault(site.partition("#")[0], {})[need] = None
    return {site: list(needs) for site, needs in found.items()}


def _lost_functions(
    baseline: Baseline, now: Survey, needs: Mapping[str, Sequence[Need]]
) -> Iterator[Finding]:
    """Functions with sites that no test calls any more."""
    called = {function for _, function in now.functions}
    lost: dict[str, list[str]] = {}
    lines: dict[str, list[str]] = {}
    for functions in baseline.outlines.values():
        for function, known in functions.items():
            if function not in called:
                sites = [line[2:] for k in known for line in k.lines if line.startswith("* ")]
                lost.setdefault(function, []).extend(sites)
                lines.setdefault(function, []).extend(line for k in known for line in k.lines)
    for function, sites in lost.items():
        if function.endswith(ASKED):
            yield _other_question(Place(function.removesuffix(ASKED).strip(), 1), ("nothing now",))
            continue
        if is_declared(taken_apart(function)[1]):
            yield from lost_declarations(function, lines[function])
            continue
        file, _, name = function.rpartition(" ")
        needed = {
            need.machine
            for site, said in needs.items()
            if site.endswith(f"@{name}")
            for need in said
            if not _THREAD.fullmatch(name) or need.test == file.removesuffix(".litmus")
        }
        yield Finding(
            "site",
            ERROR,
            f"{name} is gone, or nothing calls it; it had {', '.join(dict.fromkeys(sites))}",
            place=Place(file, 1),
            machines=tuple(sorted(needed)),
            hint=RECORD,
        )
