"""Terms as literals: a boolean term is one literal, any other a map from value to literal.

Terms over reads of very many values are bit vectors instead (``vectors``), as far up as operators
work on bits; where few bits are left they become maps again.

The map of a term is *total*: exactly one of its literals holds in each assignment, except where
the term is undefined (a division by zero), where none does. ``undefined`` is the literal for that;
as in ``events.terms.evaluate``, the side of an ``ite`` that is not taken does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from math import prod

from ksmcheck.events.terms import Term
from ksmcheck.events.value_sets import TooManyValues, argument_of, result
from ksmcheck.kernel.ints import OPERATORS, DivisionByZero
from ksmcheck.solve import vectors
from ksmcheck.solve.gates import FALSE, TRUE, Gates
from ksmcheck.solve.vectors import Vector

Domain = dict[int, int]
"""Value -> literal that the term has it."""

MAX_COMBINATIONS = 1 << 18
_OF_BITS = {"lowest": vectors.lowest, "highest": vectors.highest, "weight": vectors.weight}
_FEW_BITS = 4
_MANY_BITS = 10
_COMPARISONS = frozenset(("lt", "le", "gt", "ge"))


class TermLiterals:
    """Encodes terms on demand; ``leaf`` gives the form of ``read`` and ``final`` leaves."""

    def __init__(self, gates: Gates, leaf: Callable[[Term], Domain | Vector]) -> None:
        self.gates = gates
        self.leaf = leaf
        self._domains: dict[int, Domain] = {}
        self._vectors: dict[int, Vector] = {}
        self._undefined: dict[int, int] = {}
        self._bases: dict[int, Term] = {}
        self._equal_to: dict[tuple[int, int], int] = {}
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
            self._prepare(term)
            known = self._domain(term)
        return known

    def vector(self, term: Term) -> Vector:
        """The bits of the term, ``term.type.width`` of them."""
        self._prepare(term)
        return self._vector(term)

    def is_vector(self, term: Term) -> bool:
        """Whether the term has bits but no literal for each value."""
        self._prepare(term)
        return term.id not in self._domains

    def equals(self, term: Term, value: int) -> int:
        """The literal that the term has this value of its type."""
        if not self.is_vector(term):
            return self._domains[term.id].get(value, FALSE)
        known = self._equal_to.get((term.id, value))
        if known is None:
            known = vectors.equal_to(self.gates, self.vector(term), value)
            self._equal_to[term.id, value] = known
        return known

    def in_model(self, term: Term, holds: Callable[[int], bool]) -> tuple[int, int]:
        """The value of a term in an assignment, and the literal for that; ``holds`` tells of the
        literals that were there for it. The term is defined there."""
        if not self.is_vector(term):
            return next(case for case in self._domains[term.id].items() if holds(case[1]))
        bits = [holds(bit) for bit in self.vector(term)]
        value = term.type.wrap(sum(bit << place for place, bit in enumerate(bits)))
        return value, self.equals(term, value)

    def _prepare(self, term: Term) -> None:
        if term.id not in self._domains and term.id not in self._vectors:
            for part in self._new_parts(term):
                # A final value's form may have needed, and made, one that comes later here.
                if part.id not in self._domains and part.id not in self._vectors:
                    self._keep(part, self._encode(part))

    def _keep(self, term: Term, form: Domain | Vector) -> None:
        if isinstance(form, dict):
            self._domains[term.id] = form
            return
        self._vectors[term.id] = form
        if len(vectors.free_bits(form)) <= _FEW_BITS:
            self._domains[term.id] = vectors.to_domain(self.gates, form, term.type)

    def _domain(self, term: Term) -> Domain:
        """Of an encoded term."""
        known = self._domains.get(term.id)
        if known is None:
            vector = self._vectors[term.id]
            if len(vectors.free_bits(vector)) > _MANY_BITS:
                raise TooManyValues
            known = self._domains[term.id] = vectors.to_domain(self.gates, vector, term.type)
        return known

    def _vector(self, term: Term) -> Vector:
        """Of an encoded term."""
        known = self._vectors.get(term.id)
        if known is None:
            domain = self._domains[term.id]
            known = vectors.from_domain(self.gates, domain, term.type.width)
            self._vectors[term.id] = known
        return known

    def undefined(self, term: Term) -> int:
        """The literal that the term's value is undefined in C (FALSE for nearly all terms)."""
        self._prepare(term)
        return self._undefined.get(term.id, FALSE)

    def _new_parts(self, term: Term) -> list[Term]:
        """What is not yet encoded under a term, arguments before users."""
        found: dict[int, Term] = {}
        stack = [term]
        while stack:
            part = stack.pop()
            if not (part.id in found or part.id in self._domains or part.id in self._vectors):
                found[part.id] = part
                stack.extend(part.args)
        return [found[number] for number in sorted(found)]

    def _encode(self, term: Term) -> Domain | Vector:
        op = term.op
        if not term.args:
            return self._leaf(term)
        argument = argument_of(term, self._bases)
        if self._undefined and any(a.id in self._undefined for a in term.args):
            self._note_undefined(term, self._inherited(term))
        if any(a.id not in self._domains for a in term.args):
            form = self._bits(term)
            if form is not None:
                return form
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
        values = self._domains.get(argument.id)
        if values is not None and len(values) < self._combinations(term):
            return self._function(term, argument, values)
        return self._cases(term)

    def _combinations(self, term: Term) -> int:
        """How many combinations of its arguments' values an operator has."""
        return prod(len(self._domain(a)) for a in term.args)

    def _bits(self, term: Term) -> Domain | Vector | None:
        """The term from the bits of its arguments; None where that is not done bit by bit."""
        op, gates = term.op, self.gates
        if op in ("eq", "ne", *_COMPARISONS):
            return self._boolean(self._compared(term))
        if op == "ite":
            _, then, otherwise = (self._vector(a) for a in term.args)
            return vectors.chosen(gates, self._truth(term.args[0]), then, otherwise)
        if op in ("shl", "shr"):
            return self._shifted(term)
        if op == "mul":
            return self._multiplied(term)
        if op in ("div", "mod"):
            return self._divided(term)
        args = [self._resized(a, term.type.width) for a in term.args]
        match op, args:
            case "cast", [a]:
                return a
            case "bitnot", [a]:
                return vectors.inverted(a)
            case (("lowest" | "highest" | "weight"), [a]):
                return _OF_BITS[op](gates, a)
            case "neg", [a]:
                return vectors.difference(gates, vectors.constant(0, len(a)), a)
            case (("and" | "or" | "xor"), [a, b]):
                return vectors.bitwise(gates, op, a, b)
            case "add", [a, b]:
                return vectors.total(gates, a, b)
            case "sub", [a, b]:
                return vectors.difference(gates, a, b)
        return None

    def _resized(self, term: Term, width: int) -> Vector:
        return vectors.resized(self._vector(term), term.type.signed, width)

    def _compared(self, term: Term) -> int:
        width = 1 + max(a.type.width for a in term.args)  # room for the sign of an unsigned one
        a, b = (self._resized(x, width) for x in term.args)
        if term.op in ("eq", "ne"):
            same = vectors.equal(self.gates, a, b)
            return same if term.op == "eq" else -same
        if term.op in ("gt", "le"):
            a, b = b, a
        less = vectors.less(self.gates, a, b)
        return less if term.op in ("lt", "gt") else -less

    def _shifted(self, term: Term) -> Vector | None:
        a, amount = term.args
        by = self._constant(amount)
        if by is None or not 0 <= by < 64:
            return None
        width = term.type.width
        if term.op == "shl":
            return ((FALSE,) * by + self._resized(a, width))[:width]
        return self._resized(a, width + a.type.width + by)[by : by + width]

    def _multiplied(self, term: Term) -> Vector | None:
        for a, b in (term.args, term.args[::-1]):
            factor = self._constant(b)
            if factor is not None:
                return vectors.multiple(self.gates, self._resized(a, term.type.width), factor)
        return None

    def _divided(self, term: Term) -> Vector | None:
        a, divisor = term.args
        by = self._constant(divisor)
        if by is None or by <= 0:
            return None
        width = 1 + max(a.type.width, by.bit_length(), term.type.width)
        quotient, rest = vectors.divided(self.gates, self._resized(a, width), by)
        return (quotient if term.op == "div" else rest)[: term.type.width]

    def _constant(self, term: Term) -> int | None:
        domain = self._domains.get(term.id, {})
        return next(iter(domain)) if list(domain.values()) == [TRUE] else None

    def _leaf(self, term: Term) -> Domain | Vector:
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
        if term.id not in self._domains:
            return self.gates.any_of(self._vectors[term.id])
        domain = self._domains[term.id]
        if len(domain) <= 2 and 0 in domain and term.id not in self._undefined:
            return -domain[0]
        return self.gates.any_of(literal for value, literal in domain.items() if value)

    def _equal(self, term: Term) -> int:
        a, b = (self._domain(x) for x in term.args)
        if len(a) == 1 or len(b) == 1:  # one of them constant
            small, large = (a, b) if len(a) == 1 else (b, a)
            ((value, literal),) = small.items()
            return self.gates.both(literal, large.get(value, FALSE))
        both = [self.gates.both(a[value], b[value]) for value in a.keys() & b.keys()]
        return self.gates.any_of(both)

    def _ite(self, term: Term) -> Domain:
        condition, then, otherwise = term.args
        a, b = self._domain(then), self._domain(otherwise)
        choice = self._truth(condition)
        values = sorted(a.keys() | b.keys())
        cases = {
            value: self.gates.choose(choice, a.get(value, FALSE), b.get(value, FALSE))
            for value in values
        }
        return self._tidy(term, cases)

    def _function(self, term: Term, argument: Term, values: Domain) -> Domain:
        """One case for each value of the one term that it is a function of."""
        cases: dict[int, list[int]] = {}
        wrong: list[int] = []
        for given, when in values.items():
            found = result(term, argument, given)
            for value in found:
                cases.setdefault(value, []).append(when)
            if not found:
                wrong.append(when)
        return self._told(term, cases, wrong)

    def _told(self, term: Term, cases: dict[int, list[int]], wrong: list[int]) -> Domain:
        if wrong:
            inherited = self._undefined.get(term.id, FALSE)
            self._note_undefined(term, self.gates.any_of((inherited, *wrong)))
        return self._tidy(term, {v: self.gates.any_of(c) for v, c in cases.items()})

    def _cases(self, term: Term) -> Domain:
        """One case for each combination of argument values; equal results share a literal."""
        domains = [self._domain(a) for a in term.args]
        if self._combinations(term) > MAX_COMBINATIONS:
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
        return self._told(term, cases, wrong)

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
        """Some argument is undefined, and none before it decides the result."""
        gates = self.gates
        reached, wrong = TRUE, []
        for arg, missing in zip(term.args, undefined, strict=True):
            wrong.append(gates.all_of((reached, missing)))
            truth = self._truth(arg)
            reached = gates.all_of((reached, -truth if term.op == "lor" else truth))
        return gates.any_of(wrong)
