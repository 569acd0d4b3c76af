"""Of a union a list gives one member: the last one that it names (C17 6.7.9 p17, p19)."""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.kernel.declarations import Declarations
from ksmcheck.kernel.types import StructType
from ksmcheck.record import Struct, field
from ksmcheck.text import InputError, Span


class Alternative(Struct, frozen=True):
    """A member of the union at ``offset``: the first of all the names in it."""

    union: StructType
    offset: int
    size: int
    first: int

    @property
    def key(self) -> tuple[StructType, int]:
        """Which union it is: another one may begin at its place."""
        return self.union, self.offset


class Whole(Struct, frozen=True):
    """An object that had a list of its own, and the members of unions that it is in."""

    bytes: range
    path: tuple[Alternative, ...]

    def has(self, one: Alternative) -> bool:
        """Whether the union is in the object, and not around it."""
        inside = one.offset in self.bytes and one.offset + one.size <= self.bytes.stop
        return inside and all(other.key != one.key for other in self.path)


class Chosen(Struct):
    """What a list has given so far: a member of each union, and the objects with lists."""

    members: dict[tuple[StructType, int], int] = field(default_factory=dict)
    wholes: list[Whole] = field(default_factory=list)

    def choose(self, path: tuple[Alternative, ...], span: Span) -> list[range]:
        """The bytes of the unions of which another member was given before."""
        lost: list[range] = []
        for one in path:
            if any(whole.has(one) for whole in self.wholes):
                hint = "give all of it in one pair of braces"
                raise InputError("this union is given a value twice", span, hint=hint)
            if self.members.get(one.key, one.first) != one.first:
                lost.append(range(one.offset, one.offset + one.size))
                self.forget(lost[-1])
        self._choose(path)
        return lost

    def give(self, whole: Whole) -> None:
        self.forget(whole.bytes)
        self._choose(whole.path)
        self.wholes.append(whole)

    def _choose(self, path: tuple[Alternative, ...]) -> None:
        self.members.update({one.key: one.first for one in path})

    def forget(self, bytes: range) -> None:
        """What is in these bytes is given anew."""
        self.members = {key: m for key, m in self.members.items() if key[1] not in bytes}
        self.wholes = [whole for whole in self.wholes if whole.bytes.start not in bytes]


def alternatives(
    type: StructType, place: int, at: int, types: Declarations, *, unnamed: bool = False
) -> Iterator[Alternative]:
    """The unions around the member with this number of a struct at ``at``, from the outermost.

    ``unnamed``: what is given is the outermost part without a name that begins with that member.
    """
    layout = types.layouts.of(type, None)
    around = [u for u in layout.unnamed if u.first <= place < u.end]
    if unnamed:
        begins = next(i for i, u in enumerate(around) if u.first == place)
        around = around[: begins + 1]
    inner = [*(u.first for u in around), place]
    outer = [(type, at), *((u.type, at + u.offset) for u in around)]
    if unnamed:
        outer.pop()
    for (union, offset), first in zip(outer, inner, strict=False):
        if union.kind == "union":
            yield Alternative(union, offset, types.layouts.size(union, None), first)
