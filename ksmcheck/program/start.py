"""The start state: the value of each cell, and of herd7's registers (``0:r1 = x``)."""

from __future__ import annotations

from ksmcheck.kernel.constants import try_constant
from ksmcheck.kernel.memory import STEP
from ksmcheck.kernel.types import BitField, CType, PointerTo, StructType, ints_of, is_scalar
from ksmcheck.program import bitfields
from ksmcheck.program.initialisers import UNLOCKED, copied, is_word, leaves, parts
from ksmcheck.program.ir import Const
from ksmcheck.program.places import InMemory, Place
from ksmcheck.program.statements import Statements
from ksmcheck.program.values import Value, assign, integer
from ksmcheck.record import Struct, field, replace
from ksmcheck.syntax.c_ast import Call, Expr, InitList, Name
from ksmcheck.syntax.litmus_ast import InitEntry, LitmusTest
from ksmcheck.text import InputError, Span


class Start(Struct):
    """``cells``: address -> raw value. ``registers``: (thread, name) -> value. ``fields``: the
    bit-fields that are given by themselves, by the address of their word."""

    cells: dict[int, int]
    registers: dict[tuple[int, str], tuple[Value, Span]]
    fields: dict[int, set[int]] = field(default_factory=dict)


class Initial(Statements):
    """Evaluates constant expressions over shared addresses with the threads' own rules.

    The frame is that of no function; anything that would touch memory is an InputError.
    """

    def start(self, test: LitmusTest) -> Start:
        found = Start({}, {})
        for declaration in self.declarations.globals.values():
            if declaration.init is not None:
                place = self.place(Name(declaration.name, declaration.span))
                self._fill_cells(self._with_room(place), declaration.init, found, strict=True)
        for entry in test.init:
            if entry.thread is not None:
                self._register_start(entry, found)
            elif entry.value is not None:
                self._fill_cells(self._target(entry), entry.value, found, strict=False)
        self._fill_copies(found, len(test.threads))
        return found

    def _fill_copies(self, found: Start, count: int) -> None:
        """What each CPU has a copy of starts alike on all of them."""
        for name in (d.name for d in self.declarations.globals.values() if d.per_cpu):
            first = self.memory.objects[name].address
            values = {a: v for a, v in found.cells.items() if first <= a < first + STEP}
            for cpu in range(1, count):
                found.cells.update((address + cpu * STEP, v) for address, v in values.items())

    def _target(self, entry: InitEntry) -> Place:
        place = self.place(entry.target)
        if not isinstance(place, InMemory) or not isinstance(place.address, Const):
            raise InputError("the start state needs a location known by name", entry.target.span)
        self._need_cell(place, entry.target.span)
        return self._with_room(place)

    def _with_room(self, place: Place) -> Place:
        """With the elements that an object has in a flexible array member, where it is one."""
        if not isinstance(place, InMemory) or not isinstance(place.type, StructType):
            return place
        assert isinstance(place.address, Const)
        address = place.address.value
        items = (item for item in self.memory.objects.values() if item.address == address)
        type = next((item.type for item in items), None)
        grown = isinstance(type, StructType) and replace(type, tail=0) == place.type
        return replace(place, type=type) if grown else place

    def _register_start(self, entry: InitEntry, found: Start) -> None:
        assert entry.thread is not None
        if not isinstance(entry.target, Name):
            raise InputError("a register's start is written 0:r1 = value", entry.span)
        if entry.value is None:
            return  # ``int 0:r1;`` gives a type alone, which its first assignment gives again
        value = self._constant(entry.value, herd=True)
        if entry.type is not None:
            type = self.declarations.resolve(entry.type)
            value = assign(value, type, entry.value.span, lenient=True, at_start=True)
        key = (entry.thread, entry.target.name)
        if key in found.registers:
            raise InputError(f"{key[0]}:{key[1]} is given a start twice", entry.span)
        found.registers[key] = (value, entry.span)

    def _fill_cells(self, place: Place, init: Expr, found: Start, *, strict: bool) -> None:
        assert isinstance(place, InMemory) and isinstance(place.address, Const)
        if isinstance(place.type, BitField):
            self._fill_field(place.address.value, place.type, init, found, herd=True)
            return
        bits = self._bits_at(place, init.span)
        if bits is not None:
            self._fill_field(*bits, init, found, herd=True)
            return
        inner = _plain(init, place.type) if strict else self._braced(init, place.type)
        for struct in copied(place.type, inner, self.declarations):
            hint = "give the values of its members, in braces"
            raise InputError("a start value must be constant", struct.expr.span, hint)
        for offset, (type, expr) in leaves(place.type, inner, self.declarations):
            target = self._scalar_at(place, offset, type, expr)
            assert isinstance(target.address, Const)
            if target.address.value in found.cells and not strict:
                self._twice(expr)
            value = self._constant(expr, herd=not strict)
            herd = not strict
            converted = assign(value, target.type, expr.span, lenient=herd, at_start=herd).expr
            assert isinstance(converted, Const)
            found.cells[target.address.value] = ints_of(target.type).raw(converted.value)
        for offset, (type, expr) in parts(place.type, inner, self.declarations):
            within = self.layouts.within(place.type, offset, type, expr.span)
            assert within is not None
            address = place.address.value + within[0]
            self._fill_field(address, within[1], expr, found, herd=not strict)

    def _need_cell(self, place: InMemory, span: Span) -> None:
        """Of ``a[5] = 1``, where a has fewer elements: nothing would have that value."""
        assert isinstance(place.address, Const)
        if not is_scalar(place.type) or self._bits_at(place, span) is not None:
            return
        cells = (c for item in self.memory.objects.values() for c in self.memory.cells_of(item))
        if all(c.address != place.address.value for c in cells):
            raise InputError("there is no location at this address", span)

    def _braced(self, init: Expr, type: CType) -> Expr:
        """A bare value for a struct of one member (``local_t``), as conditions compare it."""
        if isinstance(type, StructType) and type.kind == "struct" and not is_word(type):
            members = self.layouts.of(type, init.span).members
            if len(members) == 1 and not isinstance(init, InitList):
                return InitList(((None, self._braced(init, members[0].type)),), init.span)
        return _plain(init, type)

    def _bits_at(self, place: InMemory, span: Span) -> tuple[int, BitField] | None:
        """A scalar that has no cell of its own, as bits of one, with that one's address."""
        assert isinstance(place.address, Const)
        if not is_scalar(place.type):
            return None
        for item in self.memory.objects.values():
            into = place.address.value - item.address
            if 0 <= into < self.layouts.size(item.type, span):
                found = self.layouts.within(item.type, into, place.type, span)
                return None if found is None else (item.address + found[0], found[1])
        return None

    def _fill_field(
        self, address: int, type: BitField, init: Expr, found: Start, *, herd: bool
    ) -> None:
        """``s.a = 1``, where a is a bit-field of s, or a part of a wider member of its union."""
        known = found.fields.setdefault(address, set())
        if type.at in known or (address in found.cells and not known):
            self._twice(init)
        known.add(type.at)
        before = Const(found.cells.get(address, 0), type.word.ints)
        word = bitfields.put(before, self._constant(init, herd=herd).expr, type)
        assert isinstance(word, Const)
        found.cells[address] = word.value

    def _twice(self, expr: Expr) -> None:
        raise InputError("this location is given a start value twice", expr.span)

    def _scalar_at(self, place: InMemory, offset: int, type: CType, expr: Expr) -> InMemory:
        if is_scalar(place.type) and offset == 0:
            return place
        known = self.layouts.scalars(place.type, expr.span)
        if is_scalar(type) and any(scalar.offset == offset for scalar in known):
            part = self.part(place, offset, type)
            assert isinstance(part, InMemory)
            return part
        raise InputError(f"{place.type} takes a list of values", expr.span)

    def _constant(self, expr: Expr, *, herd: bool) -> Value:
        """A constant; in herd7's start state a location's name alone is its address."""
        if isinstance(expr, Name) and herd:
            variable = self.find(expr.name)
            if variable is not None and variable.object is not None:
                address = Const(variable.object.address, ints_of(PointerTo(variable.type)))
                return Value(address, PointerTo(variable.type))
        name = expr.callee if isinstance(expr, Call) else expr
        if isinstance(name, Name) and name.name in UNLOCKED:
            return integer(0)
        known = None if herd else try_constant(expr, self.declarations)
        if known is not None:  # also through && and ?:, which would branch
            return integer(*known)
        before = len(self.graph.here.steps)
        value = self.value(expr)
        if not isinstance(value.expr, Const) or len(self.graph.here.steps) != before:
            raise InputError("a start value must be constant", expr.span)
        return value


def _plain(init: Expr, type: CType) -> Expr:
    """``ATOMIC_INIT(1)`` or a bare value for a type that is one word: as a list of one."""
    if is_word(type) and not isinstance(init, InitList):
        return InitList(((None, init),), init.span)
    return init
