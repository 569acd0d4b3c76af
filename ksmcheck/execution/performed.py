"""One primitive performed: the model's row filled in with numbers, held against what was recorded.

The interpreter has no memory. A read's value is the recorded one; everything else (which events, on
which address, writing what, tagged how) is worked out here and has to be what was recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from ksmcheck.execution.concrete import NO_READS, WAY, Concrete, Reads, bits_of, read_of, wrap
from ksmcheck.execution.execution import ExecutedEvent
from ksmcheck.execution.private_places import Places
from ksmcheck.kernel.formula import Formula, by_outcome, formula_names, parse_formula
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.types import CType
from ksmcheck.lowering.template import LOCK_OFFSET, Row, Step
from ksmcheck.record import Struct, field
from ksmcheck.text import InternalError


class Operands(Struct, frozen=True):
    """What a call hands to its primitive; ``names`` are the values by parameter name."""

    address: Concrete | None
    cell: CType | None
    names: Mapping[str, Concrete]


class Record(Struct, dict=True):
    """What one thread did, as recorded, and what the interpreter found out about it so far.

    ``despite``: reads of failures that need another thread at the lock, for it was free.
    ``joined``: reads that are recorded as in no order with the read before; ``beside``: those of
    which C says so.
    """

    thread: int
    events: tuple[ExecutedEvent, ...]
    places: Places = field(default_factory=Places)
    at: int = 0
    addr: set[tuple[int, int]] = field(default_factory=set)
    data: set[tuple[int, int]] = field(default_factory=set)
    ctrl: set[tuple[int, int]] = field(default_factory=set)
    rmw: set[tuple[int, int]] = field(default_factory=set)
    picked: set[int] = field(default_factory=set)
    despite: set[int] = field(default_factory=set)
    joined: set[int] = field(default_factory=set)
    beside: set[int] = field(default_factory=set)

    def operands_read(self, start: int, middle: int) -> None:
        """The events from ``start`` on are those of an operator's left operand, those from
        ``middle`` on of its right one."""
        events = self.events[start : self.at]
        ends = (start, middle)
        loose = all(e.id in self.beside for n, e in enumerate(events, start) if n not in ends)
        reads = all(e.kind == "R" and "RMW" not in e.tags for e in events)
        if loose and reads and start < middle < self.at:
            self.beside.add(self.events[middle].id)

    def depends(self, relation: str, reads: Reads, event: ExecutedEvent) -> None:
        """A CAS that succeeds gives its success back and no value, and so does a primitive that
        branches: that makes stores wait. ``~read`` is a read that a branch hands on, and
        ``read | WAY`` one that decided where the value was assigned, which decides alone."""
        for key in reads:
            read = read_of(key)
            if key >= WAY and relation != "ctrl":
                continue
            if relation == "ctrl" or (key >= 0 and read not in self.picked):
                getattr(self, relation).add((read, event.id))
            elif event.kind == "W":
                self.ctrl.add((read, event.id))

    @cached_property
    def to_come(self) -> list[int]:
        """For each event, how many from it on are of the same primitive performed."""
        counted: dict[int, int] = {}
        found = []
        for event in reversed(self.events):
            counted[event.instance] = counted.get(event.instance, 0) + 1
            found.append(counted[event.instance])
        return found[::-1]


class Exhausted(Exception):
    """The recorded events of the thread end here; right in an execution that is not complete."""


class Done(Struct, frozen=True):
    """``old`` is the value that the primitive's formulas call so."""

    ok: bool
    old: Concrete | None
    events: tuple[ExecutedEvent, ...]


def perform(
    record: Record, primitive: Primitive, row: Row, operands: Operands, control: Reads
) -> Done:
    """Matches the next recorded events with one of the row's cases, and notes their dependencies.

    Raises InternalError, saying what differs, where no case fits.
    """
    complaints = []
    for outcome, steps in _cases(row):
        spurious = None if outcome is not False else row.spurious
        attempt = _Attempt(record, primitive, operands, outcome, spurious)
        problem = attempt.match(steps)
        if problem is None:
            attempt.note(control)
            swapped = outcome and row.fail is not None and attempt.swaps(row.fail)
            if swapped or primitive.told_by_branch:
                record.picked.update(attempt.old.reads if attempt.old is not None else ())
            record.at += len(attempt.events)
            record.despite |= attempt.despite
            return Done(attempt.ok(), attempt.old, tuple(attempt.events))
        complaints.append(problem)
    if record.at == len(record.events):
        raise Exhausted
    raise InternalError(
        f"replay: P{record.thread} performs {primitive.name}, but " + ", or ".join(complaints)
    )


