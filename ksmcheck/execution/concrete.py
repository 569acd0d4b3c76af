"""Concrete C values with what they were computed from, and C's operators on them.

Arithmetic here is Python's on whole numbers, wrapped into the result's type afterwards (C17 6.3,
6.5; signed overflow wraps as in the kernel; LP64).
"""

from __future__ import annotations

from ksmcheck.kernel.ints import IntType
from ksmcheck.kernel.layout import Layouts
from ksmcheck.kernel.types import (
    INT,
    LONG,
    UNSIGNED,
    UNSIGNED_LONG,
    CType,
    IntegerType,
    PointerTo,
    VoidType,
)
from ksmcheck.record import Struct, replace
from ksmcheck.text import InternalError

Reads = frozenset[int]
NO_READS: Reads = frozenset()

WAY = 1 << 32
"""More than the ids of reads: ``read | WAY`` is a read that decided which way assigned a value."""


def read_of(key: int) -> int:
    """The read that is meant: ``read``, ``~read`` or ``read | WAY``."""
    return key ^ WAY if key >= WAY else max(key, ~key)


def by_branch(reads: Reads) -> Reads:
    """A value that a branch on these reads chooses: stores wait for it."""
    return frozenset(key if key >= WAY else min(key, ~key) for key in reads)


def by_way(reads: Reads) -> Reads:
    """A value that is assigned where branches on these reads have led: what a branch on it decides
    depends on them, and nothing else does."""
    return frozenset(read_of(key) | WAY for key in reads)


def deciding(reads: Reads) -> Reads:
    """What a branch on a value makes others depend on."""
    if all(key < WAY for key in reads):
        return reads
    return frozenset(key ^ WAY if key >= WAY else key for key in reads)


class Concrete(Struct, frozen=True):
    """A scalar of C type ``type``: ``number`` is in that type's range.

    ``reads`` are the ids of the read events that the value was computed from, ``~id`` and
    ``id | WAY`` of those that chose it. ``fixed``: the same in every execution that comes here, as
    far as the text of the program tells. ``places`` are the reads that told where the plain
    accesses of this expression are: what is tested depends on them.
    """

    type: CType
    number: int
    reads: Reads = NO_READS
    fixed: bool = False
    places: Reads = NO_READS

    @property
    def truth(self) -> bool:
        return self.number != 0


NOTHING = Concrete(VoidType(), 0, fixed=True)


def integer(number: int, type: IntegerType = INT) -> Concrete:
    """A constant."""
    return Concrete(type, wrap(number, type), fixed=True)


def bits_of(type: CType) -> IntType:
    """Width and signedness of a scalar; addresses have 64 bits, unsigned."""
    return type.ints if isinstance(type, IntegerType) else UNSIGNED_LONG.ints


def wrap(number: int, type: CType) -> int:
    """The number of the type's range that is congruent to ``number``."""
    form = bits_of(type)
    number %= 1 << form.width
    return number - (1 << form.width) if form.signed and number >> (form.width - 1) else number


def raw(value: Concrete, width: int) -> int:
    """The image of a value in ``width`` bits of memory."""
    return int(value.number % (1 << width))


def convert(value: Concrete, type: CType) -> Concrete:
    """Conversion to a scalar type; to ``bool`` anything but 0 is 1."""
    if isinstance(type, IntegerType) and type.ints.width == 1:
        return replace(value, type=type, number=int(value.truth))
    return replace(value, type=type, number=wrap(value.number, type))


def promoted(type: CType) -> IntegerType:
    """C17 6.3.1.1: narrow integers are used as ``int``."""
    if not isinstance(type, IntegerType):
        return UNSIGNED_LONG
    return INT if type.ints.width < 32 else type


def balanced(left: CType, right: CType) -> IntegerType:
    """C17 6.3.1.8: of two promoted types the wider one, of two equally wide the unsigned one."""
    one, two = promoted(left).ints, promoted(right).ints
    width = max(one.width, two.width)
    unsigned = any(t.width == width and not t.signed for t in (one, two))
    if width == 32:
        return UNSIGNED if unsigned else INT
    return UNSIGNED_LONG if unsigned else LONG


