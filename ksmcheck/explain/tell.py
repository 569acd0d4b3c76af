"""From a verdict to the sentence that names the missing order."""

from __future__ import annotations

from ksmcheck.check.check import Checker
from ksmcheck.check.verdict import VIOLATED, Verdict
from ksmcheck.explain.story import sentence
from ksmcheck.explain.why import why
from ksmcheck.kernel.primitives import primitives


def story_of(checker: Checker, verdict: Verdict) -> str | None:
    """The sentence for a violation; None for any other verdict, and for a flag such as a race."""
    witness = verdict.witness
    if witness is None or verdict.verdict != VIOLATED or verdict.flags:
        return None
    model = checker.workshop.model(verdict.request.model)
    kernel = verdict.request.kernel
    row = model.row(primitives(kernel)["smp_mb"], kernel, verdict.config)
    return sentence(why(witness.execution, model.compiled, row), witness.thread_names)
