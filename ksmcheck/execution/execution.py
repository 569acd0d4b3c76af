"""One concrete execution: the witness that a verdict carries."""

from __future__ import annotations

from collections.abc import Sequence

from ksmcheck.program.ir import Origin
from ksmcheck.record import Struct

LIVENESS = "liveness"
"""The property that no thread waits for ever."""


class ExecutedEvent(Struct, frozen=True):
    """One event of an execution.

    ``id`` numbers the events of the execution from 0: initial writes (``thread`` -1) first, then
    thread by thread in program order. ``kind`` is R, W or F. ``value`` is the raw (unsigned)
    value, None for F, which has a ``cell`` and ``address`` only where it is located (see
    ``lowering.template.Step``). ``instance`` numbers the primitives executed
    by the thread from 0, in order; the events of one primitive share it (-1 for initial writes).
    ``primitive`` is its name, ``outcome`` ``ok``, ``fail`` or ``always``. ``joined``: one machine
    instruction with the event before it, and not in program order with that.
    """

    id: int
    thread: int
    kind: str
    cell: str | None
    address: int | None
    value: int | None
    tags: frozenset[str]
    instance: int
    primitive: str
    outcome: str
    origin: Origin | None
    joined: bool = False

    @property
    def plain(self) -> bool:
        """Whether it is a plain access of C."""
        return self.primitive in ("load", "store")


def places(events: Sequence[ExecutedEvent]) -> list[int]:
    """Of each event its place in program order: events with the same place are unordered."""
    found: list[int] = []
    for number, event in enumerate(events):
        found.append(found[-1] if event.joined else number)
    return found


class Execution(Struct, frozen=True):
    """Events, who reads from whom, coherence order, and how it ends.

    Pairs are event ids. ``co`` is transitive and includes the initial writes. ``memory`` maps a
    cell's name, ``registers`` (thread, name) to the final raw value (cells) or value in the
    variable's type (registers). ``complete``: every thread ran to its end.
    """

    events: tuple[ExecutedEvent, ...]
    rf: frozenset[tuple[int, int]]
    co: frozenset[tuple[int, int]]
    rmw: frozenset[tuple[int, int]]
    addr: frozenset[tuple[int, int]]
    data: frozenset[tuple[int, int]]
    ctrl: frozenset[tuple[int, int]]
    memory: tuple[tuple[str, int], ...]
    registers: tuple[tuple[tuple[int, str], int], ...]
    complete: bool
