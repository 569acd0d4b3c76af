"""Plain enumeration for small structures: every choice, every value read, every rf, every co.

No solver, no learning, and no assumption about the cat file: a second opinion on verdicts, and the
way to count executions. What SAT decides by search is decided here by looking at all there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import permutations, product
from typing import TYPE_CHECKING

from ksmcheck.cat.algebra import Check
from ksmcheck.cat.compile import CompiledCat
from ksmcheck.cat.graph import Graph, rel_bits, set_bits
from ksmcheck.events.structure import Event, EventStructure
from ksmcheck.events.terms import Term, evaluate
from ksmcheck.kernel.ints import DivisionByZero
from ksmcheck.solve.copies import circles_of
from ksmcheck.solve.judge import CompiledJudge, Judge
from ksmcheck.solve.limits import Limits, Meter
from ksmcheck.solve.outcome import Candidate, Found, GaveUp, Outcome, Refuted, States, Stats
from ksmcheck.text import InternalError

if TYPE_CHECKING:
    from ksmcheck.syntax.cat_tree import Statement

MOST = 100_000
"""Candidates looked at before enumeration gives up."""

_UNDEFINED = "an execution divides by zero or shifts too far: C gives it no meaning"


class _TooBig(Exception):
    """There are more candidates than enumeration may look at."""


class ExplicitSession:
    """Answers as ``Session`` does, from the list of all consistent executions.

    ``tree`` are the model's statements (``CatModel.tree``), for one that has to be interpreted.
    """

    def __init__(
        self,
        structure: EventStructure,
        cat: CompiledCat,
        *,
        tree: Sequence[Statement] = (),
        limits: Limits | None = None,
        most: int = MOST,
    ) -> None:
        self.structure = structure
        self.judge: Judge = CompiledJudge(cat, graph_of)
        if cat.interpreted is not None:
            from ksmcheck.solve.interpret import InterpretingJudge

            self.judge = InterpretingJudge(tree)
        self.meter = Meter(limits or Limits())
        self.search = _Search(structure, self.meter, most)

    @cached_property
    def executions(self) -> tuple[Candidate, ...] | str:
        """All consistent executions within the structure's constraints, or why there is no list."""
        try:
            found = [c for c in self.search.candidates() if not self.judge.forbids(c)]
        except _TooBig as reason:
            return str(reason)
        # As Session: executions without a stray access come first.
        return tuple(sorted(found, key=stray))

    def find(self, goal: Term, given: Sequence[Term] = ()) -> Outcome:
        """A consistent execution where ``goal`` holds, and all of ``given``."""
        return self._first(goal, None, given)

    def find_flag(self, check: Check, goal: Term, given: Sequence[Term] = ()) -> Outcome:
        """A consistent execution where ``goal`` holds and the model raises the flag ``check``."""
        return self._first(goal, check, given)

    def states(self, observed: Sequence[Term], goal: Term) -> States:
        """All value tuples of ``observed``; executions with stray accesses are left out."""
        found: set[tuple[int, ...]] = set()
        executions = self.executions
        if isinstance(executions, str):
            return States((), executions, self._stats())
        for one in executions:
            if not stray(one) and self._holds(one, goal):
                try:
                    found.add(tuple([one.value(term) for term in observed]))
                except DivisionByZero:
                    self.search.undefined = True
        reason = _UNDEFINED if self.search.undefined else None
        return States(tuple(sorted(found)), reason, self._stats())

    def limit(self, limits: Limits) -> None:
        """New limits from now on."""
        self.meter = self.search.meter = Meter(limits)

    def _first(self, goal: Term, flag: Check | None, given: Sequence[Term]) -> Outcome:
        goal = self.structure.terms.both(goal, *given)
        executions = self.executions
        if isinstance(executions, str):
            return GaveUp(executions, self._stats())
        for one in executions:
            if self._holds(one, goal) and (flag is None or self.judge.raises(one, flag)):
                return Found(one, self._stats())
        if self.search.undefined:
            return GaveUp(_UNDEFINED, self._stats())
        return Refuted(self._stats(), tuple(given))

    def _holds(self, one: Candidate, goal: Term) -> bool:
        try:
            return one.holds(goal)
        except DivisionByZero:
            self.search.undefined = True
            return False

    def _stats(self) -> Stats:
        return Stats(self.search.seen, 0, 0, 0, self.meter.seconds)

    def close(self) -> None:
        """Nothing to free."""


def stray(candidate: Candidate) -> bool:
    """Whether some access hits no cell."""
    events = candidate.structure.events
    return any(
        events[e].address is not None and e not in candidate.cells for e in candidate.executed
    )


