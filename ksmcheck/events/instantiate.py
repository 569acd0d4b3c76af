"""One primitive call becomes events: the model's row, filled in with addresses and values.

The outcome of a conditional primitive (``ok`` or ``fail``) may decide what comes before its read,
for instance a barrier that only a successful cmpxchg has. Where the rows of both outcomes begin
alike, up to and including the read, the read is shared and its value decides; otherwise the two are
alternatives under a free choice, and each one's read must give its outcome.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ksmcheck.events.draft import Draft, DraftEvent, DraftSpurious, DraftTaker
from ksmcheck.events.picks import depend, is_cas
from ksmcheck.events.structure import Obligation
from ksmcheck.events.taint import Taint, under, union
from ksmcheck.events.terms import Term, TermTable
from ksmcheck.kernel.formula import Formula, by_outcome, formula_names, parse_formula
from ksmcheck.kernel.ints import ADDRESS, BOOL, S32, IntType, unsigned
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.lowering.template import LOCK_OFFSET, Row, Step, shared_prefix
from ksmcheck.program.ir import Access
from ksmcheck.record import Struct
from ksmcheck.text import InputError


class Operand(Struct, frozen=True):
    """A value and what it depends on. ``controls`` are those of the block that assigned it, where
    the taint does not tell of them yet."""

    term: Term
    taint: Taint
    controls: frozenset[int] = frozenset()


class Place(Struct, frozen=True):
    """Where an event is emitted: its thread, guard and control dependencies."""

    thread: int
    guard: Term
    control: Taint


class Operands:
    """What one call hands to its primitive, and the primitive's formulas over that."""

    def __init__(
        self, terms: TermTable, primitive: Primitive, access: Access, args: list[Operand]
    ) -> None:
        self.terms = terms
        self.primitive = primitive
        self.access = access
        self.cell = access.cell_type or S32
        self.raw = unsigned(self.cell.width)
        self.address: Operand | None = None
        self.names: dict[str, Operand] = {}
        for (kind, name), arg in zip(primitive.operands, args, strict=True):
            if kind == "ptr":
                self.address = arg
            elif kind in ("val", "inout"):
                self.names[name] = Operand(self._cast(self.cell, arg.term), arg.taint)
            else:
                self.names[name] = arg

    def test(self, old: Term | None) -> Term:
        """Whether the outcome is ``ok`` where this is the value read."""
        if self.primitive.test is None:
            return self.terms.true
        return self.terms.truth(self._formula(parse_formula(self.primitive.test), old, None))

    def _new(self, formula: Formula, old: Term | None, ok: Term | None = None) -> Term:
        value = self._formula(formula, old, ok)
        return self._cast(self.raw, self._cast(self.cell, value))

    def _formula(self, formula: Formula, old: Term | None, ok: Term | None) -> Term:
        op = formula[0]
        leaf = formula[1]
        if not isinstance(leaf, tuple):
            if op == "int":
                return self.terms.const(int(leaf), self.cell)
            return self._name(str(leaf), old, ok)
        args = [self._formula(a, old, ok) for a in formula[1:] if isinstance(a, tuple)]
        return self._operation(str(op), args)

    def _operation(self, op: str, args: list[Term]) -> Term:
        if op == "lnot":
            return self.terms.no(self.terms.truth(args[0]))
        if op in ("land", "lor"):
            truths = [self.terms.truth(a) for a in args]
            return self.terms.both(*truths) if op == "land" else self.terms.either(*truths)
        if op == "ite":
            return self.terms.ite(args[1].type, self.terms.truth(args[0]), args[1], args[2])
        if op in ("eq", "ne", "lt", "le", "gt", "ge"):
            return self.terms.op(op, BOOL, *(self._cast(self.cell, a) for a in args))
        if op in ("shl", "shr"):
            return self.terms.op(op, self.cell, self._cast(self.cell, args[0]), args[1])
        return self.terms.op(op, self.cell, *(self._cast(self.cell, a) for a in args))

    def _name(self, name: str, old: Term | None, ok: Term | None) -> Term:
        if name == "old":
            if old is None:  # an event that reads nothing: its value is 0
                return self.terms.const(0, self.cell)
            return self._cast(self.cell, old)
        if name == "ok":
            assert ok is not None
            return ok
        return self.names[name].term

    def _cast(self, type: IntType, term: Term) -> Term:
        return self.terms.op("cast", type, term)


