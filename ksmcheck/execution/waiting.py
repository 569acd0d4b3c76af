"""Whether a thread that goes no further really waits for ever.

The thread runs on from where its record ends, and finds the final memory: whatever others wrote is
seen sooner or later, and nobody writes any more. It waits for ever if it comes to a lock that is
not free there, or to a state in which it has been before, and changes nothing on the way; or if it
waits for readers of which one is inside and never leaves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence

from ksmcheck.execution import foresight
from ksmcheck.execution.concrete import Concrete, bits_of, wrap
from ksmcheck.execution.execution import LIVENESS, ExecutedEvent
from ksmcheck.execution.flow import Point
from ksmcheck.execution.interpreter import Interpreter
from ksmcheck.execution.machine import Call, FailedCheck, InMemory, Variable
from ksmcheck.execution.performed import Done, Exhausted, Operands, Record, formula_value
from ksmcheck.execution.world import World
from ksmcheck.kernel.catalogue.accesses import STANDING_ANSWERS
from ksmcheck.kernel.graces import ENTERS, GRACE_PERIODS, LEAVES
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.lowering.template import LOCK_OFFSET, Step
from ksmcheck.syntax import c_ast as c
from ksmcheck.text import Span


def waiting(
    world: World,
    going: Sequence[int],
    own: Sequence[tuple[ExecutedEvent, ...]],
    memory: Mapping[int, int],
) -> tuple[FailedCheck, ...]:
    """Where the threads ``going``, which have not ended, wait for ever after their recorded events;
    nothing if one of them does not. ``memory``: address -> raw value, in the end."""
    readers = _Readers(e for events in own for e in events)
    if readers.ended:
        return ()
    found, left = [], set[str]()
    for thread in going:
        lasting = _Lasting(world, Record(thread, own[thread]), memory, readers)
        span = lasting.waits_at()
        if span is None:
            return ()
        found.append(FailedCheck(LIVENESS, thread, span))
        left |= lasting.left
    return () if left & readers.awaited else tuple(found)


class _Readers:
    """Who is inside a read-side critical section when all has come to rest. ``ended``: a grace
    period has ended that one of them holds up; ``awaited``: the kinds that somebody waits for."""

    def __init__(self, events: Iterable[ExecutedEvent]) -> None:
        self.depth = Counter[tuple[str, int]]()
        self.awaited: set[str] = set()
        passed = []
        for event in events:
            name = event.primitive
            kind = ENTERS.get(name) or LEAVES.get(name)
            if kind is not None:
                where = event.thread if event.address is None else event.address
                self.depth[kind, where] += 1 if name in ENTERS else -1
            elif name in GRACE_PERIODS:
                passed.append((GRACE_PERIODS[name], event.address))
        self.ended = any(self.inside(kind, address) for kind, address in passed)

    def inside(self, kind: str, address: int | None) -> bool:
        """A reader that a grace period of this kind has to wait for."""
        there = (where for (k, where), depth in self.depth.items() if k == kind and depth > 0)
        return any(address is None or where == address for where in there)


class _Waits(Exception):
    def __init__(self, span: Span) -> None:
        super().__init__()
        self.span = span


class _GoesOn(Exception):
    """It changes memory, or leaves it."""


class _Lasting(Interpreter):
    def __init__(
        self, world: World, record: Record, memory: Mapping[int, int], readers: _Readers
    ) -> None:
        super().__init__(world, record, foresight)
        self.memory = memory
        self.readers = readers
        self.left: set[str] = set()
        self.way: dict[Hashable, Point] = {}
        self.calling: Span | None = None
        # What such calls have answered last, which they go on with.
        self.answered = {
            event.origin.span: event.outcome != "fail"
            for event in record.events
            if event.primitive in STANDING_ANSWERS and event.origin is not None
        }

    def waits_at(self) -> Span | None:
        """Where the thread waits for ever; None if it does not. ``left``: of what kind sections
        are that it leaves in going round."""
        try:
            self.thread(self.world.test.threads[self.record.thread])
        except _Waits as found:
            return found.span
        except (_GoesOn, Exhausted):
            return None
        return None

    def step(self, call: Call, point: Point) -> Point:
        if self.record.at == len(self.record.events):
            held = tuple((at, v.number) for at, v in self.record.places.values.items())
            state = (call, point.number, _values(call), frozenset(held))
            if state in self.way:
                raise _Waits(self._place(list(self.way), self.way, state))
            self.way[state] = point
        return super().step(call, point)

    @staticmethod
    def _place(order: list[Hashable], way: Mapping[Hashable, Point], state: Hashable) -> Span:
        """Of the points that it comes to again and again the first test, or else the first that is
        in the text: of ``for (;;) ;`` the loop itself."""
        round_ = [way[s] for s in order[order.index(state) :]]
        tests = [p.item for p in round_ if p.kind == "test"]
        items = [*tests, *(p.item for p in round_), *(p.begins for p in round_)]
        return next(item.span for item in items if item is not None)

    def primitive(self, primitive: Primitive, e: c.Call) -> Concrete:
        self.calling = e.span
        return super().primitive(primitive, e)

    def perform(self, name: str, place: InMemory | None, names: dict[str, Concrete]) -> Done:
        try:
            return super().perform(name, place, names)
        except Exhausted:
            return self.beyond(self.world.primitives[name], place, names)

    def beyond(
        self, primitive: Primitive, place: InMemory | None, names: dict[str, Concrete]
    ) -> Done:
        """What a primitive does on the final memory."""
        if primitive.name in LEAVES:
            self.left.add(LEAVES[primitive.name])
        at = None if place is None else self.record.places.settle(place.address.number)
        kind = GRACE_PERIODS.get(primitive.name)
        if kind is not None and self.readers.inside(kind, at):
            assert self.calling is not None
            self.readers.awaited.add(kind)
            raise _Waits(self.calling)
        if primitive.name in STANDING_ANSWERS and self.calling is not None:
            return Done(self.answered.get(self.calling, True), None, ())
        if place is None or at is None or kind is not None:
            return Done(True, None, ())
        known = self.memory.get(at)
        if known is None:
            raise _GoesOn
        old = Concrete(place.type, wrap(known, place.type))
        operands = Operands(place.address, place.type, names)
        ok = primitive.test is None or formula_value(primitive.test, operands, old, None) != 0
        row = self.world.row(primitive)
        steps = row.always if row.always is not None else row.ok if ok else row.fail
        if (primitive.blocks and not ok) or self._locked(steps or (), at):
            assert self.calling is not None
            raise _Waits(self.calling)
        writes = [s for s in steps or () if s.kind == "W" and not s.lock]
        if writes and primitive.new is not None:
            value = formula_value(primitive.new, operands, old, ok)
            if (value - known) % (1 << bits_of(place.type).width):
                raise _GoesOn
        return Done(ok, old, ())

    def _locked(self, steps: tuple[Step, ...], at: int) -> bool:
        return any(s.lock for s in steps) and self.memory.get(at + LOCK_OFFSET, 0) != 0


def _values(call: Call) -> Hashable:
    def of(variable: Variable) -> Hashable:
        return tuple(sorted((at, part.number) for at, part in variable.parts.items()))

    own = tuple((number, of(v)) for number, v in sorted(call.variables.items()))
    return own, tuple((name, of(v)) for name, v in sorted(call.registers.items()))
