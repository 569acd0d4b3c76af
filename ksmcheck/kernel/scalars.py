"""Which scalars of an object have a place of their own, where members of unions overlap."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from ksmcheck.kernel.ints import BOOL, IntType
from ksmcheck.kernel.types import BitField, CType, IntegerType
from ksmcheck.record import Struct, replace


class Scalar(Struct, frozen=True):
    """One scalar of ``size`` bytes inside an object: ``path`` continues the object's name
    (``.a[1].b``).

    ``fields``: the word of bit-fields; ``.a+b`` for that of a and b. ``members``: the names of the
    members that it is reached by, without those that the kernel hides behind functions.
    """

    path: str
    offset: int
    type: CType
    size: int
    fields: bool = False
    members: tuple[str, ...] = ()

    @property
    def kind(self) -> tuple[int, int, bool]:
        """What scalars have in common that are one cell. A ``bool`` has a width of its own."""
        return self.offset, self.size, _is_bool(self.type)

    @property
    def bytes(self) -> range:
        return range(self.offset, self.offset + self.size)


class Overlap(Struct, frozen=True):
    """Two scalars that share bytes but are no one cell."""

    one: Scalar
    other: Scalar


def apart(every: Iterable[Scalar]) -> tuple[Scalar, ...] | Overlap:
    """Each place once, in order of offset; or two scalars that overlap in another way."""
    taken: dict[int, Scalar] = {}
    for scalar in every:
        known = taken.get(scalar.offset)
        if known is None:
            taken[scalar.offset] = scalar
        elif known.kind != scalar.kind:
            return Overlap(known, scalar)
        elif known.fields and scalar.fields:
            more = scalar.path.rpartition(".")[2]
            taken[scalar.offset] = replace(known, path=f"{known.path}+{more}")
    found = tuple([taken[offset] for offset in sorted(taken)])
    for one, other in pairwise(found):
        if one.offset + one.size > other.offset:
            return Overlap(one, other)
    return found


def used_first(every: Iterable[Scalar], used: frozenset[str]) -> list[Scalar]:
    """Those that are reached by ``used`` members alone, and behind them of the others what overlaps
    with nothing before it, so that each object begins with a scalar."""
    every, kept = list(every), dict[int, Scalar]()
    taken: dict[int, set[tuple[int, int, bool]]] = {}
    reached = [used.issuperset(scalar.members) for scalar in every]
    for wanted in (True, False):
        for place, scalar in enumerate(every):
            if reached[place] != wanted:
                continue
            there = set[tuple[int, int, bool]]().union(*(taken.get(b, ()) for b in scalar.bytes))
            if wanted or there <= {scalar.kind}:
                kept[place] = scalar
                for byte in scalar.bytes:
                    taken.setdefault(byte, set()).add(scalar.kind)
    # The bit-fields of one word are called in their order.
    return [kept[i] for i in sorted(kept, key=lambda i: (not (reached[i] or every[i].fields), i))]


def widest(every: Iterable[Scalar]) -> list[Scalar]:
    """Without integers that are part of wider ones."""
    every = list(every)
    around: dict[int, Scalar] = {}
    integers = [s for s in every if isinstance(s.type, IntegerType) and not _is_bool(s.type)]
    for scalar in sorted(integers, key=lambda s: s.size):
        around.update(dict.fromkeys(scalar.bytes, scalar))
    parts = {
        id(scalar)
        for scalar in integers
        if around[scalar.offset].kind != scalar.kind
        and set(scalar.bytes).issubset(around[scalar.offset].bytes)
    }
    return [scalar for scalar in every if id(scalar) not in parts]


def bits_within(part: CType, whole: Scalar, at: int) -> BitField | None:
    """``part``, which lies ``at`` bytes into a wider scalar, as bits of that one, as in
    little-endian memory; None where one of them is no integer."""
    held = part.word if isinstance(part, BitField) else part
    if not isinstance(held, IntegerType) or not isinstance(whole.type, IntegerType):
        return None
    width = whole.size * 8
    word = IntegerType(f"u{width}", IntType(width, False))
    if isinstance(part, BitField):
        return BitField(word, 8 * at + part.at, part.bits, part.declared)
    return BitField(word, 8 * at, held.size * 8, held)


def _is_bool(type: CType) -> bool:
    return isinstance(type, IntegerType) and type.ints == BOOL
