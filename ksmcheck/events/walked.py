"""All threads of a program walked: the events there are, before anything is known of values."""

from __future__ import annotations

from ksmcheck.events.alternatives import Lower, Options
from ksmcheck.events.draft import Draft
from ksmcheck.events.kept_locals import KeptLocals, Locals, lost
from ksmcheck.events.shared import Shared
from ksmcheck.events.values import Analysis
from ksmcheck.events.walk import Walk
from ksmcheck.kernel.ints import unsigned
from ksmcheck.lowering.template import LOCK_OFFSET
from ksmcheck.program.ir import Cell, Expr, FinalCell, Op, Program
from ksmcheck.record import replace


class Walked:
    """The threads, walked one after the other, with ``locals`` in registers. ``cells``: the
    program's, and their companions; of locals, those in registers are known as such."""

    def __init__(
        self,
        program: Program,
        kept: list[frozenset[int]],
        locals: Locals,
        lower: Lower,
        stalls: bool,
        options: Options,
        shared: Shared,
    ) -> None:
        self.draft = draft = Draft(shared.terms)
        cells = tuple(
            replace(c, kept=False) if c.kept and c.local not in locals else c for c in program.cells
        )
        self.locals = [
            KeptLocals(draft, cells, mine, options)
            for mine in _by_thread(locals, len(program.threads))
        ]
        asked = _asked(program) if locals else frozenset[str]()
        self.walks = [
            Walk(draft, thread, lower, mine, asked, stalls=stalls, kept=numbers, options=options)
            for thread, numbers, mine in zip(program.threads, kept, self.locals, strict=True)
        ]
        for walk in self.walks:
            walk.run()
        self.cells = cells + _companions(draft, cells)

    def lost(self, analysis: Analysis) -> Locals:
        """The locals that have to be memory after all."""
        events = self.draft.events
        found = {one for kept in self.locals for one in lost(kept, events, analysis)}
        at = {cell for cells in analysis.cells for cell in cells}
        found |= {c.local for c in self.cells if c.kept and c.local is not None and c.id in at}
        return frozenset(found)


def _asked(program: Program) -> frozenset[str]:
    """The cells that the condition, the filter or the final states speak of."""
    todo: list[Expr] = [expr for _, expr in program.observed]
    todo += [e for e in (program.filter, program.condition and program.condition.expr) if e]
    found = set()
    while todo:
        expr = todo.pop()
        if type(expr) is FinalCell:
            found.add(program.cells[expr.cell].name)
        elif type(expr) is Op:
            todo += expr.args
    return frozenset(found)


def _by_thread(locals: Locals, threads: int) -> list[Locals]:
    return [frozenset(one for one in locals if one.thread == n) for n in range(threads)]


def _companions(draft: Draft, cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """The hidden lock words of ``Step.lock`` events, one per cell of a width that needs them."""
    chosen = [c for c in cells if c.type.width in draft.companions and not c.kept]
    return tuple(
        replace(
            cell,
            id=len(cells) + index,
            name=f"bitop_lock({cell.name})",
            address=cell.address + LOCK_OFFSET,
            type=unsigned(cell.type.width),
            init=0,
            pointer=False,
        )
        for index, cell in enumerate(chosen)
    )
