"""Verdicts of changed programs: from one encoding per program and model where that can answer."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from time import perf_counter

from ksmcheck.check.check import Checker, limits_of, loops_or_asserts
from ksmcheck.check.circular import CIRCULAR
from ksmcheck.check.questions import AnySession, OutOfTime
from ksmcheck.check.search import Search
from ksmcheck.check.verdict import BOUNDED, UNKNOWN, Request, Verdict
from ksmcheck.events.structure import EventStructure
from ksmcheck.execution.execution import Execution
from ksmcheck.program.change import REMOVE, WEAKEN, Change
from ksmcheck.program.inventory import Spot
from ksmcheck.record import Struct, field, replace
from ksmcheck.text import Inconclusive, InputError
from ksmcheck.whatif.selectable import Key, Pairing, Selectors, selectors_of

_Place = tuple[Request, str]

_OF_ALL_FORMS = ("enumerate", CIRCULAR)
"""In reasons: with all forms of every call at once there are too many values, or some that the
program alone does not come by."""


class Encoded(Struct, frozen=True):
    """One program under one configuration, with its selectors."""

    search: Search
    selectors: Selectors


class Asker(Checker):
    """A checker that answers ``Request.changes`` by selectors of one shared encoding.

    ``kinds``: the changes that become selectors, ``sites``: where (None: everywhere). Others, and
    those that make a new program, are checked afresh.
    """

    kinds: tuple[str, ...] = (REMOVE, WEAKEN)
    sites: frozenset[str] | None = None
    last: list[Search] = field(default_factory=list)
    _encoded: dict[_Place, Encoded] = field(default_factory=dict)
    _without: set[_Place] = field(default_factory=set)
    _goes_on: set[_Place] = field(default_factory=set)
    _paired: dict[int, Pairing] = field(default_factory=dict)

    def spots(self, request: Request) -> tuple[Spot, ...]:
        """The places of the program as its file has it, but for those that are removed."""
        found = self.workshop.spots(request)
        return tuple(spot for spot in found if spot.name not in request.removed)

    def ask(self, request: Request, changes: Sequence[Change]) -> Verdict:
        """The verdict with the changes made; ``last`` are then the searches that gave it.

        Raises InputError where they cannot be made.
        """
        self.last = []
        return self.check(replace(request, changes=tuple(changes)))

    def racing(self, verdict: Verdict) -> tuple[Execution, EventStructure] | None:
        """An execution that raises a flag of the last verdict, and whose it is."""
        for search in reversed(self.last):
            if search.racing is not None:
                return search.racing, search.structure
        # An equal program had the verdict before, and only that is remembered.
        for config in verdict.config.split("+"):
            search = Checker._search(self, verdict.request, config, perf_counter())
            with suppress(OutOfTime):
                found = search.flags()
                if found is not None:
                    return found[1], search.structure
        return None

    def forget(self, *, terms: bool = False) -> None:
        """Drops programs and encodings."""
        self.close_encodings()
        self._without.clear()
        self._goes_on.clear()
        self._paired.clear()
        Checker.forget(self, terms=terms)

    def renew(self) -> None:
        """Drops encodings as well: for when a run was broken off anywhere."""
        self._encoded.clear()
        self._without.clear()
        self._goes_on.clear()
        self._paired.clear()
        Checker.renew(self)

    def close_encodings(self) -> None:
        """Frees the solvers; programs and models stay."""
        for encoded in self._encoded.values():
            encoded.search.close()
        self._encoded.clear()

    def _known(self, request: Request, config: str, started: float) -> Verdict:
        if request.changes and self._selected(request, config, started) is not None:
            return self._configuration(request, config, started)  # the program is not needed
        if not request.changes:
            # Not from memory: ``last`` is to have the searches. Proofs are kept with the encoding.
            return self._configuration(request, config, started)
        return Checker._known(self, request, config, started)

    def _configuration(self, request: Request, config: str, started: float) -> Verdict:
        verdict = Checker._configuration(self, request, config, started)
        if verdict.verdict == BOUNDED and self._of_all_forms(request, config, started):
            return self._bounded(verdict, request, config, started)
        reason = verdict.reason if verdict.verdict == UNKNOWN else None
        if reason is None or not any(words in reason for words in _OF_ALL_FORMS):
            return verdict
        alone = Checker(self.workshop)
        return alone._configuration(request, config, started)

    def _of_all_forms(self, request: Request, config: str, started: float) -> bool:
        """Whether that a loop goes on is said by its form alone, and of an encoding with selectors:
        a condition that all of a call's forms have in common may be none in the call itself."""
        return self.last[-1].counted() and self._selected(request, config, started) is not None

    def _bounded(self, verdict: Verdict, request: Request, config: str, started: float) -> Verdict:
        """The verdict of the program alone, once for a place; from its encoding afterwards where
        that makes no difference."""
        place = replace(request, changes=()), config
        if place in self._goes_on:
            return verdict
        shared = self.last.pop()
        self._without.add(place)
        alone = Checker._configuration(self, request, config, started)
        if alone.verdict != BOUNDED:
            return alone
        self.last[-1:] = [shared]
        self._without.remove(place)
        self._goes_on.add(place)
        return verdict

    def _search(self, request: Request, config: str, started: float) -> Search:
        selected = self._selected(request, config, started)
        if selected is None:
            search = Checker._search(self, request, config, started)
        else:
            encoded = self.encoded(request, config, started).search
            base = Verdict(request, encoded.base.test, config, UNKNOWN)
            search = encoded.under(request, base, selected)
            search.limit(limits_of(request, started))
        self.last.append(search)
        return search

    def _selected(self, request: Request, config: str, started: float) -> frozenset[Key] | None:
        """None: the program with the changes is to be compiled. Raises InputError where that is
        known not to be one."""
        if not request.changes and self.kinds == ():
            return None
        place = replace(request, changes=()), config
        try:
            selectors = None if place in self._without else self.encoded(*place, started).selectors
        except Inconclusive:  # of all forms at once nothing can be said; of each alone perhaps
            selectors = None
            self._without.add(place)
        except InputError:  # what has no meaning on this machine may be what is changed
            if not request.changes:
                raise
            selectors = None
            self._without.add(place)
        if selectors is None:
            return None
        if len(request.changes) == 1 and request.changes[0] in selectors.refused:
            raise selectors.refused[request.changes[0]].with_traceback(None)
        return selectors.selected(request.changes)

    def encoded(self, request: Request, config: str, started: float) -> Encoded:
        """The encoding of the unchanged program. Raises InputError and TooManyValues."""
        plain = replace(request, changes=())
        key = (plain, config)
        if key not in self._encoded:
            model = self.workshop.model(request.model)
            program = self.workshop.program(plain)
            paired = self._paired.setdefault(id(program), {})
            spots = self.spots(plain)
            selectors = selectors_of(spots, self.kinds, program, model, config, paired, self.sites)
            options = selectors.options
            stalls = loops_or_asserts(program)
            structure = self.workshop.structure(plain, config, stalls=stalls, options=options)
            base = Verdict(plain, program.name, config, UNKNOWN)

            def opened(structure: EventStructure) -> AnySession:
                return self._opened(structure, plain, started)

            search = Search(self.workshop, plain, structure, opened, base, options)
            self._encoded[key] = Encoded(search, selectors)
        return self._encoded[key]


def refused(asker: Asker, request: Request, changes: Sequence[Change]) -> str | None:
    """Why the changes cannot be made; None where they can."""
    try:
        asker.workshop.program(replace(request, changes=tuple(changes)))
    except InputError as error:
        return error.diagnostic.message
    return None
