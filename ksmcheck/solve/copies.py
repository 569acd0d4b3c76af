"""Values that reads hand on unchanged, and the circles that they could go round in.

A read has its value from a write, which may have it from another read: ``WRITE_ONCE(*y,
READ_ONCE(*x))``. Where that leads back to the first read, the value comes from nowhere, and no
compiler or machine makes one up (tools/memory-model/Documentation/explanation.txt, Linux 6.12, on
values out of thin air). What was there in the beginning may go round for want of another: a model
that allows the circle allows what else there is in its executions. What an operator computes is
not looked at: it may be the same whatever the operands are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ksmcheck.events.structure import EventStructure
from ksmcheck.events.terms import Term, TermTable
from ksmcheck.events.value_sets import closure
from ksmcheck.record import Struct


class Copy(Struct, frozen=True, eq=False):
    """Where ``when`` holds, what ``write`` writes is the value that the event ``read`` read."""

    write: int
    when: Term
    read: int


class Circles(Struct, frozen=True, eq=False):
    """``copies`` are those that may be part of a circle, by the reads that may read from them.
    ``starts``: the values that the places began with."""

    copies: Mapping[int, Sequence[Copy]]
    starts: frozenset[int]

    def made_up(
        self, rf: Mapping[int, int], values: Mapping[int, int], holds: Mapping[int, bool]
    ) -> bool:
        """Whether a candidate has a value that goes round, and was not there in the beginning;
        ``holds`` tells of each condition, by its number, whether it holds."""
        behind = {
            read: {c.read for c in found if rf.get(read) == c.write and holds[c.when.id]}
            for read, found in self.copies.items()
            if values.get(read) not in self.starts
        }
        return bool(_in_circles(behind))


NONE = Circles({}, frozenset())


def circles_of(structure: EventStructure, sources: Mapping[int, Sequence[int]]) -> Circles:
    """What may go round in a structure; ``sources`` are the writes that each read may read from."""
    events, first = structure.events, structure.first
    written = {w: events[w].value for found in sources.values() for w in found}
    copying = [value for value in written.values() if value is not None and not value.is_const]
    if not copying:
        return NONE
    handed_on = _handed_on(copying, first)
    behind = {
        read: {one for w in found if (value := written[w]) for one in handed_on.get(value.id, ())}
        for read, found in sources.items()
    }
    inside = _in_circles(behind)
    if not inside:
        return NONE
    conditions = _Conditions(structure.terms, first, inside)
    copies = {
        read: [
            Copy(w, when, other)
            for w in sources[read]
            if (value := written[w])
            for other, when in conditions.of(value).items()
        ]
        for read in inside
    }
    cells = {cell for read in inside for cell in events[read].cells}
    return Circles(copies, frozenset(structure.cells[cell].init for cell in cells))


def _handed_on(terms: Sequence[Term], first: int) -> dict[int, frozenset[int]]:
    """By the number of a term, the reads whose value it may be, whatever its choices hang on."""
    found: dict[int, frozenset[int]] = {}
    for term in closure(terms):
        if term.op == "read":
            found[term.id] = frozenset((term.payload + first,))
        elif term.op in ("cast", "ite"):
            found[term.id] = frozenset().union(*(found.get(a.id, ()) for a in _arms(term)))
    return found


def _arms(term: Term) -> Sequence[Term]:
    return term.args[1:] if term.op == "ite" else term.args


def _in_circles(behind: Mapping[int, set[int]]) -> dict[int, set[int]]:
    """Without what leads nowhere: each read that is left leads to others that are, and is led to by
    some."""
    left = dict(behind)
    while True:
        led_to = {one for ahead in left.values() for one in ahead}
        kept = {
            read: ahead & left.keys()
            for read, ahead in left.items()
            if read in led_to and not ahead.isdisjoint(left)
        }
        if kept.keys() == left.keys():
            return kept
        left = kept


class _Conditions:
    """When a term has the value of one of the reads ``inside``."""

    def __init__(self, terms: TermTable, first: int, inside: Mapping[int, object]) -> None:
        self._terms = terms
        self._first = first
        self._inside = inside
        self._known: dict[int, dict[int, Term]] = {}

    def of(self, value: Term) -> dict[int, Term]:
        """By read."""
        for term in closure([value], self._known):
            self._known[term.id] = self._one(term)
        return self._known[value.id]

    def _one(self, term: Term) -> dict[int, Term]:
        terms = self._terms
        if term.op == "read":
            read = term.payload + self._first
            return {read: terms.true} if read in self._inside else {}
        if term.op == "cast":
            return self._known[term.args[0].id]
        if term.op != "ite":
            return {}
        condition = terms.truth(term.args[0])
        found: dict[int, Term] = {}
        for when, arm in ((condition, term.args[1]), (terms.no(condition), term.args[2])):
            for read, chosen in self._known[arm.id].items():
                here = terms.both(when, chosen)
                found[read] = terms.either(found[read], here) if read in found else here
        return found
