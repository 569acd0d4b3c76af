"""One thread, walked once in topological order: registers become terms, accesses become events.

Where paths join, a register's value is an ``ite`` over the edges' conditions. A block's guard is
the disjunction of its incoming edges; guards are kept as small sets of cubes so that the two arms
of a branch that meet again give back the guard from before it.
"""

from __future__ import annotations

from functools import cached_property

from ksmcheck.events.alternatives import REMOVED, Lower, Options, emit
from ksmcheck.events.cubes import Cube, resolve
from ksmcheck.events.draft import Draft, DraftEvent, DraftStall
from ksmcheck.events.instantiate import Instance, Operand, Operands, Place
from ksmcheck.events.kept_locals import Changed, KeptLocals, live_cells
from ksmcheck.events.picks import choosing
from ksmcheck.events.structure import CutPoint, Obligation
from ksmcheck.events.taint import (
    CLEAN,
    Taint,
    by_branch,
    by_way,
    deciding,
    joined,
    read_of,
    under,
    union,
)
from ksmcheck.events.terms import Term
from ksmcheck.kernel.graces import ENTERS, GRACE_PERIODS
from ksmcheck.kernel.ints import ADDRESS, BOOL
from ksmcheck.lowering.template import Row
from ksmcheck.program.ir import (
    Access,
    Assume,
    Block,
    Branch,
    Check,
    Const,
    Cut,
    Expr,
    Jump,
    LoopIteration,
    Op,
    Set,
    Thread,
    Use,
)
from ksmcheck.program.liveness import live_at_blocks
from ksmcheck.record import Struct
from ksmcheck.text import InternalError

RESERVATION = "(reservation)"
"""The address that the thread's last load-exclusive reserved, among the registers; its taint are
the reads that did."""

CHOSEN = "(chosen)"
"""Its taint are the reads that picked the address of an access before (``picks.choosing``)."""


class _Edge(Struct):
    """An incoming edge of a block: the cube of conditions under which it is taken. ``controls`` are
    those of the block that it comes from."""

    cube: Cube
    condition: Term
    registers: dict[str, Operand]
    controls: frozenset[int] = frozenset()


