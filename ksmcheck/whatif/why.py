"""Why a program is safe: which of its orderings the proof rests on, by unsat cores, minimised as
far as a few seconds allow."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import combinations
from time import perf_counter

from ksmcheck.check.questions import Asked
from ksmcheck.check.search import Search
from ksmcheck.check.verdict import VACUOUS, Request, Verdict
from ksmcheck.events.alternatives import REMOVED
from ksmcheck.events.terms import Term
from ksmcheck.kernel.primitives import primitives
from ksmcheck.program.change import PLAIN, REMOVE, WEAKEN, Change
from ksmcheck.program.inventory import Spot
from ksmcheck.record import Struct
from ksmcheck.solve.limits import Limits
from ksmcheck.solve.outcome import Refuted
from ksmcheck.text import InputError
from ksmcheck.whatif.asker import Asker, refused
from ksmcheck.whatif.minimal import keeps

_ATTEMPT = 0.5
_SECONDS = 8.0

_FEW = 4
"""So many programs of which all combinations are looked at."""

Group = Sequence[Change]
"""Changes that are made together or not at all."""


class Grounds(Struct, frozen=True):
    """What a SAFE rests on: with these places as they are it holds whatever becomes of the others
    that could be removed or weakened, as far as the proof speaks of them. What would be another
    program without them, as it moves code, is tried: each by itself (a lock with its unlock), by
    twos and all together, and where they are few (``_FEW``) in all combinations. Of what breaks it
    together one is named. Several of many that break it only together go unnoticed.

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
    known = primitives(request.kernel)
    everywhere = [spot for spot in asker.spots(request) if spot.primitive in known]
    fenced = {s.name for s in everywhere if known[s.primitive].shape == "fence"}
    used = set(_sites(asker.last, fenced))
    axioms = dict.fromkeys(axiom for search in asker.last for axiom in search.axioms())
    used.update(_new_programs(asker, request, everywhere, used))
    spots = [spot for spot in everywhere if spot.name in used]
    fences = tuple(s for s in spots if s.name in fenced)
    others = tuple(s for s in spots if s not in fences)
    return Grounds(verdict, fences, others, tuple(axioms))


def _new_programs(
    asker: Asker, request: Request, spots: Sequence[Spot], used: Collection[str]
) -> set[str]:
    """Sites that are needed, though the proof does not speak of them: a change that moves code is
    another program. Each of these is asked about by itself and with others, what comes in pairs
    together; and with the others that are not ``used`` in their weakest forms, which the proof
    allows."""
    searches = list(asker.last)
    least, groups = _apart(asker, request, [spot for spot in spots if spot.name not in used])

    def breaks(some: Iterable[Sequence[Change]]) -> bool:
        changes = {change.site: change for group in some for change in group}
        rest = [change for site, change in least.items() if site not in changes]
        asked = tuple(changes.values())
        return any(_breaks(asker, request, (*asked, *more)) for more in ((), rest))

    named = {change.site for group in groups if breaks([group]) for change in group}
    others = [group for group in groups if not named.intersection(c.site for c in group)]
    for some in _combinations(others):
        sites = [change.site for group in some for change in group]
        if len(set(sites)) == len(sites) and not named.intersection(sites) and breaks(some):
            named.update(change.site for change in some[0])
    # All that is left, in its last form, until that holds.
    left = _unlike(named, others)
    while left and breaks(left):
        together = _fewest(left, breaks)
        named.update(change.site for change in together[0])
        left = _unlike(named, left)
    asker.last = searches
    return named


def _combinations(groups: Sequence[Group]) -> Iterator[tuple[Group, ...]]:
    """By twos, or where there are few in all ways, the smaller ones first."""
    most = len(groups) if len(groups) <= _FEW else 2
    for size in range(2, most + 1):
        yield from combinations(groups, size)


def _unlike(named: Collection[str], groups: Iterable[Group]) -> list[Group]:
    return [group for group in groups if not any(change.site in named for change in group)]