def _cases(row: Row) -> list[tuple[bool | None, tuple[Step, ...]]]:
    """Longer cases first: a case without events fits anywhere."""
    cases = [(None, row.always), (True, row.ok), (False, row.fail)]
    given = [(outcome, steps) for outcome, steps in cases if steps is not None]
    return sorted(given, key=lambda case: -len(case[1]))


class _Attempt:
    """One case of a row against the recorded events."""

    def __init__(
        self,
        record: Record,
        primitive: Primitive,
        operands: Operands,
        outcome: bool | None,
        spurious: str | None,
    ) -> None:
        self.record = record
        self.spurious = spurious
        self.despite: set[int] = set()
        self.primitive = primitive
        self.operands = operands
        self.outcome = outcome
        self.old: Concrete | None = None
        self.events: list[ExecutedEvent] = []
        self.steps: tuple[Step, ...] = ()

    def ok(self) -> bool:
        return self.test(self.old) if self.outcome is None else self.outcome

    def test(self, old: Concrete | None) -> bool:
        if self.primitive.test is None:
            return True
        return formula_value(self.primitive.test, self.operands, old, None) != 0

    def match(self, steps: tuple[Step, ...]) -> str | None:
        """What does not fit, or None."""
        self.steps = steps
        start = self.record.at
        found = self.record.events[start : start + len(steps)]
        if len(found) < len(steps):
            return "the thread's recorded events end"
        whole = self.record.to_come[start] if found else 0
        if whole != len(steps):
            return f"it has {whole} recorded events, not {len(steps)}"
        for step, event in zip(steps, found, strict=True):
            problem = self.differs(step, event)
            if problem is not None:
                return f"event {event.id} {problem}"
            self.events.append(event)
        if self.outcome is not None and self.old is None and self.told_beforehand():
            return "its operands give another outcome"
        return None

    def told_beforehand(self) -> bool:
        """Whether the operands alone decide the outcome, and decide another."""
        test = self.primitive.test
        if test is None or "old" in formula_names(parse_formula(test)):
            return False
        return self.test(None) != self.outcome

    def differs(self, step: Step, event: ExecutedEvent) -> str | None:
        tags = frozenset((*step.tags, "RMW") if step.rmw else step.tags)
        if (event.kind, event.primitive) != (step.kind, self.primitive.name):
            return f"is {event.kind} of {event.primitive}, not {step.kind}"
        if event.joined and not step.joined:
            self.record.joined.add(event.id)
        elif event.joined != step.joined:
            return "has another place in program order"
        if event.tags != tags:
            return f"is in the sets {sorted(event.tags)}, not {sorted(tags)}"
        told = "always" if self.outcome is None else "ok" if self.outcome else "fail"
        if "always" not in (told, event.outcome) and told != event.outcome:
            return f"has the outcome {event.outcome}"
        if step.kind == "F" and not step.located:
            return None
        address = self.operands.address
        assert address is not None and self.operands.cell is not None, self.primitive.name
        number = self.record.places.settle(address.number)
        if step.lock:
            number += LOCK_OFFSET
        if not self.record.places.agrees(number, event.address):
            return f"is at the address {event.address}, not {number}"
        if step.kind == "F":
            return None
        return self.reads(step, event) if step.kind == "R" else self.writes(step, event)

    def reads(self, step: Step, event: ExecutedEvent) -> str | None:
        assert event.value is not None and self.operands.cell is not None
        if step.lock:
            return None if event.value == 0 else f"takes a lock that holds {event.value}"
        reads = frozenset((event.id,))
        old = Concrete(self.operands.cell, wrap(event.value, self.operands.cell), reads)
        if self.outcome is not None and self.test(old) != self.outcome:
            if self.spurious is None:
                return f"reads {event.value}, which gives another outcome"
            if self.spurious != "always":
                self.despite.add(event.id)
        if not step.probe or self.old is None:
            self.old = old
        return None

    def writes(self, step: Step, event: ExecutedEvent) -> str | None:
        assert self.operands.cell is not None
        width = bits_of(self.operands.cell).width
        if step.lock:
            wanted = int(step.rmw)
        else:
            assert self.primitive.new is not None, self.primitive.name
            value = formula_value(self.primitive.new, self.operands, self.old, self.ok())
            wanted = wrap(value, self.operands.cell)
            if self.record.places.kept and self.record.places.home(wanted) is not None:
                return "stores the address of a local that is no memory"
        if not self.record.places.agrees(wanted, event.value, width):
            return f"writes {event.value}, not {wanted % (1 << width)}"
        return None

    # Dependencies.

    def swaps(self, failing: tuple[Step, ...]) -> bool:
        """Whether this was one instruction that stores if, and only if, it succeeds: a CAS."""
        stored = [step for step in self.steps if step.kind == "W" and step.rmw]
        one = any("AMO" in step.tags for step in stored)
        return one and all(step.kind != "W" for step in failing)

    def note(self, control: Reads) -> None:
        record, address = self.record, self.operands.address
        pending: dict[bool, int] = {}
        for step, event in zip(self.steps, self.events, strict=True):
            record.depends("ctrl", control, event)
            if (step.kind != "F" or step.located) and address is not None:
                record.depends("addr", address.reads, event)
            if step.kind == "W" and not step.lock:
                record.depends("data", self.written_from(step), event)
            if step.decided:
                names = formula_names(parse_formula(self.primitive.test or "1"))
                for compared in (self.operands.names.get(name) for name in names):
                    record.depends("ctrl", NO_READS if compared is None else compared.reads, event)
            if step.pairs is not None:
                reads = self.operands.names[step.pairs].reads
                record.rmw.update((read, event.id) for read in reads)
            if step.rmw and step.kind == "R":
                pending[step.lock] = event.id
            elif step.rmw:
                record.rmw.add((pending.get(step.lock, -1), event.id))

    def written_from(self, step: Step) -> Reads:
        """The reads behind the operands of the new value.

        The old value counts where the write is an access of its own, or the table says so; else, in
        an atomic pair, that the write comes from the read is what ``rmw`` says.
        """
        formula = parse_formula(self.primitive.new or "0")
        apart = by_outcome(formula)
        names = formula_names(formula if apart is None else apart[0 if self.ok() else 1])
        given = [self.operands.names[n].reads for n in names if n in self.operands.names]
        if "old" in names and (step.computed or not step.rmw) and self.old is not None:
            given.append(self.old.reads)
        return NO_READS.union(*given)