class Walk:
    """State of the walk of one thread; ``run`` fills the draft.

    ``stalls``: a thread that waits for ever stops there, with what it did until then; otherwise
    the draft's constraints rule such executions out. ``kept`` are the numbers of the loops of which
    one iteration that changes nothing stays. ``locals`` are memory in C and registers here,
    ``asked`` the cells of which a final state tells. Afterwards ``waiting`` are the iterations that
    were left out otherwise, and ``accesses`` the events of each block.
    """

    def __init__(
        self,
        draft: Draft,
        thread: Thread,
        lower: Lower,
        locals: KeptLocals,
        asked: frozenset[str] = frozenset(),
        *,
        stalls: bool = False,
        kept: frozenset[int] = frozenset(),
        options: Options | None = None,
    ) -> None:
        self.draft = draft
        self.locals = locals
        self.asked = asked
        self.stalls = stalls
        self.kept = kept
        self.options = options or Options()
        self.waiting: list[LoopIteration] = []
        self.accesses: dict[int, list[DraftEvent]] = {}
        self.quiet: dict[int, list[Term]] = {}
        self.terms = draft.terms
        self.thread = thread
        self.lower = lower
        # Where there is nothing to come back to, nothing need be known to be live.
        self.live = live_at_blocks(thread) if len(thread.blocks) > 1 else [set()]
        self.incoming: list[list[_Edge]] = [[] for _ in thread.blocks]
        self.branches: dict[int, Taint] = {}
        self.controls: dict[frozenset[int], Taint] = {}
        self.writes: dict[int, list[Term]] = {}
        self.given: dict[int, list[Changed]] = {}
        self.failing: dict[int, list[Term]] = {}
        self.reached: dict[int, Term] = {}
        self.ends: list[_Edge] = []
        self.outputs = {register for _, register, _ in thread.outputs}
        self.guards: dict[Cube, Term] = {}
        self.registers: dict[str, Operand] = {}

    def run(self) -> None:
        """Walks every block; afterwards ``registers`` holds the values at the thread's end."""
        true = self.terms.true
        self.incoming[0].append(_Edge(frozenset(), true, self.locals.start()))
        for block in self.thread.blocks:
            edges = self.incoming[block.id]
            if edges:
                self._block(block, edges)
        if self.ends:
            self.registers = self._merge(self.ends, self.outputs, frozenset())

    def _block(self, block: Block, edges: list[_Edge]) -> None:
        cube = self._cube(edges)
        guard = self._conjunction(cube)
        registers = self._merge(edges, self.live[block.id], block.controls)
        control = self._control(block.controls)
        self.reached[block.id] = guard
        for instr in block.instrs:
            if type(instr) is Set:
                self._assign(block, registers, instr.reg, self._expr(instr.expr, registers))
            elif type(instr) is Access:
                past = self._past(instr, guard, registers)
                if past is not None:
                    cube, guard = cube | {past.id}, self.terms.both(guard, past)
                place = Place(self.thread.index, guard, self._waiting_for(control, registers))
                self._access(instr, registers, place, block)
            elif isinstance(instr, Check):
                holds = self.terms.truth(self._expr(instr.holds, registers).term)
                self.draft.obligations.append(
                    Obligation(instr.kind, guard, holds, self.thread.index, instr.origin)
                )
                fails = self.terms.both(guard, self.terms.no(holds))
                self.failing.setdefault(block.id, []).append(fails)
            elif isinstance(instr, Assume):
                holds = self.terms.truth(self._expr(instr.holds, registers).term)
                self.draft.require(guard, holds)
        self._leave(block, cube, guard, registers)

    # Edges, guards, joins.

    def _assign(
        self, block: Block, registers: dict[str, Operand], name: str, value: Operand
    ) -> None:
        if block.controls:
            value = Operand(value.term, value.taint, block.controls)
        registers[name] = value

    def _leave(self, block: Block, cube: Cube, guard: Term, registers: dict[str, Operand]) -> None:
        end = block.end
        if isinstance(end, Branch):
            condition = self._expr(end.condition, registers)
            truth = self.terms.truth(condition.term)
            decides = deciding(self.terms, condition.taint)
            self.branches[block.id] = under(self.terms, guard, decides)
            if end.leaves:
                self._await(self.branches[block.id], registers)
                self.draft.ending.update(map(read_of, self.branches[block.id]))
            self._edge(block, end.then, cube, truth, registers)
            self._edge(block, end.otherwise, cube, self.terms.no(truth), registers)
        elif isinstance(end, Jump):
            written = self._repeated(end.repeat, guard, end.target)
            self._edge(block, end.target, cube, written, registers)
        elif isinstance(end, Cut):
            taken = self.terms.both(guard, self._repeated(end.repeat, guard))
            if taken is not self.terms.false:
                self.draft.cuts.append(CutPoint(taken, self.thread.index, end.repeat))
        else:
            self.ends.append(_Edge(cube, guard, dict(registers)))

    def _repeated(self, repeat: LoopIteration | None, guard: Term, head: int | None = None) -> Term:
        """The condition for going round again to ``head``: an iteration must have changed memory or
        what the loop carries on, or failed a check, or be the only one of a ``kept`` loop that has
        not."""
        if repeat is None or not (repeat.skippable or repeat.quiet):
            return self.terms.true
        writes = [w for block in sorted(repeat.blocks) for w in self.writes.get(block, ())]
        changes = [self.reached[b] for b in sorted(repeat.changing) if b in self.reached]
        given = [c for b in sorted(repeat.blocks) for c in self.given.get(b, ())]
        changes += [when for name, when in given if head is None or name in self._carried[head]]
        changes += [fails for b in sorted(repeat.blocks) for fails in self.failing.get(b, ())]
        written = self.terms.either(*writes, *changes)
        self.waiting.append(repeat)
        if repeat.number in self.kept:
            return self._only_quiet(repeat, guard, written)
        self._wait(guard, written, repeat)
        return written

    def _only_quiet(self, repeat: LoopIteration, guard: Term, written: Term) -> Term:
        earlier = self.quiet.setdefault(repeat.number, [])
        allowed = self.terms.either(written, self.terms.no(self.terms.either(*earlier)))
        earlier.append(self.terms.both(guard, self.terms.no(written)))
        self._wait(guard, allowed, repeat)
        return allowed

    def _wait(self, guard: Term, over: Term, repeat: LoopIteration) -> None:
        """A thread that comes here waits for ever unless ``over`` holds."""
        if over is self.terms.true or over is guard:
            return
        self.draft.waits = True
        if self.stalls:
            stopped = self.terms.both(guard, self.terms.no(over))
            inside = tuple(e for b in sorted(repeat.blocks) for e in self.accesses.get(b, ()))
            self.draft.stalls.append(DraftStall(stopped, self.thread.index, repeat.loop, inside))
        else:
            self.draft.require(guard, over)

    def _past(self, access: Access, guard: Term, registers: dict[str, Operand]) -> Term | None:
        """What has to hold for a thread to come past a primitive that may never return."""
        primitive = self.lower(access.name, access.origin.span)[0]
        grace = GRACE_PERIODS.get(primitive.name, "")
        if not primitive.blocks and not grace:
            return None
        self.draft.waits |= primitive.blocks or self._reads()
        if not self.stalls:
            return None
        past = self.draft.choice()
        if REMOVED in self.options.forms.get(access.origin.site, ()):
            past = self.terms.either(past, self.draft.selector(access.origin.site, REMOVED))
        stopped = self.terms.both(guard, self.terms.no(past))
        operands = Operands(
            self.terms, primitive, access, [self._expr(a, registers) for a in access.args]
        )
        address = None if operands.address is None else operands.address.term
        self.draft.stalls.append(
            DraftStall(
                stopped,
                self.thread.index,
                access.origin.span,
                address=address,
                passes=operands.test if primitive.blocks else None,
                lock=primitive.classes[0] if primitive.blocks and primitive.classes else "",
                grace=grace,
            )
        )
        return past

    def _reads(self) -> bool:
        """Whether the thread may be inside a read-side critical section, whose end it then waits
        for in vain."""
        inside = (e for events in self.accesses.values() for e in events)
        return any(event.primitive in ENTERS for event in inside)

    def _edge(
        self, block: Block, target: int, cube: Cube, also: Term, registers: dict[str, Operand]
    ) -> None:
        if also is self.terms.false:
            return
        if self.terms.no(also).id in cube:
            return
        taken = cube if also is self.terms.true else cube | {also.id}
        condition = self._conjunction(taken)
        self.incoming[target].append(_Edge(taken, condition, dict(registers), block.controls))

    def _cube(self, edges: list[_Edge]) -> Cube:
        if len(edges) == 1:
            return edges[0].cube
        terms = self.terms
        cubes = resolve({edge.cube for edge in edges}, lambda n: terms.no(terms[n]).id)
        if len(cubes) == 1:
            return next(iter(cubes))
        whole = terms.either(*[self._conjunction(c) for c in cubes])
        return frozenset() if whole is terms.true else frozenset({whole.id})

    def _conjunction(self, cube: Cube) -> Term:
        known = self.guards.get(cube)
        if known is None:
            known = self.guards[cube] = self.terms.both(*[self.terms[n] for n in sorted(cube)])
        return known

    def _merge(
        self, edges: list[_Edge], live: set[str], controls: frozenset[int]
    ) -> dict[str, Operand]:
        if len(edges) == 1:
            return self._alone(edges[0], controls)
        kept = {*live, RESERVATION, CHOSEN, *self.locals.names}
        names = dict.fromkeys(n for edge in edges for n in edge.registers if n in kept)
        return {name: self._merged(name, edges, controls) for name in names}

    def _alone(self, edge: _Edge, controls: frozenset[int]) -> dict[str, Operand]:
        """Behind a join that no other way leads to, for all that is known."""
        if edge.controls <= controls:
            return dict(edge.registers)
        return {
            name: self._by_way(operand, operand.controls & controls)
            for name, operand in edge.registers.items()
        }

    def _merged(self, name: str, edges: list[_Edge], controls: frozenset[int]) -> Operand:
        if name in (RESERVATION, CHOSEN):
            none = Operand(self.terms.const(0, ADDRESS), CLEAN)
            arms = [(e.condition, e.registers.get(name, none)) for e in edges]
        else:
            arms = [(e.condition, e.registers[name]) for e in edges if name in e.registers]
            if len(arms) < len(edges) and name in self.outputs:
                # Where the thread does not come by its declaration, it is shown as 0.
                none = Operand(self.terms.const(0, arms[0][1].term.type), CLEAN)
                arms = [(e.condition, e.registers.get(name, none)) for e in edges]
        first = arms[0][1]
        if all(operand is first for _, operand in arms):
            return first
        # What decides of all that is behind the join, too, need not be said yet.
        pending = {operand.controls & controls for _, operand in arms}
        left = pending.pop() if len(pending) == 1 else frozenset[int]()
        arms = [(condition, self._by_way(operand, left)) for condition, operand in arms]
        value = arms[-1][1].term
        for condition, operand in reversed(arms[:-1]):
            value = self.terms.ite(value.type, condition, operand.term, value)
        taint = joined(self.terms, [(condition, operand.taint) for condition, operand in arms])
        return Operand(value, taint, left)

    def _by_way(self, operand: Operand, left: frozenset[int]) -> Operand:
        """Which way assigned a value is part of it, but for what is ``left`` to tell."""
        if operand.controls <= left:
            return operand
        ways = by_way(self._control(operand.controls - left))
        return Operand(operand.term, union(self.terms, (operand.taint, ways)), left)

    def _control(self, controls: frozenset[int]) -> Taint:
        """Reads that decided that execution came to a block with these controls (Block.controls, in
        this execution)."""
        known = self.controls.get(controls)
        if known is None:
            taints = [self.branches.get(controller, CLEAN) for controller in sorted(controls)]
            known = self.controls[controls] = union(self.terms, taints)
        return known

    def _waiting_for(self, control: Taint, registers: dict[str, Operand]) -> Taint:
        """Reads that decided that execution is here, or picked the address of an access before."""
        chosen = registers.get(CHOSEN)
        return control if chosen is None else union(self.terms, (control, chosen.taint))

    def _choose(self, address: Operand, registers: dict[str, Operand]) -> None:
        """Notes what picked the address of an access."""
        self._await(choosing(self.draft, address.taint), registers)

    def _await(self, reads: Taint, registers: dict[str, Operand]) -> None:
        """From here on all accesses of the thread wait for these reads."""
        if reads:
            known = registers.get(CHOSEN, Operand(self.terms.const(0, ADDRESS), CLEAN))
            registers[CHOSEN] = Operand(known.term, union(self.terms, (known.taint, reads)))

    # Instructions and expressions.

    def _access(
        self, access: Access, registers: dict[str, Operand], place: Place, block: Block
    ) -> None:
        args = [self._expr(a, registers) for a in access.args]
        first = len(self.draft.events)
        if self.locals.concerns(access, args):
            value = self._local(access, args, registers, place, block)
            if not access.beside and len(self.draft.events) == first:
                # What comes beside it comes in no order with this, and not with what was before.
                self.draft.instances += 1
        else:
            value = self._perform(access, args, registers, place)
        for event in self.draft.events[first:]:
            self.accesses.setdefault(block.id, []).append(event)
            if event.changes is not None:
                self.writes.setdefault(block.id, []).append(event.changes)
        if access.dst is not None:
            if value is None:
                raise InternalError(f"{access.name} gives no value, but its value is used")
            self._assign(block, registers, access.dst, value)

    def _perform(
        self, access: Access, args: list[Operand], registers: dict[str, Operand], place: Place
    ) -> Operand | None:
        """Emits the events, and gives the value."""
        if self.options.touch(access.origin.site):
            return emit(self.draft, place, access, args, self.options, self.lower)
        primitive, row = self.lower(access.name, access.origin.span)
        held = registers.get(RESERVATION)
        instance = Instance(self.draft, place, primitive, access, args, held)
        value = instance.run(row)
        self._reserve(row, instance, registers)
        if self.thread.picks and instance.address is not None:
            self._choose(instance.address, registers)
        return value

    def _local(
        self,
        access: Access,
        args: list[Operand],
        registers: dict[str, Operand],
        place: Place,
        block: Block,
    ) -> Operand | None:
        """A plain access of what may be a local in registers."""

        def elsewhere(place: Place, args: list[Operand]) -> Operand | None:
            return self._perform(access, args, registers, place)

        if access.name == "load":
            return self.locals.load(access, args, place, registers, elsewhere)
        changes = self.locals.store(access, args, place, registers, elsewhere)
        self.given.setdefault(block.id, []).extend(changes)
        return None

    @cached_property
    def _carried(self) -> list[set[str]]:
        return live_cells(self.locals, self.thread, self.asked)

    def _reserve(self, row: Row, instance: Instance, registers: dict[str, Operand]) -> None:
        """A load-exclusive makes the thread's reservation, a store-conditional ends it."""
        if row.ends_reservation:
            registers.pop(RESERVATION, None)
        elif instance.reservation is not None:
            registers[RESERVATION] = instance.reservation

    def _expr(self, expr: Expr, registers: dict[str, Operand]) -> Operand:
        if type(expr) is Const:
            return Operand(self.terms.const(expr.value, expr.type), CLEAN)
        if type(expr) is Use:
            known = registers.get(expr.reg)
            if known is None:
                return Operand(self.terms.const(0, expr.type), CLEAN)
            return Operand(self.terms.op("cast", expr.type, known.term), known.taint)
        if type(expr) is Op:
            args = [self._expr(a, registers) for a in expr.args]
            term = operator(self.draft, expr, [a.term for a in args])
            if expr.op == "pick":
                return Operand(term, self._picked(args))
            if expr.op in ("land", "lor") and expr.type != BOOL:
                return Operand(term, self._in_turn(args, expr.op == "land"))
            if expr.op == "alone":
                return Operand(term, CLEAN)
            if expr.op == "branch":
                return Operand(term, by_branch(args[0].taint))
            return Operand(term, union(self.terms, (a.taint for a in args)))
        raise InternalError(f"{expr} in a thread")

    def _in_turn(self, args: list[Operand], both: bool) -> Taint:
        """The taint of C's ``&&`` (``both``) or ``||``: the second operand may be left out. A
        machine's operator, whose type is BOOL, has both."""
        first = self.terms.truth(args[0].term)
        when = first if both else self.terms.no(first)
        return union(self.terms, [args[0].taint, under(self.terms, when, args[1].taint)])

    def _picked(self, args: list[Operand]) -> Taint:
        """The taint of the arm that is chosen."""
        truth = self.terms.truth(args[0].term)
        arms = (truth, args[1].taint), (self.terms.no(truth), args[2].taint)
        return union(self.terms, [under(self.terms, when, taint) for when, taint in arms])


def operator(draft: Draft, expr: Op, args: list[Term]) -> Term:
    """The term of an IR operator on argument terms."""
    terms = draft.terms
    if expr.op == "lnot":
        return terms.op("cast", expr.type, terms.no(terms.truth(args[0])))
    if expr.op in ("land", "lor"):
        truths = [terms.truth(a) for a in args]
        joined_truth = terms.both(*truths) if expr.op == "land" else terms.either(*truths)
        return terms.op("cast", expr.type, joined_truth)
    if expr.op in ("eq", "ne", "lt", "le", "gt", "ge"):
        return terms.op("cast", expr.type, terms.op(expr.op, BOOL, *args))
    if expr.op in ("alone", "branch", "with"):
        return args[0]
    if expr.op in ("ite", "pick"):
        return terms.ite(expr.type, terms.truth(args[0]), args[1], args[2])
    return terms.op(expr.op, expr.type, *args)
