"""One call of a kernel primitive becomes one Access."""

from __future__ import annotations

from ksmcheck.kernel.ints import ADDRESS, S32, IntType
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.types import (
    INT,
    RESULTS,
    VOID,
    WORDS,
    ArrayOf,
    BitField,
    CType,
    IntegerType,
    PointerTo,
    StructType,
    ints_of,
    is_scalar,
    passed_words,
    promote,
)
from ksmcheck.program import fold
from ksmcheck.program.ir import Access, Const, Expr, Op, Use
from ksmcheck.program.operators import Operators
from ksmcheck.program.places import InMemory, InRegisters, Place
from ksmcheck.program.scope import Variable
from ksmcheck.program.values import NOTHING, Value, assign, cast, need_scalar
from ksmcheck.record import Struct, field
from ksmcheck.syntax.c_ast import Call, Name, Unary
from ksmcheck.syntax.c_ast import Expr as Tree
from ksmcheck.text import InputError, Span

_RWLOCK = ("lock", "unlock", "trylock")

_OBJECTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("atomic_long_", ("atomic_long_t",)),
    ("atomic64_", ("atomic64_t",)),
    ("atomic_", ("atomic_t", "refcount_t")),
    ("spin_", ("spinlock_t",)),
    ("raw_spin_", ("raw_spinlock_t",)),
    ("mutex_", ("mutex",)),
    *((f"{side}_{what}", ("rwlock_t",)) for side in ("read", "write") for what in _RWLOCK),
    *((what, ("rw_semaphore",)) for what in ("down_", "up_", "downgrade_", "rwsem_")),
    ("srcu_", ("srcu_struct",)),
    ("synchronize_srcu", ("srcu_struct",)),
)
"""What a family of primitives works on, by the beginning of its members' names."""


class _Operands(Struct):
    """The evaluated arguments of one call, in the order of the primitive's parameters. ``whole``:
    the struct that the cell is all of."""

    args: list[Expr] = field(default_factory=list)
    cell: CType | None = None
    whole: StructType | None = None
    address: int = -1
    inout: tuple[Place, Tree, Value] | None = None


