"""A test file under another name: what was recorded of it holds of it still.

Its outlines tell that it is the same: of each thread, and of what it starts with and asks for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ksmcheck.gate.baseline import Baseline, Known
from ksmcheck.gate.declared import is_declared
from ksmcheck.gate.findings import RECORD
from ksmcheck.gate.plan import Cell
from ksmcheck.record import replace
from ksmcheck.report.findings import ERROR, Finding, Place

_Outlines = frozenset[tuple[str, str, tuple[str, ...]]]
"""Context, function, lines."""


def renamed(before: Baseline, now: Baseline, cells: Iterable[Cell]) -> dict[str, str]:
    """The files that were recorded under another name, by that name. Only where it is plain: two
    tests that say the same are not told apart."""
    there = {subject for subject, _, _ in now.verdicts}
    files = {cell.subject for cell in cells if cell.subject.endswith(".litmus")}
    known = {subject for subject, _, _ in before.verdicts}
    gone = {name: own for name in known - there if (own := _own(before, name))}
    new = {name: own for name in (there - known) & files if (own := _own(now, name))}
    return {
        old: names[0]
        for old, own in gone.items()
        if len(names := [n for n, other in new.items() if other == own]) == 1
        and sum(other == own for other in gone.values()) == 1
    }


def _own(baseline: Baseline, subject: str) -> _Outlines:
    """The outlines of what stands in the test's own file; older baselines have no declarations."""
    return frozenset(
        (context, name, one.lines)
        for context, functions in baseline.outlines.items()
        for function, known in functions.items()
        if function.startswith(f"{subject} ")
        and not is_declared(name := function.removeprefix(f"{subject} "))
        for one in known
    )


def under_new_names(baseline: Baseline, names: Mapping[str, str]) -> Baseline:
    """The baseline as if the files had been called so when it was recorded."""

    def of(subject: str) -> str:
        return names.get(subject, subject)

    def function(name: str) -> str:
        file, _, rest = name.partition(" ")
        old = next((o for o in names if name.startswith(f"{o} ")), file)
        return f"{names[old]}{name.removeprefix(old)}" if old in names else f"{file} {rest}"

    def known(one: Known) -> Known:
        return replace(one, cases=tuple(sorted(map(of, one.cases))))

    return Baseline(
        {(of(s), kernel, variant): v for (s, kernel, variant), v in baseline.verdicts.items()},
        {
            context: {function(n): tuple(map(known, all_of)) for n, all_of in functions.items()}
            for context, functions in baseline.outlines.items()
        },
        {(of(s), kernel): sites for (s, kernel), sites in baseline.needs.items()},
        baseline.full,
    )


def rename_findings(names: Mapping[str, str]) -> Iterator[Finding]:
    for old, new in names.items():
        message = f"renamed; it is recorded as {old}"
        yield Finding("verdict", ERROR, message, place=Place(new, 1), subject=new, hint=RECORD)
