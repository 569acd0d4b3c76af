"""Executions in which a value comes from nowhere but itself.

Two threads that copy x to y and y to x may find any number there, if the model orders nothing. The
values that are looked at are those that the program can come by otherwise, so which of them such an
execution has hangs on what else is in the structure: on a store, say, that a question takes away.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from ksmcheck.solve.outcome import Candidate

CIRCULAR = "a value comes from nowhere but itself, and hangs on all forms of the program at once"

_FLOW = ("data", "addr")
"""Which way a branch goes is no value (``events.values``)."""


def circular(candidate: Candidate) -> bool:
    """Whether a write may have its value from a read that has its own from this write."""
    structure, executed = candidate.structure, frozenset(candidate.executed)
    sources = TopologicalSorter[int]()
    for read, write in candidate.rf.items():
        sources.add(read, write)
    flow = [(d.source, d.target) for d in structure.dependencies if d.relation in _FLOW]
    for source, target in (*structure.rmw, *flow):
        if source in executed and target in executed:
            sources.add(target, source)
    try:
        sources.prepare()
    except CycleError:
        return True
    return False
