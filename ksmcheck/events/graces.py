"""Which grace periods cannot end, where threads stop: those of readers that are still inside.

The models say what a grace period orders, not that somebody waits for its end. Who waits for it
waits for ever if a reader that is inside never leaves its section.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ksmcheck.events.draft import Draft, DraftEvent
from ksmcheck.events.terms import Term
from ksmcheck.kernel.graces import ENTERS, GRACE_PERIODS, LEAVES
from ksmcheck.kernel.ints import BOOL, S32


class Graces:
    """``live`` tells by its number whether an event can be executed."""

    def __init__(self, draft: Draft, live: Callable[[int], bool]) -> None:
        self.terms = draft.terms
        self.events = [e for e in draft.events if live(e.id)]
        self.stalls = draft.stalls

    def ended(self) -> Term:
        """A grace period has ended though, it may be, a reader that never ends is inside."""
        found = [(e, GRACE_PERIODS.get(e.primitive)) for e in self.events]
        return self.terms.either(
            *(self.terms.both(e.guard, self.held(kind, e.address)) for e, kind in found if kind)
        )

    def held(self, kind: str, address: Term | None) -> Term:
        """A reader is inside where all threads have stopped: of RCU in the thread that entered, of
        SRCU anywhere, as another thread may leave for it."""
        own: dict[int, list[DraftEvent]] = {}
        for event in self.events:
            if kind in (ENTERS.get(event.primitive), LEAVES.get(event.primitive)):
                own.setdefault(event.thread if address is None else 0, []).append(event)
        return self.terms.either(*(self._inside(events, address) for events in own.values()))

    def left(self, kind: str) -> Term:
        """A thread goes round for ever through the end of a section: it lets grace periods end,
        whatever it is inside of where its record stops."""
        return self.terms.either(
            *(
                self.terms.both(stall.guard, event.guard)
                for stall in self.stalls
                for event in stall.round
                if LEAVES.get(event.primitive) == kind
            )
        )

    def _inside(self, events: Sequence[DraftEvent], address: Term | None) -> Term:
        """More sections were entered than left."""
        terms, zero = self.terms, self.terms.const(0, S32)
        depth = zero
        for event in events:
            here = event.guard
            if address is not None and event.address is not None:
                same = terms.op("eq", BOOL, event.address, address)
                here = terms.both(here, same)
            step = terms.const(1 if event.primitive in ENTERS else -1, S32)
            depth = terms.op("add", S32, depth, terms.ite(S32, here, step, zero))
        return terms.op("gt", BOOL, depth, zero)
