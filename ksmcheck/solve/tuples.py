"""Claims about tuples (``tuple_rules``) as literals: Horn clauses upwards, completion downwards.

A HIGH claim is a variable that every derivation implies: where an axiom forbids it, that is the
least solution of the model's definitions, recursion included, with no more said. A LOW claim is
backed by a derivation; one that goes round in a circle would back itself, so there the claims get
ranks, and a derivation has to come from lower ones.
"""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.solve.facts import Facts, Presence
from ksmcheck.solve.gates import FALSE, TRUE
from ksmcheck.solve.ranks import Ranks
from ksmcheck.solve.refused import Refused
from ksmcheck.solve.tuple_algebra import Prepared
from ksmcheck.solve.tuple_bounds import Bounds
from ksmcheck.solve.tuple_rules import HIGH, LOW, Alternative, Rules

Cube = tuple[int, ...]
"""A conjunction of literals; the empty one is true."""

_LONGEST = 3
_MOST_RANKED = 400


class Tuples:
    """The value of a claim, as a cube; None if it is false. Encoded when first asked for.

    ``names`` has, of each variable that was made for a claim, that claim.
    """

    def __init__(self, facts: Facts, algebra: Prepared, most: int | None = None) -> None:
        """``most``: clauses to add at most, roughly, before the rest is refused."""
        self.facts = facts
        self.gates = facts.gates
        self._end = None if most is None else len(facts.gates.clauses) + most
        self.presence = Presence(facts)
        self.bounds = Bounds(facts, algebra, self.presence)
        self.rules = Rules(facts, algebra, self.presence, self.bounds)
        self.names: dict[int, int] = {}
        self._values: dict[int, Cube | None] = {}
        self._known: dict[frozenset[Cube], int] = {}

    def high(self, node: int, a: int, b: int) -> Cube | None:
        """Holds wherever (a, b) is in the node and both are executed. Raises Refused."""
        return self._value(node, a, b, HIGH)

    def low(self, node: int, a: int, b: int) -> Cube | None:
        """Where it holds, and both are executed, (a, b) is in the node. Raises Refused."""
        return self._value(node, a, b, LOW)

    def _value(self, node: int, a: int, b: int, side: int) -> Cube | None:
        claim = self.rules.claim(node, a, b, side)
        if claim not in self._values:
            for component, alternatives in _components(self.rules, claim, self._values):
                self._encode(component, alternatives)
        return self._values[claim]

    def _encode(self, component: list[int], alternatives: dict[int, list[Alternative]]) -> None:
        """Claims that need each other, or a single one; what they need else is encoded."""
        if self._end is not None and len(self.gates.clauses) > self._end:
            raise Refused("the exact encoding of the model takes too many clauses here")
        first = component[0]
        if len(component) == 1 and not any(first in x.needs for x in alternatives[first]):
            self._values[first] = self._define(first, self._cubes(alternatives[first]))
            return
        members = set(component)
        for claim in component:
            if any(not members.isdisjoint(x.unless) for x in alternatives[claim]):
                raise Refused("the model recurs through a difference of what may vary")
        if self.rules.parts(first)[3] == HIGH:
            self._least(component, alternatives)
        else:
            self._backed(component, alternatives)

    def _least(self, component: list[int], alternatives: dict[int, list[Alternative]]) -> None:
        for claim in component:
            self._values[claim] = (self._new(claim),)
        for claim in component:
            self._implied(self._values[claim], self._cubes(alternatives[claim]))

    def _backed(self, component: list[int], alternatives: dict[int, list[Alternative]]) -> None:
        if len(component) > _MOST_RANKED:
            raise Refused("the model has a recursion under a difference that is too large here")
        ranks = Ranks(self.gates, len(component))
        members = {claim: ranks.new() for claim in component}
        for claim in component:
            self._values[claim] = (self._new(claim),)
        for claim, rank in members.items():
            ways = []
            for alternative in alternatives[claim]:
                cube = self._cube(alternative)
                lower = [ranks.less(members[x], rank) for x in alternative.needs if x in members]
                if cube is not None:
                    ways.append(self.gates.all_of((*cube, *lower)))
            (own,) = self._values[claim] or ()
            self.gates.add(-own, *ways)

    # Cubes.

    def _cubes(self, alternatives: list[Alternative]) -> list[Cube]:
        found = {cube for cube in map(self._cube, alternatives) if cube is not None}
        return [()] if () in found else sorted(found)

    def _cube(self, alternative: Alternative) -> Cube | None:
        literals = list(alternative.literals)
        for claim in alternative.needs:
            value = self._values[claim]
            if value is None:
                return None
            literals += value
        for claim in alternative.unless:
            value = self._values[claim]
            if value is not None:
                literals.append(-self.gates.all_of(value))
        return _conjunction(literals)

    def _define(self, claim: int, cubes: list[Cube]) -> Cube | None:
        """The disjunction of cubes from the claim's side."""
        if not cubes:
            return None
        if len(cubes) == 1 and (len(cubes[0]) <= 1 or self._short(claim, cubes[0])):
            return cubes[0]
        if self.rules.parts(claim)[3] == HIGH:
            return (self._above(claim, cubes),)
        before = self.gates.variables
        literal = self.gates.any_of([self.gates.all_of(cube) for cube in cubes])
        if abs(literal) > before:
            self.names[abs(literal)] = claim
        return () if literal == TRUE else (literal,)

    def _short(self, claim: int, cube: Cube) -> bool:
        return self.rules.parts(claim)[3] == HIGH and len(cube) <= _LONGEST

    def _above(self, claim: int, cubes: list[Cube]) -> int:
        key = frozenset(cubes)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._new(claim)
            self._implied((known,), cubes)
        return known

    def _implied(self, value: Cube | None, cubes: list[Cube]) -> None:
        (own,) = value or ()
        for cube in cubes:
            if own not in cube:
                self.gates.add(*[-x for x in cube], own)

    def _new(self, claim: int) -> int:
        literal = self.gates.new()
        self.names[literal] = claim
        return literal


