"""Executions in which a value comes from nowhere but itself.

Two threads that copy x to y and y to x may find any number there, if the model orders nothing. The
values that are looked at are those that the program can come by otherwise, so which of them such an
execution has hangs on what else is in the structure: on a store, say, that a question takes away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from ksmcheck.events.structure import EventStructure
from ksmcheck.solve.outcome import Candidate

CIRCULAR = "a value comes from nowhere but itself, and hangs on all forms of the program at once"

_FLOW = ("data", "addr")
"""Which way a branch goes is no value (``events.values``)."""

Flow: TypeAlias = Mapping[int, Sequence[int]]
"""By event, those of its thread that its value or its place may hang on."""


def flow_of(structure: EventStructure) -> Flow:
    """Of all executions together."""
    found: dict[int, list[int]] = {}
    for dependency in structure.dependencies:
        if dependency.relation in _FLOW:
            found.setdefault(dependency.target, []).append(dependency.source)
    for read, write in structure.rmw:
        found.setdefault(write, []).append(read)
    return found


def circular(candidate: Candidate, flow: Flow) -> bool:
    """Whether a write may have its value from a read that has its own from this write."""
    executed, done = frozenset(candidate.executed), set[int]()
    for read, write in candidate.rf.items():
        if (
            write in flow
            and read not in done
            and _returns(read, candidate.rf, flow, executed, done)
        ):
            return True
    return False


def _returns(
    start: int, rf: Mapping[int, int], flow: Flow, executed: frozenset[int], done: set[int]
) -> bool:
    """Whether what ``start`` hangs on comes back to something on the way; all else is ``done``."""
    way: dict[int, list[int]] = {}
    todo = [start]
    while todo:
        event = todo[-1]
        if event not in way:
            before = [e for e in flow.get(event, ()) if e in executed]
            way[event] = [rf[event], *before] if event in rf else before
        if not way[event]:
            del way[event]
            done.add(todo.pop())
            continue
        source = way[event].pop()
        if source in way:
            return True
        if source not in done:
            todo.append(source)
    return False
