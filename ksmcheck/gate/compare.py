"""What is found now against what was recorded and what is expected: findings."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ksmcheck.check.verdict import Request
from ksmcheck.gate.answer import Answer
from ksmcheck.gate.baseline import Baseline
from ksmcheck.gate.changes import Change, changes
from ksmcheck.gate.config import LEVELS
from ksmcheck.gate.outcome import WORDS, Outcome, says_less
from ksmcheck.gate.outline import Outline
from ksmcheck.gate.plan import SHIPPED, Cell
from ksmcheck.gate.survey import Removal, Survey
from ksmcheck.report.findings import Finding, Place

RECORD = "if this is meant: ksmcheck gate --record, and commit the baseline"


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
        level="error",
        message=message,
        place=_place(cell, execution.place if execution else None),
        subject=_subject(cell),
        machines=(cell.column.name,),
        details=details,
        hint=hint,
        execution=execution,
        code=_code(outcome, less),
    )


def rerun(request: Request) -> str:
    """The command that shows the same."""
    words = [
        "ksmcheck check",
        shlex.quote(str(request.path)),
        "--model",
        shlex.quote(request.model),
    ]
    words += ["--kernel", request.kernel]
    for name, value in request.defines:
        words.append(f"-D {shlex.quote(name if value == '1' else f'{name}={value}')}")
    words += [f"--remove {shlex.quote(site)}" for site in sorted(request.removed)]
    return f"run: {' '.join(words)}"


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
                "error",
                f"no longer gated; recorded: {columns[gone[0]]} under {', '.join(gone)}",
                subject=f"{subject}, kernel {kernel}, variant {variant}",
                machines=tuple(gone),
                hint=RECORD,
            )


# Sites.


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
        level="error",
        message=messages[change.kind],
        place=change.place,
        machines=tuple(dict.fromkeys(name.partition(" ")[0] for name in needed)),
        details=tuple(details),
        hint=RECORD,
    )


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
        file, _, name = function.rpartition(" ")
        needed = {n for site, said in needs.items() if site.endswith(f"@{name}") for n in said}
        yield Finding(
            "site",
            "error",
            f"{name} is gone, or nothing calls it; it had {', '.join(dict.fromkeys(sites))}",
            place=Place(file, 1),
            machines=tuple(sorted({n.partition(" ")[0] for n in needed})),
            hint=RECORD,
        )


# Necessity.


def need_findings(baseline: Baseline, now: Survey) -> Iterator[Finding]:
    """Barriers of which something else is now true without them."""
    groups: dict[tuple[str, str, str, str, str], list[Removal]] = {}
    for removal in now.removals:
        cell = removal.cell
        sites = baseline.needs.get((cell.subject, cell.kernel))
        if sites is None or removal.site not in sites:
            continue  # a new barrier or scenario: told by its site, or by its verdict
        before = sites[removal.site].get(cell.column.name, "")
        if before and before != removal.word:
            key = (cell.subject, cell.kernel, removal.site, before, removal.word)
            groups.setdefault(key, []).append(removal)
    for (subject, kernel, site, before, word), removals in groups.items():
        yield _need_finding(subject, kernel, site, before, word, removals, now)


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
        level="error",
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


def judged(findings: Iterable[Finding], policy: Mapping[str, str]) -> list[Finding]:
    """The findings at the level that the policy gives their kind; ignored kinds are left out."""
    levels = {rule: LEVELS[word] for rule, word in policy.items()}
    return [replace(f, level=levels[f.rule]) for f in findings if levels[f.rule]]