def _conjunction(literals: list[int]) -> Cube | None:
    if len(literals) == 1 and abs(literals[0]) != TRUE:
        return (literals[0],)
    kept = set(literals)
    kept.discard(TRUE)
    if FALSE in kept or not kept.isdisjoint([-x for x in kept]):
        return None
    return tuple(sorted(kept))


def _components(
    rules: Rules, start: int, done: dict[int, Cube | None]
) -> Iterator[tuple[list[int], dict[int, list[Alternative]]]]:
    """The strongly connected components of what a claim hangs on, the needed ones first (Tarjan
    1972, without recursion); those in ``done`` are left out."""
    found: dict[int, list[Alternative]] = {}
    number: dict[int, int] = {}
    low: dict[int, int] = {}
    place: dict[int, int] = {}
    open_claims: list[int] = []
    work: list[tuple[int, Iterator[int]]] = []

    def enter(claim: int) -> None:
        found[claim] = rules.alternatives(claim)
        number[claim] = low[claim] = len(number)
        place[claim] = len(open_claims)
        open_claims.append(claim)
        work.append((claim, _below(found[claim])))

    enter(start)
    while work:
        claim, below = work[-1]
        for other in below:
            if other in done:
                continue
            if other not in number:
                enter(other)
                break
            low[claim] = min(low[claim], number[other])
        else:
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[claim])
            if low[claim] == number[claim]:
                component = open_claims[place[claim] :]
                del open_claims[place[claim] :]
                yield component, found
                for member in component:
                    del found[member]


def _below(alternatives: list[Alternative]) -> Iterator[int]:
    for alternative in alternatives:
        yield from alternative.needs
        yield from alternative.unless
