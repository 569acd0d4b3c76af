"""Clauses over integer literals, and gates: literals defined by what they mean.

Literals are DIMACS integers; literal 1 is true by definition. Equal gates share one literal
(structural hashing), and constants never reach a clause.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

TRUE = 1
FALSE = -1

_PAIRWISE = 6
"""Up to this many literals, at-most-one by pairs is smaller than with auxiliary variables."""


class Gates:
    """A growing clause list; a back end takes ``clauses`` from where it stopped last time."""

    __slots__ = ("_choices", "_known", "clauses", "variables")

    def __init__(self) -> None:
        self.variables = 1
        self.clauses: list[list[int]] = [[TRUE]]
        self._known: dict[tuple[int, ...], int] = {}
        self._choices: dict[tuple[int, int, int], int] = {}

    def new(self) -> int:
        """A fresh literal."""
        self.variables += 1
        return self.variables

    def add(self, *literals: int) -> None:
        """Asserts the disjunction of ``literals``."""
        if TRUE in literals:
            return
        if FALSE in literals:
            self.clauses.append([x for x in literals if x != FALSE] or [FALSE])
        else:
            self.clauses.append(list(literals))

    def all_of(self, literals: Iterable[int]) -> int:
        """A literal equivalent to the conjunction."""
        parts = set(literals)
        parts.discard(TRUE)
        if not parts:
            return TRUE
        if FALSE in parts:
            return FALSE
        if len(parts) == 1:
            return parts.pop()
        if len(parts) == 2:
            return self.both(*parts)
        if not parts.isdisjoint([-x for x in parts]):
            return FALSE
        key = tuple(sorted(parts))
        gate = self._known.get(key)
        if gate is None:
            gate = self._known[key] = self.new()
            self.clauses += [[-gate, x] for x in key]
            self.clauses.append([gate, *(-x for x in key)])
        return gate

    def both(self, a: int, b: int) -> int:
        """``all_of`` for two literals, of which there are most."""
        if a in (TRUE, b):
            return b
        if b == TRUE:
            return a
        if a == FALSE or b == FALSE or a == -b:
            return FALSE
        key = (a, b) if a < b else (b, a)
        gate = self._known.get(key)
        if gate is None:
            gate = self._known[key] = self.new()
            self.clauses += [[-gate, a], [-gate, b], [gate, -a, -b]]
        return gate

    def any_of(self, literals: Iterable[int]) -> int:
        """A literal equivalent to the disjunction."""
        return -self.all_of([-x for x in literals])

    def choose(self, condition: int, then: int, otherwise: int) -> int:
        """A literal equivalent to ``condition ? then : otherwise``."""
        if then == otherwise or condition == TRUE:
            return then
        if condition == FALSE:
            return otherwise
        if then in (condition, TRUE):
            return self.any_of((condition, otherwise))
        if otherwise in (condition, FALSE):
            return self.all_of((condition, then))
        if then in (-condition, FALSE):
            return self.all_of((-condition, otherwise))
        if otherwise in (-condition, TRUE):
            return self.any_of((-condition, then))
        if condition < 0:
            condition, then, otherwise = -condition, otherwise, then
        key = (condition, then, otherwise)
        gate = self._choices.get(key)
        if gate is None:
            gate = self._choices[key] = self.new()
            self.clauses += [
                [-condition, -then, gate],
                [-condition, then, -gate],
                [condition, -otherwise, gate],
                [condition, otherwise, -gate],
            ]
        return gate

    def at_most_one(self, literals: Sequence[int]) -> None:
        """Asserts that no two of the literals hold."""
        if len(literals) <= _PAIRWISE:
            for index, a in enumerate(literals):
                for b in literals[:index]:
                    self.add(-a, -b)
            return
        # A ladder: ``seen`` says that one of the literals so far holds.
        seen = literals[0]
        for literal in literals[1:]:
            self.add(-seen, -literal)
            wider = self.new()
            self.add(-seen, wider)
            self.add(-literal, wider)
            seen = wider

    def one_hot(self, count: int, when: int) -> list[int]:
        """``count`` literals of which exactly one holds where ``when`` does, and else none."""
        if count == 0:
            self.add(-when)
            return []
        if count == 1:
            return [when]
        if count == 2 and when == TRUE:
            one = self.new()
            return [one, -one]
        literals = [self.new() for _ in range(count)]
        self.at_most_one(literals)
        self.add(-when, *literals)
        if when != TRUE:
            for literal in literals:
                self.add(-literal, when)
        return literals
