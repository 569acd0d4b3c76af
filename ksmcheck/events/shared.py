"""What the event structures of one run have in common.

Models and changed programs mostly differ in fences, tags and dependencies: the accesses are the
same, with the same guards, addresses and values. All terms come from one table, so that this can
be seen, and what follows from the accesses alone is found once (``events.values``; a solver's base
encoding, ``solve.ground``).
"""

from __future__ import annotations

from collections.abc import Sequence

from ksmcheck.events.draft import DraftEvent
from ksmcheck.events.terms import Term, TermTable
from ksmcheck.events.value_sets import Memory
from ksmcheck.events.values import Analysis, analyse, places
from ksmcheck.program.ir import Cell
from ksmcheck.record import Struct, field

_KEPT = 8
"""Analyses, the last ones asked for: each may have megabytes of values."""

_Key = tuple[object, ...]


class Shared(Struct):
    """One table of terms, and the value analysis of each list of accesses over it."""

    terms: TermTable = field(default_factory=TermTable)
    _analyses: dict[_Key, Analysis] = field(default_factory=dict)
    _memory: Memory = field(default_factory=Memory)

    def analysis(
        self, accesses: Sequence[DraftEvent], cells: Sequence[Cell], *, coherent: bool
    ) -> Analysis:
        """As ``analyse``. Raises TooManyValues."""
        key = (coherent, _key(accesses, cells))
        known = self._analyses.pop(key, None)
        known = known or analyse(accesses, cells, self._memory, coherent=coherent)
        self._analyses[key] = known
        if len(self._analyses) > _KEPT:
            del self._analyses[next(iter(self._analyses))]
        return known

    def places(
        self, accesses: Sequence[DraftEvent], cells: Sequence[Cell], *, coherent: bool
    ) -> tuple[tuple[int, ...], ...]:
        """As ``values.places``."""
        return places(accesses, cells, self._memory, coherent=coherent)


def _key(accesses: Sequence[DraftEvent], cells: Sequence[Cell]) -> _Key:
    """All that ``analyse`` looks at. Of positions that is which accesses share one."""
    found: list[object] = [(c.id, c.address, c.init, c.type.width, c.type.signed) for c in cells]
    place = None
    for e in accesses:
        terms = (_number(e.guard), _number(e.address), _number(e.value), _number(e.admits))
        found.append((e.kind, e.thread, e.width, e.position == place, *terms))
        place = e.position
    return tuple(found)


def _number(term: Term | None) -> int:
    return -1 if term is None else term.id