class _Search:
    """``seen`` counts candidates; ``undefined`` tells that C gave some value no meaning."""

    def __init__(self, structure: EventStructure, meter: Meter, most: int) -> None:
        self.structure = structure
        self.meter = meter
        self.most = most
        self.seen = 0
        self.undefined = False
        self.reads = [e for e in structure.events if e.kind == "R"]
        self.at = {cell.address: cell.id for cell in structure.cells}
        terms = _Leaves(structure)
        self.choices = terms.choices
        self.checks = self._by_last_read(terms)
        self.circles = circles_of(structure, self._possible_sources())

    def _possible_sources(self) -> dict[int, list[int]]:
        writes = [e for e in self.structure.events if e.kind == "W"]
        return {
            read.id: [w.id for w in writes if not set(w.cells).isdisjoint(read.cells)]
            for read in self.reads
        }

    def _by_last_read(self, terms: _Leaves) -> list[list[Term]]:
        """The constraints that can be decided once read i has its value (0: before any has)."""
        place = {e.value.id: i for i, e in enumerate(self.reads, 1) if e.value is not None}
        found: list[list[Term]] = [[] for _ in range(len(self.reads) + 1)]
        for constraint in self.structure.constraints:
            last = max((place.get(leaf, 0) for leaf in terms.under(constraint)), default=0)
            found[last].append(constraint)
        return found

    def candidates(self) -> Iterator[Candidate]:
        """Every candidate that the structure allows, consistent or not. Raises _TooBig."""
        for values in product((0, 1), repeat=len(self.choices)):
            chosen = dict(zip(self.choices, values, strict=True))
            leaves = {term.id: value for term, value in zip(self.choices, values, strict=True)}
            if self._possible(0, leaves):
                numbers = {term.payload: value for term, value in chosen.items()}
                yield from self._from(0, leaves, numbers)

    def _from(
        self, place: int, leaves: dict[int, int], choices: dict[int, int]
    ) -> Iterator[Candidate]:
        """The reads from ``place`` on get values; a read that is not executed counts as 0."""
        if place == len(self.reads):
            yield from self._orders(leaves, choices)
            return
        self._count()
        read = self.reads[place]
        assert read.value is not None
        domain = {0, *read.values} if self._value(read.guard, leaves) else {0}
        for value in sorted(domain):
            extended = {**leaves, read.value.id: value}
            if self._possible(place + 1, extended):
                yield from self._from(place + 1, extended, choices)

    def _possible(self, place: int, leaves: dict[int, int]) -> bool:
        return all(self._value(constraint, leaves) for constraint in self.checks[place])

    def _value(self, term: Term, leaves: dict[int, int]) -> int | None:
        """None where C gives it no meaning: such an execution is not looked at."""
        try:
            return evaluate(term, leaves, {})
        except DivisionByZero:
            self.undefined = True
            return None
        except KeyError:
            raise InternalError("a guard depends on a read after it") from None

    def _count(self) -> None:
        self.seen += 1
        if self.seen > self.most:
            raise _TooBig(f"more than {self.most} candidates to enumerate")
        if self.seen % 256 == 0:
            reason = self.meter.exceeded(self.seen)
            if reason is not None:
                raise _TooBig(reason)

    def _orders(self, leaves: dict[int, int], choices: dict[int, int]) -> Iterator[Candidate]:
        """Every rf and co for given values."""
        events = self.structure.events
        guards = [self._value(e.guard, leaves) for e in events]
        if None in guards:
            return
        executed = [e for e, holds in zip(events, guards, strict=True) if holds]
        placed = self._placed(executed, leaves)
        if placed is None:
            return
        cells, values = placed
        sources = self._sources(executed, cells, values)
        if sources is None:
            return
        writes: dict[int, list[int]] = {}
        for event in executed:
            if event.kind == "W" and event.id in cells:
                writes.setdefault(cells[event.id], []).append(event.id)
        reads = list(sources)
        copied = [copy.when for found in self.circles.copies.values() for copy in found]
        holds = {when.id: bool(self._value(when, leaves)) for when in copied}
        for chosen in product(*sources.values()):
            rf = dict(zip(reads, chosen, strict=True))
            if copied and self.circles.made_up(rf, values, holds):
                continue
            for orders in product(*(permutations(w[1:]) for w in writes.values())):
                self._count()
                co = {
                    cell: (all_of[0], *order)
                    for (cell, all_of), order in zip(writes.items(), orders, strict=True)
                }
                ids = tuple(e.id for e in executed)
                yield Candidate(self.structure, ids, cells, values, rf, co, choices)

    def _placed(
        self, executed: list[Event], leaves: dict[int, int]
    ) -> tuple[dict[int, int], dict[int, int]] | None:
        """Cell and value of each access."""
        cells: dict[int, int] = {}
        values: dict[int, int] = {}
        for event in executed:
            if event.address is None:
                continue
            address = self._value(event.address, leaves)
            if address is None:
                return None
            if event.value is not None:
                value = self._value(event.value, leaves)
                if value is None:
                    return None
                values[event.id] = value
            cell = self.at.get(address)
            if cell is not None and event.width in (0, self.structure.cells[cell].type.width):
                cells[event.id] = cell
        return cells, values

    def _sources(
        self, executed: list[Event], cells: dict[int, int], values: dict[int, int]
    ) -> dict[int, list[int]] | None:
        """Per read the writes it may read from; None where some read's value comes from nowhere."""
        found: dict[int, list[int]] = {}
        for read in executed:
            if read.kind != "R":
                continue
            if read.id not in cells:
                if values[read.id] != 0:
                    return None
                continue
            if values[read.id] not in read.values:
                return None  # a value that could only justify itself
            wanted = cells[read.id], values[read.id]
            found[read.id] = [
                w.id
                for w in executed
                if w.kind == "W"
                and (cells.get(w.id), values[w.id]) == wanted
                and not _of_one_instruction(w, read)
            ]
            if not found[read.id]:
                return None
        return found


