"""The replay of assembly threads: each column is run again from its text on concrete numbers.

What an instruction does is read from the same description that the compiler reads (``isa.micro``);
everything that is made of it is worked out here anew: values, jumps, which events there are and
what they depend on.
"""

from __future__ import annotations

from collections.abc import Mapping

from ksmcheck.execution.arithmetic import NOTHING, Number, fit, value_of
from ksmcheck.execution.concrete import Concrete
from ksmcheck.execution.execution import ExecutedEvent
from ksmcheck.execution.final_columns import observed
from ksmcheck.execution.performed import (
    Done,
    Exhausted,
    Operands,
    Record,
    formula_value,
    perform,
)
from ksmcheck.execution.threads import Ran
from ksmcheck.isa.compile import micros_of
from ksmcheck.isa.dialects import dialect
from ksmcheck.isa.memory import SYMBOL, register_types
from ksmcheck.isa.micro import END, Act, Go
from ksmcheck.kernel.formula import by_outcome, formula_names, parse_formula
from ksmcheck.kernel.ints import ADDRESS, IntType
from ksmcheck.kernel.types import UNSIGNED_LONG, IntegerType
from ksmcheck.lowering.template import Step
from ksmcheck.record import Struct
from ksmcheck.syntax.assembly_ast import AssemblyTest, Instruction, Label
from ksmcheck.text import InternalError

_PATIENCE = 10_000
"""Instructions of one thread; a thread that does more goes round in a loop for ever."""


class _Reservation(Struct, frozen=True):
    address: int
    read: int


class _Column:
    """One thread being run against its recorded events."""

    def __init__(self, test: AssemblyTest, thread: int, events: tuple[ExecutedEvent, ...]) -> None:
        self.test = test
        self.record = Record(thread, events)
        self.registers: dict[str, Number] = {}
        self.control = NOTHING
        self.reservation: _Reservation | None = None

    def run(self) -> bool:
        """Whether the thread came to its end."""
        lines = self.test.threads[self.record.thread].lines
        labels = {line.name: at for at, line in enumerate(lines) if isinstance(line, Label)}
        labels[END] = len(lines)
        at, patience = 0, _PATIENCE
        while at < len(lines):
            line = lines[at]
            at += 1
            patience -= 1
            if patience == 0:
                return False
            if isinstance(line, Instruction):
                try:
                    target = self._instruction(line)
                except Exhausted:
                    return False
                at = at if target is None else labels[target]
        return True

    def _instruction(self, line: Instruction) -> str | None:
        """Runs one instruction; the label to go on at, None for the next instruction."""
        for micro in micros_of(self.test, line):
            if isinstance(micro, Act):
                self._act(micro)
            elif isinstance(micro, Go):
                if self._taken(micro):
                    return micro.label
            else:
                self.registers[micro.reg] = value_of(micro.expr, self.registers)
        return None

    def _taken(self, go: Go) -> bool:
        if go.condition is None:
            return True
        condition = value_of(go.condition, self.registers)
        self.control |= condition.reads  # of everything from here on
        return condition.value != 0

    # Accesses and fences.

    def _act(self, act: Act) -> None:
        operands = self._operands(act)
        done = perform(self.record, act.primitive, act.row, operands, self.control)
        if operands.address is not None:  # what picked it keeps stores behind the access back
            picked = {r for r in operands.address.reads if r < 0 or r in self.record.picked}
            self.control |= {min(r, ~r) for r in picked}
        told = self._exclusive(act, operands, done)
        if act.dst is not None and act.result is not None:
            self.registers[act.dst] = self._result(act, act.result, operands, done, told)

    def _operands(self, act: Act) -> Operands:
        given = [value_of(a, self.registers) for a in act.args]
        address: Concrete | None = None
        names: dict[str, Concrete] = {}
        cell = None if act.cell is None else IntegerType(str(act.cell), act.cell)
        for (kind, name), number in zip(act.primitive.operands, given, strict=True):
            if kind == "ptr":
                address = Concrete(UNSIGNED_LONG, fit(number.value, ADDRESS), number.reads)
            else:
                assert act.cell is not None and cell is not None
                names[name] = Concrete(cell, fit(number.value, act.cell), number.reads)
        return Operands(address, cell, names)

    def _exclusive(self, act: Act, operands: Operands, done: Done) -> frozenset[int]:
        """Load-exclusives reserve, store-conditionals need it; what the success is told by."""
        told = NOTHING
        for step, event in zip(_steps(act, done), done.events, strict=True):
            assert event.address is not None or event.kind == "F"
            if step.reserves:
                self.reservation = _Reservation(event.address or 0, event.id)
            if step.reserved:
                held = self.reservation
                if held is None or held.address != event.address:
                    raise InternalError(f"replay: event {event.id} succeeds without a reservation")
                self.record.rmw.add((held.read, event.id))
                told = frozenset((event.id,)) if step.told else NOTHING
        if act.row.ends_reservation:
            self.reservation = None
        return told

    def _result(
        self, act: Act, type: IntType, operands: Operands, done: Done, told: frozenset[int]
    ) -> Number:
        formula = act.primitive.result
        if formula is None:
            raise InternalError(f"replay: {act.primitive.name} has no result")
        value = formula_value(formula, operands, done.old, done.ok)
        parsed = parse_formula(formula)
        apart = by_outcome(parsed)
        names = formula_names(parsed if apart is None else apart[0 if done.ok else 1])
        reads = done.old.reads if "old" in names and done.old is not None else NOTHING
        for name in names & operands.names.keys():
            reads |= operands.names[name].reads
        return Number(fit(value, type), reads | told)


def _steps(act: Act, done: Done) -> tuple[Step, ...]:
    cases = (act.row.always, act.row.ok if done.ok else act.row.fail)
    return next(steps for steps in cases if steps is not None)


def run_column(
    test: AssemblyTest,
    thread: int,
    events: tuple[ExecutedEvent, ...],
    addresses: Mapping[str, int],
) -> Ran:
    """Runs thread number ``thread`` against its recorded events.

    Raises InternalError, saying what differs, where the record is not what the thread does.
    """
    column = _Column(test, thread, events)
    known = dialect(test.dialect)
    for location, address in addresses.items():
        column.registers[SYMBOL + location] = Number(address)
    for entry in test.init:
        if entry.thread == thread:
            name = known.register(entry.name)
            assert name is not None
            value = addresses[entry.value] if isinstance(entry.value, str) else entry.value or 0
            column.registers[name] = Number(fit(value, ADDRESS))
    ended = column.run()
    record = column.record
    if ended and record.at < len(events):
        event = events[record.at]
        raise InternalError(f"replay: P{thread} ends before event {event.id} ({event.primitive})")
    types = register_types(test, known)

    def shown(name: str, number: Number) -> Concrete:
        type = types.get((thread, name), known.shown)
        return Concrete(IntegerType(str(type), type), fit(number.value, type), number.reads)

    registers = {name: shown(name, number) for name, number in column.registers.items()}
    for looked_at in observed(test, thread):
        registers.setdefault(looked_at, shown(looked_at, Number(0)))
    return Ran(record, registers, (), ended, looped=False)