class Instance(Operands):
    """The events of one primitive call in one place of the unrolled program."""

    def __init__(
        self,
        draft: Draft,
        place: Place,
        primitive: Primitive,
        access: Access,
        args: list[Operand],
        reservation: Operand | None = None,
    ) -> None:
        super().__init__(draft.terms, primitive, access, args)
        self.draft = draft
        self.place = place
        self.number = draft.instances
        draft.instances += 1
        self.reservation = reservation
        self.single = False

    def run(self, row: Row) -> Operand | None:
        """Emits the events and gives the primitive's value (None where it has none)."""
        return self._outcomes(row)

    def run_guarded(self, steps: Iterable[tuple[Step, Term]]) -> Operand | None:
        """As ``run`` for a row without outcomes, of which each step has a condition of its own."""
        case = _Case(self, self.place.guard)
        for step, when in steps:
            case.guard = self.terms.both(self.place.guard, when)
            case.emit((step,))
        case.guard = self.place.guard
        return self._result([(self.place.guard, case)])

    def _outcomes(self, row: Row) -> Operand | None:
        if row.always is not None:
            self.single = len(row.always) == 1
            return self._always(row.always)
        assert row.ok is not None
        if row.fail is None:
            return self._blocking(row.ok)
        if row.spurious is None and (shared := shared_prefix(row.ok, row.fail)) is not None:
            return self._decided_by_read(row.ok, row.fail, shared)
        return self._chosen(row.ok, row.fail, row.spurious)

    # The four ways that a row's outcomes are told apart.

    def _always(self, steps: tuple[Step, ...]) -> Operand | None:
        case = _Case(self, self.place.guard)
        case.emit(steps)
        return self._result([(self.place.guard, case)])

    def _blocking(self, steps: tuple[Step, ...]) -> Operand | None:
        case = _Case(self, self.place.guard, outcome=True)
        case.emit(steps)
        return self._result([(self.place.guard, case)])

    def _decided_by_read(
        self, ok: tuple[Step, ...], fail: tuple[Step, ...], shared: int
    ) -> Operand | None:
        guard = self.place.guard
        common = _Case(self, guard)
        common.emit(ok[: shared - 1])
        read = common.emit_read(
            Step(ok[shared - 1].kind, ok[shared - 1].tags, fail[shared - 1].rmw)
        )
        test = self.test(read.value)
        good = _Case(self, self.terms.both(guard, test), outcome=True)
        bad = _Case(self, self.terms.both(guard, self.terms.no(test)), outcome=False)
        bad.read = read
        if not ok[shared - 1].probe:
            good.read = read
        bad.emit(fail[shared:])
        good.emit(ok[shared:])
        if is_cas(ok, fail) and good.read is not None:
            self.draft.picked[good.read.id] = test
        return self._result([(test, good), (self.terms.no(test), bad)])

    def _chosen(
        self, ok: tuple[Step, ...], fail: tuple[Step, ...], spurious: str | None
    ) -> Operand | None:
        choice = self.test(None) if self.known_beforehand() else self.draft.choice()
        guard = self.place.guard
        if any(step.reserved for step in ok):
            choice = self.terms.both(choice, self._reserved())
        good = _Case(self, self.terms.both(guard, choice), outcome=True)
        bad = _Case(self, self.terms.both(guard, self.terms.no(choice)), False, spurious)
        good.emit(ok)
        bad.emit(fail)
        if is_cas(ok, fail) and good.read is not None:
            self.draft.picked[good.read.id] = choice
        return self._result([(choice, good), (self.terms.no(choice), bad)])

    def known_beforehand(self) -> bool:
        """Whether the operands alone decide the outcome."""
        test = self.primitive.test
        return test is not None and "old" not in formula_names(parse_formula(test))

    def _reserved(self) -> Term:
        """The thread holds a reservation for the address of this store-conditional."""
        if self.reservation is None or self.address is None:
            return self.terms.false
        return self.terms.op("eq", BOOL, self.reservation.term, self.address.term)

    def _result(self, cases: list[tuple[Term, _Case]]) -> Operand | None:
        if self.primitive.takes:
            there = [c for _, c in cases if c.outcome is not False or c.spurious == "counted"]
            self.draft.takers += [
                DraftTaker(c.read, self.primitive.shared, c.outcome is not False)
                for c in there
                if c.read is not None
            ]
        formula, type = self.primitive.result, self.access.result_type
        if formula is None or type is None:
            return None
        parsed = parse_formula(formula)
        value: Term | None = None
        for when, case in reversed(cases):
            one = self._cast(type, self._formula(parsed, case.old, case.outcome_term()))
            value = one if value is None else self.terms.ite(type, when, one, value)
        assert value is not None
        apart = by_outcome(parsed)
        if apart is None:
            taints = [self.names[n].taint for n in formula_names(parsed) if n in self.names]
            taints.append(self._read_taint(cases))
        else:
            taints = [t for when, case in cases for t in self._of_outcome(apart, when, case)]
        taints.extend({case.told: when} for when, case in cases if case.told is not None)
        if self.primitive.told_by_branch:
            reads = [case.read for _, case in cases if case.read is not None]
            self.draft.picked.update((read.id, self.terms.true) for read in reads)
        return Operand(value, union(self.terms, taints))

    def _of_outcome(
        self, apart: tuple[Formula, Formula], when: Term, case: _Case
    ) -> Iterator[Taint]:
        names = formula_names(apart[0 if case.outcome else 1])
        for name in names & self.names.keys():
            yield under(self.terms, when, self.names[name].taint)
        if "old" in names and case.read is not None:
            yield {case.read.id: when}

    def _read_taint(self, cases: list[tuple[Term, _Case]]) -> Taint:
        reads = {case.read.id for _, case in cases if case.read is not None}
        if len(reads) == 1:
            return {reads.pop(): self.terms.true}
        return {case.read.id: when for when, case in cases if case.read is not None}

    def _refuse_misuse(self, case: _Case) -> None:
        """A use that the primitive's contract forbids (a refcount raised from 0) is a finding."""
        if self.primitive.misuse is None:
            return
        wrong = self.terms.truth(
            self._formula(parse_formula(self.primitive.misuse), case.old, None)
        )
        self.draft.obligations.append(
            Obligation(
                f"misuse of {self.primitive.name}",
                case.guard,
                self.terms.no(wrong),
                self.place.thread,
                self.access.origin,
            )
        )


