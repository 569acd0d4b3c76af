"""Bit vectors of literals, for values too many to give a literal to each (words of flag bits).

A vector is a tuple of literals, least significant first; arithmetic wraps to its length, which is
exact for two's complement. Constant bits are TRUE and FALSE and cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from ksmcheck.kernel.ints import IntType
from ksmcheck.solve.gates import FALSE, TRUE, Gates

Vector = tuple[int, ...]


def constant(value: int, width: int) -> Vector:
    """The bits of an integer."""
    return tuple([TRUE if value >> k & 1 else FALSE for k in range(width)])


def from_domain(gates: Gates, domain: Mapping[int, int], width: int) -> Vector:
    """The bits of a term given by value -> literal."""
    return tuple(
        [gates.any_of(x for value, x in domain.items() if value >> k & 1) for k in range(width)]
    )


def covering(gates: Gates, values: Sequence[int], width: int) -> Vector:
    """Fresh bits that can be any of the values, and where all of these agree that two bits are
    equal (or opposite, or constant) so they are. It may be other values too (``among``)."""
    every = (1 << len(values)) - 1
    columns = {0: FALSE, every: TRUE}
    bits = []
    for column in _columns(values, width):
        if column not in columns:
            columns[column] = gates.new()
            columns[every & ~column] = -columns[column]
        bits.append(columns[column])
    return tuple(bits)


def _columns(values: Sequence[int], width: int) -> list[int]:
    """Of each bit the values that have it, as a number: value i at 1 << i."""
    columns = [0] * width
    for i, value in enumerate(values):
        member, rest = 1 << i, value & ((1 << width) - 1)
        while rest:
            low = rest & -rest
            columns[low.bit_length() - 1] |= member
            rest ^= low
    return columns


def free_bits(vector: Vector) -> list[int]:
    """The variables that the vector hangs on, each once."""
    return sorted({abs(x) for x in vector} - {TRUE})


def to_domain(gates: Gates, vector: Vector, type: IntType) -> dict[int, int]:
    """Value -> literal, for every assignment of the free bits."""
    free = free_bits(vector)
    domain: dict[int, int] = {}
    for signs in product((1, -1), repeat=len(free)):
        chosen = {sign * variable for sign, variable in zip(signs, free, strict=True)}
        value = sum((x == TRUE or x in chosen) << k for k, x in enumerate(vector))
        domain[type.wrap(value)] = gates.all_of(chosen)
    return domain


def resized(vector: Vector, signed: bool, width: int) -> Vector:
    """Cut or extended to ``width`` bits; a signed one repeats its last bit."""
    fill = vector[-1] if signed else FALSE
    return vector[:width] + (fill,) * (width - len(vector))


def chosen(gates: Gates, condition: int, a: Vector, b: Vector) -> Vector:
    """``condition ? a : b``."""
    return tuple([gates.choose(condition, x, y) for x, y in zip(a, b, strict=True)])


def bitwise(gates: Gates, op: str, a: Vector, b: Vector) -> Vector:
    """``and``, ``or`` or ``xor``."""
    pairs = zip(a, b, strict=True)
    if op == "and":
        return tuple([gates.all_of(pair) for pair in pairs])
    if op == "or":
        return tuple([gates.any_of(pair) for pair in pairs])
    return tuple([exclusive(gates, x, y) for x, y in pairs])


def exclusive(gates: Gates, a: int, b: int) -> int:
    """A literal that holds where exactly one of a and b does."""
    return gates.choose(a, -b, b)


def inverted(a: Vector) -> Vector:
    """``~a``."""
    return tuple([-x for x in a])


def total(gates: Gates, a: Vector, b: Vector, carry: int = FALSE) -> Vector:
    """``a + b + carry``, carried bit by bit."""
    out = []
    for x, y in zip(a, b, strict=True):
        half = exclusive(gates, x, y)
        out.append(exclusive(gates, half, carry))
        carry = gates.any_of((gates.all_of((x, y)), gates.all_of((half, carry))))
    return tuple(out)


def difference(gates: Gates, a: Vector, b: Vector) -> Vector:
    """``a - b``."""
    return total(gates, a, inverted(b), TRUE)


def multiple(gates: Gates, a: Vector, factor: int) -> Vector:
    """``a * factor`` for a constant."""
    width = len(a)
    out = constant(0, width)
    for k in range(width):
        if factor >> k & 1:
            out = total(gates, out, ((FALSE,) * k + a)[:width])
    return out


def divided(gates: Gates, a: Vector, by: int) -> tuple[Vector, Vector]:
    """Quotient and remainder of a signed number by a positive constant that has its width, towards
    zero as in C: long division, bit by bit."""
    width, negative = len(a), a[-1]

    def signed(number: Vector) -> Vector:
        turned = difference(gates, constant(0, width), number)
        return chosen(gates, negative, turned, number)

    divisor, quotient, rest = constant(by, width + 1), [FALSE] * width, constant(0, width + 1)
    for k, bit in reversed(list(enumerate(signed(a)))):
        rest = (bit, *rest[:-1])
        low = less(gates, rest, divisor)
        rest = chosen(gates, low, rest, difference(gates, rest, divisor))
        quotient[k] = -low
    return signed(tuple(quotient)), signed(rest[:width])


def lowest(gates: Gates, a: Vector) -> Vector:
    """The number of the lowest bit that is 1, by halves; of 0 that of the highest bit."""
    found: list[int] = []
    rest = a
    while len(rest) > 1:
        half = len(rest) // 2
        above = -gates.any_of(rest[:half])
        found.insert(0, above)
        rest = chosen(gates, above, rest[half:], rest[:half])
    return resized(tuple(found), False, len(a))


def highest(gates: Gates, a: Vector) -> Vector:
    """The number of the highest bit that is 1, by halves; of 0 it is 0."""
    found: list[int] = []
    rest = a
    while len(rest) > 1:
        half = len(rest) // 2
        above = gates.any_of(rest[half:])
        found.insert(0, above)
        rest = chosen(gates, above, rest[half:], rest[:half])
    return resized(tuple(found), False, len(a))


def weight(gates: Gates, a: Vector) -> Vector:
    """How many bits are 1: sums of pairs, of pairs of these, ..."""
    sums: list[Vector] = [(bit,) for bit in a]
    while len(sums) > 1:
        width = len(sums[0]) + 1
        pairs = zip(sums[::2], sums[1::2], strict=True)
        sums = [
            total(gates, resized(one, False, width), resized(other, False, width))
            for one, other in pairs
        ]
    return resized(sums[0], False, len(a))


def equal(gates: Gates, a: Vector, b: Vector) -> int:
    """The literal that two vectors of one length are equal."""
    return gates.all_of([-exclusive(gates, x, y) for x, y in zip(a, b, strict=True)])


def equal_to(gates: Gates, vector: Vector, value: int) -> int:
    """The literal that a vector is a number (modulo two to its length)."""
    return gates.all_of([x if value >> k & 1 else -x for k, x in enumerate(vector)])


def less(gates: Gates, a: Vector, b: Vector) -> int:
    """The literal that a < b, both signed and of one length."""
    lower = FALSE
    for x, y in zip(a, b, strict=True):
        lower = gates.choose(exclusive(gates, x, y), y, lower)
    # The sign bit counts the other way round.
    return gates.choose(exclusive(gates, a[-1], b[-1]), a[-1], lower)


def among(gates: Gates, vector: Vector, values: Iterable[int]) -> int:
    """The literal that the vector is one of the (unsigned) values, all of which it can be: a
    decision diagram over its free bits, equal parts shared."""
    values = list(values)
    first = {abs(x): k for k, x in reversed(list(enumerate(vector)))}
    free = sorted(k for variable, k in first.items() if variable != TRUE)
    columns = _columns(values, len(vector))
    every = (1 << len(values)) - 1
    return _Diagram(gates, [(vector[k], columns[k]) for k in free]).decided(0, every)


class _Diagram:
    """``tests``: the literals that are asked one after the other, and the values where each holds.

    (A function within a function that calls itself would keep the gates alive, with megabytes of
    clauses, until the collector of cycles comes.)
    """

    def __init__(self, gates: Gates, tests: list[tuple[int, int]]) -> None:
        self._gates = gates
        self._tests = tests
        self._known: dict[tuple[int, int], int] = {}

    def decided(self, i: int, left: int) -> int:
        """The literal that the literals from the i-th on are as in one of the values left."""
        if not left or i == len(self._tests):
            return TRUE if left else FALSE
        found = self._known.get((i, left))
        if found is None:
            literal, holding = self._tests[i]
            ones = left & holding
            high, low = self.decided(i + 1, ones), self.decided(i + 1, left ^ ones)
            found = self._known[i, left] = self._gates.choose(literal, high, low)
        return found


def same_where(gates: Gates, condition: int, a: Sequence[int], b: Sequence[int]) -> None:
    """Asserts that a equals b where the condition holds."""
    for x, y in zip(a, b, strict=True):
        if x != y:
            gates.add(-condition, -x, y)
            gates.add(-condition, x, -y)
