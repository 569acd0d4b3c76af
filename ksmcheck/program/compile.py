"""A litmus test's tree becomes a Program: the whole way of this room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from ksmcheck.kernel.declarations import Declarations, declare
from ksmcheck.kernel.memory import FIRST, Memory
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.primitives import primitives as primitives_of
from ksmcheck.kernel.types import CType, ints_of
from ksmcheck.program.conditions import Final, finals
from ksmcheck.program.finish import Numbering, split_arms
from ksmcheck.program.graph import Node
from ksmcheck.program.ir import Cell, Program, Thread
from ksmcheck.program.liveness import live_at_entries, repeats
from ksmcheck.program.locks import check_locks
from ksmcheck.program.loops import loop_nest
from ksmcheck.program.scope import Activation, Scope
from ksmcheck.program.sequencing import check_sequencing
from ksmcheck.program.shared import Shared, lay_out
from ksmcheck.program.simplify import forget_iterations, simplify
from ksmcheck.program.sites import functions, remove_sites, site_names
from ksmcheck.program.start import Initial, Start
from ksmcheck.program.statements import Statements
from ksmcheck.program.threads import Lowered, ThreadLowering
from ksmcheck.program.unroll import Unroller
from ksmcheck.syntax.c_ast import Block, Function, NamedType
from ksmcheck.syntax.litmus_ast import LitmusTest
from ksmcheck.text import InputError

_Kind = TypeVar("_Kind", bound=Statements)

UNROLL = 2
"""How often a loop goes back to its head by default: as often as a KSM scenario migrates. More
makes nested loops expensive, and where it is not enough the verdict says so."""


def compile_program(
    test: LitmusTest,
    *,
    kernel: str,
    unroll: int = UNROLL,
    removed: frozenset[str] = frozenset(),
    primitives: Mapping[str, Primitive] | None = None,
    plain: frozenset[str] = frozenset(),
    changed: bool = False,
) -> Program:
    """The program of a test at a kernel point (``3.9``).

    ``unroll`` is how often a loop goes back to its head; ``removed`` are names of sites to leave
    out. ``primitives`` stands in for the kernel's table. The loads at the sites ``plain`` may yet
    become plain ones: no loop is simplified in a way that would not be right then. ``changed``:
    the test is not as its author wrote it, and no change may leave a lock behind. Raises
    InputError for what is wrong or not understood in the test.
    """
    may_keep = test.condition is not None and not (changed or removed)
    test = remove_sites(test, removed, kernel=kernel)
    return _Compiler(test, kernel, unroll, primitives, plain, may_keep).run()


class _Compiler:
    def __init__(
        self,
        test: LitmusTest,
        kernel: str,
        unroll: int,
        primitives: Mapping[str, Primitive] | None,
        plain: frozenset[str],
        may_keep: bool,
    ) -> None:
        self.test = test
        self.may_keep = may_keep
        self.plain = plain
        self.kernel = kernel
        self.unroll = unroll
        self.primitives = primitives_of(kernel) if primitives is None else primitives
        self.declarations: Declarations = declare(test.top)
        self.memory = Memory(self.declarations.layouts)
        self.shared: Shared = lay_out(test, self.declarations, self.memory)
        self.sites = site_names(test)

    def run(self) -> Program:
        if not self.test.threads:
            raise InputError("the test has no threads", self.test.span, hint="write P0(void) {...}")
        for function in functions(self.test):
            check_sequencing(function)
        start = self._context(Initial, 0).start(self.test)
        self._check_threads(start)
        lowered = [self._lower(i, f, start) for i, f in enumerate(self.test.threads)]
        cells = self._cells(start)
        threads = tuple(self._thread(i, low) for i, low in enumerate(lowered))
        final = self._final(lowered, cells)
        condition, filter, observed = finals(final, self.test)
        return Program(
            self.test.name,
            self.kernel,
            tuple(cell for cell, _ in cells.values()),
            threads,
            condition,
            filter,
            observed,
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

    def _lower(self, index: int, function: Function, start: Start) -> Lowered:
        starts = {n: v for (thread, n), v in start.registers.items() if thread == index}
        return self._context(ThreadLowering, index).lower(function, starts)

    def _thread(self, index: int, lowered: Lowered) -> Thread:
        function = self.test.threads[index]
        registers = [register for _, register, _, _ in lowered.outputs]
        spots = loop_nest(lowered.graph)
        loops = {loop for spot in spots.values() for loop in spot.loops}
        live = live_at_entries(lowered.graph, registers) if loops else {}
        known = {
            loop: repeats(loop, lowered.graph, live, self.primitives, self.plain) for loop in loops
        }
        silent = frozenset(loop for loop, repeat in known.items() if repeat.silent)
        unrolled = Unroller(lowered.graph, spots, self.unroll, silent).run()
        matter = frozenset(loop for loop, repeat in known.items() if repeat.unchanged)
        instances = simplify(forget_iterations(unrolled, matter), registers)
        blocks = Numbering(split_arms(instances), known, function.span).blocks()
        check_locks(blocks, self.primitives, may_keep=self.may_keep)
        outputs = tuple((name, register, type) for name, register, type, _ in lowered.outputs)
        return Thread(index, function.name, blocks, outputs)

    def _cells(self, start: Start) -> dict[int, tuple[Cell, CType]]:
        found: dict[int, tuple[Cell, CType]] = {}
        for place in self.memory.cells():
            type, value = ints_of(place.type), start.cells.get(place.address, 0)
            pointer = place.pointer or value >= FIRST
            cell = Cell(
                len(found), place.name, place.address, type, value, pointer, str(place.type)
            )
            found[place.address] = (cell, place.type)
        return found

    def _final(self, lowered: list[Lowered], cells: dict[int, tuple[Cell, CType]]) -> Final:
        final = self._context(Final, len(lowered))
        final.cells = cells
        final.outputs = {(i, o[0]): o for i, low in enumerate(lowered) for o in low.outputs}
        final.herd = any(thread.params for thread in self.test.threads)
        final.observed = {}
        return final
