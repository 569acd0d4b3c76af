"""Answers about one event structure that hold for every structure equal to it.

A barrier that a machine makes nothing of leaves the events as they are, and so a variant without
it: under sc most are. Such a structure is not searched again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from hashlib import blake2b
from typing import TypeAlias

from ksmcheck.check.proofs import Question
from ksmcheck.events.structure import Event, EventStructure
from ksmcheck.events.terms import Term
from ksmcheck.record import Struct, field, fields
from ksmcheck.solve.outcome import Candidate

Told: TypeAlias = Callable[[EventStructure], Candidate]
"""A candidate without its structure: of one equal to that, it makes the same candidate."""

Known: TypeAlias = dict[Question, Told | None]
"""What was found for each question; None: there is nothing."""


def told(candidate: Candidate) -> Told:
    kept = {name: getattr(candidate, name) for name in fields(candidate) if name != "structure"}
    return partial(Candidate, **kept)


class Answers(Struct):
    """Of one run, for structures over one table of terms and without selectors. The structures are
    not kept."""

    _known: dict[bytes, Known] = field(default_factory=dict)

    def known(self, structure: EventStructure, *manner: str) -> Known:
        """What is known of an equal structure, to be added to; ``manner`` is the model and how it
        is asked."""
        return self._known.setdefault(_digest(structure, manner), {})


def _digest(s: EventStructure, manner: tuple[str, ...]) -> bytes:
    """Of all that a search looks at. What is only for people to read may differ: names, places,
    and which primitive an event is of where no goal asks for it."""
    whole = (
        manner,
        [(c.address, c.init, c.type.width, c.type.signed) for c in s.cells],
        [_event(e) for e in s.events],
        (s.rmw, s.first, s.waits, s.stalls, s.quantifier),
        [(d.relation, d.source, d.target, d.guard.id) for d in s.dependencies],
        [c.id for c in s.constraints],
        [(o.kind, o.guard.id, o.holds.id) for o in s.obligations],
        [c.guard.id for c in s.cuts],
        [_number(t) for t in (s.terminated, s.condition, s.filter)],
    )
    return blake2b(repr(whole).encode(), digest_size=32).digest()


def _event(e: Event) -> tuple[object, ...]:
    terms = (e.guard.id, _number(e.address), _number(e.value))
    place = (e.thread, e.position, e.kind, e.width)
    return (*place, *terms, sorted(e.tags), e.cells, e.values, e.primitive[:12] == "synchronize_")


def _number(term: Term | None) -> int:
    return -1 if term is None else term.id
