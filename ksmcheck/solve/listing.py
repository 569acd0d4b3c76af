"""All values that some terms have over the consistent candidates, many candidates at a time.

A candidate is taken out of the search by its values as soon as it is met, for as long as it is not
known whether it is consistent: so the solver gives many, which are judged together (``cat.many``).
Batches grow while all their candidates are consistent.
"""

from __future__ import annotations

from collections.abc import Sequence

from ksmcheck.cat.many import Many, sliced
from ksmcheck.events.terms import Term
from ksmcheck.record import Struct
from ksmcheck.solve.concrete import Skeleton
from ksmcheck.solve.extract import holding
from ksmcheck.solve.lazy import Lazy, Met, Stopped
from ksmcheck.solve.term_literals import TermLiterals

_MOST = 1024
"""Candidates in a batch."""

_LITERALS = 1_000_000
"""In the assignments of a batch, each of which takes some 36 bytes."""

_FEW = 16
"""So many are judged as quickly one by one."""

_LESSONS = 8
"""Inconsistent candidates of a batch at most that something is learned from."""


class _Seen(Struct, frozen=True):
    """A candidate, the values that it shows, and the literals for these."""

    met: Met
    values: tuple[int, ...]
    literals: list[int]


def _cases(terms: TermLiterals, term: Term) -> list[tuple[int, int]]:
    """Each value of a term and its literal; none for a term that has bits alone."""
    return [] if terms.is_vector(term) else list(terms.domain(term).items())


def _holding(cases: list[tuple[int, int]], model: Sequence[int]) -> tuple[int, int] | None:
    for case in cases:
        literal = case[1]
        if model[abs(literal) - 1] == literal:
            return case
    return None


class Listing:
    """``assumed`` holds in the candidates looked for; ``asked`` is assumed with it, and what was
    found is blocked under it."""

    def __init__(
        self, lazy: Lazy, observed: Sequence[Term], assumed: Sequence[int], asked: int
    ) -> None:
        self.lazy = lazy
        self.observed = observed
        self.assumed = list(assumed)
        self.asked = asked
        self.found: set[tuple[int, ...]] = set()
        self._cases = [_cases(lazy.base.terms, term) for term in observed]
        self._many: dict[int, tuple[Skeleton, Many]] = {}

    def run(self) -> Stopped | None:
        """Fills ``found``; None where that is all there is."""
        size = 1
        most = min(_MOST, _LITERALS // (self.lazy.base.gates.variables + 1) + 1)
        while True:
            exact = self.lazy.exact.complete
            batch, end = self._collected(size)
            inconsistent = self._inconsistent(batch)
            for number, seen in enumerate(batch):
                if number not in inconsistent:
                    self.found.add(seen.values)
                    self.lazy.add([-self.asked, *(-x for x in seen.literals)])
            for number in inconsistent[:_LESSONS]:
                if self.lazy.exact.complete and not exact:
                    break  # it has joined meanwhile, and allows none of them
                self.lazy.learn(batch[number].met)
            if isinstance(end, Stopped) or (end is None and not inconsistent):
                return end
            size = max(1, size // 4) if inconsistent else min(most, size * 4)

    def _collected(self, size: int) -> tuple[list[_Seen], Met | Stopped | None]:
        """Candidates of different values; and the last one, or why there is none after them."""
        batch: list[_Seen] = []
        assumed = self.assumed
        tried = 0
        if size > 1:
            tried = self.lazy.base.gates.new()
            assumed = [*assumed, tried]
        while True:
            met = self.lazy.next(assumed)
            if not isinstance(met, Met):
                break
            batch.append(self._seen(met))
            if len(batch) == size:
                break
            self.lazy.add([-tried, *(-x for x in batch[-1].literals)])
        if tried:
            self.lazy.add([-tried])
        return batch, met

    def _seen(self, met: Met) -> _Seen:
        model = met.model
        shown = [
            _holding(cases, model) or self.lazy.base.terms.in_model(term, holding(model))
            for term, cases in zip(self.observed, self._cases, strict=True)
        ]
        return _Seen(met, tuple([v for v, _ in shown]), [literal for _, literal in shown])

    def _inconsistent(self, batch: Sequence[_Seen]) -> list[int]:
        """Those by number."""
        alike: dict[int, list[int]] = {}
        for number, seen in enumerate(batch):
            alike.setdefault(id(seen.met.skeleton), []).append(number)
        found = []
        for numbers in alike.values():
            if len(numbers) < _FEW:
                fails = self.lazy.cat.judge(batch[numbers[0]].met.graph)
                rels = [batch[n].met.graph.rels for n in numbers]
                found += [n for n, r in zip(numbers, rels, strict=True) if fails(r["rf"], r["co"])]
            else:
                many = self._together(batch[numbers[0]].met)
                rels = [batch[n].met.graph.rels for n in numbers]
                size = batch[numbers[0]].met.graph.n
                rows = {name: sliced([r[name] for r in rels], size) for name in ("rf", "co")}
                failing = many.failing(rows, len(rels))
                found += [n for place, n in enumerate(numbers) if failing >> place & 1]
        return sorted(found)

    def _together(self, met: Met) -> Many:
        known = self._many.get(id(met.skeleton))
        if known is None:  # the skeleton is kept: no other gets its identity
            known = self._many[id(met.skeleton)] = met.skeleton, self.lazy.cat.together(met.graph)
        return known[1]
