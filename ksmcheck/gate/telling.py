"""From a verdict to its plain form, with the execution told step by step."""

from __future__ import annotations

import io

from ksmcheck.batch.letters import letter_of
from ksmcheck.check.check import Checker
from ksmcheck.check.verdict import VIOLATED, Verdict, Witness
from ksmcheck.explain.story import Story
from ksmcheck.explain.tell import simply_told
from ksmcheck.gate.outcome import Outcome
from ksmcheck.gate.place import place_of, shown_at
from ksmcheck.report.console import Paper
from ksmcheck.report.context import contexts
from ksmcheck.report.effects import effect, ordering, sources, words_for
from ksmcheck.report.findings import Execution, Step
from ksmcheck.report.fold import shown
from ksmcheck.report.text import Said, print_witness, word
from ksmcheck.report.timeline import Moment, timeline
from ksmcheck.report.witness import final_line


def outcome_of(checker: Checker, verdict: Verdict) -> Outcome:
    """The plain form; an execution is told only where it violates something."""
    execution = None
    if verdict.witness is not None and verdict.verdict == VIOLATED:
        verdict, story = simply_told(checker, verdict)
        assert verdict.witness is not None
        execution = told(verdict.witness, verdict.config, story)
    letter = letter_of(verdict)
    return Outcome(
        verdict="RACE" if letter == "R" else VIOLATED if verdict.flags else word(verdict),
        letter=letter,
        config=verdict.config,
        property=verdict.subject,
        seconds=round(verdict.seconds, 4),
        reason=verdict.reason or "",
        bound_at=tuple(str(span) for span in verdict.bound_loops),
        execution=execution,
    )


def told(witness: Witness, config: str, story: Story | None) -> Execution:
    """An execution step by step, in telling order."""
    moments = timeline(witness.execution)
    needed = shown(moments, story.focus if story else frozenset(), witness)
    words = words_for(witness.cells, witness.thread_names)
    heads = _headings(moments, witness.thread_names)
    steps = []
    for moment, needs in zip(moments, needed, strict=True):
        origin = moment.step.origin
        if origin is None:
            continue
        source, marked = sources(moment, words)
        fence = all(e.kind == "F" for e in moment.step.events)
        steps.append(
            Step(
                thread=witness.thread_names[moment.step.thread],
                place=shown_at(origin),
                function=heads[moment.step.events[0].id],
                effect="  ".join(ordering(moment.step)) if fence else effect(moment, words),
                source=source,
                depth=len(origin.stack),
                needed=needs,
                marked=marked,
            )
        )
    failure = witness.failure
    return Execution(
        config=config,
        failure=failure.text,
        place=place_of(failure.span) if failure.span else None,
        steps=tuple(steps),
        final=final_line(witness, story, words, full=False).partition("  (")[0],
        why=story.sentence if story else "",
        drawing=_drawing(witness, story),
    )


def _headings(moments: tuple[Moment, ...], names: tuple[str, ...]) -> dict[int, str]:
    found: dict[int, str] = {}
    for thread, name in enumerate(names):
        own = [m.step for m in moments if m.step.thread == thread]
        own.sort(key=lambda step: step.events[0].id)
        found.update(
            (s.events[0].id, c.heading) for s, c in zip(own, contexts(own, name), strict=True)
        )
    return found


def _drawing(witness: Witness, story: Story | None) -> str:
    """The execution as the terminal shows it, without colours."""
    out = io.StringIO()
    print_witness(Paper(out), witness, Said(story))
    return out.getvalue().strip("\n")
