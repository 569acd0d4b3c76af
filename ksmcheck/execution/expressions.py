"""Expressions, evaluated on numbers from left to right; of reads that C leaves in no order, that is
noted."""

from __future__ import annotations

from ksmcheck.execution.concrete import (
    NO_READS,
    NOTHING,
    Concrete,
    binary,
    convert,
    integer,
    unary,
    undefined,
    wrap,
)
from ksmcheck.execution.machine import (
    FailedCheck,
    InMemory,
    InRegister,
    Place,
    Variable,
)
from ksmcheck.execution.selections import Selections
from ksmcheck.kernel.constants import literal_type, offset_of, size_of
from ksmcheck.kernel.types import (
    BOOLEAN,
    INT,
    UNSIGNED_LONG,
    VOID_POINTER,
    ArrayOf,
    BitField,
    CType,
    FunctionOf,
    IntegerType,
    PointerTo,
    StructType,
    VoidType,
    is_scalar,
    is_whole,
)
from ksmcheck.record import replace
from ksmcheck.syntax import c_ast as c
from ksmcheck.text import InternalError, Span


class Expressions(Selections):
    """Values, places, assignments. Calls are in ``calls.py``."""

    def called(self, e: c.Call) -> Concrete:
        raise NotImplementedError

    def called_through(self, e: c.PointerCall) -> Concrete:
        raise NotImplementedError

    def block_value(self, e: c.StatementExpr) -> Concrete:
        raise NotImplementedError

    def value(self, e: c.Expr) -> Concrete:
        """The value of an expression. Raises InternalError for what has none."""
        match e:
            case c.IntLit(number):
                return integer(number, literal_type(e))
            case c.Name(name):
                return self.named(name, e.span)
            case c.Unary("&", operand):
                return self.address(operand)
            case c.Unary("*") | c.Member() | c.Index():
                return self.read(self.place(e), e.span)
            case c.Unary(op, operand):
                return unary(op, self.value(operand))
            case c.Binary(",", left, right):
                self.effect(left)
                return self.value(right)
            case c.Binary("&&" | "||"):
                return self.short_circuit(e)
            case c.Binary(op, left, right):
                start = self.record.at
                first = self.settled(self.value(left))
                middle = self.record.at
                second = self.settled(self.value(right))
                self.record.operands_read(start, middle)
                return self.operate(op, first, second, e)
            case c.Assign():
                return self.assign(e)
            case c.IncDec():
                return self.count(e)
            case c.Conditional():
                return self.conditional(e)
            case c.Call():
                return self.called(e)
            case c.StatementExpr():
                return self.block_value(e)
        return self.typed(e)

    def effect(self, e: c.Expr) -> None:
        """An expression whose value is not used; of a struct, only where it is."""
        if isinstance(e, c.Binary) and e.op == ",":
            self.effect(e.left)
            self.effect(e.right)
        elif (
            not isinstance(e, c.Call | c.PointerCall)
            and self.is_place(e)
            and is_whole(self.type_of(e))
        ):
            self.place(e)
        else:
            self.value(e)

    def typed(self, e: c.Expr) -> Concrete:
        """Expressions that mention types, or ask for one."""
        match e:
            case c.PointerCall():
                return self.called_through(e)
            case c.Cast(type, operand):
                wanted = self.resolve(type)
                if isinstance(wanted, VoidType):
                    self.effect(operand)
                    return NOTHING
                return convert(self.value(operand), wanted)
            case c.SizeOf():
                size = size_of(e, self.types)
                assert size is not None
                return integer(size, UNSIGNED_LONG)
            case c.OffsetOf(type, path):
                offset, _ = offset_of(self.resolve(type), path, self.types)
                return integer(offset, UNSIGNED_LONG)
            case c.ContainerOf(pointer, type, path):
                outer = self.resolve(type)
                offset, _ = offset_of(outer, path, self.types)
                inner = self.settled(self.value(pointer))
                number = wrap(inner.number - offset, UNSIGNED_LONG)
                return replace(inner, type=PointerTo(outer), number=number)
        raise InternalError(f"replay: no value for {type_name(e)}")

    def operate(self, op: str, left: Concrete, right: Concrete, e: c.Expr) -> Concrete:
        """A binary operator; where C gives it no meaning, that is noted, and ``left`` results."""
        wrong = undefined(op, left, right)
        if wrong is not None:
            self.failed.append(FailedCheck(wrong, self.record.thread, e.span))
            right = replace(right, number=1 if op in ("/", "%") else 0)
        return binary(op, left, right, self.layouts)

    def settled(self, value: Concrete) -> Concrete:
        """With the addresses of private variables as far as they are known now."""
        number = self.record.places.settle(value.number)
        return value if number == value.number else replace(value, number=number)

    # Names and places.

    def named(self, name: str, span: Span) -> Concrete:
        variable = self.find(name)
        if variable is not None:
            return self.read(self.place_of(variable), span)
        item = self.world.items.get(name)
        if item is not None:
            return self.read(self.place(c.Name(name, self.world.test.span)))
        if name == "NULL":
            return Concrete(VOID_POINTER, 0, fixed=True)
        if name in ("true", "false"):
            return integer(int(name == "true"))
        if name in self.types.enumerators:
            return integer(*self.types.enumerators[name])
        if name in self.types.functions:
            return self.function_pointer(name)
        if self.call.lenient:
            return integer(0)
        raise InternalError(f"replay: {name} is not declared")

    def is_function(self, name: str) -> bool:
        hidden = self.find(name) is not None or name in self.world.items
        return name in self.types.functions and not hidden

    def address(self, operand: c.Expr) -> Concrete:
        """``&`` of a function, or of a place."""
        if isinstance(operand, c.Name) and self.is_function(operand.name):
            return self.function_pointer(operand.name)
        return self.address_of(self.place(operand))

    def function_pointer(self, name: str) -> Concrete:
        """A function's name, with ``&`` or without."""
        type = self.types.signature(self.types.functions[name])
        return Concrete(PointerTo(type), self.types.address(name), fixed=True)

    def place(self, e: c.Expr) -> Place:
        found = self.designated(e)
        if self.world.kept and isinstance(found, InMemory):
            return replace(found, span=e.span)
        return found

    def designated(self, e: c.Expr) -> Place:
        match e:
            case c.Name(name):
                variable = self.find(name)
                if variable is not None:
                    return self.place_of(variable)
                item = self.world.items.get(name)
                if item is None:
                    raise InternalError(f"replay: {name} is not declared")
                return InMemory(integer(item.address, UNSIGNED_LONG), item.type, item.volatile)
            case c.Unary("*", operand):
                return self.pointed(self.value(operand))
            case c.Member(base, field, arrow):
                outer = self.pointed(self.value(base)) if arrow else self.place(base)
                return self.member(outer, field, e)
            case c.Index(base, index):
                return self.element(base, index)
        raise InternalError(f"replay: {type_name(e)} is no place")

    def pointed(self, value: Concrete) -> InMemory:
        value = self.settled(value)
        type = value.type
        target = type.target if isinstance(type, PointerTo) else type
        volatile = isinstance(type, PointerTo) and type.volatile
        return InMemory(convert(value, UNSIGNED_LONG), target, volatile)

    def member(self, outer: Place, field: str, e: c.Member) -> Place:
        assert isinstance(outer.type, StructType), e
        member = self.types.member(outer.type, field, e.span)
        inner = self.part(outer, member.offset, member.type)
        if isinstance(inner, InMemory) and member.volatile:
            return replace(inner, volatile=True)
        return inner

    def part(self, place: Place, offset: int, type: CType) -> Place:
        if isinstance(place, InRegister):
            return InRegister(place.variable, place.offset + offset, type)
        address = replace(place.address, number=wrap(place.address.number + offset, UNSIGNED_LONG))
        return InMemory(address, type, place.volatile)

    def element(self, base: c.Expr, index: c.Expr) -> Place:
        if self.is_place(base):
            outer = self.place(base)
            if isinstance(outer, InRegister) and isinstance(outer.type, ArrayOf):
                number = self.value(index).number
                size = self.layouts.size(outer.type.element, None)
                return self.part(outer, number * size, outer.type.element)
            pointer = self.read(outer, base.span)
        else:
            pointer = self.value(base)
        return self.pointed(binary("+", self.settled(pointer), self.value(index), self.layouts))

    def is_place(self, e: c.Expr) -> bool:
        if isinstance(e, c.Name):
            return self.find(e.name) is not None or e.name in self.world.items
        if isinstance(e, c.Member):
            return e.arrow or self.is_place(e.base)
        if isinstance(e, c.Call | c.PointerCall | c.StatementExpr | c.Conditional):
            return isinstance(self.type_of(e), StructType)
        return isinstance(e, c.Index) or (isinstance(e, c.Unary) and e.op == "*")

    def address_of(self, place: Place) -> Concrete:
        if isinstance(place, InRegister):
            raise InternalError(f"replay: {place.variable.name} is in a register")
        return replace(place.address, type=PointerTo(place.type, place.volatile))

    def read(self, place: Place, span: Span | None = None) -> Concrete:
        """The value at a place. With a ``span``, a local has to have one."""
        place = self.kept_in(place)
        if isinstance(place.type, BitField):
            word = self.read(replace(place, type=place.type.word), span)
            return self.field_of(word, place.type)
        if isinstance(place, InRegister):
            offset, _ = self.register_of(place)
            known = place.variable.parts.get(offset)
            if known is None and span is not None and not self.call.lenient:
                unset = FailedCheck("variable without a value", self.record.thread, span)
                self.failed.append(unset)
            if known is None:
                return Concrete(place.type, 0)
            known = self.chosen(known, place.variable.ways.get(offset, NO_READS))
            return replace(convert(known, place.type), places=NO_READS)
        if isinstance(place.type, ArrayOf):
            return replace(place.address, type=PointerTo(place.type.element, place.volatile))
        if isinstance(place.type, FunctionOf):
            return replace(place.address, type=PointerTo(place.type))
        return self.load(place)

    def kept_in(self, place: Place) -> Place:
        """Where it is part of a local that has a wider integer in its place: bits of that."""
        if not isinstance(place, InRegister) or is_scalar(place.variable.type):
            return place
        whole, part = place.variable.type, place.type
        if not is_scalar(part) and not isinstance(part, BitField):
            return place
        found = self.layouts.within(whole, place.offset, part, None)
        return place if found is None else replace(place, offset=found[0], type=found[1])

    def old(self, place: Place, span: Span) -> tuple[Concrete, Concrete | None]:
        """The value at a place that gets a new one; and the word in memory that a bit-field is in,
        which is not read again for that."""
        if not isinstance(place.type, BitField) or isinstance(place, InRegister):
            return self.settled(self.read(place, span)), None
        word = self.settled(self.read(replace(place, type=place.type.word), span))
        return self.field_of(word, place.type), word

    def write(self, place: Place, value: Concrete, word: Concrete | None = None) -> Concrete:
        """Stores a scalar, and gives the value as converted to the place's type."""
        place = self.kept_in(place)
        if isinstance(place.type, BitField):
            return self.write_field(place, place.type, self.settled(value), word)
        converted = convert(self.settled(value), place.type)
        if isinstance(place, InRegister):
            offset, type = self.register_of(place)
            place.variable.parts[offset] = convert(converted, type)
            place.variable.ways[offset] = self.depends_on()
        else:
            self.store(place, converted)
        return converted

    def field_of(self, word: Concrete, field: BitField) -> Concrete:
        """A bit-field's value, worked out on the digits of its word."""
        number = word.number >> field.at & ((1 << field.bits) - 1)
        if field.declared.ints.signed and number >> (field.bits - 1):
            number -= 1 << field.bits
        return replace(word, type=field.value, number=wrap(number, field.value))

    def write_field(
        self, place: Place, field: BitField, value: Concrete, known: Concrete | None
    ) -> Concrete:
        """The word is read (if others are in it, and it is not known), changed and written; gives
        the field's value."""
        word = replace(place, type=field.word)
        if field.alone:
            old = integer(0, field.word)
        else:
            old = self.settled(self.read(word)) if known is None else known
        given = int(value.truth) if field.value == BOOLEAN else value.number
        size = 1 << field.bits
        others = old.number - (old.number >> field.at & (size - 1)) * (1 << field.at)
        number = others + given % size * (1 << field.at)
        fixed = old.fixed and value.fixed
        self.write(word, Concrete(field.word, number, old.reads | value.reads, fixed))
        alone = replace(value, type=field.word, number=given % size << field.at)
        return self.field_of(alone, field)

    # Assignments.

    def assign(self, e: c.Assign) -> Concrete:
        if isinstance(e.target, c.Name) and self.is_new(e.target.name):
            return self.new_register(e.target.name, self.value(e.value))
        place = self.place(e.target)
        if e.op != "=":
            old, word = self.old(place, e.target.span)
            right = self.settled(self.value(e.value))
            return self.write(place, self.operate(e.op[:-1], old, right, e), word)
        if not is_scalar(place.type) and not isinstance(place.type, BitField):
            self.copy(place, self.place(e.value))
            return NOTHING
        return self.write(place, self.value(e.value))

    def is_new(self, name: str) -> bool:
        known = self.find(name) is not None or name in self.world.items
        return self.call.lenient and not known and name not in self.types.enumerators

    def new_register(self, name: str, value: Concrete) -> Concrete:
        """herd7's registers need no declaration; they have the type of what they first got."""
        type = value.type
        if isinstance(type, IntegerType) and type.ints.width < 32:
            type = INT
        parts, ways = {0: convert(value, type)}, {0: self.depends_on()}
        self.call.registers[name] = Variable(name, type, parts=parts, ways=ways)
        return value

    def copy(self, target: Place, source: Place, bytes: range | None = None) -> None:
        """``bytes``: of what begins there."""
        for scalar in self.layouts.scalars(target.type, None):
            if bytes is not None and scalar.offset not in bytes:
                continue
            value = self.read(self.part(source, scalar.offset, scalar.type))
            self.write(self.part(target, scalar.offset, scalar.type), value)

    def count(self, e: c.IncDec) -> Concrete:
        place = self.place(e.operand)
        old, word = self.old(place, e.operand.span)
        new = self.write(place, binary(e.op[0], old, integer(1), self.layouts), word)
        return new if e.prefix else old


def type_name(e: object) -> str:
    return type(e).__name__