def _fewest(groups: list[Group], breaks: Callable[[Iterable[Group]], bool]) -> list[Group]:
    """Of groups that break it together such that none can be left out."""
    for group in list(groups):
        fewer = [other for other in groups if other is not group]
        if fewer and breaks(fewer):
            groups = fewer
    return groups


def _apart(
    asker: Asker, request: Request, spots: Iterable[Spot]
) -> tuple[dict[str, Change], list[Group]]:
    """The weakest form of each site that the proof speaks of, and the changes that it does not
    speak of: those that can be made by themselves, and of each function the others with what they
    need (a lock cannot go without its unlock)."""
    known = primitives(request.kernel)
    spoken = [{key for key, _ in search.structure.selectors} for search in asker.last]
    least: dict[str, Change] = {}
    alone: list[Group] = []
    paired: dict[str, list[Change]] = {}
    for spot in spots:
        shape = known[spot.primitive].shape
        for change in spot.changes:
            if change.kind not in (REMOVE, WEAKEN):
                continue
            form = REMOVED if change.kind == REMOVE else shape if change.to == PLAIN else change.to
            if all((spot.name, form) in keys for keys in spoken):
                if change.kind == WEAKEN or (shape == "fence" and spot.name not in least):
                    least[spot.name] = change
            elif refused(asker, request, (change,)) is None:
                alone.append([change])
            else:
                paired.setdefault(spot.function, []).append(change)
    together = (group for some in paired.values() for group in _together(asker, request, some))
    return least, [*alone, *together]


def _together(asker: Asker, request: Request, changes: Sequence[Change]) -> Iterator[Group]:
    """The pairs that make a program, and of what is in none the threes (a lock with the unlocks of
    two ways out); what is in none of these either stays together."""
    for size in (2, 3):
        found = [c for c in combinations(changes, size) if refused(asker, request, c) is None]
        yield from found
        paired = {change for group in found for change in group}
        changes = [change for change in changes if change not in paired]
    if changes:
        yield changes


def _breaks(asker: Asker, request: Request, changes: Sequence[Change]) -> bool:
    """Whether it is not known to be safe with the changes: after a time-out they count as needed.
    Where there is no such program, or none that runs to its end, nothing is broken."""
    try:
        verdict = asker.ask(request, changes)
    except InputError:
        return False
    return verdict.verdict != VACUOUS and not keeps(verdict)


def _sites(searches: Sequence[Search], fences: Collection[str]) -> list[str]:
    """Sites that refute all that was refuted, with the others whatever they may become; none of
    them can be left out.

    Tried one by one, barriers first, over all questions of all configurations together: a ground
    of one may do for another. An attempt that takes long counts as failed, and the whole ends after
    a while: then some may be left over.
    """
    started = perf_counter()
    needed = list(dict.fromkeys(site for search in searches for site in _in_cores(search)))
    for site in sorted(needed, key=lambda site: site not in fences):
        if perf_counter() - started > _SECONDS:
            break
        fewer = [other for other in needed if other != site]
        if all(_suffice(search, fewer) for search in searches):
            needed = fewer
    return needed


def _in_cores(search: Search) -> Iterator[str]:
    used = {term.id for asked in search.refuted for term in asked.core}
    yield from (site for site, term in _assumed(search) if term.id in used)


def _suffice(search: Search, sites: Collection[str]) -> bool:
    given = [term for site, term in _assumed(search) if site in sites]
    return all(_refuted(search, asked, given) for asked in search.refuted)


def _assumed(search: Search) -> Iterator[tuple[str, Term]]:
    """Sites, and what says that they are as they are."""
    for ((site, _), _), term in zip(search.structure.selectors, search.given, strict=True):
        yield site, term


def _refuted(search: Search, asked: Asked, given: list[Term]) -> bool:
    if set(asked.core) <= set(given):
        return True
    search.session.limit(Limits(seconds=_ATTEMPT))
    if asked.flag is None:
        outcome = search.session.find(asked.goal, given)
    else:
        outcome = search.session.find_flag(asked.flag, asked.goal, given)
    return isinstance(outcome, Refuted)
