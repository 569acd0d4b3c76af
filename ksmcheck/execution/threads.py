"""One thread's part of an execution, held against what the thread does."""

from __future__ import annotations

from ksmcheck.execution import foresight
from ksmcheck.execution.concrete import Concrete
from ksmcheck.execution.execution import ExecutedEvent
from ksmcheck.execution.interpreter import Interpreter
from ksmcheck.execution.machine import FailedCheck, Made
from ksmcheck.execution.performed import Exhausted, Record
from ksmcheck.execution.world import World
from ksmcheck.record import Struct, replace
from ksmcheck.syntax import c_ast as c
from ksmcheck.text import InternalError


class Ran(Struct, frozen=True):
    """One thread's run. ``ended``: it came to its end; else its record ended before. ``made`` and
    ``freed``: the objects that it allocated and freed, where those lie as far as that is known."""

    record: Record
    registers: dict[str, Concrete]
    failed: tuple[FailedCheck, ...]
    ended: bool
    looped: bool
    made: tuple[Made, ...] = ()
    freed: tuple[Made, ...] = ()


class _Run(Struct, frozen=True):
    """A run, the functions that it went through, and what it is known by."""

    ran: Ran
    consulted: tuple[c.Function, ...]
    kept: object


_MOST = 256
"""Runs that are kept: as many threads as one program's variants have."""


def run_thread(world: World, thread: int, events: tuple[ExecutedEvent, ...]) -> Ran:
    """Runs thread number ``thread`` against its recorded events.

    The same text on the same record does the same: where only another thread was changed, what
    this one did is known. Raises InternalError, saying what differs, where the record is not what
    the thread does.
    """
    function, (model, config) = world.test.threads[thread], world.manner
    kept = frozenset((local, there.addresses) for local, there in world.kept.items())
    key = (thread, id(function), id(model), config, events, kept)
    functions, runs = world.declarations.functions, world.text.runs
    known: _Run | None = runs.get(key)
    if known is not None and all(functions.get(f.name) is f for f in known.consulted):
        return known.ran
    ran, consulted = _run(world, thread, events)
    if len(runs) >= _MOST:
        runs.clear()
    runs[key] = _Run(ran, consulted, (function, model))
    return ran


def _run(
    world: World, thread: int, events: tuple[ExecutedEvent, ...]
) -> tuple[Ran, tuple[c.Function, ...]]:
    interpreter = Interpreter(world, Record(thread, events), foresight)
    ended = True
    try:
        interpreter.thread(world.test.threads[thread])
    except Exhausted:
        ended = False
    record = interpreter.record
    if ended and record.at < len(events):
        event = events[record.at]
        raise InternalError(f"replay: P{thread} ends before event {event.id} ({event.primitive})")
    loose = min(record.joined - record.beside, default=None)
    if ended and loose is not None:
        raise InternalError(f"replay: event {loose} has another place in program order")
    registers = interpreter.outputs(world.test.threads[thread])
    made, freed = (
        tuple(replace(one, address=record.places.settle(one.address)) for one in objects)
        for objects in (interpreter.made, interpreter.freed)
    )
    failed = tuple(interpreter.failed)
    ran = Ran(record, registers, failed, ended, interpreter.looped, made, freed)
    return ran, tuple(interpreter.consulted.values())
