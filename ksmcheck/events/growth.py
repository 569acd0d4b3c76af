"""How the values of terms grow with those of their arguments: what is new, from what is new alone.

Most terms are booleans, which soon have both values, or operators with one argument that is no
constant, of which the same few occur in many places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heappop, heappush

from ksmcheck.events.terms import Term
from ksmcheck.events.value_sets import (
    EMPTY,
    MAX_VALUES,
    Memory,
    TooManyValues,
    Values,
    argument_of,
    closure,
    leaf_values,
    result,
    shape,
    values_either_way,
    values_of,
)
from ksmcheck.kernel.ints import BOOL

Domain = dict[int, Values]
"""The values of each term, by its number."""

Rule = Callable[[Domain, Domain], Values]
"""Values of all terms and the new ones among them -> values of one term, all new ones included."""

_BOTH: Values = frozenset((0, 1))
_NOT: dict[Values, Values] = {v: frozenset(1 - x for x in v) for v in map(frozenset, ((0,), (1,)))}
_LAND: dict[tuple[bool, bool], Values] = {
    (False, False): EMPTY,
    (True, False): frozenset((0,)),
    (False, True): frozenset((1,)),
    (True, True): _BOTH,
}
"""By whether 0 and 1 are possible."""


class Growth:
    """The terms under some roots. ``start``: their values while no read has any.

    ``users``: by number of a term, the numbers of the terms that it is an argument of.
    """

    def __init__(self, roots: Iterable[Term], memory: Memory) -> None:
        self._terms: dict[int, Term] = {}
        self._rules: dict[int, Rule] = {}
        self._memory = memory
        self.users: dict[int, list[int]] = {}
        self.start: Domain = {}
        self._arguments: dict[int, Term] = {}
        bases: dict[int, Term] = {}
        roots = list(roots)
        truths = {root.id for root in roots if root.type == BOOL and root.args}
        for term in closure(roots):
            if term.args:
                self._terms[term.id] = term
                argument = self._arguments[term.id] = argument_of(term, bases)
                args = term.args if argument is term else (argument,)
                if argument is term:
                    values = values_either_way(term, [self.start[a.id] for a in args])
                else:
                    known = self.start[argument.id]
                    values = EMPTY.union(*[result(term, argument, v) for v in known])
                # A truth that is a value is as a choice between two. That it has both is all there
                # is to it; a number that may be 0 or 1 may be another yet.
                both = term.id in truths or (term.type == BOOL and values == _BOTH)
                self.start[term.id] = _BOTH if both else values
                for arg in args:
                    self.users.setdefault(arg.id, []).append(term.id)
            else:
                self.start[term.id] = leaf_values(term, {})

    def spread(self, domain: Domain, new: Domain) -> None:
        """Brings every term up to date; adds to ``new``. Raises TooManyValues."""
        users = self.users
        met: set[int] = set()
        todo: list[int] = []
        for number in new:
            for user in users.get(number, ()):
                if user not in met:
                    met.add(user)
                    heappush(todo, user)
        while todo:  # arguments have smaller numbers than their users
            number = heappop(todo)
            if self._grow(number, domain, new):
                for user in users.get(number, ()):
                    if user not in met:
                        met.add(user)
                        heappush(todo, user)

    def _grow(self, number: int, domain: Domain, new: Domain) -> bool:
        before = domain[number]
        if before is _BOTH:
            return False
        rule = self._rules.get(number)
        if rule is None:
            rule = self._rules[number] = self._rule(self._terms[number])
        fresh = rule(domain, new) - before
        if not fresh:
            return False
        domain[number] = now = before | fresh
        new[number] = fresh
        if self._terms[number].type == BOOL:
            if len(now) == 2:
                domain[number] = _BOTH
        elif len(now) > MAX_VALUES:
            raise TooManyValues
        return True

    def _rule(self, term: Term) -> Rule:
        varying = [a.id for a in term.args if not a.is_const]
        argument = self._arguments[term.id]
        if argument is not term:
            return self._function(term, argument)
        if term.op == "lnot" and term.args[0].type == BOOL:
            return _negation(*varying)
        if term.op == "land":
            return _conjunction(*(a.id for a in term.args))
        if term.op == "ite":
            arms = [a.id for a in term.args[1:]]
            return lambda _, new: EMPTY.union(*[new.get(arm, EMPTY) for arm in arms])
        if len(term.args) > 2:
            return lambda domain, _: values_of(term, [domain[a.id] for a in term.args])
        return lambda domain, new: _of_two(term, domain, new)

    def _function(self, term: Term, argument: Term) -> Rule:
        """Of one other term: each result is found once."""
        terms = closure([term], {argument.id})
        results = self._memory.results.setdefault(shape(terms, argument.id), {})
        number = argument.id

        def rule(_: Domain, new: Domain) -> Values:
            found: list[int] = []
            for value in new[number]:
                known = results.get(value)
                if known is None:
                    known = results[value] = result(term, argument, value)
                found += known
            return frozenset(found)

        return rule


def _negation(argument: int) -> Rule:
    def rule(_: Domain, new: Domain) -> Values:
        fresh = new[argument]
        return _BOTH if len(fresh) == 2 else _NOT[fresh]

    return rule


def _conjunction(left: int, right: int) -> Rule:
    def rule(domain: Domain, _: Domain) -> Values:
        a, b = domain[left], domain[right]
        # 0 whatever the other is, which may be a value that no execution gets to compute.
        return _LAND[0 in a or 0 in b, 1 in a and 1 in b]

    return rule


def _of_two(term: Term, domain: Domain, new: Domain) -> Values:
    left, right = term.args
    found = EMPTY
    if left.id in new:
        found = values_of(term, [new[left.id], domain[right.id]])
    if right.id in new:
        found |= values_of(term, [domain[left.id], new[right.id]])
    return found
