"""Hash-consed terms: the values, addresses and guards of a symbolic event structure.

Leaves are ``const`` (an int), ``read`` (the number of an access: the raw value that it reads; see
``EventStructure.first``), ``choice`` (a free boolean) and ``final`` (a cell id: its raw value at
the end). Inner nodes are the operators of ``kernel.ints``. Booleans have type BOOL and values 0
and 1. A term says what it is by itself, so that several event structures may share one table.
"""

from __future__ import annotations

from ksmcheck.kernel.ints import BOOL, OPERATORS, DivisionByZero, IntType, apply
from ksmcheck.record import Struct


class Term(Struct, frozen=True, eq=False):
    """``id`` numbers the terms of one table in creation order (arguments before users).

    ``args`` are Terms; ``payload`` is the leaf's number. Equality is identity.
    """

    id: int
    op: str
    args: tuple[Term, ...]
    payload: int
    type: IntType

    @property
    def is_const(self) -> bool:
        return self.op == "const"

    def __hash__(self) -> int:
        # By number, not by address: sets of terms are then walked in the same order in every run.
        return self.id

    def __repr__(self) -> str:
        if not self.args:
            return str(self.payload) if self.op == "const" else f"{self.op}{self.payload}"
        return f"{self.op}({', '.join(map(repr, self.args))})"


class TermTable:
    """Makes terms, folds constants, and never makes the same term twice."""

    __slots__ = ("_asked", "_both", "_made", "_no", "_terms", "false", "true")

    def __init__(self) -> None:
        self._made: dict[tuple[object, ...], Term] = {}
        # What was asked for before, and what came of it: most is asked for many times.
        self._asked: dict[tuple[object, ...], Term] = {}
        self._no: dict[int, Term] = {}
        self._both: dict[tuple[int, int], Term] = {}
        self._terms: list[Term] = []
        self.true = self.const(1, BOOL)
        self.false = self.const(0, BOOL)

    def __len__(self) -> int:
        return len(self._terms)

    def __getitem__(self, number: int) -> Term:
        return self._terms[number]

    def _make(self, op: str, args: tuple[Term, ...], payload: int, type: IntType) -> Term:
        key = (op, payload, type.width, type.signed, *[a.id for a in args])
        term = self._made.get(key)
        if term is None:
            term = self._made[key] = Term(len(self._terms), op, args, payload, type)
            self._terms.append(term)
        return term

    def const(self, value: int, type: IntType) -> Term:
        key = (value, type.width, type.signed)
        known = self._asked.get(key)
        if known is None:
            known = self._asked[key] = self._make("const", (), type.wrap(value), type)
        return known

    def read(self, access: int, type: IntType) -> Term:
        """The raw value read by an access; ``type`` is unsigned of the cell's width."""
        return self._make("read", (), access, type)

    def choice(self, number: int) -> Term:
        return self._make("choice", (), number, BOOL)

    def final(self, cell: int, type: IntType) -> Term:
        return self._make("final", (), cell, type)

    def op(self, op: str, type: IntType, *args: Term) -> Term:
        """An operator of ``kernel.ints.OPERATORS``, folded where the arguments allow it."""
        key: tuple[object, ...]
        if len(args) == 1:
            if op == "cast" and args[0].type is type:
                return args[0]
            key = (op, type.width, type.signed, args[0].id)
        elif len(args) == 2:
            key = (op, type.width, type.signed, args[0].id, args[1].id)
        else:
            key = (op, type.width, type.signed, *[a.id for a in args])
        known = self._asked.get(key)
        if known is None:
            known = self._asked[key] = self._op(op, type, args)
        return known

    def _op(self, op: str, type: IntType, args: tuple[Term, ...]) -> Term:
        for arg in args:
            if arg.op != "const":
                break
        else:
            try:
                return self.const(apply(op, type, tuple(a.payload for a in args)), type)
            except DivisionByZero:
                pass
        if op == "ite":
            return self.ite(type, *args)
        for index, arg in enumerate(args):
            # An operator of a choice between constants is a choice between constants: this is how
            # "the outcome was 1" becomes the outcome's own condition again.
            if (
                arg.op == "ite"
                and _chooses_constants(arg)
                and all(a is arg or a.is_const for a in args)
            ):
                return self._pushed(op, type, args, index)
        if op == "cast":
            (a,) = args
            if a.type == type:
                return a
            if a.type == BOOL:
                return self.ite(type, a, self.const(1, type), self.const(0, type))
            return self._make(op, args, 0, type)
        if op in ("eq", "le", "ge") and args[0] is args[1]:
            return self.const(1, type)
        if op in ("ne", "lt", "gt", "xor", "sub") and args[0] is args[1]:
            return self.const(0, type)
        return self._make(op, args, 0, type)

    def _pushed(self, op: str, type: IntType, args: tuple[Term, ...], index: int) -> Term:
        choice = args[index]
        condition, then, otherwise = choice.args
        arms = (tuple(arm if a is choice else a for a in args) for arm in (then, otherwise))
        return self.ite(type, condition, *(self.op(op, type, *arm) for arm in arms))

    def ite(self, type: IntType, condition: Term, then: Term, otherwise: Term) -> Term:
        if then is otherwise:
            return then
        if condition.is_const:
            return then if condition.payload else otherwise
        if type == BOOL:
            return self.either(self.both(condition, then), self.both(self.no(condition), otherwise))
        return self._make("ite", (condition, then, otherwise), 0, type)

    # Booleans (type BOOL).

    def truth(self, a: Term) -> Term:
        """``a != 0`` as a BOOL."""
        if a.type == BOOL:
            return a
        if a.op in ("eq", "ne", "lt", "le", "gt", "ge") or a.op in ("land", "lor", "lnot"):
            return self._boolean(a)
        return self.op("ne", BOOL, a, self.const(0, a.type))

    def _boolean(self, a: Term) -> Term:
        if a.op == "lnot":
            return self.no(self.truth(a.args[0]))
        if a.op == "land":
            return self.both(self.truth(a.args[0]), self.truth(a.args[1]))
        if a.op == "lor":
            return self.either(self.truth(a.args[0]), self.truth(a.args[1]))
        return self.op(a.op, BOOL, *a.args)

    def no(self, a: Term) -> Term:
        known = self._no.get(a.id)
        if known is None:
            known = self._no[a.id] = self._negated(a)
            if a.type == BOOL:
                self._no[known.id] = a
        return known

    def _negated(self, a: Term) -> Term:
        if a.op == "const":
            return self.false if a.payload else self.true
        if a.op == "lnot" and a.type == BOOL:
            return a.args[0]
        return self._make("lnot", (a,), 0, BOOL)

    def both(self, *items: Term) -> Term:
        result = true = self.true
        for item in items:
            if result is true:
                result = item
            elif item is not result and item is not true:
                key = (result.id, item.id)
                known = self._both.get(key)
                if known is None:
                    known = self._both[key] = self._conjunction(result, item)
                result = known
        return result

    def _conjunction(self, a: Term, b: Term) -> Term:
        """Of two terms, neither of which is ``true``."""
        if a is self.false or b is self.false or self.no(a) is b:
            return self.false
        return self._make("land", (a, b) if a.id < b.id else (b, a), 0, BOOL)

    def excludes(self, a: Term, b: Term) -> bool:
        """Whether some conjunct of one is the negation of a conjunct of the other."""
        others = _conjuncts(b)
        return any(self.no(part) in others for part in _conjuncts(a))

    def either(self, *items: Term) -> Term:
        return self.no(self.both(*[self.no(item) for item in items]))


