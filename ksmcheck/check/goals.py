"""What a search looks for: the goals of a verdict as boolean terms over one event structure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ksmcheck.events.structure import EventStructure
from ksmcheck.events.terms import Term
from ksmcheck.kernel.catalogue.accesses import FREE
from ksmcheck.program.ir import BAD_ADDRESS, UNDEFINED
from ksmcheck.record import Struct

PROPERTY_QUANTIFIERS = ("~exists", "forall")
_OF_ALL = UNDEFINED | {BAD_ADDRESS}


class Goals(Struct, frozen=True):
    """``complete``: all threads ended and the filter holds. ``failing``: a property of the code
    fails, whatever becomes of the execution. ``broken``: complete, and a property of the code or
    the final condition fails. ``cut``: an unrolling bound is reached; an iteration that changes
    nothing and is kept for the sake of flags counts, as a race may need it beside all the others.
    ``stuck``: some thread waits for ever, and those that do not come to their end. ``doubtful``: so
    it may be, for a grace period may not end or have ended too soon.
    ``wanted``: complete and the condition of an ``exists`` holds; ``unwanted``: it does not.
    """

    complete: Term
    failing: Term
    broken: Term
    cut: Term
    stuck: Term
    doubtful: Term
    wanted: Term
    unwanted: Term


def goals_of(structure: EventStructure) -> Goals:
    """The goals for the test's own properties."""
    terms = structure.terms
    complete = structure.terminated
    if structure.filter is not None:
        complete = terms.both(complete, structure.filter)
    condition = terms.true if structure.condition is None else structure.condition
    quantifier = structure.quantifier
    wrong = [terms.both(o.guard, terms.no(o.holds)) for o in structure.obligations]
    failing = terms.either(*wrong)
    final = terms.false
    if quantifier == "~exists":
        final = condition
    elif quantifier == "forall":
        final = terms.no(condition)
    return Goals(
        complete=complete,
        failing=failing,
        broken=terms.both(complete, terms.either(failing, final)),
        cut=terms.either(*(c.guard for c in structure.cuts)),
        stuck=terms.both(
            _stuck(structure, [s.lasts for s in structure.stuck]),
            terms.true if structure.ended is None else terms.no(structure.ended),
        ),
        doubtful=terms.false
        if structure.ended is None
        else _stuck(structure, [s.perhaps for s in structure.stuck]),
        wanted=terms.both(complete, condition),
        unwanted=terms.both(complete, terms.no(condition)),
    )


def _stuck(structure: EventStructure, last: Sequence[Term]) -> Term:
    """Some thread waits, and whoever waits does so for ever: ``last`` for each place says when."""
    terms, stalls = structure.terms, structure.stuck
    some = terms.either(*(s.guard for s in stalls))
    ever = [terms.either(terms.no(s.guard), lasts) for s, lasts in zip(stalls, last, strict=True)]
    return terms.both(*(terms.no(c.guard) for c in structure.cuts), some, *ever)


def frees(structure: EventStructure) -> bool:
    """Whether some thread may free something, which nobody may use then."""
    return any(event.primitive == FREE for event in structure.events)


def kinds_of(structure: EventStructure, without: Collection[str] = ()) -> tuple[str, ...]:
    """What the code demands, each kind once; the calls at some sites are not there."""
    kept = [o.kind for o in structure.obligations if o.origin.site not in without]
    return tuple(dict.fromkeys(kept))


def demands(structure: EventStructure, without: Collection[str] = ()) -> bool:
    """Whether the test demands something. That C gives it a meaning, good addresses included, is
    demanded of every test, and makes no property of an ``exists``."""
    if structure.quantifier in PROPERTY_QUANTIFIERS or frees(structure):
        return True
    kinds = kinds_of(structure, without)
    return any(kind not in _OF_ALL or structure.quantifier != "exists" for kind in kinds)
