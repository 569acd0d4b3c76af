"""Functions under another name: what was recorded of them, and of their calls, holds of them still.

Only where it is certain: nothing mentions the old name any more, nothing mentioned the new one
before, and what the function does is the same; or it is closer than that of any other candidate,
and whatever called the one calls the other in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import SequenceMatcher

from ksmcheck.gate.baseline import Baseline, Known
from ksmcheck.gate.compare_declared import taken_apart
from ksmcheck.gate.declared import is_declared
from ksmcheck.gate.findings import RECORD
from ksmcheck.gate.outline import ASKED
from ksmcheck.gate.survey import Survey
from ksmcheck.record import Struct, replace
from ksmcheck.report.findings import ERROR, Finding

_THREAD = re.compile(r"P\d+")

_CLOSE = 0.5
"""Twice the lines that two outlines share, of all their lines: at least half is kept."""


class Renamed(Struct, frozen=True):
    """``old`` and ``new`` in one file."""

    file: str
    old: str
    new: str


def renamed_functions(before: Baseline, now: Baseline) -> tuple[Renamed, ...]:
    """The functions that are certainly those of another name."""
    was, here = _functions(before), _functions(now)
    gone, come = was.keys() - here.keys(), here.keys() - was.keys()
    # A name that stays in use anywhere is not one that was renamed everywhere.
    left, known = _words(now), _words(before)
    gone = {function for function in gone if function[1] not in left}
    come = {function for function in come if function[1] not in known}
    # Of renamed functions that call each other the names are no difference.
    meant = frozenset(name for _, name in gone | come)
    olds = {function: _masked(was[function], meant) for function in gone}
    news = {function: _masked(here[function], meant) for function in come}
    pairs = [
        Renamed(file, old, new)
        for file, old in sorted(gone)
        if (new := _match((file, old), olds, news))
        and (
            olds[file, old] == news[file, new]
            or _mentions(before, old, meant) == _mentions(now, new, meant)
        )
    ]
    # Functions of one name in several files are one name in the outlines of others.
    return tuple(
        pair
        for pair in pairs
        if all((p.old == pair.old) == (p.new == pair.new) for p in pairs)
        and sum(name == pair.old for _, name in gone) == sum(p.old == pair.old for p in pairs)
    )


_Function = tuple[str, str]
"""File and name."""


def _functions(baseline: Baseline) -> dict[_Function, set[tuple[str, ...]]]:
    """Those that a test's author names, with all their outlines."""
    found: dict[_Function, set[tuple[str, ...]]] = {}
    for functions in baseline.outlines.values():
        for key, known in functions.items():
            file, _, name = key.rpartition(" ")
            if not _fixed(key):
                found.setdefault((file, name), set()).update(one.lines for one in known)
    return found


def _fixed(key: str) -> bool:
    """Whether it is a thread, or no function at all."""
    declared = is_declared(taken_apart(key)[1])
    return declared or key.endswith(ASKED) or bool(_THREAD.fullmatch(key.rpartition(" ")[2]))


_MENTION = re.compile(r"(?<![\w.])(?<!->)[A-Za-z_]\w*")
"""A name that is not that of a member."""


def _words(baseline: Baseline) -> set[str]:
    """All names in the outlines, and those of the functions."""
    found = {name for _, name in _functions(baseline)}
    for functions in baseline.outlines.values():
        lines = {line for known in functions.values() for one in known for line in one.lines}
        found.update(word for line in lines for word in _MENTION.findall(line))
    return found


def _masked(outlines: Iterable[tuple[str, ...]], names: frozenset[str]) -> list[list[str]]:
    def mask(found: re.Match[str]) -> str:
        return "?" if found[0] in names else found[0]

    return sorted([_MENTION.sub(mask, line) for line in lines] for lines in outlines)


def _mentions(baseline: Baseline, name: str, names: frozenset[str]) -> set[tuple[str, str, str]]:
    """Where a function is called, and how."""
    return {
        (context, _masked([(key,)], names)[0][0], line[2:])  # whether it orders memory may change
        for context, functions in baseline.outlines.items()
        for key, known in functions.items()
        for one in known
        for raw, line in zip(one.lines, _masked([one.lines], names)[0], strict=True)
        if name in _MENTION.findall(raw)
    }


_Bodies = Mapping[_Function, list[list[str]]]


def _match(function: _Function, olds: _Bodies, news: _Bodies) -> str:
    """The new name of a function, or nothing: each is the other's nearest, and no other as near."""
    best = _nearest(olds[function], function[0], news)
    if best is None or _nearest(news[best], function[0], olds) != function:
        return ""
    return best[1]


def _nearest(body: list[list[str]], file: str, others: _Bodies) -> _Function | None:
    alike = {f: _alike(body, other) for f, other in others.items() if f[0] == file}
    most = max(alike.values(), default=0.0)
    found = [function for function, ratio in alike.items() if ratio == most]
    return found[0] if most >= _CLOSE and len(found) == 1 else None


def _alike(one: list[list[str]], other: list[list[str]]) -> float:
    """Of a function with several outlines, by the best that each of those of the one finds."""
    ratios = [max(SequenceMatcher(None, a, b, autojunk=False).ratio() for b in other) for a in one]
    return sum(ratios) / len(ratios)


def under_new_function_names(before: Baseline, renamed: Iterable[Renamed]) -> Baseline:
    """The baseline as if the functions had been called so when it was recorded."""
    names = {one.old: one.new for one in renamed}
    if not names:
        return before

    def word(found: re.Match[str]) -> str:
        return names.get(found[0], found[0])

    def known(one: Known) -> Known:
        return replace(one, lines=tuple(_MENTION.sub(word, line) for line in one.lines))

    return replace(
        before,
        outlines={
            context: {_key(k, names): tuple(map(known, all_of)) for k, all_of in functions.items()}
            for context, functions in before.outlines.items()
        },
        needs={
            where: {_site(site, names): words for site, words in sites.items()}
            for where, sites in before.needs.items()
        },
    )


def _key(key: str, names: Mapping[str, str]) -> str:
    file, _, name = key.rpartition(" ")
    return key if _fixed(key) else f"{file} {names.get(name, name)}"


def _site(site: str, names: Mapping[str, str]) -> str:
    """``smp_wmb@publish#2``."""
    primitive, at, place = site.rpartition("@")
    function, number, count = place.partition("#")
    return f"{primitive}{at}{names.get(function, function)}{number}{count}"


def renamed_function_findings(
    renamed: Iterable[Renamed], now: Survey, name_of: Callable[[str], str]
) -> Iterator[Finding]:
    """One for each, where it is defined now; as grave as any other change of what has sites."""
    for one in renamed:
        found = [
            (context, subject, outline)
            for (context, _), by_subject in now.functions.items()
            for subject, outline in by_subject.items()
            if outline.function == one.new and name_of(outline.file) == one.file
        ]
        subjects = list(dict.fromkeys(subject for _, subject, _ in found))
        rest = f" and {len(subjects) - 3} more" if len(subjects) > 3 else ""
        ordering = any(token.site for _, _, outline in found for token in outline.tokens)
        yield Finding(
            "site" if ordering else "access",
            ERROR,
            f"`{one.old}` is called `{one.new}` now",
            place=found[0][2].place,
            subject=f"{', '.join(subjects[:3])}{rest}",
            hint=RECORD,
        )
