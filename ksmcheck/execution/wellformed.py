"""What makes a set of events an execution, whatever the model: sources, coherence, final values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from ksmcheck.execution.execution import ExecutedEvent, Execution, places
from ksmcheck.execution.plain_names import Universe
from ksmcheck.execution.plain_relations import Pair, product
from ksmcheck.program.ir import Cell
from ksmcheck.text import InternalError


def check_orders(execution: Execution, cells: tuple[Cell, ...]) -> None:
    """Raises InternalError unless rf and co are those of an execution."""
    _check_events(execution, cells)
    _check_rf(execution)
    for writes in _writes(execution).values():
        _check_co(execution, writes)


def _check_events(execution: Execution, cells: tuple[Cell, ...]) -> None:
    known = {cell.name: cell for cell in cells}
    before = -1
    for number, event in enumerate(execution.events):
        if event.id != number or event.thread < before:
            raise InternalError(f"replay: event {number} is out of order")
        before = event.thread
        if event.cell is None:
            continue
        cell = known.get(event.cell)
        if cell is None or cell.address != event.address:
            raise InternalError(f"replay: event {number} is not at {event.cell}")
        if event.thread < 0 and event.value != cell.init:
            raise InternalError(f"replay: {event.cell} starts as {cell.init}, not {event.value}")


def _check_rf(execution: Execution) -> None:
    events = execution.events
    sources: dict[int, int] = {}
    for write, read in execution.rf:
        one, two = events[write], events[read]
        if read in sources:
            raise InternalError(f"replay: event {read} reads from two writes")
        sources[read] = write
        if (one.kind, two.kind) != ("W", "R"):
            raise InternalError(f"replay: rf from {one.kind} {write} to {two.kind} {read}")
        if (one.address, one.value) != (two.address, two.value):
            raise InternalError(f"replay: event {read} does not read what {write} wrote")
    for event in events:
        if event.kind == "R" and event.cell is not None and event.id not in sources:
            raise InternalError(f"replay: event {event.id} reads from nowhere")


def _writes(execution: Execution) -> dict[str, list[ExecutedEvent]]:
    found: dict[str, list[ExecutedEvent]] = {}
    for event in execution.events:
        if event.kind == "W" and event.cell is not None:
            found.setdefault(event.cell, []).append(event)
    return found


def _check_co(execution: Execution, writes: list[ExecutedEvent]) -> None:
    """A strict total order of the writes of one cell, the initial one first."""
    before = {b.id: {a.id for a in writes if (a.id, b.id) in execution.co} for b in writes}
    order = sorted(writes, key=lambda w: len(before[w.id]))
    for place, write in enumerate(order):
        if before[write.id] != {w.id for w in order[:place]}:
            raise InternalError(f"replay: co is no total order of the writes to {write.cell}")
        if (write.thread < 0) != (place == 0):
            raise InternalError(f"replay: {write.cell} does not begin with its initial write")


def last_writes(execution: Execution) -> dict[str, int]:
    """Cell -> the raw value of its co-last write."""
    overwritten = {a for a, _ in execution.co}
    last: dict[str, int] = {}
    for name, writes in _writes(execution).items():
        (value,) = [w.value for w in writes if w.id not in overwritten]
        assert value is not None
        last[name] = value
    return last


def universe_of(execution: Execution) -> Universe:
    """The execution as cat sees it. An initial write is in no thread."""
    events = execution.events
    sets: dict[str, set[int]] = {"IW": {e.id for e in events if e.thread < 0}}
    for event in events:
        for name in (event.kind, *event.tags):
            sets.setdefault(name, set()).add(event.id)
    place = places(events)
    everything = frozenset(e.id for e in events)
    internal = _alike({e.id: e.thread if e.thread >= 0 else -1 - e.id for e in events})
    at = {e.id: e.address for e in events if None not in (e.address, e.cell)}
    value = {e.id: e.value for e in events if e.value is not None}
    given: dict[str, Callable[[], frozenset[Pair]]] = {
        "po": lambda: frozenset((a, b) for a, b in internal if place[a] < place[b]),
        "int": lambda: internal,
        "ext": lambda: product(everything, everything) - internal,
        "loc": lambda: _alike(at),
        "different-values": lambda: product(frozenset(value), frozenset(value)) - _alike(value),
    }
    for name in ("rf", "co", "rmw", "addr", "data", "ctrl"):
        given[name] = partial(getattr, execution, name)
    return Universe(everything, {k: frozenset(v) for k, v in sets.items()}, _AsAsked(given))


def _alike(of: Mapping[int, int | None]) -> frozenset[Pair]:
    """The pairs of events that have the same."""
    members: dict[int | None, list[int]] = {}
    for event, what in of.items():
        members.setdefault(what, []).append(event)
    return frozenset((a, b) for group in members.values() for a in group for b in group)


class _AsAsked(Mapping[str, frozenset[Pair]]):
    """Relations that are made when they are asked for: some have a pair for any two events."""

    def __init__(self, given: Mapping[str, Callable[[], frozenset[Pair]]]) -> None:
        self._given = given
        self._made: dict[str, frozenset[Pair]] = {}

    def __getitem__(self, name: str) -> frozenset[Pair]:
        if name not in self._made:
            self._made[name] = self._given[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)
