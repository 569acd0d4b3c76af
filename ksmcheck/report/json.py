"""A verdict as one JSON object."""

from __future__ import annotations

from typing import Any

from ksmcheck.check.verdict import Verdict, Witness
from ksmcheck.execution.execution import ExecutedEvent
from ksmcheck.explain.why import from_reads


def verdict_object(
    verdict: Verdict, *, stores: str = "plain", expected: str | None = None, why: str | None = None
) -> dict[str, Any]:
    """The fields of ``--json``; ``execution`` only where there is a witness."""
    request = verdict.request
    found: dict[str, Any] = {
        "scenario": request.path.stem,
        "test": verdict.test,
        "variant": request.variant,
        "kernel": request.kernel,
        "model": request.model,
        "config": verdict.config,
        "stores": stores,
        "property": verdict.subject,
        "verdict": verdict.verdict,
        "expected": expected,
        "seconds": round(verdict.seconds, 4),
        "engine_seconds": round(verdict.engine_seconds, 4),
        "solver": request.solver,
        "engine": request.engine,
        "flags": list(verdict.flags),
    }
    if verdict.observation:
        found["observation"] = verdict.observation
    if verdict.bound is not None:
        found["bound"] = verdict.bound
    if verdict.reason:
        found["reason"] = verdict.reason
    if verdict.assumed:
        found["assumed_plain_stores"] = [
            {"site": o.site, "at": str(o.span)} for o in verdict.assumed
        ]
    if verdict.witness:
        found["execution"] = execution_object(verdict.witness)
        if why:
            found["why"] = why
    return found


def execution_object(witness: Witness) -> dict[str, Any]:
    """Events with source positions, the communication relations as id pairs, final values."""
    execution = witness.execution
    return {
        "failure": {"name": witness.failure.name, "text": witness.failure.text},
        "events": [_event(e) for e in execution.events],
        "rf": sorted(execution.rf),
        "co": sorted(execution.co),
        "fr": sorted(set(from_reads(execution))),
        "rmw": sorted(execution.rmw),
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
