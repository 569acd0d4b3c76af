"""Acyclicity, exactly: vertex elimination, and ranks for what would be too dense for it.

Eliminating a vertex connects its predecessors to its successors; a graph is acyclic iff no loop
appears on the way (Rankooh and Rintanen, "Propositional encodings of acyclicity and reachability
by using vertex elimination", AAAI 2022). The vertex with fewest new edges goes first.
"""

from __future__ import annotations

from ksmcheck.solve.facts import Facts, Presence
from ksmcheck.solve.gates import TRUE
from ksmcheck.solve.ranks import Ranks
from ksmcheck.solve.tuples import Cube

Edges = dict[tuple[int, int], Cube]
"""Edge (a, b) -> when it is there, if both ends are executed."""

_MOST_CLAUSES = 60_000


def forbid_cycles(facts: Facts, edges: Edges, presence: Presence) -> dict[int, tuple[int, int]]:
    """Clauses: no cycle of executed events.

    Gives the edge that each variable made on the way stands for.
    """
    return _Elimination(facts, edges, presence).run()


class _Elimination:
    def __init__(self, facts: Facts, edges: Edges, presence: Presence) -> None:
        self.facts = facts
        self.gates = facts.gates
        self.n = presence.n
        self.presence = presence
        self.edges: Edges = {}
        self.made: dict[int, tuple[int, int]] = {}
        self.into: dict[int, set[int]] = {}
        self.out: dict[int, set[int]] = {}
        for (a, b), cube in edges.items():
            self._edge(a, b, cube)

    def run(self) -> dict[int, tuple[int, int]]:
        spent = 0
        self._loops()
        while self.out:
            vertex = min(self.out, key=lambda v: len(self.into[v]) * len(self.out[v]))
            spent += len(self.into[vertex]) * len(self.out[vertex])
            if spent > _MOST_CLAUSES:
                self._rank()
                break
            self._eliminate(vertex)
        return self.made

    def _edge(self, a: int, b: int, cube: Cube) -> None:
        self.edges[a, b] = cube
        for vertex in (a, b):
            self.into.setdefault(vertex, set())
            self.out.setdefault(vertex, set())
        if a != b:
            self.out[a].add(b)
            self.into[b].add(a)

    def _loops(self) -> None:
        for vertex in self.out:
            cube = self.edges.pop((vertex, vertex), None)
            if cube is not None:
                self.gates.add(*(-x for x in cube), -self.facts.exec[vertex])

    def _eliminate(self, vertex: int) -> None:
        before, after = self.into.pop(vertex), self.out.pop(vertex)
        for a in before:
            self.out[a].discard(vertex)
            for b in after:
                # No cycle goes through two events of which only one is ever executed.
                if self.presence.together >> (a * self.n + b) & 1:
                    self._connect(a, vertex, b)
        for b in after:
            self.into[b].discard(vertex)
        for a in before:
            del self.edges[a, vertex]
        for b in after:
            del self.edges[vertex, b]

    def _connect(self, a: int, middle: int, b: int) -> None:
        cubes = {*self.edges[a, middle], *self.edges[middle, b]}
        if a == b:
            cubes |= {*self._executed(middle, a, a), self.facts.exec[a]}
            self.gates.add(*(-x for x in cubes))
            return
        known = self.edges.get((a, b))
        if known == () or any(-x in cubes for x in cubes):
            return
        when = {*cubes, *self._executed(middle, a, b)}
        if not when:
            self._edge(a, b, ())
        elif known is None and len(when) == 1:
            self._edge(a, b, tuple(when))
        else:
            self.gates.add(*(-x for x in when), self._variable(a, b, known))

    def _variable(self, a: int, b: int, known: Cube | None) -> int:
        """The edge's own variable, which what was known of the edge implies."""
        if known is not None and len(known) == 1 and self.made.get(known[0]) == (a, b):
            return known[0]
        own = self.gates.new()
        self.made[own] = (a, b)
        if known is not None:
            self.gates.add(*(-x for x in known), own)
        self._edge(a, b, (own,))
        return own

    def _executed(self, middle: int, a: int, b: int) -> tuple[int, ...]:
        for end in (a, b):
            if self.presence.implied >> (end * self.n + middle) & 1:
                return ()
        literal = self.facts.exec[middle]
        return () if literal == TRUE else (literal,)

    def _rank(self) -> None:
        """An edge goes from a lower to a higher rank."""
        ranks = Ranks(self.gates, len(self.out))
        rank = {vertex: ranks.new() for vertex in self.out}
        for (a, b), cube in self.edges.items():
            executed = (-self.facts.exec[a], -self.facts.exec[b])
            self.gates.add(*(-x for x in cube), *executed, ranks.less(rank[a], rank[b]))
