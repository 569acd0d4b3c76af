"""One thread's part of an execution, held against what the thread does."""

from __future__ import annotations

from ksmcheck.execution.concrete import Concrete
from ksmcheck.execution.execution import ExecutedEvent
from ksmcheck.execution.foresight import outlook
from ksmcheck.execution.interpreter import Interpreter
from ksmcheck.execution.machine import FailedCheck
from ksmcheck.execution.performed import Exhausted, Record
from ksmcheck.execution.world import World
from ksmcheck.record import Struct
from ksmcheck.text import InternalError


class Ran(Struct, frozen=True):
    """One thread's run. ``ended``: it came to its end; else its record ended before."""

    record: Record
    registers: dict[str, Concrete]
    failed: tuple[FailedCheck, ...]
    ended: bool
    looped: bool


def run_thread(world: World, thread: int, events: tuple[ExecutedEvent, ...]) -> Ran:
    """Runs thread number ``thread`` against its recorded events.

    Raises InternalError, saying what differs, where the record is not what the thread does.
    """
    interpreter = Interpreter(world, Record(thread, events), outlook)
    ended = True
    try:
        interpreter.thread(world.test.threads[thread])
    except Exhausted:
        ended = False
    record = interpreter.record
    if ended and record.at < len(events):
        event = events[record.at]
        raise InternalError(f"replay: P{thread} ends before event {event.id} ({event.primitive})")
    registers = interpreter.outputs(world.test.threads[thread])
    return Ran(record, registers, tuple(interpreter.failed), ended, interpreter.looped)
