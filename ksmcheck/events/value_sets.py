"""Finite sets of values of terms, and operators on them."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from itertools import product

from ksmcheck.events.terms import Term, evaluate
from ksmcheck.kernel.ints import OPERATORS, DivisionByZero
from ksmcheck.record import Struct, field
from ksmcheck.text import Inconclusive

MAX_VALUES = 8192
MAX_COMBINATIONS = 1 << 18

Values = frozenset[int]
EMPTY: Values = frozenset()
Links = dict[int, int]
"""Values, and for each in how many updates it was made."""

Shape = tuple[object, ...]
"""What a term of one argument is, wherever it occurs: the argument is left open."""


class Memory(Struct):
    """What is known of terms of one argument, by its value: the results of operators, what
    updates make of it, and whether an outcome admits it."""

    results: dict[Shape, dict[int, Values]] = field(default_factory=dict)
    updates: dict[Shape, dict[int, int]] = field(default_factory=dict)
    admitted: dict[Shape, dict[int, Values]] = field(default_factory=dict)


class TooManyValues(Inconclusive):
    """A term may have more values than this engine enumerates; the verdict is UNKNOWN."""

    def __init__(self) -> None:
        super().__init__("a value has more possibilities than can be enumerated")


def leaf_values(term: Term, domain: dict[int, Values]) -> Values:
    if term.op == "const":
        return frozenset((term.payload,))
    if term.op == "choice":
        return frozenset((0, 1))
    return domain.get(term.id, EMPTY)


def values_either_way(term: Term, args: list[Values]) -> Values:
    """As ``values_of``, whatever a choice hangs on: the value comes from a branch as often as from
    an operator, and then nothing depends on what the branch looked at. What only justifies itself
    through that is no value out of thin air."""
    return args[1] | args[2] if term.op == "ite" else values_of(term, args)


def values_of(term: Term, args: list[Values]) -> Values:
    """All values of an operator on arguments with the given values."""
    if term.op == "ite":
        taken = args[1] if any(args[0]) else EMPTY
        return taken | args[2] if 0 in args[0] else taken
    if term.op == "land":
        # 0 whatever the others are, which may be values that no execution gets to compute.
        zero = frozenset((0,)) if any(0 in a for a in args) else EMPTY
        return zero | frozenset((1,)) if all(1 in a for a in args) else zero
    if term.op in _COMPARED and all(args):
        return _COMPARED[term.op](*args)
    combinations = 1
    for arg in args:
        combinations *= len(arg)
    if combinations > MAX_COMBINATIONS:
        raise TooManyValues
    return _applied(term, args)


def _truths(true: bool, false: bool) -> Values:
    return frozenset((0,) * false + (1,) * true)


_COMPARED: dict[str, Callable[[Values, Values], Values]] = {
    "eq": lambda a, b: _truths(not a.isdisjoint(b), len(a) > 1 or a != b),
    "ne": lambda a, b: _truths(len(a) > 1 or a != b, not a.isdisjoint(b)),
    "lt": lambda a, b: _truths(min(a) < max(b), max(a) >= min(b)),
    "le": lambda a, b: _truths(min(a) <= max(b), max(a) > min(b)),
    "gt": lambda a, b: _truths(max(a) > min(b), min(a) <= max(b)),
    "ge": lambda a, b: _truths(max(a) >= min(b), min(a) < max(b)),
}
"""Comparisons of any of some values with any of others: no pair of them has to be looked at."""


def _applied(term: Term, args: list[Values]) -> Values:
    function, wrap = OPERATORS[term.op], term.type.wrap
    values = set()
    for combination in product(*args):
        try:
            values.add(wrap(function(*combination)))
        except DivisionByZero:  # reported as an obligation of its own
            continue
    return frozenset(values)


def argument_of(term: Term, bases: dict[int, Term]) -> Term:
    """The one term of which an operator's value is a function: its only argument, constants aside,
    or what all of them are functions of. The term itself where there are several, or where branches
    choose (``values_either_way``). ``bases``: what each of the operators below it is a function of,
    by way of others; grows by this one's."""
    bases[term.id] = term
    if term.op in _CHOOSING:
        return term
    varying = {arg.id: arg for arg in term.args if arg.op != "const"}
    below = {base.id: base for base in [bases.get(arg.id, arg) for arg in varying.values()]}
    if len(below) != 1:
        return term
    (base,) = below.values()
    bases[term.id] = base
    return next(iter(varying.values())) if len(varying) == 1 else base


_CHOOSING = frozenset(("ite", "land", "lor", "lnot"))


def result(term: Term, argument: Term, value: int) -> Values:
    """What a term is where its argument has a value: nothing where C gives it none."""
    try:
        return frozenset((evaluate(term, {}, {argument.id: value}),))
    except DivisionByZero:  # reported as an obligation of its own
        return EMPTY


def closure(roots: Iterable[Term], known: Container[int] = ()) -> list[Term]:
    """All terms under the roots that are not ``known``, arguments before users."""
    seen: dict[int, Term] = {}
    stack = list(roots)
    while stack:
        term = stack.pop()
        if term.id not in seen and term.id not in known:
            seen[term.id] = term
            stack.extend(term.args)
    return [seen[number] for number in sorted(seen)]


def shape(terms: Sequence[Term], argument: int) -> Shape:
    """Of the last of some terms, which are all under it in the order of their numbers, over
    constants and the one with the number ``argument``."""
    place = {argument: -1}
    found: list[object] = []
    for term in terms:
        if term.id != argument:
            place[term.id] = len(place)
            args = [place[a.id] for a in term.args]
            found.append((term.op, term.payload, term.type.width, term.type.signed, *args))
    return tuple(found)
