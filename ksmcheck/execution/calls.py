"""Calls: functions of the test, the checker's own forms, and kernel primitives."""

from __future__ import annotations

from ksmcheck.execution.concrete import (
    NO_READS,
    NOTHING,
    Concrete,
    Reads,
    bits_of,
    by_branch,
    convert,
    deciding,
    integer,
    wrap,
)
from ksmcheck.execution.expressions import Expressions
from ksmcheck.execution.machine import (
    Control,
    FailedCheck,
    InMemory,
    InRegister,
    Made,
    Place,
    Variable,
)
from ksmcheck.execution.performed import Done, Operands, formula_value
from ksmcheck.execution.static import SILENT, called_type, decayed
from ksmcheck.kernel.constants import try_constant
from ksmcheck.kernel.formula import formula_names, parse_formula
from ksmcheck.kernel.null_stores import primitive_of
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.types import (
    INT,
    LONG,
    RESULTS,
    UNSIGNED_LONG,
    VOID,
    ArrayOf,
    BitField,
    CType,
    FunctionOf,
    PointerTo,
    StructType,
    alike,
    is_scalar,
    is_whole,
    passed_words,
)
from ksmcheck.kernel.waking import GIVES_BACK, LOOKS
from ksmcheck.program.ir import BAD_ADDRESS
from ksmcheck.record import Struct, field, replace
from ksmcheck.syntax import c_ast as c
from ksmcheck.text import InternalError, Span

_DEMANDS = {"assert": True}
_FORBIDS = frozenset(
    ("BUG_ON", "VM_BUG_ON", "VM_BUG_ON_PAGE", "VM_BUG_ON_FOLIO", "WARN_ON", "WARN_ON_ONCE")
) | {"VM_WARN_ON", "VM_WARN_ON_ONCE"}


class _Arguments(Struct):
    """The arguments of a primitive by the kinds of its parameters; ``whole`` is the struct that is
    read or written as one word."""

    place: InMemory | None = None
    whole: CType | None = None
    names: dict[str, Concrete] = field(default_factory=dict)
    inout: tuple[Place, str] | None = None


