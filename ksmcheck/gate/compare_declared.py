"""What is declared against what was recorded: an access that was marked, or was of another width.

What is only here or only there is no change: the functions tell that it is accessed now, or is no
more. But for what was volatile: a struct under another name would let that go unseen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ksmcheck.gate.baseline import Baseline
from ksmcheck.gate.declared import (
    VARIABLES,
    by_name,
    has_sign,
    is_declared,
    is_volatile,
    without_signs,
)
from ksmcheck.gate.findings import RECORD
from ksmcheck.gate.outline import Outline
from ksmcheck.gate.survey import Survey
from ksmcheck.report.findings import ERROR, NOTE, WARNING, Finding, Place


def declared_changes(before: Sequence[str] | None, now: Outline) -> Iterator[Finding]:
    """One finding for each declaration that is another."""
    was = by_name(tuple(before or ()))
    here = by_name(now.lines)
    places = {token.text.partition(": ")[0]: token.place for token in now.tokens}
    for name, text in here.items():
        if name in was and was[name] not in (text, without_signs(text)):
            yield _changed(_called(name, now.function), was[name], text, places[name])
    for name in sorted(was.keys() - here.keys()):
        if is_volatile(was[name]):
            yield _gone(_called(name, now.function), now.place)


def _called(name: str, outline: str) -> str:
    return name if outline == VARIABLES else f"{name} of {outline.strip('()')}"


def _changed(name: str, was: str, now: str, place: Place) -> Finding:
    now = now if has_sign(was) else without_signs(now)  # an older baseline has none
    details = (f"it was: {was}", f"it is: {now}")
    count = was.split().count("volatile") - now.split().count("volatile")
    if count > 0:
        message = f"{name} is no longer volatile: accesses to it are no longer marked"
        return Finding("site", ERROR, message, place, details=details, hint=RECORD)
    if count < 0:
        message = f"{name} is volatile now: accesses to it became marked"
        return Finding("site", WARNING, message, place, details=details, hint=RECORD)
    if without_signs(was) == without_signs(now):
        sign = "unsigned" if "unsigned" in now.split() else "signed"
        message = f"{name} is {sign} now: it compares, divides and widens in another way"
        return Finding("access", ERROR, message, place, details=details, hint=RECORD)
    message = f"the declaration of {name} changed, and with it the accesses that are made"
    return Finding("access", ERROR, message, place, details=details, hint=RECORD)


def _gone(name: str, place: Place) -> Finding:
    message = f"{name} was volatile, and is gone or nothing uses it"
    return Finding("site", ERROR, message, place, hint=RECORD)


def lost_declarations(function: str, lines: Sequence[str]) -> Iterator[Finding]:
    """Of an outline that no test has any more: ``function`` is ``file name``."""
    file, name = taken_apart(function)
    for declared, text in by_name(tuple(lines)).items():
        if is_volatile(text):
            yield _gone(_called(declared, name), Place(file, 1))


def taken_apart(function: str) -> tuple[str, str]:
    """``mp.h (struct mbox)`` as file and name."""
    file, _, name = function.rpartition(" (")
    return file, f"({name}"


def unknown_declarations(baseline: Baseline, now: Survey) -> Iterator[Finding]:
    """A baseline from before declarations were recorded says nothing of them."""
    known = (name for functions in baseline.outlines.values() for name in functions)
    here = (name for _, name in now.functions)
    if any(map(_is_declared, here)) and not any(map(_is_declared, known)):
        message = "the baseline does not say what is declared: volatile, widths, bit-fields"
        yield Finding("access", NOTE, message, hint="record it again: ksmcheck gate --record")


def _is_declared(function: str) -> bool:
    return is_declared(taken_apart(function)[1])
