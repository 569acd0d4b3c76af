"""Why a program is safe: which of its orderings the proof rests on, by unsat cores, minimised as
far as a few seconds allow."""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter

from ksmcheck.check.questions import Asked
from ksmcheck.check.search import Search
from ksmcheck.check.verdict import Request, Verdict
from ksmcheck.events.terms import Term
from ksmcheck.kernel.primitives import primitives
from ksmcheck.program.inventory import Spot
from ksmcheck.record import Struct
from ksmcheck.solve.limits import Limits
from ksmcheck.solve.outcome import Refuted
from ksmcheck.whatif.asker import Asker
from ksmcheck.whatif.minimal import keeps

_ATTEMPT = 0.5
_SECONDS = 8.0


class Grounds(Struct, frozen=True):
    """What a SAFE rests on: with these places as they are it holds whatever becomes of the others
    that could be removed or weakened.

    ``orders`` are barriers and ordered forms, ``accesses`` places whose access itself is needed.
    ``axioms`` are the model's requirements that ruled an execution out on the way.
    """

    verdict: Verdict
    orders: tuple[Spot, ...]
    accesses: tuple[Spot, ...]
    axioms: tuple[str, ...]


def grounds(asker: Asker, request: Request) -> Grounds | None:
    """Why the program is safe under the request's model; None where it is not."""
    verdict = asker.ask(request, ())
    if not keeps(verdict):
        return None
    used: set[str] = set()
    axioms: dict[str, None] = {}
    for search in asker.last:
        used |= _sites(search, _minimised(search))
        axioms |= dict.fromkeys(search.axioms())
    spots = [spot for spot in asker.spots(request) if spot.name in used]
    known = primitives(request.kernel)
    fences = tuple(s for s in spots if known[s.primitive].shape == "fence")
    others = tuple(s for s in spots if s not in fences)
    return Grounds(verdict, fences, others, tuple(axioms))


def _sites(search: Search, terms: Iterable[Term]) -> set[str]:
    wanted = {term.id for term in terms}
    terms_of = search.structure.terms
    return {
        site
        for (site, _), term in search.structure.selectors
        if term.id in wanted or terms_of.no(term).id in wanted
    }


def _minimised(search: Search) -> list[Term]:
    """Assumptions that refute all that was refuted, none of which can be left out.

    Tried one by one, over all questions together: a ground of one may do for another. An attempt
    that takes long counts as failed, and the whole ends after a while: then some may be left over.
    """
    started = perf_counter()
    questions = list(search.refuted)
    needed = list(dict.fromkeys(term for asked in questions for term in asked.core))
    for term in list(needed):
        if perf_counter() - started > _SECONDS:
            break
        fewer = [t for t in needed if t is not term]
        if all(_refuted(search, asked, fewer) for asked in questions):
            needed = fewer
    return needed


def _refuted(search: Search, asked: Asked, given: list[Term]) -> bool:
    if set(asked.core) <= set(given):
        return True
    search.session.limit(Limits(seconds=_ATTEMPT))
    if asked.flag is None:
        outcome = search.session.find(asked.goal, given)
    else:
        outcome = search.session.find_flag(asked.flag, asked.goal, given)
    return isinstance(outcome, Refuted)