class Calls(Expressions):
    """A function of the test hides a form, and a form a primitive of the same name."""

    def called(self, e: c.Call) -> Concrete:
        name = e.callee.name
        function = self.types.functions.get(name)
        if function is not None:
            kinds = [self.parameter(param) for param in function.params]
            passed = [self.passed(a, t) for a, t in zip(_expressions(e), kinds, strict=True)]
            self.path = (*self.path, id(e))
            value = self.enter(function, passed)
            self.path = self.path[:-1]
            return value
        if name in _DEMANDS or name in _FORBIDS:
            return self.checked(e)
        if self.is_primitive(name):
            return self.primitive(primitive_of(self.world.primitives, e), e)
        return self.form(e)

    def is_primitive(self, name: str) -> bool:
        """Where no function of the test is called so."""
        return name in self.world.primitives and name not in _FORMS

    def does_something(self, name: str) -> bool:
        """Of what is no function of the test, whether the machine is asked to do something."""
        return name == _FREED or self.is_primitive(name)

    def called_through(self, e: c.PointerCall) -> Concrete:
        """A call of what a pointer points to: what happens in it depends on what gave the pointer,
        for an indirect branch leads there. Of its result no more is known than of what is read."""
        pointer = self.settled(self.tested(e.pointer))
        type = called_type(pointer.type)
        passed = [self.passed(a, t) for a, t in zip(e.args, type.params, strict=True)]
        return self.led_to(pointer, type, passed, e.span)

    def led_to(
        self, pointer: Concrete, type: FunctionOf, passed: list[Concrete | Variable], span: Span
    ) -> Concrete:
        function = self.types.function_at(pointer.number)
        if function is None or not alike(self.types.signature(function), type):
            self.failed.append(FailedCheck(BAD_ADDRESS, self.record.thread, span))
            came_by = deciding(pointer.reads) | self.depends_on()
            return self.chosen(self.nothing(type.result, pointer.fixed, came_by), came_by)
        if pointer.fixed:
            return self.enter(function, passed)
        self.controls.append(Control(None, 0, pointer.reads))
        value = self.enter(function, passed)
        came_by = self.depends_on()
        self.controls.pop()
        return self.chosen(self.not_fixed(value), came_by)

    def nothing(self, type: CType, fixed: bool, came_by: Reads = NO_READS) -> Concrete:
        """What a call gives that leads nowhere: 0."""
        if isinstance(type, StructType):
            zero = integer(0) if fixed else replace(integer(0), fixed=False)
            scalars = self.layouts.scalars(type, None)
            parts = {scalar.offset: convert(zero, scalar.type) for scalar in scalars}
            self.struct = Variable("(*)", type, parts=parts, ways=dict.fromkeys(parts, came_by))
        if not is_scalar(type):
            return NOTHING
        return Concrete(type, 0, fixed=fixed)

    def not_fixed(self, value: Concrete) -> Concrete:
        """What a function gives that is one of several."""
        if isinstance(self.struct, Variable):
            for offset, part in self.struct.parts.items():
                self.struct.parts[offset] = replace(part, fixed=False)
        return replace(value, fixed=False) if is_scalar(value.type) else value

    def passed(self, e: c.Expr, type: CType) -> Concrete | Variable:
        """An argument: of a struct, a copy."""
        if not isinstance(type, StructType):
            return self.value(e)
        held = Variable("(argument)", type)
        self.copy(InRegister(held, 0, type), self.place(e))
        return held

    def enter(self, function: c.Function, arguments: list[Concrete | Variable]) -> Concrete:
        raise NotImplementedError

    def place(self, e: c.Expr) -> Place:
        """Also of the struct that a call, a choice or a statement expression gives."""
        if isinstance(e, c.Conditional):
            e = self.written_out(e)
        if isinstance(e, c.StatementExpr):
            held = self.block_struct(e)
            return InRegister(held, 0, held.type)
        if not isinstance(e, c.Call | c.PointerCall):
            return super().place(e)
        self.value(e)
        assert self.struct is not None, e
        return InRegister(self.struct, 0, self.struct.type)

    def written_out(self, e: c.Conditional) -> c.StatementExpr:
        raise NotImplementedError

    def block_struct(self, e: c.StatementExpr) -> Variable:
        raise NotImplementedError

    # Forms.

    def checked(self, e: c.Call) -> Concrete:
        """``assert``, ``BUG_ON`` and the like: noted where violated; execution goes on."""
        name = e.callee.name
        value = self.value(_expressions(e)[0])
        if value.truth != _DEMANDS.get(name, False):
            self.failed.append(FailedCheck(name, self.record.thread, e.span))
        if "WARN" in name:
            return replace(value, type=INT, number=int(value.truth))
        return NOTHING

    def form(self, e: c.Call) -> Concrete:
        name = e.callee.name
        if name == "BUG":
            self.failed.append(FailedCheck(name, self.record.thread, e.span))
            return NOTHING
        if name not in _FORMS:
            raise InternalError(f"replay: {name} is not known")
        if name in ("BUILD_BUG_ON", "static_assert"):
            return NOTHING
        if name == _COPY:
            return self.copied(e)
        if name == _FREED:
            return self.set_free(e)
        if name == _FILL:
            return self.filled(e)
        if name == _WITHIN:
            (argument,) = _expressions(e)
            return NOTHING if self.value(argument).truth else self.bad_address(e)
        if name == "smp_processor_id":
            return integer(self.record.thread)
        if name == "num_possible_cpus":
            return integer(len(self.world.test.threads))
        (argument,) = _expressions(e)
        if name == "ARRAY_SIZE":
            array = self.type_of(argument)
            assert isinstance(array, ArrayOf) and array.length is not None
            return integer(array.length, UNSIGNED_LONG)
        value = self.value(argument)
        if name == "__assume" and not value.truth:
            raise InternalError(f"replay: P{self.record.thread} breaks an assumption at {e.span}")
        return replace(value, type=LONG, number=int(value.truth))

    def copied(self, e: c.Call) -> Concrete:
        to, source, *numbers = _expressions(e)
        size, *first = (try_constant(number, self.types) for number in numbers)
        if size is None:
            return self.bad_address(e)
        start = first[0][0] if first and first[0] is not None else 0
        self.copy(self.place(to), self.place(source), range(start, size[0]))
        return NOTHING

    def set_free(self, e: c.Call) -> Concrete:
        """Each word of the object once."""
        (argument,) = _expressions(e)
        place = self.place(argument)
        assert isinstance(place, InMemory)
        self.freed.append(Made(place.address.number, place.type, e.span))
        scalars = {s.offset: s.type for s in self.layouts.scalars(place.type, None)}
        for offset, type in scalars.items():
            part = self.part(place, offset, type.word if isinstance(type, BitField) else type)
            assert isinstance(part, InMemory)
            self.perform("kfree", part, {})
        return NOTHING

    def filled(self, e: c.Call) -> Concrete:
        target, byte = _expressions(e)
        place, number = self.place(target), self.value(byte).number % 256
        for scalar in self.layouts.scalars(place.type, None) if number else ():
            repeated = sum(number << 8 * at for at in range(scalar.size))
            value = convert(integer(repeated, UNSIGNED_LONG), scalar.type)
            self.write(self.part(place, scalar.offset, scalar.type), value)
        return NOTHING

    def bad_address(self, e: c.Call) -> Concrete:
        self.failed.append(FailedCheck(BAD_ADDRESS, self.record.thread, e.span))
        return NOTHING

    # Primitives.

    def primitive(self, primitive: Primitive, e: c.Call) -> Concrete:
        arguments = _expressions(e)
        if primitive.macro and self.is_local(arguments[0]):
            return self.on_register(primitive, arguments)
        given = self.arguments(primitive, arguments)
        done = self.perform(primitive.name, given.place, given.names)
        if primitive.name in GIVES_BACK:
            self.look_late(LOOKS[GIVES_BACK[primitive.name]], given.place)
        if primitive.blocks and not done.ok:
            raise InternalError(f"replay: {primitive.name} returned without the lock")
        if primitive.misuse is not None and self.by_formula(primitive.misuse, given, done):
            kind = f"misuse of {primitive.name}"
            self.failed.append(FailedCheck(kind, self.record.thread, e.span))
        result = self.result(primitive, given, done)
        if given.whole is not None and primitive.shape == "load":
            self.struct = Variable(primitive.name, given.whole)
            whole = InRegister(self.struct, 0, given.whole)
            (scalar,) = self.layouts.scalars(given.whole, None)
            self.write(self.part(whole, scalar.offset, scalar.type), result)
            return NOTHING
        return result if given.inout is None else self.give_back(given, result)

    def look_late(self, asks: str, lock: InMemory | None) -> None:
        """What is recorded of who gives a lock back and looks for who waits: in the same call."""
        record = self.record
        if record.at < len(record.events):
            given, event = record.events[record.at - 1], record.events[record.at]
            if event.primitive == asks and event.origin == given.origin:
                self.perform(asks, lock, {})

    def is_local(self, e: c.Expr) -> bool:
        """Whether ``e`` is a local variable, or a part of one, that lives in registers."""
        while isinstance(e, c.Member) and not e.arrow:
            e = e.base
        if isinstance(e, c.Index) and isinstance(e.index, c.IntLit):
            return isinstance(self.type_of(e.base), ArrayOf) and self.is_local(e.base)
        variable = self.find(e.name) if isinstance(e, c.Name) else None
        return variable is not None and variable.address is None

    def on_register(self, primitive: Primitive, arguments: list[c.Expr]) -> Concrete:
        """``READ_ONCE`` of a local: no event."""
        place = self.place(arguments[0])
        if is_whole(place.type) and primitive.shape == "load":
            self.struct = Variable(primitive.name, place.type)
            self.copy(InRegister(self.struct, 0, place.type), place)
            return NOTHING
        if is_whole(place.type):
            self.copy(place, self.place(arguments[-1]))
            return NOTHING
        if primitive.shape == "load":
            return self.read(place, arguments[0].span)
        self.write(place, self.value(arguments[-1]))
        return NOTHING

    def arguments(self, primitive: Primitive, arguments: list[c.Expr]) -> _Arguments:
        given = _Arguments()
        kinds = dict(zip(primitive.names, primitive.params, strict=True))
        for name, argument in zip(primitive.names, arguments, strict=True):
            kind = kinds[name]
            if kind == "ptr":
                place = self.place(argument) if primitive.macro else None
                place = place or self.pointed(self.passed_address(primitive, argument))
                if primitive.shape in ("load", "store") and is_whole(place.type):
                    given.whole = place.type
                given.place = self.word(place)
            elif kind == "inout":
                place = self.behind(argument)
                given.inout = (place, name)
                given.names[name] = self.settled(self.read(place, argument.span))
            elif kind == "val" and given.whole is not None:
                given.names[name] = self.settled(self.held(self.place(argument), argument))
            elif kind != "any":
                given.names[name] = self.settled(self.value(argument))
        for name, value in given.names.items():
            if kinds[name] in ("val", "inout") and given.place is not None:
                given.names[name] = convert(value, given.place.type)
            elif kinds[name] == "bit":
                self.into_word(given, name, value)
        return given

    def passed_address(self, primitive: Primitive, argument: c.Expr) -> Concrete:
        """Bit operations are declared to take an ``unsigned long *``, which ``void *`` becomes."""
        value = self.value(argument)
        if "bit" in primitive.params:
            return replace(value, type=passed_words(value.type))
        return value

    def held(self, place: Place, argument: c.Expr) -> Concrete:
        """The one word of a struct."""
        (scalar,) = self.layouts.scalars(place.type, None)
        return self.read(self.part(place, scalar.offset, scalar.type), argument.span)

    def behind(self, argument: c.Expr) -> Place:
        """The place that a pointer argument designates; ``&local`` does not put it in memory."""
        if isinstance(argument, c.Unary) and argument.op == "&":
            return self.place(argument.operand)
        return self.pointed(self.value(argument))

    def word(self, place: Place) -> InMemory:
        """The one scalar that the primitive works on: an ``atomic_t`` is its counter."""
        if isinstance(place, InRegister):
            raise InternalError("replay: a primitive on a register")
        type: CType = place.type
        while not is_scalar(type):
            if isinstance(type, StructType):
                type = self.layouts.of(type, None).members[0].type
            elif isinstance(type, ArrayOf):
                type = type.element
            else:
                raise InternalError(f"replay: a primitive on {type}")
        return replace(place, type=type)

    def into_word(self, given: _Arguments, name: str, value: Concrete) -> None:
        """Bit 70 of a bitmap is bit 6 of its second word. Where the text does not fix the number,
        the address depends on nothing all the same: a compiler may know the word."""
        place = given.place
        assert place is not None
        value = convert(value, UNSIGNED_LONG)
        width = bits_of(place.type).width
        if value.number >= width:
            further = value.number // width * (width // 8)
            number = wrap(place.address.number + further, UNSIGNED_LONG)
            given.place = replace(place, address=replace(place.address, number=number))
            value = replace(value, number=value.number % width)
        given.names[name] = value

    def result(self, primitive: Primitive, given: _Arguments, done: Done) -> Concrete:
        if primitive.result is None:
            return NOTHING
        number = self.by_formula(primitive.result, given, done)
        cell = INT if given.place is None else given.place.type
        used = formula_names(parse_formula(primitive.result))
        reads = NO_READS.union(*(given.names[n].reads for n in used if n in given.names))
        if done.old is not None:
            reads |= done.old.reads
        type = cell if primitive.result_type == "cell" else RESULTS[primitive.result_type]
        if type == VOID:
            return NOTHING
        values = [*given.names.values(), *([given.place.address] if given.place else [])]
        places = NO_READS.union(*(value.places for value in values))
        return Concrete(type, wrap(number, type), reads, places=places)

    def by_formula(self, formula: str, given: _Arguments, done: Done) -> int:
        """The value of a formula about what was done, in the cell's type."""
        cell = INT if given.place is None else given.place.type
        return formula_value(formula, Operands(None, cell, given.names), done.old, done.ok)

    def give_back(self, given: _Arguments, result: Concrete) -> Concrete:
        """try_cmpxchg: the expected value becomes what was there; tells whether they were equal."""
        assert given.inout is not None
        place, name = given.inout
        expected = given.names[name]
        reads = result.reads | expected.reads
        ok = Concrete(INT, int(result.number == convert(expected, result.type).number), reads)
        if isinstance(place, InRegister):
            self.write(place, convert(expected, result.type) if ok.truth else result)
        elif not ok.truth:
            self.controls.append(Control(None, 0, reads))
            self.write(place, result)
            self.controls.pop()
        return replace(ok, reads=by_branch(reads))

    def call_type(self, e: c.Call | c.PointerCall) -> CType:
        if isinstance(e, c.PointerCall):
            return called_type(decayed(self.type_of(e.pointer))).result
        name = e.callee.name
        function = self.types.functions.get(name)
        if function is not None:
            return self.resolve(function.result)
        primitive = self.world.primitives.get(name)
        if name == "ARRAY_SIZE":
            return UNSIGNED_LONG
        if name in SILENT:
            return LONG
        if primitive is None or name in _FORMS:
            return INT
        if primitive.result_type != "cell":
            return RESULTS[primitive.result_type]
        if "inout" in primitive.params:
            return INT
        pointer = decayed(self.type_of(_expressions(e)[primitive.params.index("ptr")]))
        if primitive.macro:
            return pointer
        target = pointer.target if isinstance(pointer, PointerTo) else pointer
        if primitive.shape == "load" and is_whole(target):
            return target
        return self.word(InMemory(integer(0, UNSIGNED_LONG), target)).type


_CONSTANT = ("ARRAY_SIZE", "BUILD_BUG_ON", "static_assert")
_CPUS = ("smp_processor_id", "num_possible_cpus")
_COPY = "__ksmcheck_copy"
_FILL = "__ksmcheck_fill"
_WITHIN = "__ksmcheck_within"
_FREED = "__ksmcheck_freed"
_OWN = (_COPY, _FILL, _WITHIN, _FREED)
_FORMS = frozenset(("BUG", "likely", "unlikely", "__assume", *_CONSTANT, *_CPUS, *_OWN))


def _expressions(e: c.Call) -> list[c.Expr]:
    found: list[c.Expr] = []
    for argument in e.args:
        if isinstance(argument, c.TYPES):
            raise InternalError(f"replay: a type is passed to {e.callee.name}")
        found.append(argument)
    return found
