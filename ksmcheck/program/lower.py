"""A litmus test's tree becomes graphs of blocks, one a thread, over shared memory that is laid out.

This much does not hang on how often loops are unrolled.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TypeVar

from ksmcheck.kernel.declarations import Declarations, declare
from ksmcheck.kernel.ints import ADDRESS
from ksmcheck.kernel.lock_words import lock_offsets
from ksmcheck.kernel.memory import FIRST, Memory, Object
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.types import ints_of
from ksmcheck.program.conditions import Final, finals
from ksmcheck.program.contents import Contents
from ksmcheck.program.graph import Node
from ksmcheck.program.ir import Cell, Expr, Local, Property, Taken, Unassigned, local
from ksmcheck.program.leaving import mark_leaving
from ksmcheck.program.loops import Spot
from ksmcheck.program.members import used_members
from ksmcheck.program.scope import Activation, Scope
from ksmcheck.program.sequencing import check_sequencing
from ksmcheck.program.shared import Shared, lay_out
from ksmcheck.program.sites import site_names
from ksmcheck.program.start import Initial, Start
from ksmcheck.program.statements import Statements
from ksmcheck.program.threads import Lowered, ThreadLowering
from ksmcheck.program.tree import everything
from ksmcheck.program.turn import nest_of
from ksmcheck.program.unset import demand_values
from ksmcheck.record import Struct
from ksmcheck.syntax.c_ast import Block, Function, NamedType
from ksmcheck.syntax.litmus_allocated import GARBAGE, OBJECT
from ksmcheck.syntax.litmus_ast import LitmusTest, Register
from ksmcheck.text import InputError

_Kind = TypeVar("_Kind", bound=Statements)


class LoweredThread(Struct, frozen=True):
    """``spots`` and ``live`` as in ``turn.Nest``; of the thread's own locals, those are live at its
    end that the test asks for: a round of a loop that changes no others may be left out."""

    function: Function
    lowered: Lowered
    spots: Mapping[int, Spot]
    live: Mapping[int, frozenset[str]]

    @property
    def registers(self) -> list[str]:
        """Those that a final state may show."""
        return [register for _, register, _, _ in self.lowered.outputs]


class LoweredTest(Struct, frozen=True):
    """All of a ``Program`` but the threads' blocks."""

    name: str
    kernel: str
    primitives: Mapping[str, Primitive]
    threads: tuple[LoweredThread, ...]
    cells: tuple[Cell, ...]
    condition: Property | None
    filter: Expr | None
    observed: tuple[tuple[str, Expr], ...]
    taken: tuple[Taken, ...] = ()
    functions: tuple[Cell, ...] = ()
    unassigned: tuple[Unassigned, ...] = ()


def lower_test(
    test: LitmusTest,
    kernel: str,
    primitives: Mapping[str, Primitive],
    *,
    unsigned_char: bool = False,
) -> LoweredTest:
    """``unsigned_char`` as in ``declare``. Raises InputError for what is wrong or not understood in
    the test."""
    return _Lowering(test, kernel, primitives, unsigned_char).run()


def mentions_char(test: LitmusTest) -> bool:
    """Whether plain ``char`` is anywhere in it."""
    return any(isinstance(n, NamedType) and n.name == "char" for n in everything(test))


