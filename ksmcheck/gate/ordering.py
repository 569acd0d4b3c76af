"""Which functions order memory: a call of one is a place that the gate looks at."""

from __future__ import annotations

from collections.abc import Collection

from ksmcheck.program.tree import walk
from ksmcheck.syntax.c_ast import Call, Function, PointerCall


def ordering_functions(
    bodies: dict[str, Function], names: dict[int, str], sites: set[str], targets: Collection[str]
) -> set[str]:
    """The functions that have a site, or call one that has; a pointer may lead to ``targets``."""
    calls = {n: {c.callee.name for c in walk(f) if isinstance(c, Call)} for n, f in bodies.items()}
    for name, function in bodies.items():
        if any(isinstance(node, PointerCall) for node in walk(function)):
            calls[name].update(targets)
    found = {
        name
        for name, function in bodies.items()
        if any(names.get(id(node)) in sites for node in walk(function) if isinstance(node, Call))
    }
    while more := {name for name, callees in calls.items() if callees & found} - found:
        found |= more
    return found
