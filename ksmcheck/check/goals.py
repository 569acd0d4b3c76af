"""What a search looks for: the goals of a verdict as boolean terms over one event structure."""

from __future__ import annotations

from ksmcheck.events.structure import EventStructure
from ksmcheck.events.terms import Term
from ksmcheck.program.ir import UNDEFINED
from ksmcheck.record import Struct

PROPERTY_QUANTIFIERS = ("~exists", "forall")
_OF_ALL = UNDEFINED | {"bad address"}


class Goals(Struct, frozen=True):
    """``complete``: all threads ended and the filter holds. ``failing``: a property of the code
    fails, whatever becomes of the execution. ``broken``: complete, and a property of the code or
    the final condition fails. ``cut``: an unrolling bound is reached; an iteration that changes
    nothing and is kept for the sake of flags counts, as a race may need it beside all the others.
    ``wanted``: complete and the condition of an ``exists`` holds; ``unwanted``: it does not.
    ``has_property``: the test demands something; that C gives it a meaning, good addresses
    included, is demanded of every test.
    """

    complete: Term
    failing: Term
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
    wrong = [(terms.both(o.guard, terms.no(o.holds)), o.kind) for o in structure.obligations]
    failing = terms.either(*(term for term, _ in wrong))
    final = terms.false
    if quantifier == "~exists":
        final = condition
    elif quantifier == "forall":
        final = terms.no(condition)
    demanded = [kind for _, kind in wrong if kind not in _OF_ALL or quantifier != "exists"]
    return Goals(
        complete=complete,
        failing=failing,
        broken=terms.both(complete, terms.either(failing, final)),
        cut=terms.either(*(c.guard for c in structure.cuts)),
        wanted=terms.both(complete, condition),
        unwanted=terms.both(complete, terms.no(condition)),
        has_property=bool(demanded) or quantifier in PROPERTY_QUANTIFIERS,
    )
