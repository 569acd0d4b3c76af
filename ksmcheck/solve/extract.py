"""A model of the base encoding -> a candidate execution."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ksmcheck.cat.graph import Graph
from ksmcheck.solve.base import Base
from ksmcheck.solve.concrete import Skeleton
from ksmcheck.solve.outcome import Candidate


def holding(model: Sequence[int]) -> Callable[[int], bool]:
    """Whether a literal holds in the assignment."""
    return lambda literal: model[abs(literal) - 1] == literal


def different_values(graph: Graph, candidate: Candidate) -> Graph:
    """The graph with the relation of that name: pairs of accesses with unequal values."""
    n, bits = graph.n, 0
    accesses = [(i, candidate.values.get(e)) for i, e in enumerate(candidate.executed)]
    for i, one in accesses:
        for j, other in accesses:
            if one is not None and other is not None and one != other:
                bits |= 1 << (i * n + j)
    return Graph(n, graph.sets, {**graph.rels, "different-values": bits})


def candidate_of(base: Base, skeleton: Skeleton, model: Sequence[int]) -> Candidate:
    """Reads the whole candidate off an assignment."""
    holds = holding(model)
    rf: dict[int, int] = {}
    values: dict[int, int] = {}
    for event in skeleton.events:
        if base.events[event].kind == "R":
            values[event] = base.read_value(event, holds)
        for write in base.sources.get(event, ()):
            if holds(base.rf[write, event]):
                rf[event] = write
    co = {}
    for cell, accesses in skeleton.cells.items():
        writes = [e for e in accesses if base.events[e].kind == "W"]
        before = {b: sum(holds(base.order(a, b)) for a in writes if a != b) for b in writes}
        co[cell] = tuple(sorted(writes, key=lambda w: before[w]))
    candidate = Candidate(
        structure=base.structure,
        executed=skeleton.events,
        cells={event: cell for cell, accesses in skeleton.cells.items() for event in accesses},
        values=values,
        rf=rf,
        co=co,
        choices={n: int(holds(literal)) for n, literal in base.terms.choices.items()},
    )
    for event in skeleton.events:
        term = base.events[event].value
        if term is not None and base.events[event].kind == "W":
            values[event] = candidate.value(term)
    return candidate
