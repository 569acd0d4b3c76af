"""Final states as herd7 prints them."""

from __future__ import annotations

from ksmcheck.check.verdict import Observed
from ksmcheck.report.values import Names


def states_text(observed: Observed) -> str:
    """``Test NAME Allowed``, the states one a line, the observation. A test without a condition
    asks for what is true of all states."""
    names = Names(observed.cells)
    words = {"~exists": "Forbidden", "exists": "Allowed"}
    quantifier = words.get(observed.quantifier or "", "Required")
    lines = [f"Test {observed.test} {quantifier}", f"States {len(observed.states)}"]
    for state in observed.states:
        shown = (
            f"{_place(text)}={names.bare(value, type)};"
            for text, value, type in zip(observed.texts, state, observed.types, strict=True)
        )
        lines.append(" ".join(shown))
    lines += [f"Flag {flag}" for flag in observed.flags]
    if observed.observation:
        lines.append(f"Observation {observed.test} {observed.observation}")
    return "\n".join(lines)


def _place(text: str) -> str:
    """herd7 writes a location in brackets, a register without."""
    return f"[{text}]" if text.isidentifier() else text


def states_json(observed: Observed) -> str:
    """One object: test, observed names, states as rows of raw values, observation, flags."""
    import json

    return json.dumps(
        {
            "test": observed.test,
            "observed": list(observed.texts),
            "states": [list(s) for s in observed.states],
            "observation": observed.observation,
            "flags": list(observed.flags),
        }
    )
