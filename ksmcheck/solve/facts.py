"""What the tuple encoding needs to know of the executions: literals of base facts.

``solve.base.Base`` provides it for a SAT solver, ``solve.smtlib_facts`` for an SMT-LIB text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from ksmcheck.cat.graph import union_of
from ksmcheck.events.structure import Event, EventStructure
from ksmcheck.events.terms import Term
from ksmcheck.solve.gates import FALSE, Gates


class Facts(Protocol):
    """Literals of what happens in an execution; clauses about them go to ``gates``."""

    structure: EventStructure
    gates: Gates
    exec: list[int]
    """Event -> it is executed."""

    @property
    def rf(self) -> Mapping[tuple[int, int], int]:
        """(write, read) -> both are executed and the read reads from the write."""

    def same(self, a: int, b: int) -> int:
        """The accesses, if both are executed, are to the same cell."""

    def order(self, a: int, b: int) -> int:
        """Write a comes before write b in the total order of ``solve.base``."""

    def ordered(self, a: int, b: int) -> bool:
        """Whether ``order`` knows the two writes."""

    def literal(self, term: Term) -> int:
        """A boolean term holds."""


class Presence:
    """Which events are executed together, as far as their guards' conjuncts tell.

    ``live``        the events that may be executed, as a set.
    ``together``    pairs of events that may both be executed.
    ``implied``     pairs (a, b): where a is executed, so is b.
    """

    def __init__(self, facts: Facts) -> None:
        structure = facts.structure
        self.n = n = len(structure.events)
        rules = frozenset[int]().union(*(_conjuncts(rule) for rule in structure.constraints))
        guards = [_conjuncts(e.guard) - rules for e in structure.events]
        opposite = _opposites(structure.events, structure.constraints)
        never = {opposite[x] for x in rules if x in opposite}
        alive = [facts.exec[i] != FALSE and guards[i].isdisjoint(never) for i in range(n)]
        self.live = sum(1 << i for i in range(n) if alive[i])
        self.together = self.implied = 0
        under = _under(guards, self.live)
        rows: dict[frozenset[int], tuple[int, int]] = {}
        for i in range(n):
            if alive[i]:
                own = guards[i]
                row = rows.get(own)
                if row is None:
                    against = _under_any(under, {opposite[x] for x in own if x in opposite})
                    more = _under_any(under, under.keys() - own)
                    row = rows[own] = self.live & ~against, self.live & ~more
                self.together |= row[0] << (i * n)
                self.implied |= row[1] << (i * n)


def _conjuncts(term: Term) -> frozenset[int]:
    """Ids of the terms whose conjunction this is (none: true)."""
    found, stack = set(), [term]
    while stack:
        part = stack.pop()
        if part.op == "land" and part.type.width == 1:
            stack.extend(part.args)
        elif not (part.is_const and part.payload):
            found.add(part.id)
    return frozenset(found)


def _opposites(events: Sequence[Event], rules: Sequence[Term]) -> dict[int, int]:
    """Term id -> the id of its negation, where both could be conjuncts."""
    found: dict[int, int] = {}
    seen: set[int] = set()
    stack = [*(e.guard for e in events), *rules]
    while stack:
        term = stack.pop()
        if term.id in seen or term.type.width != 1:
            continue
        seen.add(term.id)
        if term.op == "lnot":
            found[term.id] = term.args[0].id
            found[term.args[0].id] = term.id
        elif term.op == "land":
            stack.extend(term.args)
    return found


def _under(guards: Sequence[frozenset[int]], live: int) -> dict[int, int]:
    """Conjunct -> the live events that are guarded by it."""
    under: dict[int, int] = {}
    for i, guard in enumerate(guards):
        if live >> i & 1:
            for conjunct in guard:
                under[conjunct] = under.get(conjunct, 0) | 1 << i
    return under


def _under_any(under: Mapping[int, int], conjuncts: Iterable[int]) -> int:
    return union_of([under.get(conjunct, 0) for conjunct in conjuncts])
