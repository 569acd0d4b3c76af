"""Answers as JSON objects, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ksmcheck.batch.corpus.answer import Answer, Settings
from ksmcheck.batch.corpus.changes import Run
from ksmcheck.batch.corpus.expected import Expected
from ksmcheck.batch.corpus.judge import Difference, Judged
from ksmcheck.record import asdict, fields
from ksmcheck.text import InputError

_LISTS = ("states", "flags")


def answer_object(answer: Answer) -> dict[str, Any]:
    """All fields of an answer; times in seconds with microseconds."""
    found = asdict(answer)
    return found | {"seconds": round(answer.seconds, 6), "cpu": round(answer.cpu, 6)}


def answer_of(found: Mapping[str, Any]) -> Answer:
    """The answer that ``answer_object`` made. Raises TypeError, KeyError for anything else."""
    known = {name: found[name] for name in fields(Answer)}
    for name in _LISTS:
        if known[name] is not None:
            known[name] = tuple(known[name])
    return Answer(**known)


def run_object(
    version: str, settings: Settings, judged: Sequence[Judged], summary: Mapping[str, Any]
) -> dict[str, Any]:
    """A whole run: version, settings, summary, and one object a test."""
    return {
        "ksmcheck": version,
        "settings": asdict(settings),
        "summary": dict(summary),
        "tests": [_judged_object(one) for one in judged],
    }


def _judged_object(judged: Judged) -> dict[str, Any]:
    return answer_object(judged.answer) | {
        "outcome": judged.outcome,
        "expected": _expected_object(judged.expected),
        "difference": _difference_object(judged.difference),
        "deviation": judged.deviation.id if judged.deviation else None,
    }


def _expected_object(expected: Expected | None) -> dict[str, Any] | None:
    if expected is None:
        return None
    return {
        "observation": expected.observation,
        "states": None if expected.states is None else sorted(expected.states),
        "flags": None if expected.flags is None else sorted(expected.flags),
    }


def _difference_object(found: Difference) -> dict[str, Any] | None:
    return asdict(found) if found else None


def read_run(path: Path) -> Run:
    """The run of a JSON file. Raises InputError."""
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
        tests = {one["file"]: (answer_of(one), str(one["outcome"])) for one in whole["tests"]}
        return Run(tests, dict(whole["settings"]))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"{path} is not a run's JSON: {_what_is_wrong(error)}",
            hint="it is what `ksmcheck corpus --json FILE` writes",
        ) from None


def _what_is_wrong(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno} is no JSON"
    if isinstance(error, UnicodeDecodeError):
        return "it is not text in UTF-8"
    if isinstance(error, KeyError):
        return f"{error} is missing"
    return "it holds something else"
