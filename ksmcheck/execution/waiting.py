"""Whether a thread that goes no further really waits for ever.

The thread runs on from where its record ends, and finds the final memory: whatever others wrote is
seen sooner or later, and nobody writes any more. It waits for ever if it comes to a lock that is
not free there, or to a state in which it has been before, and changes nothing on the way.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from ksmcheck.execution import foresight
from ksmcheck.execution.concrete import Concrete, bits_of, wrap
from ksmcheck.execution.execution import ExecutedEvent
from ksmcheck.execution.flow import Point
from ksmcheck.execution.interpreter import Interpreter
from ksmcheck.execution.machine import Call, InMemory, Variable
from ksmcheck.execution.performed import Done, Exhausted, Operands, Record, formula_value
from ksmcheck.execution.world import World
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.lowering.template import LOCK_OFFSET, Step
from ksmcheck.syntax import c_ast as c
from ksmcheck.text import Span


def waits_at(
    world: World, thread: int, events: tuple[ExecutedEvent, ...], memory: Mapping[int, int]
) -> Span | None:
    """Where thread number ``thread`` waits for ever after its recorded ``events``; None if it does
    not. ``memory``: address -> raw value, in the end."""
    lasting = _Lasting(world, Record(thread, events), memory)
    try:
        lasting.thread(world.test.threads[thread])
    except _Waits as found:
        return found.span
    except (_GoesOn, Exhausted):
        return None
    return None


class _Waits(Exception):
    def __init__(self, span: Span) -> None:
        super().__init__()
        self.span = span


class _GoesOn(Exception):
    """It changes memory, or leaves it."""


class _Lasting(Interpreter):
    def __init__(self, world: World, record: Record, memory: Mapping[int, int]) -> None:
        super().__init__(world, record, foresight)
        self.memory = memory
        self.way: dict[Hashable, Point] = {}
        self.calling: Span | None = None

    def step(self, call: Call, point: Point) -> Point:
        if self.record.at == len(self.record.events):
            state = (call, point.number, _values(call))
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
        if place is None:
            return Done(True, None, ())
        at = self.record.places.settle(place.address.number)
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