def _conjuncts(term: Term) -> set[Term]:
    if term.op != "land":
        return {term}
    return _conjuncts(term.args[0]) | _conjuncts(term.args[1])


def _chooses_constants(choice: Term) -> bool:
    return choice.args[1].op == "const" and choice.args[2].op == "const"


def evaluate(term: Term, leaves: dict[int, int], memo: dict[int, int]) -> int:
    """The value of a term, given the value of each leaf by term id; ``memo`` is filled.

    ``ite``, ``land`` and ``lor`` do not evaluate what they do not need, so that the untaken side
    may divide by zero. Raises KeyError for a leaf without a value.
    """
    known = memo.get(term.id)
    if known is not None:
        return known
    op = term.op
    if op == "const":
        value = term.payload
    elif not term.args:
        value = leaves[term.id]
    elif op == "ite":
        chosen = term.args[1] if evaluate(term.args[0], leaves, memo) else term.args[2]
        value = evaluate(chosen, leaves, memo)
    elif op == "land":
        value = int(all(evaluate(a, leaves, memo) for a in term.args))
    elif op == "lor":
        value = int(any(evaluate(a, leaves, memo) for a in term.args))
    else:
        value = term.type.wrap(OPERATORS[op](*(evaluate(a, leaves, memo) for a in term.args)))
    memo[term.id] = value
    return value
