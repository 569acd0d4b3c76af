"""What all findings of the gate have in common: what to do about them, and their level."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping

from ksmcheck.check.verdict import Request
from ksmcheck.gate.config import LEVELS
from ksmcheck.program.change import REMOVE
from ksmcheck.record import replace
from ksmcheck.report.findings import ERROR, NOTE, REFUSED, WARNING, Finding

RECORD = "if this is meant: ksmcheck gate --record, and commit the baseline"


def rerun(request: Request) -> str:
    """The command that shows the same."""
    path = str(request.path)
    words = [
        "ksmcheck check",
        shlex.quote(f"./{path}" if path.startswith("-") else path),  # no option
        "--model",
        shlex.quote(request.model),
    ]
    words += ["--kernel", request.kernel]
    if request.liveness:
        words.append("--liveness")
    for name, value in request.defines:
        words.append(f"-D {shlex.quote(name if value == '1' else f'{name}={value}')}")
    removed = request.removed | {c.site for c in request.changes if c.kind == REMOVE}
    words += [f"--remove {shlex.quote(site)}" for site in sorted(removed)]
    return f"run: {' '.join(words)}"


def judged(findings: Iterable[Finding], policy: Mapping[str, str]) -> list[Finding]:
    """The findings at the level that the policy gives their kind, but never above their own;
    ignored kinds are left out."""
    levels = {rule: LEVELS[word] for rule, word in policy.items()} | {REFUSED: ERROR}
    return [
        replace(f, level=min(f.level, levels[f.rule], key=_GRAVITY.index))
        for f in findings
        if levels[f.rule]
    ]


_GRAVITY = (NOTE, WARNING, ERROR)
