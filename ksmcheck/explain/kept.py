"""Whether a model keeps two reads in order by a dependency at all.

It is asked of message passing (Alglave, Maranget, Tautschnig 2014, figure 6), whose stores a full
barrier orders: if the second read can miss the first store, the dependency is no order.
"""

from __future__ import annotations

from collections.abc import Collection

from ksmcheck.cat.compile import CompiledCat
from ksmcheck.execution.execution import ExecutedEvent, Execution
from ksmcheck.explain.graph import Extra, fences, graph_of
from ksmcheck.lowering.template import Row
from ksmcheck.record import replace

_PAYLOAD, _FLAG = "payload", "flag"


def keeps_reads_in_order(
    cat: CompiledCat,
    full_barrier: Row,
    kinds: Collection[str],
    reads: tuple[ExecutedEvent, ExecutedEvent],
    stored: frozenset[str] = frozenset(),
) -> bool:
    """Whether the second of two reads like these comes after the first for a dependency of these
    ``kinds`` (``address``, ``data``, ``control``). ``stored``: the tags of a store."""
    first, second = reads
    events = (
        _write(0, -1, _PAYLOAD, 0, frozenset()),
        _write(1, -1, _FLAG, 0, frozenset()),
        _write(2, 0, _PAYLOAD, 1, stored),
        _write(3, 0, _FLAG, 1, stored),
        replace(first, id=4, thread=1, cell=_FLAG, value=1, joined=False),
        replace(second, id=5, thread=1, cell=_PAYLOAD, value=0, joined=False),
    )
    held, none = frozenset(((4, 5),)), frozenset[tuple[int, int]]()
    missed = Execution(
        events=events,
        rf=frozenset(((3, 4), (0, 5))),
        co=frozenset(((0, 2), (1, 3))),
        rmw=none,
        addr=held if "address" in kinds else none,
        data=held if "data" in kinds else none,
        ctrl=held if "control" in kinds else none,
        memory=(),
        registers=(),
        complete=True,
    )
    barrier = [Extra(0, 3, tags) for tags in fences(full_barrier)]
    return bool(cat.violated(graph_of(missed, barrier)))


def _write(id: int, thread: int, cell: str, value: int, tags: frozenset[str]) -> ExecutedEvent:
    return ExecutedEvent(id, thread, "W", cell, None, value, tags, -1, "store", "always", None)
