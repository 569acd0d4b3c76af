"""Terms as literals: a boolean term is one literal, any other a map from value to literal.

The map of a term is *total*: exactly one of its literals holds in each assignment, except where
the term is undefined (a division by zero), where none does. ``undefined`` is the literal for that;
as in ``events.terms.evaluate``, the side of an ``ite`` that is not taken does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product

from ksmcheck.events.terms import Term
from ksmcheck.events.values import TooManyValues
from ksmcheck.kernel.ints import OPERATORS, DivisionByZero
from ksmcheck.solve.gates import FALSE, TRUE, Gates

Domain = dict[int, int]
"""Value -> literal that the term has it."""

MAX_COMBINATIONS = 1 << 18
_COMPARISONS = frozenset(("lt", "le", "gt", "ge"))


class TermLiterals:
    """Encodes terms on demand; ``leaf`` gives the domain of ``read`` and ``final`` leaves."""

    def __init__(self, gates: Gates, leaf: Callable[[Term], Domain]) -> None:
        self.gates = gates
        self.leaf = leaf
        self._domains: dict[int, Domain] = {}
        self._undefined: dict[int, int] = {}
        self.choices: dict[int, int] = {}

    def literal(self, term: Term) -> int:
        """The literal of a boolean term."""
        return self.domain(term).get(1, FALSE)

    def domain(self, term: Term) -> Domain:
        """Value -> literal, for the values that the term may have.

        Raises TooManyValues where an operator has too many combinations of argument values.
        """
        known = self._domains.get(term.id)
        if known is None:
            for part in self._new_parts(term):
                if part.id not in self._domains:
                    self._domains[part.id] = self._encode(part)
            known = self._domains[term.id]
        return known

    def undefined(self, term: Term) -> int:
        """The literal that the term's value is undefined in C (FALSE for nearly all terms)."""
        self.domain(term)
        return self._undefined.get(term.id, FALSE)

    def _new_parts(self, term: Term) -> list[Term]:
        """What is not yet encoded under a term, arguments before users."""
        found: dict[int, Term] = {}
        stack = [term]
        while stack:
            part = stack.pop()
            if part.id not in found and part.id not in self._domains:
                found[part.id] = part
                stack.extend(part.args)
        return [found[number] for number in sorted(found)]

    def _encode(self, term: Term) -> Domain:
        op = term.op
        if not term.args:
            return self._leaf(term)
        if self._undefined and any(a.id in self._undefined for a in term.args):
            self._note_undefined(term, self._inherited(term))
        if op == "ite":
            return self._ite(term)
        if op == "lnot" and term.type.width == 1:
            return self._boolean(-self._truth(term.args[0]))
        if op in ("land", "lor"):
            truths = [self._truth(a) for a in term.args]
            gate = self.gates.all_of if op == "land" else self.gates.any_of
            return self._boolean(gate(truths))
        if op in ("eq", "ne"):
            equal = self._equal(term)
            return self._boolean(equal if op == "eq" else -equal)
        if op in _COMPARISONS:
            return self._boolean(self._cases(term).get(1, FALSE))
        return self._cases(term)

    def _leaf(self, term: Term) -> Domain:
        if term.op == "const":
            return {term.payload: TRUE}
        if term.op == "choice":
            literal = self.choices[term.payload] = self.gates.new()
            return self._boolean(literal)
        return self.leaf(term)

    @staticmethod
    def _boolean(literal: int) -> Domain:
        if literal == TRUE:
            return {1: TRUE}
        return {0: TRUE} if literal == FALSE else {1: literal, 0: -literal}

    def _truth(self, term: Term) -> int:
        """The literal that a term of any type is not 0."""
        domain = self._domains[term.id]
        if len(domain) <= 2 and 0 in domain and term.id not in self._undefined:
            return -domain[0]
        return self.gates.any_of(literal for value, literal in domain.items() if value)

    def _equal(self, term: Term) -> int:
        a, b = (self._domains[x.id] for x in term.args)
        if len(a) == 1 or len(b) == 1:  # one of them constant
            small, large = (a, b) if len(a) == 1 else (b, a)
            ((value, literal),) = small.items()
            return self.gates.all_of((literal, large.get(value, FALSE)))
        both = [self.gates.all_of((a[value], b[value])) for value in a.keys() & b.keys()]
        return self.gates.any_of(both)

    def _ite(self, term: Term) -> Domain:
        condition, then, otherwise = term.args
        a, b = self._domains[then.id], self._domains[otherwise.id]
        choice = self._truth(condition)
        values = sorted(a.keys() | b.keys())
        cases = {
            value: self.gates.choose(choice, a.get(value, FALSE), b.get(value, FALSE))
            for value in values
        }
        return self._tidy(term, cases)

    def _cases(self, term: Term) -> Domain:
        """One case for each combination of argument values; equal results share a literal."""
        domains = [self._domains[a.id] for a in term.args]
        combinations = 1
        for domain in domains:
            combinations *= len(domain)
        if combinations > MAX_COMBINATIONS:
            raise TooManyValues
        function, wrap = OPERATORS[term.op], term.type.wrap
        cases: dict[int, list[int]] = {}
        wrong: list[int] = []
        for combination in product(*(domain.items() for domain in domains)):
            when = self.gates.all_of(literal for _, literal in combination)
            if when == FALSE:
                continue
            try:
                value = wrap(function(*(value for value, _ in combination)))
            except DivisionByZero:
                wrong.append(when)
            else:
                cases.setdefault(value, []).append(when)
        if wrong:
            inherited = self._undefined.get(term.id, FALSE)
            self._note_undefined(term, self.gates.any_of((inherited, *wrong)))
        return self._tidy(term, {v: self.gates.any_of(c) for v, c in cases.items()})

    def _tidy(self, term: Term, cases: Domain) -> Domain:
        kept = {value: literal for value, literal in cases.items() if literal != FALSE}
        if len(kept) == 2 and term.id not in self._undefined:
            # Two cases are each other's complement: one variable less to decide.
            (a, literal), (b, other) = kept.items()
            if other != -literal:
                self.gates.add(literal, other)
                self.gates.add(-literal, -other)
            return {a: literal, b: -literal}
        return kept

    def _note_undefined(self, term: Term, literal: int) -> None:
        if literal != FALSE:
            self._undefined[term.id] = literal

    def _inherited(self, term: Term) -> int:
        gates = self.gates
        undefined = [self._undefined.get(a.id, FALSE) for a in term.args]
        if term.op == "ite":
            taken = gates.choose(self._truth(term.args[0]), undefined[1], undefined[2])
            return gates.any_of((undefined[0], taken))
        if term.op in ("land", "lor"):
            return self._undecided(term, undefined)
        return gates.any_of(undefined)

    def _undecided(self, term: Term, undefined: Iterable[int]) -> int:
        """Some argument is undefined, and no defined one decides the result by itself."""
        gates = self.gates
        deciding = []
        for arg, missing in zip(term.args, undefined, strict=True):
            truth = self._truth(arg)
            deciding.append(gates.all_of((-missing, truth if term.op == "lor" else -truth)))
        return gates.all_of((gates.any_of(undefined), *(-x for x in deciding)))
