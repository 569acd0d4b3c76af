"""Shared memory of a test: objects at distinct addresses, and their scalars (cells).

Addresses stay below 2**31, so that herd7's untyped tests, which keep pointers in ``int``, lose
nothing; objects begin a mebibyte apart, so that arithmetic inside one (``mem_map + pfn``) does not
arrive in another, and far above any small integer of a test. The first is no round number: a test
that computes 1 << 24, or turns the bytes of 1, must not come upon an address. It begins a page.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from ksmcheck.kernel.layout import Layouts
from ksmcheck.kernel.types import BASIC, ArrayOf, CType, IntegerType, PointerTo
from ksmcheck.record import Struct, field
from ksmcheck.text import InputError, Span

FIRST = 0x1B5D000
STEP = 1 << 20
LAST = 0x7F000000
"""What is behind are functions (``kernel.functions``)."""


PAGE = 4096
"""No object lies below the first page, so a smaller value is a plain number."""


def is_literal(name: str) -> bool:
    """Whether an object is a string literal, which nothing changes, or a cell is of one."""
    return name.startswith('"')


def beside(addresses: Sequence[int], address: int) -> int | None:
    """The one among some (sorted) that an address is at, or less than a page from."""
    if address >= PAGE:
        above = bisect_right(addresses, address)
        for known in addresses[max(0, above - 1) : above + 1]:
            if abs(address - known) < PAGE:
                return known
    return None


class Object(Struct, frozen=True):
    """A variable in memory. ``private`` to a thread: a local whose address is taken."""

    name: str
    type: CType
    address: int
    span: Span | None
    volatile: bool = False
    private: bool = False


_BYTE = IntegerType("char", BASIC["char"])


class CellPlace(Struct, frozen=True):
    """One scalar in memory: its name as a C expression, address and type."""

    name: str
    address: int
    type: CType

    @property
    def pointer(self) -> bool:
        return isinstance(self.type, PointerTo)


class Memory(Struct):
    """Hands out addresses; objects in the order in which they were made."""

    layouts: Layouts
    objects: dict[str, Object] = field(default_factory=dict)
    _next: int = FIRST

    def add(
        self,
        name: str,
        type: CType,
        span: Span | None,
        *,
        volatile: bool = False,
        private: bool = False,
    ) -> Object:
        """Makes the object ``name``. Raises InputError where it is too big or memory is full."""
        size = self.layouts.size(type, span)
        if isinstance(type, ArrayOf) and not type.length:
            raise InputError(f"{name} is an array without elements", span)
        if self._next + size >= LAST:
            raise InputError("the test has too many shared objects", span)
        made = Object(name, type, self._next, span, volatile, private)
        self.objects[name] = made
        self._next += STEP * (size // STEP + 1)
        return made

    def add_copies(self, original: Object, count: int) -> None:
        """One more for each CPU but the first, right behind the ``original`` that was made last:
        what is at an address of it is STEP further on for each next CPU."""
        if self.layouts.size(original.type, original.span) >= STEP:
            raise InputError(f"{original.name} is too big for each CPU", original.span)
        for cpu in range(1, count):
            self.add(f"{original.name}@{cpu}", original.type, original.span)

    def cells_of(self, item: Object) -> Iterator[CellPlace]:
        """Every scalar of an object; of one without any, its first byte, by which it is known that
        it is there."""
        scalars = self.layouts.scalars(item.type, item.span)
        if not scalars:
            yield CellPlace(item.name, item.address, _BYTE)
        for scalar in scalars:
            yield CellPlace(item.name + scalar.path, item.address + scalar.offset, scalar.type)
