"""What holds in every graph between two: of candidates that differ in a few events and tags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ksmcheck.cat.algebra import Check
from ksmcheck.cat.bits import closure
from ksmcheck.cat.bounds import Bounds
from ksmcheck.cat.compile import CompiledCat
from ksmcheck.cat.graph import Graph, Shape, shape


def unsure(
    compiled: CompiledCat, may: Graph, must: Graph, flags: Iterable[str] = ()
) -> tuple[Check, ...]:
    """The requirements that some graph between ``must`` and ``may`` might fail, and those of
    ``flags`` that some might not raise. The graphs are as ``Bounds`` wants them.

    Not exact: a check is named wherever its bounds leave it open. None named is a proof.
    """
    found = Bounds(compiled, may, must)
    wanted = frozenset(flags)
    return tuple(
        check
        for check in compiled.checks
        if (not check.flag or check.name in wanted)
        and not _surely(check, found, compiled.root(check), shape(may.n))
    )


def _surely(check: Check, bounds: Bounds, root: int, s: Shape) -> bool:
    """Whether the check's condition holds whatever is between the bounds: a requirement is then
    kept, a flag raised."""
    if check.negated:
        return not _holds(check.kind, bounds.must(root), s)
    return _holds(check.kind, bounds.may(root), s)


def _holds(kind: str, value: int, s: Shape) -> bool:
    if kind == "acyclic":
        return not closure(value, s) & s.diagonal
    return not value & s.diagonal if kind == "irreflexive" else not value


def within(graph: Graph, events: Sequence[int]) -> Graph:
    """The graph of these events alone, under the same numbers; ``_`` is the set of them."""
    n = graph.n
    row = sum(1 << event for event in events)
    square = sum(row << (event * n) for event in events)
    sets = {name: members & row for name, members in graph.sets.items()}
    rels = {name: relation & square for name, relation in graph.rels.items()}
    return Graph(n, {**sets, "_": row}, rels)
