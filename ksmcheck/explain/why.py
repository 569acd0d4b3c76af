"""Why a violation is possible: the order between two accesses that is missing.

An execution that no interleaving explains has a cycle of program order and communication (po, rf,
co, fr: Shasha and Snir 1988). Some program-order edge of it is not kept by the machine. Which one
is found by experiment: imagine a full barrier there, and ask the model whether the execution would
still be allowed. A smallest set of edges whose barriers forbid it is what is missing. A cycle with
very many edges has too many sets to try: there it is a set that no edge can be spared from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import combinations, islice

from ksmcheck.cat.compile import CompiledCat
from ksmcheck.execution.execution import ExecutedEvent, Execution
from ksmcheck.explain.between import barriers_between, dependency_between, seems_ordered
from ksmcheck.explain.cycles import critical_cycle, equally_short
from ksmcheck.explain.graph import Extra, Pair, fences, graph_of
from ksmcheck.explain.kept import keeps_reads_in_order
from ksmcheck.explain.lost import Lost, Mark
from ksmcheck.explain.opened import Opened, opened_cycle, with_marks
from ksmcheck.lowering.template import Row
from ksmcheck.record import Struct, replace

_TRIED = 255
"""Sets of edges, the smallest first: all of them for a cycle with eight."""


_NONE: frozenset[str] = frozenset()


class MissingOrder(Struct, frozen=True):
    """``second`` is not ordered after ``first`` (same thread), or not strongly enough.

    What there is: ``dependency``, and ``barriers``, an event of each primitive that orders anything
    in between. ``ignored``: there is a dependency alone, which for the model is no order. (One to a
    write is kept everywhere, and then what it lacks is that others see it so.)
    """

    first: ExecutedEvent
    second: ExecutedEvent
    dependency: str | None
    barriers: tuple[ExecutedEvent, ...] = ()
    ignored: bool = False


class Why(Struct, frozen=True):
    """``cycle``: the events of the critical cycle in order, empty if an interleaving explains the
    execution. ``missing``: the unordered pairs; empty if no set of full barriers would help.
    ``unmarked``: plain accesses of the cycle, and all hangs on that: marked ones would be ordered.
    ``both``: they would have to be marked for barriers to give the order that is missing."""

    cycle: tuple[ExecutedEvent, ...]
    missing: tuple[MissingOrder, ...]
    unmarked: tuple[ExecutedEvent, ...] = ()
    both: bool = False

    @property
    def interleaving(self) -> bool:
        return not self.cycle


def why(
    execution: Execution,
    cat: CompiledCat,
    full_barrier: Row,
    lost: Sequence[Lost] = (),
    marked: Mapping[str, frozenset[str]] | None = None,
) -> Why:
    """The missing order of a witness. ``full_barrier`` is the model's row of smp_mb, ``lost`` what
    a change has taken from the program: that is what is missing, if it would help. ``marked``: the
    tags by which the model tells a marked R or W from a plain one, where it does."""
    tags = marked or {}
    found = _why(execution, cat, full_barrier, lost, tags)
    missing = (replace(o, ignored=_ignored(o, cat, full_barrier, tags)) for o in found.missing)
    return replace(found, missing=tuple(missing))


def _ignored(
    order: MissingOrder, cat: CompiledCat, full: Row, marked: Mapping[str, frozenset[str]]
) -> bool:
    if order.dependency is None or order.barriers or order.second.kind != "R":
        return False
    reads = (order.first, order.second)
    kinds = order.dependency.split(" and ")
    return not keeps_reads_in_order(cat, full, kinds, reads, marked.get("W", _NONE))


def _why(
    execution: Execution,
    cat: CompiledCat,
    full_barrier: Row,
    lost: Sequence[Lost],
    marked: Mapping[str, frozenset[str]],
) -> Why:
    opened = opened_cycle(execution, cat, lost)
    if opened is not None:
        return _lost(execution, cat, full_barrier, opened)
    cycle = _clearest(execution)
    edges = _program_order(execution, cycle)
    missing = _missing(execution, cat, full_barrier, edges)
    plain = [Mark(e, marked.get(execution.events[e].kind, _NONE)) for e in cycle]
    plain = [m for m in plain if m.tags and execution.events[m.event].plain]
    if missing or not plain:
        return _told(execution, cycle, missing)
    by_mark = opened_cycle(execution, cat, plain)
    if by_mark is not None:
        return _lost(execution, cat, full_barrier, by_mark)
    missing = _missing(with_marks(execution, plain), cat, full_barrier, edges)
    for mark in plain if missing else ():
        fewer = [other for other in plain if other is not mark]
        if _forbids(with_marks(execution, fewer), cat, full_barrier, missing):
            plain = fewer
    unmarked = [m.event for m in plain if missing]
    return replace(_told(execution, cycle, missing, unmarked), both=bool(missing))


def _lost(execution: Execution, cat: CompiledCat, full_barrier: Row, opened: Opened) -> Why:
    missing, events = opened.missing, execution.events
    unmarked = [e for e in opened.marked if events[e].plain]
    if unmarked and not _forbids(execution, cat, full_barrier, missing):
        missing = ()  # what is lost is the mark: no barrier there stands in for it
    return _told(execution, opened.cycle, missing, unmarked)


def _told(
    execution: Execution,
    cycle: Iterable[int],
    missing: Iterable[Pair],
    unmarked: Iterable[int] = (),
) -> Why:
    events = execution.events
    return Why(
        tuple(events[e] for e in cycle),
        tuple(
            MissingOrder(
                *(events[a], events[b]),
                dependency_between(execution, a, b),
                barriers_between(events, a, b),
            )
            for a, b in missing
        ),
        tuple(events[e] for e in unmarked),
    )


def _clearest(execution: Execution) -> tuple[int, ...]:
    """A shortest cycle. Where one thread has seen to the order of what it does and another has not,
    a cycle shows that which comes by what is ordered: other accesses beside those are out of order
    as well, and nobody meant them to be in it."""
    shortest = critical_cycle(execution)

    def ordered(cycle: tuple[int, ...]) -> int:
        return sum(seems_ordered(execution, a, b) for a, b in _program_order(execution, cycle))

    others = equally_short(execution, shortest) if shortest else ()
    return max((shortest, *others), key=ordered)  # the first of them, if there are several


def _program_order(execution: Execution, cycle: Sequence[int]) -> list[Pair]:
    """The steps of a cycle that are program order."""
    thread = [e.thread for e in execution.events]
    steps = zip(cycle, (*cycle[1:], *cycle[:1]), strict=True)
    return [(a, b) for a, b in steps if thread[a] == thread[b] and a < b]


def _missing(execution: Execution, cat: CompiledCat, row: Row, edges: list[Pair]) -> list[Pair]:
    forbids = partial(_forbids, execution, cat, row)
    sets = (chosen for size in range(1, len(edges) + 1) for chosen in combinations(edges, size))
    for chosen in islice(sets, _TRIED):
        if forbids(chosen):
            return list(chosen)
    return [] if next(sets, None) is None else _irreducible(edges, forbids)


def _forbids(execution: Execution, cat: CompiledCat, row: Row, chosen: Iterable[Pair]) -> bool:
    """Whether the execution is forbidden with a full barrier at these edges."""
    events = execution.events
    extra = [Extra(events[b].thread, b, t) for _, b in chosen for t in fences(row)]
    return bool(cat.violated(graph_of(execution, extra)))


def _irreducible(edges: list[Pair], forbids: Callable[[Iterable[Pair]], bool]) -> list[Pair]:
    if not forbids(edges):
        return []
    kept = edges
    for edge in edges:
        fewer = [e for e in kept if e != edge]
        if forbids(fewer):
            kept = fewer
    return kept
