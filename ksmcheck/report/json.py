"""A verdict as one JSON object."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ksmcheck.check.verdict import BOUNDED, SAFE, Request, Verdict, Witness
from ksmcheck.execution.execution import ExecutedEvent
from ksmcheck.explain.cycles import from_reads
from ksmcheck.explain.story import Story
from ksmcheck.program.change import Change
from ksmcheck.program.ir import Origin
from ksmcheck.report.expectation import Belonging, stores_of


def verdict_object(
    verdict: Verdict, place: Belonging, story: Story | None = None
) -> dict[str, Any]:
    """The fields of ``--json``; docs/json.md explains each. ``execution`` only with a witness."""
    request = verdict.request
    expectation = place.expectation
    met = None if expectation is None else expectation.met_by(verdict)
    word = verdict_word(verdict)
    # A race is expected by its letter alone; where the test only asks what can be reached, the
    # verdict is what was observed beside it.
    wanted = None if expectation is None else word if met else expectation.word
    found = request_object(request, place) | {
        "test": verdict.test,
        "config": verdict.config,
        "property": verdict.subject,
        "verdict": word,
        "expected": wanted,
        "as_expected": met,
        "seconds": round(verdict.seconds, 4),
        "engine_seconds": round(verdict.engine_seconds, 4),
        "events": verdict.events,
        "solver": request.solver,
        "engine": request.engine,
        "flags": list(verdict.flags),
    }
    return found | _where_there(verdict, place) | _violation(verdict, story)


def request_object(request: Request, place: Belonging) -> dict[str, Any]:
    """What was asked."""
    return {
        "scenario": place.scenario or request.path.stem,
        "file": str(request.path),
        "variant": request.variant,
        "kernel": request.kernel,
        "model": request.model,
        "config": request.config,
        "stores": stores_of(request),
        "defines": dict(request.defines),
        "removed": sorted(request.removed),
        **({"changes": changes_of(request.changes)} if request.changes else {}),
    }


def changes_of(changes: Iterable[Change]) -> list[dict[str, str]]:
    """What is done to the program, in order."""
    return [{"site": c.site, "kind": c.kind, "to": c.to} for c in changes]


def skipped_object(request: Request, place: Belonging, reason: str) -> dict[str, Any]:
    """A cell that does not exist: verdict ``n/a`` and why."""
    return request_object(request, place) | {
        "property": None,
        "verdict": "n/a",
        "expected": "n/a",
        "as_expected": True,
        "seconds": 0.0,
        "reason": reason,
    }


def verdict_word(verdict: Verdict) -> str:
    """SAFE, VIOLATED, ...; for a test with ``exists``: Never, Sometimes or Always."""
    if verdict.observation and verdict.verdict == SAFE:
        return verdict.observation
    if verdict.observation and verdict.verdict == BOUNDED:
        return f"{verdict.observation} up to k"
    return verdict.verdict


def _where_there(verdict: Verdict, place: Belonging) -> dict[str, Any]:
    """The fields that only some verdicts have."""
    found: dict[str, Any] = {}
    if verdict.bound is not None:
        found["bound"] = verdict.bound
        found["bound_loops"] = [str(span) for span in verdict.bound_loops]
    if verdict.reason:
        found["reason"] = verdict.reason
    if place.expectation is not None and place.expectation.reason:
        found["expected_reason"] = place.expectation.reason
    if verdict.notes:
        found["notes"] = list(verdict.notes)
    if verdict.assumed:
        found["assumed_plain_stores"] = _places(verdict.assumed)
    if verdict.reads:
        found["assumed_plain_reads"] = _places(verdict.reads)
    return found


def _places(origins: Iterable[Origin]) -> list[dict[str, str]]:
    return [{"site": o.site, "at": str(o.span)} for o in origins]


def _violation(verdict: Verdict, story: Story | None) -> dict[str, Any]:
    if verdict.witness is None:
        return {}
    found: dict[str, Any] = {"execution": execution_object(verdict.witness)}
    if story is not None:
        found["why"] = story.sentence
        found["why_events"] = sorted(story.focus)
    return found


def execution_object(witness: Witness) -> dict[str, Any]:
    """Events with source positions, the communication relations as id pairs, final values."""
    execution = witness.execution
    failure = witness.failure
    return {
        "failure": {
            "name": failure.name,
            "text": failure.text,
            "at": None if failure.span is None else str(failure.span),
        },
        "threads": list(witness.thread_names),
        "events": [_event(e) for e in execution.events],
        "rf": sorted(execution.rf),
        "co": sorted(execution.co),
        "fr": sorted(set(from_reads(execution))),
        "rmw": sorted(execution.rmw),
        "addr": sorted(execution.addr),
        "data": sorted(execution.data),
        "ctrl": sorted(execution.ctrl),
        "final": {
            "memory": dict(execution.memory),
            "registers": {f"{t}:{n}": v for (t, n), v in execution.registers},
        },
    }


def _event(event: ExecutedEvent) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": event.id,
        "thread": event.thread,
        "kind": event.kind,
        "cell": event.cell,
        "value": event.value,
        "tags": sorted(event.tags),
        "primitive": event.primitive,
        "outcome": event.outcome,
        "instance": event.instance,
    }
    if event.origin is not None:
        span = event.origin.span
        found |= {"file": span.source.name, "line": span.line, "column": span.column}
        found |= {"function": event.origin.function, "site": event.origin.site}
        found["stack"] = [
            {"function": f.function, "file": f.call.source.name, "line": f.call.line}
            for f in event.origin.stack
        ]
    return found