class PrimitiveCalls(Operators):
    """Arguments by the kind of their parameter, and the value by the kind of the result."""

    def arguments(self, call: Call, count: int) -> tuple[Tree, ...]:
        raise NotImplementedError

    def primitive(self, primitive: Primitive, call: Call, *, used: bool) -> Value:
        arguments = self.arguments(call, len(primitive.params))
        place = self._macro_place(primitive, arguments[0]) if primitive.macro else None
        if isinstance(place, InRegisters):
            return self._on_register(primitive, place, arguments)
        operands = self._operands(primitive, arguments, place)
        type = self._result_type(primitive, operands)
        needed = type != VOID and (used or operands.inout is not None)
        register = self.graph.fresh("t") if needed else None
        cell = None if primitive.shape == "fence" or operands.cell is None else operands.cell
        access = Access(
            primitive.name,
            register,
            tuple(operands.args),
            None if cell is None else ints_of(cell),
            None if type == VOID else ints_of(type),
            self.origin(call.span, call),
        )
        self.graph.emit(access)
        self.contents.looks.note(primitive, access, self.graph.here.steps, self.thread)
        if register is None:
            return NOTHING
        result = Value(Use(register, ints_of(type)), type)
        if operands.whole is not None and primitive.result_type == "cell":
            return self._whole(result, operands.whole, call)
        return result if operands.inout is None else self._write_back(operands.inout, result)

    def _whole(self, word: Value, type: StructType, call: Call) -> Value:
        """A struct that is one word, as a call of a function gives a struct (``returned``)."""
        held = InRegisters(Variable(call.callee.name, type, self.graph.fresh("t")), 0, type)
        (scalar,) = self.layouts.scalars(type, call.span)
        self.write(self.part(held, scalar.offset, scalar.type), word, call)
        return Value(Use(held.variable.register, S32), type)

    def loaded_struct(self, call: Call) -> StructType | None:
        """The struct that READ_ONCE or its like reads as one word; None where it is a number."""
        primitive = self.primitives.get(call.callee.name)
        if primitive is None or primitive.shape != "load" or primitive.result_type != "cell":
            return None
        at = self.type_of(self.arguments(call, len(primitive.params))[0])
        if not primitive.macro:
            at = at.target if isinstance(at, PointerTo) else at
        return _struct_of(at)

    def _macro_place(self, primitive: Primitive, argument: Tree) -> Place:
        """The lvalue that READ_ONCE and its like are written with; evaluated here, once."""
        if self.is_place(argument):
            place = self.place(argument)
            if isinstance(place.type, BitField):
                hint = "a plain access reads the word that it is in"
                raise InputError(f"{primitive.name} of a bit-field", argument.span, hint=hint)
            return place
        hint = f"write {primitive.name}(*...) to access what a pointer points to"
        if isinstance(argument, Unary) and argument.op == "&":
            hint = f"leave out the &: {primitive.name} takes the variable itself"
        message = f"{primitive.name} needs a variable, member or element"
        raise InputError(message, argument.span, hint=hint)

    def _on_register(
        self, primitive: Primitive, place: InRegisters, args: tuple[Tree, ...]
    ) -> Value:
        """READ_ONCE or WRITE_ONCE of a local in a register: nobody else sees it."""
        name = place.variable.name
        if place.variable.register in self.locations:
            hint = f"write *{name} for the location that it points to"
            message = f"{name} is a parameter: {primitive.name} accesses the thread's own pointer"
            raise InputError(message, args[0].span, hint=hint)
        type = _struct_of(place.type)
        if primitive.shape == "load" and type is not None:
            held = InRegisters(Variable(name, type, self.graph.fresh("t")), 0, type)
            self.copy(held, place, args[0])
            return Value(Use(held.variable.register, S32), type)
        if primitive.shape == "load":
            return self.read(place, args[0])
        if type is not None:
            self.copy(place, self.aggregate(args[-1], type), args[0])
        else:
            self.write(place, self.value(args[-1]), args[0])
        return NOTHING

    def _operands(
        self, primitive: Primitive, arguments: tuple[Tree, ...], place: InMemory | None
    ) -> _Operands:
        found = _Operands()
        values: list[tuple[int, Tree, Value]] = []
        for kind, argument in zip(primitive.params, arguments, strict=True):
            if kind == "any":
                continue
            if kind == "ptr":
                object = self._object(primitive, argument, place)
                if primitive.shape in ("load", "store"):
                    found.whole = _struct_of(object.type)
                word = self._scalar_of(object, primitive, argument.span)
                found.cell, found.address = word.type, len(found.args)
                found.args.append(word.address)
                continue
            if kind == "inout":
                value = self._in(argument, found)
            elif kind == "val" and found.whole is not None:
                value = self._word_of(argument, found.whole)
            else:
                value = self.value(argument)
            need_scalar(value, argument.span)
            if kind in ("val", "inout"):
                values.append((len(found.args), argument, value))
            elif kind == "bit":
                value = self._bit(value, argument.span)
            found.args.append(value.expr)
        self._convert(found, values)
        if "bit" in primitive.params:
            _into_word(found, primitive.params.index("bit"))
        return found

    def _convert(self, found: _Operands, values: list[tuple[int, Tree, Value]]) -> None:
        """Values take the cell's type, whichever side of the pointer they stand on."""
        assert found.cell is not None or not values
        for index, argument, value in values:
            assert found.cell is not None
            converted = assign(value, found.cell, argument.span, lenient=self.frame.lenient)
            found.args[index] = converted.expr

    def _word_of(self, argument: Tree, type: StructType) -> Value:
        """What a struct that is stored as one word holds."""
        place = self.aggregate(argument, type)
        (scalar,) = self.layouts.scalars(type, argument.span)
        return self.read(self.part(place, scalar.offset, scalar.type), argument)

    def _object(self, primitive: Primitive, argument: Tree, place: InMemory | None) -> InMemory:
        """What the primitive accesses; ``place`` where it was written as an lvalue."""
        if place is None:
            self._refuse_own_pointer(argument)
            try:
                place = self.pointed(self._passed(primitive, argument), argument.span)
            except InputError as error:
                raise (self._no_address(primitive, argument) or error) from None
            self._need_object(primitive, place.type, argument.span)
        return place

    def _passed(self, primitive: Primitive, argument: Tree) -> Value:
        """Bit operations are declared to take an ``unsigned long *``, which ``void *`` becomes."""
        value = self.value(argument)
        type = passed_words(value.type) if "bit" in primitive.params else value.type
        return Value(value.expr, type)

    def _no_address(self, primitive: Primitive, argument: Tree) -> InputError | None:
        """``spin_lock(lock)`` of a lock itself; None where the argument is no such thing."""
        if not self.is_place(argument):
            return None
        place = self.place(argument)
        type = place.type
        if isinstance(place, InRegisters) or isinstance(type, PointerTo | ArrayOf | BitField):
            return None
        hint = f"write &{' '.join(argument.span.text.split())}"
        return InputError(f"{primitive.name} needs an address, not {type}", argument.span, hint)

    def _refuse_own_pointer(self, argument: Tree) -> None:
        """``&x`` of a parameter is the place of the thread's pointer, which nobody else sees."""
        operand = argument.operand if isinstance(argument, Unary) and argument.op == "&" else None
        if not isinstance(operand, Name) or not self.frame.lenient:
            return
        name = operand.name
        if any(param.name == name for param in self.frame.function.params):
            message = f"{name} is a parameter: &{name} is the place of the thread's own pointer"
            raise InputError(message, argument.span, hint=f"write {name}: it is the address")

    def _need_object(self, primitive: Primitive, type: CType, span: Span) -> None:
        """atomic_read on a spinlock_t is a mistake; herd7's untyped tests may use any ``int``."""
        for prefix, tags in _OBJECTS:
            if not primitive.name.startswith(prefix):
                continue
            right = isinstance(type, StructType) and type.tag in tags
            if not right and not (self.frame.lenient and is_scalar(type)):
                message = f"{primitive.name} needs a pointer to {tags[0]}, not to {type}"
                raise InputError(message, span)
            return

    def _scalar_of(self, place: InMemory, primitive: Primitive, span: Span) -> InMemory:
        type = place.type
        if primitive.shape in ("load", "store") and isinstance(type, StructType | ArrayOf):
            words = sum(1 for _ in self.layouts.scalars(type, span))
            if words != 1:
                hint = "name an element" if isinstance(type, ArrayOf) else "name a member"
                message = f"{primitive.name} works on one word, not on {type}"
                raise InputError(message, span, hint=hint)
        while not is_scalar(type):
            if isinstance(type, StructType):
                members = self.layouts.of(type, span).members
                if len(members) != 1:
                    message = f"{primitive.name} works on one word, not on {type}"
                    raise InputError(message, span, hint="name a member")
                type = members[0].type
            elif isinstance(type, ArrayOf):
                type = type.element
            else:
                raise InputError(f"{primitive.name} needs a pointer to a word", span)
        return InMemory(place.address, type, place.volatile)

    def _bit(self, value: Value, span: Span) -> Value:
        if not isinstance(value.type, IntegerType):
            raise InputError("a bit number is an integer", span)
        if isinstance(value.expr, Const) and value.expr.value < 0:
            raise InputError("a bit number is not negative", span)
        return cast(value, promote(value.type), span)

    def _result_type(self, primitive: Primitive, operands: _Operands) -> CType:
        if primitive.result_type == "cell":
            assert operands.cell is not None
            return operands.cell
        return RESULTS[primitive.result_type]

    # try_cmpxchg(&word, &expected, new)

    def _in(self, argument: Tree, found: _Operands) -> Value:
        if isinstance(argument, Unary) and argument.op == "&":
            place: Place = self.place(argument.operand)
            node = argument.operand
        else:
            place, node = self.pointed(self.value(argument), argument.span), argument
        value = self.temporary(self.read(place, node))
        found.inout = (place, node, value)
        return value

    def _write_back(self, inout: tuple[Place, Tree, Value], result: Value) -> Value:
        """On failure the expected value becomes what was there; else it is left, and depends on
        nothing. The answer is that of the branch which decides this
        (include/linux/atomic/atomic-arch-fallback.h, raw_atomic_try_cmpxchg_relaxed)."""
        place, node, expected = inout
        type = ints_of(result.type)
        before = fold.cast(type, expected.expr)
        ok = self.temporary(Value(fold.op("eq", INT.ints, result.expr, before), INT))
        answer = Value(fold.op("branch", INT.ints, ok.expr), INT)
        if isinstance(place, InRegisters):
            left = fold.op("pick", type, ok.expr, before, result.expr)
            self.write(place, Value(left, result.type), node)
            return answer
        failed, join = self.graph.node(), self.graph.node()
        self.fork(ok, join, failed, node)
        self.graph.begin(failed)
        self.write(place, result, node)
        self.graph.goto(join)
        self.graph.begin(join)
        return answer


def _struct_of(type: CType) -> StructType | None:
    """A struct of the test's; the kernel's opaque words count as the numbers that they hold."""
    if isinstance(type, StructType) and (type.kind, type.tag) not in WORDS:
        return type
    return None


def _into_word(found: _Operands, bit: int) -> None:
    """A bit beyond the word lies in a later word of the bitmap."""
    width = _width(found.cell)
    nr = fold.cast(ADDRESS, found.args[bit])
    if isinstance(nr, Const) and nr.value < width:
        return
    word = fold.op("shr", ADDRESS, nr, Const(width.bit_length() - 1, ADDRESS))
    step = fold.op("mul", ADDRESS, word, Const(width // 8, ADDRESS))
    if not isinstance(nr, Const):
        # The compiler may know the word (nr & 63), and then the address waits for nothing.
        step = Op("alone", (step,), ADDRESS)
    found.args[found.address] = fold.op("add", ADDRESS, found.args[found.address], step)
    found.args[bit] = fold.op("and", ADDRESS, nr, Const(width - 1, ADDRESS))


def _width(cell: CType | None) -> int:
    type: IntType = ADDRESS if cell is None or isinstance(cell, PointerTo) else ints_of(cell)
    return type.width
