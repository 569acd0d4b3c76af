"""Events while a structure is being built: known but for the cells and values they may have."""

from __future__ import annotations

from collections.abc import Callable

from ksmcheck.events.structure import CutPoint, Dependency, Obligation
from ksmcheck.events.terms import Term, TermTable
from ksmcheck.program.ir import Origin
from ksmcheck.record import Struct, field
from ksmcheck.text import Span


class DraftEvent(Struct, eq=False):
    """As ``structure.Event``, without cells and values.

    ``id``: accesses are numbered from 0 in the order of the walk, fences from -1 downwards, so that
    programs (or models) that differ in fences alone have the same accesses.
    ``admits`` is a boolean term over this read's own value that holds whenever the event is
    executed (the outcome of the primitive it belongs to), or None.
    ``changes``: for a write, a boolean term that holds if it is executed and may change the cell;
    an atomic that stores the value it has just read (a bit that was already set) does not.
    """

    id: int
    thread: int
    kind: str
    guard: Term
    address: Term | None
    value: Term | None
    tags: frozenset[str]
    position: int
    width: int
    instance: int
    primitive: str
    origin: Origin | None
    admits: Term | None = None
    changes: Term | None = None
    outcome: str = "always"


class DraftSpurious(Struct, frozen=True):
    """A failure of a primitive by ``read``; where ``despite`` holds, it could have succeeded.
    ``contended``: that needs another thread at the lock, and if this is a reader (``shared``), one
    that is none."""

    read: DraftEvent
    despite: Term
    contended: bool
    shared: bool


class DraftTaker(Struct, frozen=True):
    """What is at a lock by ``read``; ``shared``: as a reader. ``gets`` it, or fails and is in the
    way of others for a moment."""

    read: DraftEvent
    shared: bool
    gets: bool


class DraftStall(Struct, eq=False):
    """Where ``guard`` holds, the thread waits. ``round`` are the events of the iteration of a loop
    that goes round for ever; or ``passes`` tells for a value at ``address`` whether a call goes on;
    or a grace period (of ``grace``, for SRCU at ``address``) has to end."""

    guard: Term
    thread: int
    span: Span
    round: tuple[DraftEvent, ...] = ()
    address: Term | None = None
    passes: Callable[[Term], Term] | None = None
    lock: str = ""
    grace: str = ""


class DraftSearch(Struct, frozen=True):
    """Where ``guard`` holds, something at ``address`` is accessed that is no event; it has to be at
    one of the addresses ``there``."""

    guard: Term
    thread: int
    address: Term
    there: frozenset[int]
    origin: Origin


class Draft(Struct):
    """What the threads' walks add to, in program order.

    ``terms`` may be shared with other drafts: a term says what it is by itself. ``accesses`` are
    the events with a number from 0 on, by number.
    ``stalls``: where a thread goes no further. ``waits``: some thread may wait
    for ever, be that in ``stalls`` or ruled out by ``constraints``.
    ``calls``: for each site with selectors, the guards of the calls there.
    ``picked``: the reads whose value is handed on by a branch, or by a compare-and-swap that
    succeeds, with when that is so (``picks.py``). ``ending``: the reads that a branch is made on by
    which a loop may be left (``Branch.leaves``).
    ``takers``: what takes a lock, or is in the way of others without taking it.
    """

    terms: TermTable = field(default_factory=TermTable)
    events: list[DraftEvent] = field(default_factory=list)
    accesses: list[DraftEvent] = field(default_factory=list)
    rmw: list[tuple[int, int]] = field(default_factory=list)
    dependencies: list[Dependency] = field(default_factory=list)
    constraints: list[Term] = field(default_factory=list)
    obligations: list[Obligation] = field(default_factory=list)
    cuts: list[CutPoint] = field(default_factory=list)
    stalls: list[DraftStall] = field(default_factory=list)
    waits: bool = False
    instances: int = 0
    choices: int = 0
    companions: set[int] = field(default_factory=set)
    selectors: dict[tuple[str, str], Term] = field(default_factory=dict)
    calls: dict[str, list[Term]] = field(default_factory=dict)
    picked: dict[int, Term] = field(default_factory=dict)
    ending: set[int] = field(default_factory=set)
    searches: list[DraftSearch] = field(default_factory=list)
    takers: list[DraftTaker] = field(default_factory=list)
    spurious: dict[int, DraftSpurious] = field(default_factory=dict)

    def number(self, kind: str) -> int:
        """The number of the next event of this kind."""
        return len(self.accesses) - len(self.events) - 1 if kind == "F" else len(self.accesses)

    def append(self, event: DraftEvent) -> None:
        self.events.append(event)
        if event.kind != "F":
            self.accesses.append(event)

    def choice(self) -> Term:
        """A new free boolean."""
        self.choices += 1
        return self.terms.choice(self.choices - 1)

    def selector(self, site: str, option: str) -> Term:
        """The boolean that the site is changed in this way; at most one way holds at a time."""
        known = self.selectors.get((site, option))
        if known is None:
            known = self.choice()
            for (other, _), term in self.selectors.items():
                if other == site:
                    self.require(known, self.terms.no(term))
            self.selectors[site, option] = known
        return known

    def require(self, condition: Term, holds: Term) -> None:
        """Only executions where ``condition`` implies ``holds`` are considered."""
        rule = self.terms.either(self.terms.no(condition), holds)
        if rule is not self.terms.true:
            self.constraints.append(rule)
