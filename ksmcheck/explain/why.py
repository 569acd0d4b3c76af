"""Why a violation is possible: the order between two accesses that is missing.

An execution that no interleaving explains has a cycle of program order and communication (po, rf,
co, fr: Shasha and Snir 1988). Some program-order edge of it is not kept by the machine. Which one
is found by experiment: imagine a full barrier there, and ask the model whether the execution would
still be allowed. A smallest set of edges whose barriers forbid it is what is missing. A cycle with
very many edges has too many sets to try: there it is a set that no edge can be spared from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, islice

from ksmcheck.cat.compile import CompiledCat
from ksmcheck.execution.execution import ExecutedEvent, Execution, places
from ksmcheck.explain.graph import Extra, graph_of
from ksmcheck.lowering.template import Row
from ksmcheck.record import Struct

Pair = tuple[int, int]

_TRIED = 255
"""Sets of edges, the smallest first: all of them for a cycle with eight."""


class MissingOrder(Struct, frozen=True):
    """``second`` is not ordered after ``first`` (same thread), or not strongly enough.

    What there is: ``dependency``, and ``barriers``, an event of each primitive that orders anything
    in between.
    """

    first: ExecutedEvent
    second: ExecutedEvent
    dependency: str | None
    barriers: tuple[ExecutedEvent, ...] = ()


class Why(Struct, frozen=True):
    """``cycle``: the events of the critical cycle in order, empty if an interleaving explains the
    execution. ``missing``: the unordered pairs; empty if no set of full barriers would help."""

    cycle: tuple[ExecutedEvent, ...]
    missing: tuple[MissingOrder, ...]

    @property
    def interleaving(self) -> bool:
        return not self.cycle


def why(execution: Execution, cat: CompiledCat, full_barrier: Row) -> Why:
    """The missing order of a witness. ``full_barrier`` is the model's row of smp_mb."""
    cycle = _critical_cycle(execution)
    if not cycle:
        return Why((), ())
    events = execution.events
    edges = [
        (a, b)
        for a, b in zip(cycle, (*cycle[1:], cycle[0]), strict=True)
        if events[a].thread == events[b].thread and a < b
    ]
    missing = _missing(execution, cat, full_barrier, edges)
    return Why(
        tuple(events[e] for e in cycle),
        tuple(
            MissingOrder(
                *(events[a], events[b]), _dependency(execution, a, b), _barriers(events, a, b)
            )
            for a, b in missing
        ),
    )


def _missing(execution: Execution, cat: CompiledCat, row: Row, edges: list[Pair]) -> list[Pair]:
    tags = [frozenset(step.tags) for step in row.always or () if step.kind == "F"]
    events = execution.events

    def forbids(chosen: Iterable[Pair]) -> bool:
        extra = [Extra(events[b].thread, b, t) for _, b in chosen for t in tags]
        return bool(cat.violated(graph_of(execution, extra)))

    sets = (chosen for size in range(1, len(edges) + 1) for chosen in combinations(edges, size))
    for chosen in islice(sets, _TRIED):
        if forbids(chosen):
            return list(chosen)
    return [] if next(sets, None) is None else _irreducible(edges, forbids)


def _irreducible(edges: list[Pair], forbids: Callable[[Iterable[Pair]], bool]) -> list[Pair]:
    if not forbids(edges):
        return []
    kept = edges
    for edge in edges:
        fewer = [e for e in kept if e != edge]
        if forbids(fewer):
            kept = fewer
    return kept


_NO_ORDER = frozenset(("Barrier", "Rcu-lock", "Rcu-unlock", "Srcu-lock", "Srcu-unlock"))
"""Tags of LKMM's fences that order nothing by themselves."""

_ONE_WAY = {
    "R": frozenset(("A", "Q", "Acq", "Acquire")),
    "W": frozenset(("L", "Rel", "Release")),
}
"""Tags of a read that comes before what follows, of a write that comes after what precedes it."""


def _barriers(events: Sequence[ExecutedEvent], a: int, b: int) -> tuple[ExecutedEvent, ...]:
    """What stands between two accesses of a thread to order some of what is around it."""
    found = [e for e in events[a + 1 : b] if e.kind == "F" and e.tags - _NO_ORDER]
    if events[a].kind == "R" and events[a].tags & _ONE_WAY["R"]:
        found.insert(0, events[a])
    if events[b].kind == "W" and events[b].tags & _ONE_WAY["W"]:
        found.append(events[b])
    return tuple({e.instance: e for e in found}.values())


def _dependency(execution: Execution, a: int, b: int) -> str | None:
    kinds = [k for k in ("address", "data", "control") if (a, b) in _relation(execution, k)]
    return " and ".join(kinds) or None


def _relation(execution: Execution, kind: str) -> frozenset[Pair]:
    return {"address": execution.addr, "data": execution.data, "control": execution.ctrl}[kind]


def _critical_cycle(execution: Execution) -> tuple[int, ...]:
    """A cycle of po | rf | co | fr with the fewest events (fences left out), () if none."""
    successors = _successors(execution)
    best: tuple[int, ...] = ()
    for start in successors:
        path = _shortest_back(start, successors, len(best) or len(successors) + 1)
        if path:
            best = path
    return best


def _shortest_back(
    start: int, successors: dict[int, list[int]], shorter_than: int
) -> tuple[int, ...]:
    parent: dict[int, int] = {}
    frontier = [start]
    for _ in range(shorter_than - 1):
        following = []
        for node in frontier:
            for target in successors.get(node, ()):
                if target == start:
                    return _path(parent, start, node)
                if target not in parent:
                    parent[target] = node
                    following.append(target)
        frontier = following
    return ()


def _path(parent: dict[int, int], start: int, end: int) -> tuple[int, ...]:
    path = [end]
    while path[-1] != start:
        path.append(parent[path[-1]])
    return tuple(reversed(path))


def _successors(execution: Execution) -> dict[int, list[int]]:
    """Steps between accesses that read from or are overwritten in another thread, or the reverse:
    a shortest cycle takes no two steps of po one after the other, so it comes to no other access.
    """
    events, place = execution.events, places(execution.events)
    steps = set(execution.rf) | set(execution.co) | set(from_reads(execution))
    across = [
        (x, y)
        for x, y in sorted(steps)
        if events[x].thread != events[y].thread and min(events[x].thread, events[y].thread) >= 0
    ]
    ends = {e for step in across for e in step}
    accesses = [e for e in events if e.id in ends]
    result: dict[int, list[int]] = {
        a.id: [b.id for b in accesses if b.thread == a.thread and place[b.id] > place[a.id]]
        for a in accesses
    }
    for x, y in across:
        result[x].append(y)
    return result


def from_reads(execution: Execution) -> Iterable[Pair]:
    """fr: a read before every write that overwrites what it read."""
    later: dict[int, list[int]] = {}
    for a, b in execution.co:
        later.setdefault(a, []).append(b)
    for write, read in execution.rf:
        for overwriting in later.get(write, ()):
            if overwriting != read:
                yield read, overwriting
