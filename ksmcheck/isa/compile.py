"""An assembly test's tree becomes a Program, the same that kernel C compiles to."""

from __future__ import annotations

from ksmcheck.isa.conditions import Conditions, check_thread
from ksmcheck.isa.dialect import Dialect
from ksmcheck.isa.dialects import decoded, dialect
from ksmcheck.isa.flow import Column, Placed, blocks_of, zero
from ksmcheck.isa.memory import SYMBOL, Locations, locations, register_types
from ksmcheck.isa.micro import Act, BadInstruction, Go, Micros
from ksmcheck.kernel.ints import ADDRESS, IntType
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.lowering.template import Row
from ksmcheck.program.fold import registers
from ksmcheck.program.ir import Const, FinalReg, Origin, Program, Thread
from ksmcheck.record import Struct
from ksmcheck.syntax.assembly_ast import AssemblyTest, Instruction, Label
from ksmcheck.syntax.litmus_ast import Register
from ksmcheck.text import InputError, InternalError, Span

Actions = dict[str, tuple[Primitive, Row]]
"""What the accesses of a program are, by their names."""


class Assembled(Struct, frozen=True):
    """``actions`` stand where a lowering table stands for kernel C: they hold under every model."""

    program: Program
    actions: Actions


def assemble(test: AssemblyTest, *, kernel: str, unroll: int) -> Assembled:
    """The program of a test; ``kernel`` only marks it. Raises InputError."""
    return _Assembler(test, kernel, unroll).run()


def micros_of(test: AssemblyTest, line: Instruction) -> Micros:
    """What one instruction of the test does. Raises InputError where it is not understood."""
    try:
        micros = decoded(test.dialect, line.text)
    except BadInstruction as bad:
        start = min(line.span.start + bad.start, line.span.end - 1)
        end = max(start + 1, min(line.span.start + bad.end, line.span.end))
        raise InputError(bad.message, Span(line.span.source, start, end), bad.hint) from None
    if not line.whole:
        return micros
    from ksmcheck.isa.parts import whole_load

    return whole_load(micros, line.whole)


class _Assembler:
    def __init__(self, test: AssemblyTest, kernel: str, unroll: int) -> None:
        self.test = test
        self.kernel = kernel
        self.unroll = unroll
        self.dialect: Dialect = dialect(test.dialect)
        self.actions: Actions = {}
        self.outputs: dict[int, set[str]] = {}
        self.types = register_types(test, self.dialect)

    def run(self) -> Assembled:
        test = self.test
        code = [self._code(number) for number in range(len(test.threads))]
        placed = [
            (n, item.micros) for n, c in enumerate(code) for item in c if type(item) is Placed
        ]
        places = locations(test, placed)
        starts = self._starts(places)
        condition, filter, observed = Conditions(places, self._final).finals(test)
        threads = tuple(self._thread(n, c, places, starts[n]) for n, c in enumerate(code))
        cells = tuple(places.cells.values())
        program = Program(test.name, self.kernel, cells, threads, condition, filter, observed)
        return Assembled(program, self.actions)

    def _code(self, number: int) -> list[tuple[str, Span] | Placed]:
        thread = self.test.threads[number]
        code: list[tuple[str, Span] | Placed] = []
        counts: dict[str, int] = {}
        for line in thread.lines:
            if type(line) is Instruction:
                micros = micros_of(self.test, line)
                word = line.text.split(None, 1)[0]
                counts[word] = count = counts.get(word, 0) + 1
                site = f"{word}@{thread.name}{f'#{count}' if count > 1 else ''}"
                code.append(Placed(micros, Origin(line.span, thread.name, (), site, column=True)))
                for micro in micros:
                    if type(micro) is Act:
                        self._act(micro)
            elif type(line) is Label:
                code.append((line.name, line.span))
        return code

    def _act(self, act: Act) -> None:
        name, action = act.primitive.name, (act.primitive, act.row)
        if self.actions.setdefault(name, action) != action:
            raise InternalError(f"two meanings of {name}")

    def _starts(self, places: Locations) -> list[dict[str, Const]]:
        """The registers' values on entry, by thread."""
        starts: list[dict[str, Const]] = [{} for _ in self.test.threads]
        for entry in self.test.init:
            if entry.thread is None:
                continue
            if entry.thread >= len(starts):
                raise InputError(f"there is no thread P{entry.thread}", entry.span)
            name = self._register(entry.name, entry.span)
            value = entry.value
            number = places.addresses[value] if isinstance(value, str) else value or 0
            starts[entry.thread][name] = Const(ADDRESS.wrap(number), ADDRESS)
        return starts

    def _register(self, name: str, span: Span) -> str:
        found = self.dialect.register(name)
        if found is None:
            raise InputError(f"'{name}' is not a register of {self.dialect.name}", span)
        return found

    def _final(self, register: Register) -> FinalReg:
        check_thread(self.test, register)
        name = self._register(register.name, register.span)
        self.outputs.setdefault(register.thread, set()).add(name)
        return FinalReg(register.thread, name, self._shown(register.thread, name))

    def _shown(self, thread: int, register: str) -> IntType:
        return self.types.get((thread, register), self.dialect.shown)

    def _thread(
        self,
        number: int,
        code: list[tuple[str, Span] | Placed],
        places: Locations,
        starts: dict[str, Const],
    ) -> Thread:
        written = self.test.threads[number]
        outputs = tuple(sorted(self.outputs.get(number, ())))
        values = {**self._unset(code, places), **starts}
        column = Column(code, values, outputs, written.span)
        primitives = {name: primitive for name, (primitive, _) in self.actions.items()}
        blocks = blocks_of(column, self.unroll, primitives)
        shown = tuple((name, name, self._shown(number, name)) for name in outputs)
        return Thread(number, written.name, blocks, shown, picks=True)

    def _unset(self, code: list[tuple[str, Span] | Placed], places: Locations) -> dict[str, Const]:
        """Locations that instructions name; and, where ways may part, registers at 0."""
        micros = [micro for item in code if type(item) is Placed for micro in item.micros]
        found = {
            name: Const(places.addresses[name[1:]], ADDRESS)
            for micro in micros
            if type(micro) is Act
            for expr in micro.args
            for name in registers(expr)
            if name[0] == SYMBOL
        }
        if Go in map(type, micros):
            for micro in micros:
                if not isinstance(micro, Go):
                    target = micro.dst if isinstance(micro, Act) else micro.reg
                    if target is not None:
                        found.setdefault(target, zero(target))
        return found
