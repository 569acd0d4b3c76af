"""The requirements and flags of a model, as clauses and literals over the base facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ksmcheck.cat import bits
from ksmcheck.cat.algebra import Check
from ksmcheck.cat.compile import CompiledCat
from ksmcheck.cat.graph import members
from ksmcheck.solve.collector import collector_at_rest
from ksmcheck.solve.facts import Facts
from ksmcheck.solve.tuple_algebra import prepared
from ksmcheck.solve.tuple_cycles import forbid_cycles
from ksmcheck.solve.tuples import Cube, Tuples


class TupleChecks:
    """Exact: with all requirements added, the assignments are the consistent executions, up to
    what each definition's variables are.

    ``paths`` has, of each variable made for an edge between two events, the edge.
    """

    def __init__(self, facts: Facts, cat: CompiledCat, most: int | None = None) -> None:
        """``most``: clauses that the encoding may take, roughly (None: any number)."""
        self.facts = facts
        self.gates = facts.gates
        self.cat = cat
        algebra = prepared(cat.algebra)
        self._closures = {
            root: algebra.closure(root)
            for check, root in zip(cat.algebra.checks, cat.algebra.roots, strict=True)
            if check.kind == "acyclic" and (check.flag or check.negated)
        }
        self.tuples = Tuples(facts, algebra, most)
        self.paths: dict[int, tuple[int, int]] = {}
        self._n = self.tuples.presence.n
        self._flags: dict[tuple[int, str, bool], int] = {}

    def require_all(self) -> None:
        """Adds every requirement. Raises Refused."""
        with collector_at_rest():
            for check in self.cat.checks:
                if not check.flag:
                    self.require(check)

    def size(self, checks: Iterable[Check]) -> int:
        """An estimate of the clauses that these take together, rather too high."""
        return self.tuples.rules.compositions([self.cat.root(check) for check in checks])

    def require(self, check: Check) -> None:
        """Forbids what violates the requirement. Raises Refused."""
        root = self.cat.root(check)
        if check.negated:
            self.gates.add(self._present(check.kind, root))
        elif check.kind == "acyclic":
            self._acyclic(root)
        else:
            for clause in self._absent(check.kind, root):
                self.gates.add(*clause)

    def raised(self, check: Check) -> int:
        """A literal that can hold exactly where the model raises the flag. Raises Refused."""
        key = (self.cat.root(check), check.kind, check.negated)
        if key not in self._flags:
            with collector_at_rest():
                self._flags[key] = self._raised(check)
        return self._flags[key]

    def _raised(self, check: Check) -> int:
        root = self.cat.root(check)
        if check.negated:
            return self._present(check.kind, root)
        raised = self.gates.new()
        for clause in self._absent(check.kind, root):
            self.gates.add(-raised, *clause)
        return raised

    def _acyclic(self, root: int) -> None:
        may, s = self.tuples.bounds.of[root][0], self.tuples.bounds.shape
        steps = self.tuples.bounds.steps(root) | may & s.diagonal
        on_cycles = steps & bits.transpose(bits.closure(may, s), s)
        edges = {}
        for position in members(on_cycles):
            a, b = divmod(position, self._n)
            cube = self.tuples.high(root, a, b)
            if cube is not None:
                edges[a, b] = cube
        self.paths.update(forbid_cycles(self.facts, edges, self.tuples.presence))

    def _absent(self, kind: str, root: int) -> Iterator[list[int]]:
        """Clauses that say: empty, irreflexive or acyclic."""
        for node, a, b in list(self._offenders(kind, root)):
            cube = self.tuples.high(node, a, b)
            if cube is not None:
                yield [-x for x in self._where(a, b, cube)]

    def _present(self, kind: str, root: int) -> int:
        """A literal for: not empty, not irreflexive, or not acyclic."""
        ways = []
        for node, a, b in self._offenders(kind, root):
            cube = self.tuples.low(node, a, b)
            if cube is not None:
                ways.append(self.gates.all_of(self._where(a, b, cube)))
        return self.gates.any_of(ways)

    def _where(self, a: int, b: int, cube: Cube) -> list[int]:
        return [*dict.fromkeys((*cube, self.facts.exec[a], self.facts.exec[b]))]

    def _offenders(self, kind: str, root: int) -> Iterator[tuple[int, int, int]]:
        """The possible tuples (node, a, b) any of which makes the condition fail."""
        node = self._closures[root] if kind == "acyclic" else root
        may = self.tuples.bounds.of[node][0]
        if kind != "empty":
            may &= self.tuples.bounds.shape.diagonal
        if self.tuples.rules.nodes[node].sort == "set":
            yield from ((node, e, e) for e in members(may))
        else:
            yield from ((node, *divmod(p, self._n)) for p in members(may))