def unary(op: str, value: Concrete) -> Concrete:
    """``- + ~ !``."""
    if op == "!":
        return replace(value, type=INT, number=int(not value.truth))
    type = promoted(value.type)
    if op == "__ksmcheck_weight":
        return replace(value, type=type, number=sum(value.number >> at & 1 for at in range(64)))
    if op in ("__ksmcheck_lowest", "__ksmcheck_highest"):
        # A generic kernel finds it by branches, and adds constants.
        number = _found(value.number, highest=op == "__ksmcheck_highest")
        return replace(value, type=type, number=number, reads=by_branch(value.reads))
    number = {"-": -value.number, "+": value.number, "~": -1 - value.number}[op]
    return replace(value, type=type, number=wrap(number, type))


def _found(word: int, *, highest: bool) -> int:
    """The number of a bit that is 1, looked for from one end to the other."""
    order = range(63, -1, -1) if highest else range(64)
    return next((at for at in order if word >> at & 1), order[-1])


_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


def binary(op: str, left: Concrete, right: Concrete, layouts: Layouts) -> Concrete:
    """A binary operator whose operands have both been evaluated; ``&&`` and ``||`` too."""
    reads, fixed = left.reads | right.reads, left.fixed and right.fixed
    places = left.places | right.places
    if op in ("&&", "||"):
        both = (left.truth, right.truth)
        return Concrete(INT, int(all(both) if op == "&&" else any(both)), reads, fixed, places)
    if isinstance(left.type, PointerTo) or isinstance(right.type, PointerTo):
        type, number = _on_pointers(op, left, right, layouts)
    elif op in ("<<", ">>"):
        type = promoted(left.type)
        number = _shifted(op, left.number, convert(right, promoted(right.type)).number)
    else:
        type = balanced(left.type, right.type)
        number = _on_numbers(op, wrap(left.number, type), wrap(right.number, type))
        type = INT if op in _COMPARISONS else type
    return Concrete(type, wrap(number, type), reads, fixed, places)


def undefined(op: str, left: Concrete, right: Concrete) -> str | None:
    """What is wrong with the operands of an operator on integers (C17 6.5.5, 6.5.7)."""
    if isinstance(left.type, PointerTo) or isinstance(right.type, PointerTo):
        return None
    if op in ("/", "%") and right.number == 0:
        return "division by zero"
    if op in ("/", "%") and right.number == -1:
        # Of the numbers below 0 the least one alone is its own negation.
        type = balanced(left.type, right.type)
        number = wrap(left.number, type)
        if number < 0 and wrap(right.number, type) == -1 and wrap(-number, type) == number:
            return "division overflow"
    if op in ("<<", ">>") and not 0 <= right.number < promoted(left.type).ints.width:
        return "shift too far"
    return None


def _on_numbers(op: str, a: int, b: int) -> int:
    if op in _COMPARISONS:
        order = (a > b) - (a < b)
        wanted = {"==": (0,), "!=": (-1, 1), "<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (0, 1)}
        return int(order in wanted[op])
    if op in ("/", "%"):
        return _divided(op, a, b)
    table = {"+": a + b, "-": a - b, "*": a * b, "&": a & b, "|": a | b, "^": a ^ b}
    return table[op]


def _divided(op: str, a: int, b: int) -> int:
    """Division truncates towards 0, and the remainder has the sign of the dividend (C17 6.5.5)."""
    if b == 0:
        raise InternalError("replay: the execution divides by zero")
    quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    return quotient if op == "/" else a - quotient * b


def _shifted(op: str, a: int, amount: int) -> int:
    if not 0 <= amount < 64:
        raise InternalError(f"replay: the execution shifts by {amount}")
    return int(a << amount) if op == "<<" else a >> amount


def _on_pointers(op: str, left: Concrete, right: Concrete, layouts: Layouts) -> tuple[CType, int]:
    if op in _COMPARISONS:
        address = UNSIGNED_LONG
        return INT, _on_numbers(op, wrap(left.number, address), wrap(right.number, address))
    if isinstance(left.type, PointerTo) and isinstance(right.type, PointerTo):
        apart = wrap(left.number - right.number, LONG)
        return LONG, _divided("/", apart, step(left.type, layouts))
    pointer, index = (left, right) if isinstance(left.type, PointerTo) else (right, left)
    assert isinstance(pointer.type, PointerTo)
    distance = index.number * step(pointer.type, layouts)
    if op == "-":
        distance = -distance
    return pointer.type, pointer.number + distance


def step(type: PointerTo, layouts: Layouts) -> int:
    """By how many bytes a pointer moves for each 1; ``void *`` by bytes (GNU C)."""
    return 1 if isinstance(type.target, VoidType) else layouts.size(type.target, None)
