"""What a verdict takes on trust: of the compiler, and where a model leaves something of the kernel
out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ksmcheck.events.structure import INIT_THREAD, Event, EventStructure
from ksmcheck.program.ir import Origin
from ksmcheck.record import Struct

_WAIT, _WAIT_BIT = "<linux/wait.h>", "<linux/wait_bit.h>"
_SLEEP = "assuming that who sleeps is woken: a wake-up too early is not looked for ({})"
_WAKE = "whether who sleeps is woken is modelled with -D KSMCHECK_WAKE_UPS ({})"
# By the header, the functions of those who go to sleep there on trust.
_SLEEPERS = ((_WAIT, "prepare_to_wait_event"), (_WAIT_BIT, "ksmcheck_trust_in_bits"))
_QUEUE = "a writer that waits for a lock may hold up later readers: how they queue is not modelled"


class Trusted(Struct, frozen=True):
    """What a SAFE of one structure rests on."""

    stores: tuple[Origin, ...]
    reads: tuple[Origin, ...]
    notes: tuple[str, ...]


def trusted(structure: EventStructure) -> Trusted:
    """All of it."""
    return Trusted(plain_stores(structure), plain_reads(structure), notes_of(structure))


def plain_stores(structure: EventStructure) -> tuple[Origin, ...]:
    """Plain stores that another thread may see, or at an address that was read, which orders what
    comes behind them: what a hardware verdict takes from the compiler on trust."""
    threads, aimed = _threads(structure, "RW"), _aimed(structure)
    return _plain(
        structure, "store", lambda cell, event: event.id in aimed or len(threads[cell]) > 1
    )


def plain_reads(structure: EventStructure) -> tuple[Origin, ...]:
    """Plain reads that the compiler is trusted to make once, and where they stand: of what another
    thread may store, and those at an address that was read."""
    writers, aimed = _threads(structure, "W"), _aimed(structure)
    return _plain(
        structure,
        "load",
        lambda cell, event: event.id in aimed or bool(writers.get(cell, set()) - {event.thread}),
    )


def _aimed(structure: EventStructure) -> set[int]:
    """Events whose address hangs on a read."""
    return {d.target for d in structure.dependencies if d.relation == "addr"}


def _threads(structure: EventStructure, kinds: str) -> dict[int, set[int]]:
    """Of each cell the threads that access it so."""
    found: dict[int, set[int]] = {}
    for event in structure.events:
        if event.thread != INIT_THREAD and event.kind in kinds:
            for cell in event.cells:
                found.setdefault(cell, set()).add(event.thread)
    return found


def _plain(
    structure: EventStructure, primitive: str, told: Callable[[int, Event], bool]
) -> tuple[Origin, ...]:
    """Each place once; ``told``: whether the access of a cell matters."""
    found: dict[str, Origin] = {}
    for event in structure.events:
        if event.primitive != primitive or event.kind == "F" or event.origin is None:
            continue
        if any(told(cell, event) for cell in event.cells):
            found.setdefault(event.origin.site, event.origin)
    return tuple(found.values())


def notes_of(structure: EventStructure) -> tuple[str, ...]:
    """What SAFE rests on besides the plain accesses, in words."""
    return tuple(_SLEEP.format(header) for header in _trusting(structure, _SLEEPERS))


def untold(structure: EventStructure) -> str | None:
    """Why it proves nothing that no thread was found to wait for ever."""
    if _queues(structure):
        return _QUEUE
    header = next(_trusting(structure, ((_WAIT, "prepare_to_wait"), *_SLEEPERS)), None)
    return None if header is None else _WAKE.format(header)


def _trusting(structure: EventStructure, sleepers: tuple[tuple[str, str], ...]) -> Iterator[str]:
    """The headers in which somebody goes to sleep on trust. A queue of <linux/wait.h> is a number
    then; where who sleeps has to be woken, it is a set besides, or a list."""
    names = [cell.name for cell in structure.cells]
    number = any(name.endswith(".waiters.counter") for name in names)
    woken = not number or any(name.endswith("ksmcheck_waiting") for name in names)
    for header, function in sleepers:
        if _called(structure, header, function) and not (header == _WAIT and woken):
            yield header


def _called(structure: EventStructure, header: str, function: str) -> bool:
    """Whether a thread calls this function of the header, which accesses something."""
    origins = (event.origin for event in structure.events if event.origin is not None)
    return any(o.function == function and o.span.source.name == header for o in origins)


def _queues(structure: EventStructure) -> bool:
    """Whether some thread may wait under a lock that it reads under, or between two such, and
    another takes one to write. Which locks these are is not looked at."""
    waits: dict[int, list[str]] = {}
    for stall in structure.stuck:
        waits.setdefault(stall.thread, []).append(stall.lock)
    writers = set(_taking(waits, "write-lock"))
    readers = {t for t in _taking(waits, "read-lock") if len(waits[t]) > 1}
    return any(reader != writer for reader in readers for writer in writers)


def _taking(waits: dict[int, list[str]], kind: str) -> Iterator[int]:
    return (t for t, locks in waits.items() if any(lock.endswith(kind) for lock in locks))
