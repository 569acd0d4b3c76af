"""Row text: ``F[DMB] R?  R*[A] W*[L]`` as steps.

``R``, ``W``, ``F``, then ``?`` (a probe) or ``*`` (half of the atomic pair), ``@lock`` (on the
word's companion lock) or ``&`` (a fence with an address), then the tags in brackets.
"""

from __future__ import annotations

import re

from ksmcheck.lowering.template import Step
from ksmcheck.text import InputError, Span

_STEP = re.compile(r"(?P<kind>[RWF])(?P<mark>[?*&]?)(?P<lock>@lock)?(?:\[(?P<tags>[^\]\s]*)\])?")
_WORD = re.compile(r"\S+")
_TAG = re.compile(r"[A-Za-z][\w.-]*\Z")
_HINT = "a step is R, W or F, then ? * or &, then @lock, then [tags]: R*[A] W*[L] F[MB]"


def parse_steps(text: Span) -> tuple[Step, ...]:
    """The steps of a row's text; raises InputError at the step that is malformed."""
    return tuple(
        _step(Span(text.source, text.start + word.start(), text.start + word.end()))
        for word in _WORD.finditer(text.text)
    )


def _step(span: Span) -> Step:
    found = _STEP.fullmatch(span.text)
    if found is None:
        raise InputError(f"{span.text!r} is not a step of a row", span, hint=_HINT)
    kind, mark = found["kind"], found["mark"]
    if mark and mark not in {"R": "?*", "W": "*", "F": "&"}[kind]:
        raise InputError(f"{mark!r} has no meaning after {kind}", span, hint=_HINT)
    if kind == "F" and found["lock"]:
        raise InputError("a fence is not on a lock", span, hint=_HINT)
    return Step(
        kind,
        _tags(found["tags"], span),
        rmw=mark == "*",
        probe=mark == "?",
        lock=bool(found["lock"]),
        located=mark == "&",
    )


def _tags(text: str | None, span: Span) -> tuple[str, ...]:
    if text is None:
        return ()
    tags = tuple(text.split(","))
    for tag in tags:
        if not _TAG.match(tag):
            raise InputError(f"{tag!r} is not the name of a tag", span, hint=_HINT)
    return tags


def steps_text(steps: tuple[Step, ...]) -> str:
    """The row text of steps: the inverse of ``parse_steps``."""
    return " ".join(_step_text(step) for step in steps)


def _step_text(step: Step) -> str:
    mark = "*" if step.rmw else "?" if step.probe else "&" if step.located else ""
    lock = "@lock" if step.lock else ""
    tags = f"[{','.join(step.tags)}]" if step.tags else ""
    return f"{step.kind}{mark}{lock}{tags}"