_OUTCOMES = {None: "always", True: "ok", False: "fail"}


class _Case:
    """One outcome's events. ``read`` is the read that gives the primitive's old value, ``told`` the
    number of a write that its result depends on. ``spurious``: see ``Row``."""

    def __init__(
        self,
        instance: Instance,
        guard: Term,
        outcome: bool | None = None,
        spurious: str | None = None,
    ) -> None:
        self.instance = instance
        self.guard = guard
        self.outcome = outcome
        self.spurious = spurious
        self.read: DraftEvent | None = None
        self.told: int | None = None
        self._rmw_read: dict[bool, DraftEvent] = {}

    @property
    def old(self) -> Term | None:
        """The value read, if the read has one."""
        return None if self.read is None else self.read.value

    def outcome_term(self) -> Term:
        terms = self.instance.terms
        if self.outcome is None:
            return self.instance.test(self.old)
        return terms.true if self.outcome else terms.false

    def emit(self, steps: tuple[Step, ...]) -> None:
        for step in steps:
            if step.kind == "F":
                address = self._address(step) if step.located else None
                self._refuse_lost(step)
                self._event(step, self.guard, address, None)
            elif step.kind == "R":
                self.emit_read(step)
            else:
                self._write(step)

    def emit_read(self, step: Step) -> DraftEvent:
        one, draft = self.instance, self.instance.draft
        value = one.terms.read(draft.number("R"), one.raw)
        event = self._event(step, self.guard, self._address(step), value)
        if step.rmw:
            self._rmw_read[step.lock] = event
        if step.reserves and one.address is not None:
            one.reservation = Operand(one.address.term, {event.id: one.terms.true})
        if step.lock:
            self._must(event, one.terms.op("eq", BOOL, value, one.terms.const(0, one.raw)))
            return event
        if not step.probe:
            self.read = event
            one._refuse_misuse(self)
        if self.outcome is not None and not one.known_beforehand():
            self._decided(event, one.test(event.value))
        return event

    def _decided(self, event: DraftEvent, test: Term) -> None:
        one = self.instance
        if self.spurious is None:
            self._must(event, test if self.outcome else one.terms.no(test))
            return
        despite = one.terms.both(self.guard, test)
        one.draft.spurious[event.id] = DraftSpurious(
            event, despite, self.spurious != "always", one.primitive.shared
        )

    def _must(self, event: DraftEvent, holds: Term) -> None:
        event.admits = holds
        self.instance.draft.require(self.guard, holds)

    def _write(self, step: Step) -> None:
        one = self.instance
        if step.lock:
            value, names = one.terms.const(int(step.rmw), one.raw), frozenset[str]()
        else:
            formula = self._stored()
            names = formula_names(formula)
            value = one._new(formula, self.old, self.outcome_term() if "ok" in names else None)
        event = self._event(step, self.guard, self._address(step), value)
        event.changes = self._changing(step)
        if not step.lock:
            taints = [one.names[n].taint for n in names if n in one.names]
            of_its_own = not step.rmw or step.computed
            if "old" in names and of_its_own and self.read is not None:
                taints.append({self.read.id: one.terms.true})
            self._depend("data", event, union(one.terms, taints))
        if step.decided:
            names = formula_names(parse_formula(one.primitive.test or "1"))
            taints = [one.names[n].taint for n in names if n in one.names]
            self._depend("ctrl", event, union(one.terms, taints))
        if step.rmw:
            source = self._rmw_read.get(step.lock) or self.read
            assert source is not None
            one.draft.rmw.append((source.id, event.id))
        if step.pairs is not None:
            one.draft.rmw.extend((read, event.id) for read in one.names[step.pairs].taint)
        if step.told:
            self.told = event.id
        if step.reserved and one.reservation is not None:
            one.draft.rmw.extend((read, event.id) for read in self._reserving(one.reservation))

    def _stored(self) -> Formula:
        """The formula of the value written, for this outcome."""
        new = self.instance.primitive.new
        assert new is not None, self.instance.primitive.name
        formula = parse_formula(new)
        apart = None if self.outcome is None else by_outcome(formula)
        return formula if apart is None else apart[0 if self.outcome else 1]

    def _reserving(self, reservation: Operand) -> Taint:
        """The reads that this store-conditional may pair with: one, or one for each way here."""
        terms, events = self.instance.terms, self.instance.draft.accesses
        reads = [events[read] for read in reservation.taint]
        for number, one in enumerate(reads):
            for other in reads[:number]:
                if not terms.excludes(one.guard, other.guard):
                    raise InputError(
                        "which load-exclusive this pairs with depends on the way here",
                        self.instance.access.origin.span,
                        "put the load-exclusive where every way comes by",
                    )
        return reservation.taint

    def _refuse_lost(self, step: Step) -> None:
        """A store that is an event without a value can take no other than 0, a load's value."""
        one = self.instance
        if step.located and one.primitive.new is not None:
            value = one._new(parse_formula(one.primitive.new), None)
            if not (value.is_const and value.payload == 0):
                message = f"under this model `{one.primitive.name}` keeps no value"
                hint = "it takes what its lock returned, unchanged"
                raise InputError(message, one.access.origin.span, hint)

    def _changing(self, step: Step) -> Term:
        one = self.instance
        if one.primitive.fail_stores != "may" or not step.rmw or step.lock:
            return self.guard
        return one.terms.both(self.guard, self.outcome_term())

    def _address(self, step: Step) -> Term:
        one = self.instance
        assert one.address is not None, one.primitive.name
        if not step.lock:
            return one.address.term
        one.draft.companions.add(one.cell.width)
        return one.terms.op("add", ADDRESS, one.address.term, one.terms.const(LOCK_OFFSET, ADDRESS))

    def _event(
        self, step: Step, guard: Term, address: Term | None, value: Term | None
    ) -> DraftEvent:
        one, draft = self.instance, self.instance.draft
        place = len(draft.events)
        event = DraftEvent(
            id=draft.number(step.kind),
            thread=one.place.thread,
            kind=step.kind,
            guard=guard,
            address=address,
            value=value,
            tags=frozenset((*step.tags, "RMW") if step.rmw else step.tags),
            position=draft.events[-1].position if step.joined or self._beside() else place,
            width=0 if step.kind == "F" else one.cell.width,
            instance=one.number,
            primitive=one.primitive.name,
            origin=one.access.origin,
            outcome=_OUTCOMES[self.outcome],
        )
        draft.append(event)
        self._depend("ctrl", event, one.place.control)
        if address is not None and one.address is not None:
            self._depend("addr", event, one.address.taint)
        return event

    def _beside(self) -> bool:
        """Whether this event and the one before it, each all that its primitive does, are reads in
        no order."""
        one, events = self.instance, self.instance.draft.events
        if not one.access.beside or not one.single or not events:
            return False
        last = events[-1]
        alone = len(events) < 2 or events[-2].instance != last.instance
        return alone and last.kind == "R" and last.instance == one.number - 1

    def _depend(self, relation: str, target: DraftEvent, taint: Taint) -> None:
        depend(self.instance.draft, relation, target, taint)
