"""Whether what a read gives makes a difference to terms, whatever the other reads give.

Asked of nothing but the text: a read may give all that its type holds, for this is what a compiler
knows. Two executions are compared that differ in the one read. For nearly all reads a few values
around those of an example show a difference; the others are a question for a solver.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from time import perf_counter
from typing import TypeAlias

from ksmcheck.events.terms import Term, evaluate
from ksmcheck.events.value_sets import TooManyValues
from ksmcheck.kernel.ints import DivisionByZero
from ksmcheck.record import Struct
from ksmcheck.solve import vectors
from ksmcheck.solve.backends import DEFAULT, open_backend
from ksmcheck.solve.gates import Gates
from ksmcheck.solve.term_literals import TermLiterals
from ksmcheck.solve.vectors import Vector

Values: TypeAlias = defaultdict[int, int]
"""The value of each leaf by its term's id."""


class TimeUp(Exception):
    """There was no time left for an answer."""


class Seen(Struct, frozen=True):
    """What is looked at: the values of ``subjects`` in executions where a guard of each group in
    ``when`` holds; and whether one of ``made`` holds at all, if there are any."""

    subjects: Sequence[Term]
    when: Sequence[Sequence[Term]] = ()
    made: Sequence[Term] = ()

    @property
    def groups(self) -> list[Sequence[Term]]:
        """All of these have to hold where the subjects are compared."""
        return [*self.when, self.made] if self.made else [*self.when]


class Influence:
    """Of the reads of one program, for as long as ``seconds``. Questions raise TimeUp behind that;
    where a term has too many values, the answer is that it may."""

    def __init__(self, seconds: float) -> None:
        self._until = perf_counter() + seconds
        self._gates = Gates()
        self._solver = open_backend(DEFAULT)
        self._loaded = 0
        self._reads: dict[int, Vector] = {}
        self._one = TermLiterals(self._gates, self._read)
        self._others: dict[int, TermLiterals] = {}
        self._examples: dict[tuple[int, ...], Values | None] = {}

    def close(self) -> None:
        """Frees the solver."""
        self._solver.close()

    def matters(self, read: Term, seen: Seen) -> bool:
        """Whether another value of the read can make a difference in what is seen."""
        try:
            example = self._example(seen.groups)
            if example is None:
                return False  # where nothing of it can be seen
            return _shown(example, read, seen) or self._may_differ(read, seen)
        except (TooManyValues, DivisionByZero):
            return True

    def together(self, a: Term, b: Term) -> bool:
        """Whether two guards may hold in one execution."""
        try:
            return self._satisfiable([self._one.literal(a), self._one.literal(b)])
        except TooManyValues:
            return True

    def _example(self, groups: Sequence[Sequence[Term]]) -> Values | None:
        """Values with which one guard of each group holds."""
        key = tuple(n for group in groups for n in (*(g.id for g in group), -1))
        if key not in self._examples:
            wanted = self._held(self._one, groups)
            found = self._satisfiable(wanted)
            self._examples[key] = self._values(groups) if found else None
        return self._examples[key]

    def _values(self, groups: Iterable[Iterable[Term]]) -> Values:
        model = self._solver.model()

        def holds(literal: int) -> bool:
            return model[abs(literal) - 1] == literal if abs(literal) <= len(model) else False

        values: Values = defaultdict(int)
        for leaf in _leaves(term for group in groups for term in group):
            if leaf.op == "choice":
                values[leaf.id] = int(holds(self._one.choices[leaf.payload]))
            elif leaf.id in self._reads:
                bits = enumerate(self._reads[leaf.id])
                values[leaf.id] = sum(holds(bit) << k for k, bit in bits)
        return values

    def _may_differ(self, read: Term, seen: Seen) -> bool:
        one, other = self._one, self._other(read)
        held = [self._held(form, seen.groups) for form in (one, other)]
        apart = [-vectors.equal(self._gates, one.vector(s), other.vector(s)) for s in seen.subjects]
        ways = [[*held[0], *held[1], literal] for literal in apart]
        if seen.made:
            ways.append([held[0][-1], -held[1][-1]])
        for number in one.choices.keys() & other.choices.keys():
            a, b = one.choices[number], other.choices[number]
            self._gates.add(a, -b)
            self._gates.add(-a, b)
        return any(map(self._satisfiable, ways))

    def _held(self, form: TermLiterals, groups: Iterable[Iterable[Term]]) -> list[int]:
        return [self._gates.any_of(map(form.literal, group)) for group in groups]

    def _other(self, read: Term) -> TermLiterals:
        """The execution in which this one is read otherwise."""
        known = self._others.get(read.id)
        if known is None:
            own = self._fresh(read)

            def leaf(term: Term) -> Vector:
                return own if term is read else self._read(term)

            known = self._others[read.id] = TermLiterals(self._gates, leaf)
        return known

    def _read(self, term: Term) -> Vector:
        known = self._reads.get(term.id)
        if known is None:
            known = self._reads[term.id] = self._fresh(term)
        return known

    def _fresh(self, term: Term) -> Vector:
        return tuple(self._gates.new() for _ in range(term.type.width))

    def _satisfiable(self, literals: list[int]) -> bool:
        clauses = self._gates.clauses
        self._solver.extend(clauses[self._loaded :])
        self._loaded = len(clauses)
        found = self._solver.solve(literals, lambda: perf_counter() < self._until)
        if found is None:
            raise TimeUp
        return found


def _leaves(terms: Iterable[Term]) -> list[Term]:
    todo, found, leaves = list(terms), set[int](), []
    while todo:
        term = todo.pop()
        if term.id not in found:
            found.add(term.id)
            todo += term.args
            if not term.args and not term.is_const:
                leaves.append(term)
    return leaves


def _shown(example: Values, read: Term, seen: Seen) -> bool:
    """Whether a value near the one in the example makes a difference."""
    value, width = example[read.id], read.type.width
    near = [*range(3), value + 1, value - 1, *(value ^ 1 << k for k in range(0, width, 4))]
    before = _look(example, seen)
    if before is None:
        return False
    for other in dict.fromkeys(read.type.wrap(n) for n in near):
        values = example.copy()
        values[read.id] = other
        after = _look(values, seen)
        if after != before and (after is not None or seen.made):
            return True
    return False


def _look(values: Values, seen: Seen) -> list[int] | None:
    """The subjects' values; None where they are not compared, or ``made`` does not hold."""
    memo: dict[int, int] = {}
    for group in seen.groups:
        if not any(evaluate(guard, values, memo) for guard in group):
            return None
    return [evaluate(subject, values, memo) for subject in seen.subjects]