def formula_value(text: str, operands: Operands, old: Concrete | None, ok: bool | None) -> int:
    """The value of one of a primitive's formulas, computed in the cell's type."""
    assert operands.cell is not None
    return _formula(parse_formula(text), operands, old, ok)


def _formula(f: Formula, operands: Operands, old: Concrete | None, ok: bool | None) -> int:
    cell = operands.cell
    assert cell is not None
    if f[0] == "int":
        return int(str(f[1]))
    if f[0] == "name":
        return _named(str(f[1]), operands, old, ok)
    op = str(f[0])
    parts = [p for p in f[1:] if isinstance(p, tuple)]
    values = [_formula(p, operands, old, ok) for p in parts]
    if op in ("lnot", "land", "lor"):
        return _truth(op, values)
    if op in ("shl", "shr"):
        left = wrap(values[0], cell)
        return wrap(left << values[1] if op == "shl" else left >> values[1], cell)
    if op == "ite":
        return values[1] if values[0] else values[2]
    return _arithmetic(op, [wrap(v, cell) for v in values], cell)


def _named(name: str, operands: Operands, old: Concrete | None, ok: bool | None) -> int:
    if name == "old":
        return 0 if old is None else old.number  # an event without a value counts as 0
    if name == "ok":
        assert ok is not None
        return int(ok)
    return operands.names[name].number


def _truth(op: str, values: list[int]) -> int:
    if op == "lnot":
        return int(values[0] == 0)
    return int(all(values) if op == "land" else any(values))


def _arithmetic(op: str, v: list[int], cell: CType) -> int:
    if op in ("neg", "bitnot"):
        return wrap(-v[0] if op == "neg" else ~v[0], cell)
    a, b = v
    comparisons = {
        "eq": a == b,
        "ne": a != b,
        "lt": a < b,
        "le": a <= b,
        "gt": a > b,
        "ge": a >= b,
    }
    if op in comparisons:
        return int(comparisons[op])
    table = {"add": a + b, "sub": a - b, "mul": a * b, "and": a & b, "or": a | b, "xor": a ^ b}
    return wrap(table[op], cell)
