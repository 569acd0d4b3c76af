"""What a search looks for: the goals of a verdict as boolean terms over one event structure."""

from __future__ import annotations

from dataclasses import dataclass

from ksmcheck.events.structure import EventStructure
from ksmcheck.events.terms import Term

PROPERTY_QUANTIFIERS = ("~exists", "forall")


@dataclass(frozen=True, slots=True)
class Goals:
    """``complete``: all threads ended and the filter holds. ``broken``: complete, and a property
    of the code or the final condition fails. ``cut``: some unrolling bound is reached.
    ``wanted``: complete and the condition of an ``exists`` holds; ``unwanted``: it does not.
    """

    complete: Term
    broken: Term
    cut: Term
    wanted: Term
    unwanted: Term
    has_property: bool


def goals_of(structure: EventStructure) -> Goals:
    """The goals for the test's own properties."""
    terms = structure.terms
    complete = structure.terminated
    if structure.filter is not None:
        complete = terms.both(complete, structure.filter)
    condition = terms.true if structure.condition is None else structure.condition
    quantifier = structure.quantifier
    failing = [terms.both(o.guard, terms.no(o.holds)) for o in structure.obligations]
    if quantifier == "~exists":
        failing.append(condition)
    elif quantifier == "forall":
        failing.append(terms.no(condition))
    return Goals(
        complete=complete,
        broken=terms.both(complete, terms.either(*failing)),
        cut=terms.either(*(c.guard for c in structure.cuts)),
        wanted=terms.both(complete, condition),
        unwanted=terms.both(complete, terms.no(condition)),
        has_property=bool(structure.obligations) or quantifier in PROPERTY_QUANTIFIERS,
    )
