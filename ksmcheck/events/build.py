"""Program and model rows -> symbolic event structure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ksmcheck.events.alternatives import Lower, Options
from ksmcheck.events.contention import contended
from ksmcheck.events.draft import Draft, DraftEvent
from ksmcheck.events.graces import Graces
from ksmcheck.events.shared import Shared
from ksmcheck.events.structure import (
    INIT_THREAD,
    CutPoint,
    Dependency,
    Event,
    EventStructure,
    Obligation,
    Stall,
)
from ksmcheck.events.terms import Term
from ksmcheck.events.values import Analysis
from ksmcheck.events.waiting import flagged_loops
from ksmcheck.events.walk import Walk, operator
from ksmcheck.events.walked import Walked
from ksmcheck.kernel.catalogue.accesses import PASSING_ANSWERS, STANDING_ANSWERS
from ksmcheck.kernel.ints import ADDRESS, BOOL, IntType, unsigned
from ksmcheck.kernel.memory import is_literal
from ksmcheck.program.ir import BAD_ADDRESS, Cell, Const, Expr, FinalCell, FinalReg, Op, Program
from ksmcheck.record import replace
from ksmcheck.text import InternalError, Span


def build_structure(
    program: Program,
    lower: Lower,
    model: str,
    config: str,
    *,
    races: bool = True,
    stalls: bool = False,
    coherent: bool = True,
    options: Options | None = None,
    shared: Shared | None = None,
) -> EventStructure:
    """The events that ``program`` may have under one model and configuration.

    ``races``: the model has flags, so that also what is read in an iteration that changes nothing
    may matter.
    ``stalls``: also executions in which a thread waits for ever, for a lock or in a loop that only
    waits; they are not ``terminated``. What happens in them before may violate an assertion, and
    another thread may run into an unrolling bound meanwhile.
    ``coherent``: the model lets no read take what its own thread stores later.
    ``options``: sites that may be changed; see ``EventStructure.selectors``.
    ``shared``: what is known from other structures.
    ``lower`` gives a primitive's arithmetic and its row there; it raises InputError for what the
    model or the kernel point does not have. Raises ``TooManyValues``.
    """
    options, shared = options or Options(), shared or Shared()
    manner = lower, stalls, options, shared
    locals = frozenset(c.local for c in program.cells if c.kept and c.local is not None)
    while True:
        walked = Walked(program, [frozenset()] * len(program.threads), locals, *manner)
        if races and any(walk.waiting for walk in walked.walks):
            places = shared.places(walked.draft.accesses, walked.cells, coherent=coherent)
            kept = flagged_loops(walked.walks, places)
            if any(kept):
                walked = Walked(program, kept, locals, *manner)
        analysis = shared.analysis(walked.draft.accesses, walked.cells, coherent=coherent)
        lost = walked.lost(analysis) if locals else locals
        if not lost:
            assembly = _Assembly(
                program, walked.draft, walked.walks, walked.cells, analysis, stalls
            )
            return assembly.structure(model, config)
        locals -= lost


class _Assembly:
    """Puts the parts together: initial writes take the first ids, then accesses, then fences."""

    def __init__(
        self,
        program: Program,
        draft: Draft,
        walks: list[Walk],
        cells: tuple[Cell, ...],
        analysis: Analysis,
        stalls: bool,
    ) -> None:
        self.program = program
        self.stalls = stalls
        self.draft = draft
        self.terms = draft.terms
        self.walks = walks
        self.located = {
            event.id: self._located(event, event.address, cells, analysis)
            for event in draft.events
            if event.kind == "F" and event.address is not None
        }
        used = {c for event in (*analysis.cells, *self.located.values()) for c in event}
        kept = [c for c in cells if c.id in used or c.id < len(program.cells)]
        self.number = {c.id: new for new, c in enumerate(kept)}
        self.cells = tuple(replace(c, id=new) for new, c in enumerate(kept))
        self.with_init = [c for c in self.cells if kept[c.id].id in used]
        self.analysis = analysis
        self.dead = {
            event.id
            for event in draft.events
            if event.kind == "F" and 1 not in analysis.values_of(event.guard)
        }
        self.shift = len(self.with_init)
        self.written = {
            self.number[c]
            for event, places in zip(draft.accesses, analysis.cells, strict=True)
            if event.kind == "W"
            for c in places
        }

    def structure(self, model: str, config: str) -> EventStructure:
        draft, program, terms = self.draft, self.program, self.terms
        obligations = (*filter(self._may_fail, draft.obligations), *self._stray_accesses())
        self._require()
        condition = program.condition
        outputs = tuple(self._outputs())
        values = {key: term for key, term, _ in outputs}
        graces = Graces(draft, self._live)

        def final(expr: Expr) -> Term:
            return self._final(expr, values)

        return EventStructure(
            name=program.name,
            model=model,
            kernel=program.kernel,
            config=config,
            cells=self.cells,
            events=tuple(self._events()),
            threads=len(program.threads),
            thread_names=tuple(t.name for t in program.threads),
            first=self.shift,
            rmw=tuple((r + self.shift, w + self.shift) for r, w in draft.rmw),
            dependencies=tuple(self._dependencies()),
            ending=frozenset(read + self.shift for read in draft.ending),
            constraints=tuple(draft.constraints),
            obligations=obligations,
            cuts=tuple(map(self._judged, draft.cuts)),
            terminated=terms.both(
                *(terms.no(c.guard) for c in draft.cuts),
                *(terms.no(s.guard) for s in draft.stalls),
            ),
            quantifier=condition.quantifier if condition else None,
            condition=terms.truth(final(condition.expr)) if condition else None,
            filter=terms.truth(final(program.filter)) if program.filter else None,
            outputs=outputs,
            observed=tuple((t, final(e), e.type) for t, e in program.observed),
            terms=terms,
            waits=draft.waits,
            stalls=self.stalls,
            stuck=tuple(self._stuck(graces)),
            ended=graces.ended() if any(stall.grace for stall in draft.stalls) else None,
            selectors=tuple(draft.selectors.items()),
            taken=program.taken,
            functions=program.functions,
            unassigned=program.unassigned,
            calls={site: terms.either(*guards) for site, guards in draft.calls.items()},
        )

    def _may_fail(self, one: Obligation) -> bool:
        """Leaves out a call that leads nowhere, where the pointer has no such value."""
        return one.kind != BAD_ADDRESS or 1 in self.analysis.values_of(one.guard)

    def _require(self) -> None:
        """What the analysis has found out: a read of nothing is not executed, and who fails on a
        free lock has somebody in its way."""
        for event in self.draft.accesses:
            if event.kind == "R" and not self.analysis.live[event.id]:
                self.draft.require(event.guard, self.terms.false)
        for despite, somebody in contended(self.draft, self.analysis):
            self.draft.require(despite, somebody)

    def _dependencies(self) -> list[Dependency]:
        return [
            Dependency(d.relation, d.source + self.shift, self._id(d.target), d.guard)
            for d in self.draft.dependencies
            if self._live(d.source) and self._live(d.target)
        ]

    def _events(self) -> Iterable[Event]:
        terms = self.terms
        for number, cell in enumerate(self.with_init):
            raw = unsigned(cell.type.width)
            yield Event(
                id=number,
                thread=INIT_THREAD,
                kind="W",
                guard=terms.true,
                address=terms.const(cell.address, ADDRESS),
                value=terms.const(cell.init, raw),
                tags=frozenset(("IW",)),
                position=0,
                cells=(cell.id,),
                values=(cell.init,),
                width=cell.type.width,
                instance=-1,
                primitive="",
                origin=None,
            )
        accesses = zip(self.draft.accesses, self.analysis.cells, self.analysis.values, strict=True)
        for draft, cells, values in accesses:
            # An event that can not happen keeps its number: terms still speak of its value.
            yield self._event(draft, cells, values)
        for draft in self.draft.events:
            if draft.kind == "F":
                yield self._event(draft, self.located.get(draft.id, ()), ())

    @staticmethod
    def _located(
        fence: DraftEvent, address: Term, cells: Iterable[Cell], analysis: Analysis
    ) -> tuple[int, ...]:
        """The cells that a fence with an address may be at."""
        known = analysis.values_of(address) if 1 in analysis.values_of(fence.guard) else ()
        return tuple(cell.id for cell in cells if cell.address in known)

    def _id(self, number: int) -> int:
        """The id of a draft event."""
        return self.shift + (number if number >= 0 else len(self.draft.accesses) - number - 1)

    def _live(self, number: int) -> bool:
        """Whether it can be executed."""
        return self.analysis.live[number] if number >= 0 else number not in self.dead

    def _event(self, e: DraftEvent, cells: tuple[int, ...], values: tuple[int, ...]) -> Event:
        return Event(
            id=self._id(e.id),
            thread=e.thread,
            kind=e.kind,
            guard=e.guard if self._live(e.id) else self.terms.false,
            address=e.address,
            value=e.value,
            tags=e.tags,
            position=e.position + 1,
            cells=tuple(self.number[c] for c in cells),
            values=values,
            width=e.width,
            instance=e.instance,
            primitive=e.primitive,
            outcome=e.outcome,
            origin=e.origin,
        )

    def _stray_accesses(self) -> Iterable[Obligation]:
        """Accesses whose address may be no cell of their width: wild pointers. Nor may a store be
        at a string literal."""
        terms = self.terms
        strays = dict(enumerate(self.analysis.strays))
        at = {cell.address for cell in self.program.cells}
        literals = {c.address for c in self.program.cells if is_literal(c.name)}
        for event in self.draft.events:
            if event.address is None or event.origin is None or not self._live(event.id):
                continue
            addresses = strays.get(event.id)
            if addresses is None:
                addresses = tuple(sorted(self.analysis.values_of(event.address) - at))
            if literals and event.kind == "W":
                here = self.analysis.values_of(event.address) & literals
                addresses = tuple(sorted({*addresses, *here}))
            if addresses:
                away = [
                    terms.op("ne", BOOL, event.address, terms.const(a, ADDRESS)) for a in addresses
                ]
                yield Obligation(
                    BAD_ADDRESS, event.guard, terms.both(*away), event.thread, event.origin
                )
        for search in self.draft.searches:
            nowhere = sorted(self.analysis.values_of(search.address) - search.there)
            away = [terms.op("ne", BOOL, search.address, terms.const(a, ADDRESS)) for a in nowhere]
            if nowhere and 1 in self.analysis.values_of(search.guard):
                holds = terms.both(*away)
                yield Obligation(BAD_ADDRESS, search.guard, holds, search.thread, search.origin)

    def _judged(self, cut: CutPoint) -> CutPoint:
        counted = cut.repeat.counted and 1 in self.analysis.values_of(cut.guard)
        return replace(cut, counted=counted)

    def _stuck(self, graces: Graces) -> Iterable[Stall]:
        """What each waiting thread looks at, held against the final memory."""
        terms = self.terms
        for stall in self.draft.stalls:
            if 1 not in self.analysis.values_of(stall.guard):
                continue
            if stall.grace:
                perhaps = graces.held(stall.grace, stall.address)
                lasts = terms.both(perhaps, terms.no(graces.left(stall.grace)))
            elif stall.passes is not None and stall.address is not None:
                perhaps = lasts = self._refused(stall.address, stall.passes)
            else:
                reads = [e for e in stall.round if e.kind == "R" and self._live(e.id)]
                perhaps = lasts = terms.both(
                    *map(self._unchanged, reads), *self._answers(stall.round)
                )
            yield Stall(stall.guard, lasts, perhaps, stall.thread, stall.span, stall.lock)

    def _answers(self, events: Iterable[DraftEvent]) -> Iterator[Term]:
        """What the kernel's answers in a round have to be, that they may be so for ever. One that
        stands is the same wherever the round comes by its call again."""
        terms = self.terms
        standing: dict[Span, tuple[list[Term], list[Term]]] = {}
        for event in events:
            if event.primitive in PASSING_ANSWERS and event.outcome == "fail":
                yield terms.no(event.guard)
            elif event.primitive in STANDING_ANSWERS and event.origin is not None:
                both = standing.setdefault(event.origin.span, ([], []))
                both[event.outcome == "fail"].append(event.guard)
        for no, yes in standing.values():
            yield terms.no(terms.both(terms.either(*no), terms.either(*yes)))

    def _refused(self, address: Term, passes: Callable[[Term], Term]) -> Term:
        """The last value of the cell at ``address`` lets no call go on there. Nobody waits at a
        wild pointer, which is a failure of its own."""
        terms, known = self.terms, self.analysis.values_of(address)
        return terms.either(
            *(
                terms.both(
                    terms.op("eq", BOOL, address, terms.const(cell.address, ADDRESS)),
                    terms.no(passes(self._last(cell))),
                )
                for cell in self.cells
                if cell.address in known
            )
        )

    def _unchanged(self, read: DraftEvent) -> Term:
        """The value read is the one that its cell has in the end."""
        assert read.address is not None and read.value is not None
        terms = self.terms
        ways = [terms.no(read.guard)]
        for number in self.analysis.cells[read.id]:
            cell = self.cells[self.number[number]]
            here = terms.op("eq", BOOL, read.address, terms.const(cell.address, ADDRESS))
            ways.append(terms.both(here, terms.op("eq", BOOL, read.value, self._last(cell))))
        failure = self.draft.spurious.get(read.id)
        # A trylock does not fail on a free lock for ever.
        lasting = terms.true if failure is None else terms.no(failure.despite)
        return terms.both(terms.either(*ways), lasting)

    def _last(self, cell: Cell) -> Term:
        """The raw value of a cell in the end."""
        raw = unsigned(cell.type.width)
        if cell.kept and cell.local is not None:
            held = self.walks[cell.local.thread].registers.get(cell.name)
            return self.terms.const(cell.init, raw) if held is None else held.term
        if cell.id in self.written:
            return self.terms.final(cell.id, raw)
        return self.terms.const(cell.init, raw)

    def _outputs(self) -> Iterable[tuple[tuple[int, str], Term, IntType]]:
        memory = {cell.name for cell in self.cells if cell.local is not None and not cell.kept}
        for walk in self.walks:
            for name, register, type in walk.thread.outputs:
                if register in memory:
                    continue
                known = walk.registers.get(register)
                term = self.terms.const(0, type) if known is None else known.term
                yield (walk.thread.index, name), self.terms.op("cast", type, term), type

    def _final(self, expr: Expr, outputs: dict[tuple[int, str], Term]) -> Term:
        if type(expr) is Const:
            return self.terms.const(expr.value, expr.type)
        if type(expr) is FinalCell:
            cell = self.cells[expr.cell]
            last = self._last(cell)
            return self.terms.op("cast", expr.type, self.terms.op("cast", cell.type, last))
        if type(expr) is FinalReg:
            return self.terms.op("cast", expr.type, outputs[expr.thread, expr.name])
        if type(expr) is Op:
            return operator(self.draft, expr, [self._final(a, outputs) for a in expr.args])
        raise InternalError(f"{expr} in a condition")