class _Lowering:
    def __init__(
        self,
        test: LitmusTest,
        kernel: str,
        primitives: Mapping[str, Primitive],
        unsigned_char: bool,
    ) -> None:
        self.test = test
        self.kernel = kernel
        self.primitives = primitives
        self.declarations: Declarations = declare(test.top, kernel, unsigned_char=unsigned_char)
        self.declarations.layouts.used = cache(lambda: used_members(test))
        self.memory = Memory(self.declarations.layouts)
        self.shared: Shared = lay_out(test, self.declarations, self.memory)
        self.contents = Contents(test)
        self.sites = site_names(test, self.contents)
        asked = (node for node in everything(test) if isinstance(node, Register))
        self.asked = {(node.thread, node.name) for node in asked}

    def run(self) -> LoweredTest:
        if not self.test.threads:
            raise InputError("the test has no threads", self.test.span, hint="write P0(void) {...}")
        for function, nodes in self.contents:
            check_sequencing(function, nodes)
        start = self._context(Initial, 0).start(self.test)
        self._check_threads(start)
        threads = [self._lower(i, f, start) for i, f in enumerate(self.test.threads)]
        layouts = self.declarations.layouts
        self.contents.frees.settle(self.memory.objects.values(), layouts)
        self.contents.looks.settle(self.contents.frees.types, layouts)
        lowered = [self._finished(i, *thread) for i, thread in enumerate(threads)]
        cells = self._cells(start)
        final = self._final([thread.lowered for thread in lowered], cells)
        condition, filter, observed = finals(final, self.test)
        return LoweredTest(
            self.test.name,
            self.kernel,
            self.primitives,
            tuple(lowered),
            tuple(cells.values()),
            condition,
            filter,
            observed,
            tuple(final.taken),
            self._functions(),
            tuple(one for thread in lowered for one in thread.lowered.unassigned),
        )

    def _context(self, kind: type[_Kind], thread: int) -> _Kind:
        """A lowering of its own, outside of any function."""
        made = kind(
            thread,
            self.declarations,
            self.memory,
            self.shared,
            self.primitives,
            self.kernel,
            self.sites,
            self.contents,
        )
        span = self.test.span
        nowhere = Function("file level", NamedType("void", span), (), Block((), span), span)
        made.frame = Activation(
            nowhere, (), Scope(None), Node(-1), None, frozenset(), lenient=False
        )
        self.declarations.type_of = made.type_of
        return made

    def _check_threads(self, start: Start) -> None:
        for (thread, _), (_, span) in start.registers.items():
            if thread >= len(self.test.threads):
                raise InputError(f"there is no thread P{thread}", span)

    def _lower(self, index: int, function: Function, start: Start) -> tuple[Function, Lowered]:
        starts = {n: v for (thread, n), v in start.registers.items() if thread == index}
        return function, self._context(ThreadLowering, index).lower(function, starts)

    def _finished(self, index: int, function: Function, lowered: Lowered) -> LoweredThread:
        demand_values(lowered.graph)
        mark_leaving(lowered.graph)
        registers = [r for name, r, _, _ in lowered.outputs if (index, name) in self.asked]
        nest = nest_of(lowered.graph, registers)
        return LoweredThread(function, lowered, nest.spots, nest.live)

    def _cells(self, start: Start) -> dict[int, Cell]:
        found: dict[int, Cell] = {}
        for item in self.memory.objects.values():
            own = _local_of(item)
            made = own is not None and own.name == OBJECT
            kept = own is not None and not item.volatile and not made
            free = set(lock_offsets(item.type, self.memory.layouts)) if made else ()
            for place in self.memory.cells_of(item):
                type = ints_of(place.type)
                garbage = made and place.address - item.address not in free
                value = start.cells.get(place.address, type.raw(GARBAGE) if garbage else 0)
                pointer = place.pointer or value >= FIRST
                what = type, value, pointer, str(place.type), own, kept
                found[place.address] = Cell(len(found), place.name, place.address, *what)
        return found

    def _functions(self) -> tuple[Cell, ...]:
        """Those whose address was asked for."""
        asked = sorted(self.contents.asked.items(), key=lambda one: one[1])
        return tuple(Cell(-1, n, at, ADDRESS, 0, False, "function") for n, at in asked)

    def _final(self, lowered: list[Lowered], cells: dict[int, Cell]) -> Final:
        final = self._context(Final, len(lowered))
        final.cells = cells
        final.outputs = {(i, o[0]): o for i, low in enumerate(lowered) for o in low.outputs}
        final.held = {(i, name): o for i, low in enumerate(lowered) for name, o in low.held}
        final.herd = any(thread.params for thread in self.test.threads)
        final.observed = {}
        final.taken = []
        return final


def _local_of(item: Object) -> Local | None:
    """The local that an object in memory is."""
    if not item.private or item.span is None:
        return None
    thread, _, register = item.name.partition(":")
    return local(int(thread[1:]), register.split(".")[0], item.span)
