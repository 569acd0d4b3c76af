"""Where bit-fields lie, and which word an access to one reads and writes.

System V ABI: a bit-field follows the bits before it, unless it would leave the word of its declared
type that it begins in. C17 3.14: neighbouring bit-fields are one memory location, in which no other
member takes part. So they are accessed by one word that has all of them that lie in the declared
word, and nothing else: that word, or the widest part of it that will do. A store reads it first.
"""

from __future__ import annotations

from collections.abc import Iterable

from ksmcheck.kernel.ints import BOOL, IntType
from ksmcheck.kernel.types import BitField, CType, IntegerType
from ksmcheck.record import Struct
from ksmcheck.text import InputError, Span

Range = tuple[int, int]
"""Bits of a struct, from the first to behind the last."""


class Placed(Struct, frozen=True):
    """A bit-field before its word is chosen: ``at`` is its first bit in the struct."""

    name: str | None
    type: IntegerType
    at: int
    bits: int
    span: Span
    volatile: bool = False


def word_of(type: IntegerType) -> int:
    """The bits of the word that a bit-field of this type lies in."""
    return type.size * 8


def placed(
    name: str | None, type: CType, bits: int, end: int, span: Span, volatile: bool
) -> Placed:
    """The bit-field behind bit ``end``. Raises InputError for a width that C does not allow."""
    if not isinstance(type, IntegerType):
        raise InputError(f"a bit-field is an integer, not {type}", span)
    most = 1 if type.ints == BOOL else word_of(type)
    if not 0 <= bits <= most or (bits == 0 and name is not None):
        raise InputError(f"a bit-field of {type} has 1 to {most} bits", span)
    word = word_of(type)
    if bits == 0 or end // word != (end + bits - 1) // word:
        end = -(-end // word) * word
    return Placed(name, type, end, bits, span, volatile)


def words(fields: list[Placed], others: Iterable[Range]) -> list[tuple[int, BitField]]:
    """For each bit-field the byte that its word begins at, and its place in that word.

    ``others`` are the bits of the struct's other members. Raises InputError where no word will do.
    """
    taken = tuple(others)
    return [_field(one, _word(one, fields, taken)) for one in fields]


def _word(one: Placed, fields: list[Placed], taken: tuple[Range, ...]) -> Range:
    beside = _beside(one, fields)
    low, high = min(f.at for f in beside), max(f.at + f.bits for f in beside)
    width = max(word_of(f.type) for f in beside)
    while width >= 8:
        begin = low // width * width
        if high <= begin + width and not any(_meet(o, (begin, begin + width)) for o in taken):
            return begin, begin + width
        width //= 2
    hint = "put 'unsigned int : 0;' or a whole word between them"
    raise InputError("this bit-field shares its word with another member", one.span, hint)


def _beside(one: Placed, fields: list[Placed]) -> list[Placed]:
    """The bit-fields whose declared words meet, of whatever types they are."""
    found = [one]
    for known in found:
        found += [f for f in fields if f not in found and _meet(_declared(f), _declared(known))]
    return found


def _declared(one: Placed) -> Range:
    word = word_of(one.type)
    begin = one.at // word * word
    return begin, begin + word


def _meet(one: Range, other: Range) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _field(one: Placed, place: Range) -> tuple[int, BitField]:
    width = place[1] - place[0]
    word = IntegerType(f"u{width}", IntType(width, False))
    return place[0] // 8, BitField(word, one.at - place[0], one.bits, one.type)
