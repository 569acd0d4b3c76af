"""Derivations that differ from a known one in what a read reads from.

"Write a is before read b: a barrier is between a and w, r reads from w, and r is before b" holds as
well of another write and another read in the places of w and r. A derivation notes which tuples it
uses that hang on no dynamic fact. Where those are there with the two events exchanged, all that was
derived from them is, given the same dynamic facts of the exchanged events.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TypeAlias

from ksmcheck.cat.derive import LACKING, WHOLE, Derivation, Fact, Limit
from ksmcheck.cat.graph import Graph, members
from ksmcheck.cat.plan import Plan
from ksmcheck.cat.stages import Stages

_HOLDS, _LACKS, _OPAQUE = "holds", "holds not", "opaque"
"""Marks: a tuple that hangs on no dynamic fact is there, or is not; or there is more to it."""

Premises: TypeAlias = tuple[frozenset[Fact], frozenset[Limit]]
"""Facts that have some consequence, and the limits within which they have it."""

Places: TypeAlias = Mapping[int, int]
"""The events that come into the places of others."""


class Tracing(Derivation):
    """A derivation that notes what it uses besides facts: as bits of limits that are none.

    ``might`` has the pairs of rf and co that are possible with the candidate's events.
    """

    def __init__(
        self, plan: Plan, graph: Graph, known: dict[str, int], might: Mapping[str, int]
    ) -> None:
        Derivation.__init__(self, plan, graph, known)
        self.possible = {**graph.rels, **might}
        self._quiet = False

    def why(self, i: int, a: int, b: int, stages: Stages = ()) -> int:
        if self._quiet or not self.plan.still[i]:
            return Derivation.why(self, i, a, b, stages)
        mark = self._mark(_OPAQUE if self.plan.free[i] else _HOLDS, i, a, b)
        return self._quietly(i, a, b, stages) | mark

    def _quietly(self, i: int, a: int, b: int, stages: Stages = ()) -> int:
        """Without notes of what the tuple is derived from."""
        self._quiet = True
        try:
            return Derivation.why(self, i, a, b, stages)
        finally:
            self._quiet = False

    def _absent(self, i: int, a: int, b: int) -> int:
        facts = Derivation._absent(self, i, a, b)
        if self._quiet:
            return facts
        clear = self.plan.stable[i] and not self.plan.free[i]
        return facts | self._mark(_LACKS if clear else _OPAQUE, i, a, b)

    def _mark(self, kind: str, i: int, a: int, b: int) -> int:
        bit = self.limit((kind, i, a, b, frozenset()))
        self._noted |= bit
        return bit

    def similar(self, facts: int, kept: Collection[int] = ()) -> Iterator[Premises]:
        """What else has the consequence of some facts, which is about the events ``kept``."""
        marks = [self._facts[at] for at in members((facts & self._noted) >> (1 + self._n))]
        if facts & WHOLE or any(mark[0] == _OPAQUE for mark in marks):
            return
        proof = _Proof(self, facts, marks, kept)  # type: ignore[arg-type]
        for name, write, read in proof.dynamic:
            if name == "rf":
                yield from proof.others(write, read)

    # For proofs.

    def table(self, i: int) -> tuple[bool, int]:
        """Whether a node is a set, and its value."""
        return self._nodes[i].sort == "set", self.values.value(i)

    def premises(self, facts: Iterable[Fact], marks: Iterable[Limit], own: int) -> Premises | None:
        """Facts with those behind the marked tuples, within the limits of these and of ``own``."""
        bits = 0
        for kind, i, a, b, _ in marks:
            if kind == _HOLDS:
                bits |= self._quietly(i, a, b)
        if bits & WHOLE:
            return None
        return self.decode(bits).union(facts), self.limits(bits | own)


class _Proof:
    """One derivation, by the facts and the marked tuples that it uses."""

    def __init__(
        self, derivation: Tracing, facts: int, marks: list[Limit], kept: Collection[int]
    ) -> None:
        self.d = derivation
        self.n = derivation.shape.n
        self.marks = marks
        self.kept = kept
        self.facts = facts
        told = derivation.decode(facts)
        self.executed = {a for name, a, _ in told if name == "exec"}
        self.dynamic = [fact for fact in told if fact[0] != "exec"]

    def others(self, write: int, read: int) -> Iterator[Premises]:
        """With another write, another read or both in the places of these."""
        here = {write, read}
        of_write = [mark for mark in self.marks if here.intersection(mark[2:4]) == {write}]
        of_read = [mark for mark in self.marks if here.intersection(mark[2:4]) == {read}]
        of_both = [mark for mark in self.marks if here.issubset(mark[2:4])]
        pairs = [divmod(at, self.n) for at in members(self.d.possible.get("rf", 0))]
        writes = self._fitting(write, {w for w, _ in pairs}, of_write)
        reads = self._fitting(read, {r for _, r in pairs}, of_read)
        for w, r in pairs:
            if w not in writes or r not in reads or (w, r) == (write, read):
                continue
            places = {write: w, read: r}
            moved = [_moved(mark, places) for mark in of_both]
            if all(map(self._fits, moved)):
                moved += [_moved(mark, places) for mark in (*of_write, *of_read)]
                found = self._premises(places, moved)
                if found is not None:
                    yield found

    def _fitting(self, event: int, others: Iterable[int], marks: list[Limit]) -> Collection[int]:
        """Those of the other events that may come into the place of one."""
        if event in self.kept:
            return (event,)
        left, n = list(others), self.n
        for kind, i, a, b, _ in marks:
            # The tuples with another event are so many bits apart.
            is_set, value = self.d.table(i)
            first = 0 if is_set or (a == event == b) else a * n if b == event else b
            apart = 1 if is_set or (b == event != a) else n + 1 if a == b else n
            wanted = kind == _HOLDS
            value >>= first
            left = [other for other in left if (value >> other * apart & 1) == wanted]
        return left

    def _fits(self, mark: Limit) -> bool:
        """Whether the tuple is there, or is not, as the mark says."""
        kind, i, a, b, _ = mark
        is_set, value = self.d.table(i)
        there = value >> (a if is_set else a * self.n + b) & 1
        return there == (kind == _HOLDS)

    def _premises(self, places: Places, marks: Iterable[Limit]) -> Premises | None:
        """What is then derived from; None where no candidate has these facts."""
        found = {("exec", e, e) for e in (places.get(e, e) for e in self.executed)}
        dynamic = [_fact(fact, places) for fact in self.dynamic]
        for fact, was in zip(dynamic, self.dynamic, strict=True):
            name, a, b = fact
            if fact != was and not self.d.possible.get(name, 0) >> (a * self.n + b) & 1:
                return None
        if idle(dynamic):
            return None
        return self.d.premises(found.union(dynamic), marks, self.facts)


def _moved(mark: Limit, places: Places) -> Limit:
    kind, i, a, b, events = mark
    return kind, i, places.get(a, a), places.get(b, b), events


def _fact(fact: Fact, places: Places) -> Fact:
    """The fact about the events in the places. (What is lacking is numbered otherwise.)"""
    name, a, b = fact
    return fact if name.startswith(LACKING) else (name, places.get(a, a), places.get(b, b))


def idle(facts: Iterable[Fact]) -> bool:
    """Whether facts contradict each other: two sources of a read, coherence in a circle."""
    sources: dict[int, int] = {}
    later: dict[int, set[int]] = {}
    for name, a, b in facts:
        if name == "rf" and sources.setdefault(b, a) != a:
            return True
        if name == "co":
            later.setdefault(a, set()).add(b)
    while later:
        last = [a for a, ends in later.items() if not any(b in later for b in ends)]
        if not last:
            return True
        for a in last:
            del later[a]
    return False
