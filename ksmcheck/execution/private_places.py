"""Where a thread's private variables lie, and what those hold that are no memory for the model."""

from __future__ import annotations

from collections.abc import Hashable

from ksmcheck.execution.concrete import Concrete
from ksmcheck.kernel.memory import STEP
from ksmcheck.record import Struct, field

_FLOATING = 1 << 60
_FLOAT_STEP = 1 << 24

Home = tuple[int, int]
"""A stand-in for a variable's address, and an offset there."""


class KeptLocal(Struct, frozen=True):
    """A local that is memory in C, and of which plain accesses are no events: the ``addresses`` of
    the variables that its declaration makes (several, where its function is called in several
    places), and the ``offsets`` of their scalars."""

    addresses: tuple[int, ...]
    offsets: frozenset[int]


class Places(Struct):
    """Where the thread's private variables lie: found out when they are first used.

    Until then their addresses are stand-ins, far from all real ones; ``known`` maps a stand-in to
    the address, or to None while that is open. ``owners`` maps it to its declaration: variables of
    one declaration, in the rounds of a loop, follow each other in the same place.

    ``kept``: the stand-ins of locals without events, which hold ``values``. One declaration in one
    chain of calls is one variable (``again``), in whatever round of a loop.
    """

    known: dict[int, int | None] = field(default_factory=dict)
    owners: dict[int, int] = field(default_factory=dict)
    kept: dict[int, KeptLocal] = field(default_factory=dict)
    again: dict[Hashable, int] = field(default_factory=dict)
    values: dict[Home, Concrete] = field(default_factory=dict)

    def copy(self) -> Places:
        """For looking ahead; what is held is not known there."""
        copied = dict(self.known), dict(self.owners), dict(self.kept), dict(self.again)
        return Places(*copied)

    def new(self, owner: int) -> int:
        """A stand-in for the address of a variable in memory."""
        made = _FLOATING + len(self.known) * _FLOAT_STEP
        self.known[made] = None
        self.owners[made] = owner
        return made

    def keep(self, owner: int, path: Hashable, local: KeptLocal) -> int:
        """A stand-in for the address of a local without events, declared in a chain of calls."""
        made = self.again.get((owner, path))
        if made is None:
            made = self.again[owner, path] = self.new(owner)
            self.kept[made] = local
            if len(local.addresses) == 1:
                self.known[made] = local.addresses[0]
        return made

    def home(self, number: int) -> Home | None:
        """The local without events that an address is in, or beside."""
        number = self.settle(number)
        for made in self.kept:
            known = self.known[made]
            offset = number - (made if known is None else known)
            if -STEP // 2 <= offset < max(self.kept[made].offsets) + STEP // 2:
                return made, offset
        return None

    def settle(self, number: int) -> int:
        """The number with its variable's address in place of the stand-in, as far as known."""
        offset = number % _FLOAT_STEP
        address = self.known.get(number - offset)
        return number if address is None else address + offset

    def agrees(self, number: int, recorded: int | None, width: int = 64) -> bool:
        """Whether ``recorded`` can be this number; fixes the place of a variable if it was open."""
        number = self.settle(number)
        offset = number % _FLOAT_STEP
        base = number - offset
        if base in self.known and recorded is not None:
            there = [b for b, address in self.known.items() if address == recorded - offset]
            if any(self.owners[b] != self.owners[base] for b in there):
                return False
            self.known[base] = recorded - offset
            return True
        return recorded is not None and number % (1 << width) == recorded

    def held(self) -> dict[int, Concrete]:
        """What these locals hold, by address, as far as that is known."""
        return {
            known + offset: value
            for (made, offset), value in self.values.items()
            if (known := self.known[made]) is not None
        }
