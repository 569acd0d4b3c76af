"""What makes a set of events an execution, whatever the model: sources, coherence, final values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ksmcheck.execution.execution import ExecutedEvent, Execution, places
from ksmcheck.execution.plain_names import Universe
from ksmcheck.execution.plain_relations import Rows, Set, difference, product, rows_of, set_of
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
    """The execution as cat sees it. An initial write is in no thread, and external to all that are
    in one; of two initial writes neither is said."""
    events = execution.events
    sets: dict[str, Set] = {"IW": set_of(e.id for e in events if e.thread < 0)}
    for event in events:
        for name in (event.kind, *event.tags):
            sets[name] = sets.get(name, 0) | 1 << event.id
    everything = set_of(e.id for e in events)
    internal = _alike({e.id: e.thread for e in events if e.thread >= 0})
    outside = difference(product(everything, everything), product(sets["IW"], sets["IW"]))
    value = {e.id: e.value for e in events if e.value is not None}
    valued = set_of(value)
    relations = {
        "po": _program_order(events, internal),
        "int": internal,
        "ext": difference(outside, internal),
        "loc": _alike({e.id: e.address for e in events if None not in (e.address, e.cell)}),
        "different-values": difference(product(valued, valued), _alike(value)),
    }
    for name in ("rf", "co", "rmw", "addr", "data", "ctrl"):
        relations[name] = rows_of(getattr(execution, name))
    return Universe(everything, sets, relations)


def _program_order(events: Sequence[ExecutedEvent], internal: Rows) -> Rows:
    """Of two events of a thread the one with the lower place is before the other."""
    place = places(events)
    last = {at: number for number, at in enumerate(place)}
    upto = {e.id: (2 << last[place[e.id]]) - 1 for e in events}
    return difference(internal, upto)


def _alike(of: Mapping[int, int | None]) -> Rows:
    """The pairs of events that have the same."""
    groups: dict[int | None, Set] = {}
    for event, what in of.items():
        groups[what] = groups.get(what, 0) | 1 << event
    return {event: groups[what] for event, what in of.items()}