def _of_one_instruction(write: Event, read: Event) -> bool:
    """No access reads what it stores itself."""
    if write.thread != read.thread:
        return False
    return write.position == read.position or write.instance == read.instance


class _Leaves:
    """The leaves under each term of a structure."""

    def __init__(self, structure: EventStructure) -> None:
        self._known: dict[int, frozenset[int]] = {}
        self._choices: dict[int, Term] = {}
        for event in structure.events:
            for term in (event.guard, event.address, event.value):
                if term is not None:
                    self.under(term)
        for term in (*structure.constraints, *(d.guard for d in structure.dependencies)):
            self.under(term)

    @property
    def choices(self) -> list[Term]:
        return sorted(self._choices.values(), key=lambda term: term.payload)

    def under(self, term: Term) -> frozenset[int]:
        """Ids of the leaves that are not constants."""
        known = self._known.get(term.id)
        if known is not None:
            return known
        if term.op == "choice":
            self._choices[term.id] = term
        if not term.args:
            found = frozenset() if term.op == "const" else frozenset((term.id,))
        else:
            found = frozenset().union(*(self.under(a) for a in term.args))
        self._known[term.id] = found
        return found


def graph_of(candidate: Candidate) -> Graph:
    """The candidate as the cat evaluator sees it."""
    structure, executed = candidate.structure, candidate.executed
    events = [structure.events[e] for e in executed]
    index = {e: i for i, e in enumerate(executed)}
    n = len(events)
    sets: dict[str, list[int]] = {}
    for event in events:
        for name in (event.kind, *event.tags, *(("IW",) if event.thread < 0 else ())):
            sets.setdefault(name, []).append(index[event.id])
    internal = [(a, b) for a in events for b in events if _together(a, b)]
    pairs: dict[str, set[tuple[int, int]]] = {
        "int": {(a.id, b.id) for a, b in internal},
        "po": {(a.id, b.id) for a, b in internal if a.position < b.position},
        "loc": {
            (a, b)
            for a, one in candidate.cells.items()
            for b, other in candidate.cells.items()
            if one == other
        },
        "rf": {(w, r) for r, w in candidate.rf.items()},
        "co": {
            (a, b)
            for order in candidate.co.values()
            for i, a in enumerate(order)
            for b in order[i + 1 :]
        },
        "rmw": {(r, w) for r, w in structure.rmw if r in index and w in index},
        "different-values": {
            (a, b)
            for a, x in candidate.values.items()
            for b, y in candidate.values.items()
            if x != y
        },
    }
    started = [e.id for e in events if e.thread >= 0]
    # Neither int nor ext is said of two initial writes (herd7's `same_proc`).
    outside = {pair for a in executed for b in started for pair in ((a, b), (b, a))}
    pairs["ext"] = outside - pairs["int"]
    for d in structure.dependencies:
        if d.source in index and d.target in index and candidate.holds(d.guard):
            pairs.setdefault(d.relation, set()).add((d.source, d.target))
    relations = {
        name: rel_bits(n, ((index[a], index[b]) for a, b in found)) for name, found in pairs.items()
    }
    return Graph(n, {name: set_bits(s) for name, s in sets.items()}, relations)


def _together(a: Event, b: Event) -> bool:
    return a.thread >= 0 and a.thread == b.thread
