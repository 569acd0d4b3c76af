"""Lvalues: where a value lives, and how it is read and written there."""

from __future__ import annotations

from typing import TypeAlias

from ksmcheck.kernel.catalogue.accesses import VOLATILE_LOAD
from ksmcheck.kernel.constants import try_constant
from ksmcheck.kernel.ints import ADDRESS
from ksmcheck.kernel.types import (
    ArrayOf,
    BitField,
    CType,
    FunctionOf,
    IntegerType,
    PointerTo,
    StructType,
    VoidType,
    ints_of,
    is_scalar,
    is_whole,
)
from ksmcheck.program import bitfields, fold
from ksmcheck.program.choices import written_out
from ksmcheck.program.context import Context
from ksmcheck.program.ir import Access, Const, Expr, Set, Use
from ksmcheck.program.scope import Variable
from ksmcheck.program.values import Value, assign, moved, need_scalar
from ksmcheck.record import Struct, replace
from ksmcheck.syntax.c_ast import (
    Assign,
    Binary,
    Call,
    Cast,
    Conditional,
    Index,
    IntLit,
    Member,
    Name,
    PointerCall,
    StatementExpr,
    Unary,
)
from ksmcheck.syntax.c_ast import Expr as Tree
from ksmcheck.text import InputError, Span
from ksmcheck.text.spelling import did_you_mean


class InRegisters(Struct, frozen=True):
    """A local, or part of one: ``offset`` bytes into ``variable``."""

    variable: Variable
    offset: int
    type: CType


class InMemory(Struct, frozen=True):
    """At an address; ``volatile`` accesses are marked ones."""

    address: Expr
    type: CType
    volatile: bool = False


Place: TypeAlias = InRegisters | InMemory


def _points_to_scalar(type: CType) -> bool:
    return isinstance(type, PointerTo) and is_scalar(type.target)


class Places(Context):
    """Names, members, elements and dereferences."""

    def place(self, expr: Tree) -> Place:
        """The place that ``expr`` designates. Raises InputError where it is not an lvalue."""
        if isinstance(expr, Name):
            return self._named(expr)
        if isinstance(expr, Unary) and expr.op == "*":
            return self._herd_pointed(expr) or self.pointed(self.value(expr.operand), expr.span)
        if isinstance(expr, Member):
            return self._member(expr)
        if isinstance(expr, Index):
            return self._element(expr)
        if self._gives_struct(expr):
            if isinstance(expr, Conditional):
                expr = self.choice(expr)
            if isinstance(expr, StatementExpr):
                return self.struct_of_block(expr)
            assert isinstance(expr, Call | PointerCall)
            return self.returned(expr)
        raise self.no_place(expr) or InputError(
            "this is not a variable, member or element", expr.span
        )

    def no_place(self, expr: Tree) -> InputError | None:
        """Of an expression whose value is a struct, but which is in no place."""
        inner, what = expr, ""
        if isinstance(expr, Assign):
            inner, what = expr.target, "an assignment"
        elif isinstance(expr, Binary) and expr.op == ",":
            inner, what = expr.right, "a comma"
        if not what or not self.is_place(inner) or not is_whole(self.type_of(inner)):
            return None
        message = f"a struct that {what} gives is not supported"
        hint = "assign it in a statement before, and name the variable here"
        return InputError(message, expr.span, hint)

    def is_place(self, expr: Tree) -> bool:
        if isinstance(expr, Member):
            return expr.arrow or self.is_place(expr.base)
        if isinstance(expr, Name):
            if self.is_function(expr.name):
                return False
            constant = expr.name == "NULL" or try_constant(expr, self.declarations) is not None
            return not constant or self.find(expr.name) is not None
        if isinstance(expr, Index) or (isinstance(expr, Unary) and expr.op == "*"):
            return True
        return self._gives_struct(expr)

    def _gives_struct(self, expr: Tree) -> bool:
        """Whether it is a call of a function that returns a struct, a marked load of one, a choice
        between structs, or a statement expression whose value is one."""
        if isinstance(expr, Conditional):
            return expr.then is not None and isinstance(self.type_of(expr.then), StructType)
        if isinstance(expr, StatementExpr):
            return isinstance(self.type_of(expr), StructType)
        if isinstance(expr, PointerCall):
            return isinstance(self.called_function_type(expr).result, StructType)
        if not isinstance(expr, Call):
            return False
        function = self.declarations.functions.get(expr.callee.name)
        if function is None:
            return self.loaded_struct(expr) is not None
        return isinstance(self.declarations.resolve(function.result), StructType)

    def called_function_type(self, call: PointerCall) -> FunctionOf:
        """The type of the function that a pointer points to."""
        raise NotImplementedError

    def loaded_struct(self, call: Call) -> StructType | None:
        """The struct that a marked load gives; None where it is a number."""
        raise NotImplementedError

    def choice(self, expr: Conditional) -> StatementExpr:
        """A choice between structs, written out; the same tree each time."""
        known = self.choices.get(id(expr))
        if known is None:  # the node is kept, too: another may not get its id
            known = self.choices[id(expr)] = expr, written_out(expr)
        return known[1]

    def struct_of_block(self, expr: StatementExpr) -> Place:
        """The struct that is the value of a statement expression."""
        raise NotImplementedError

    def _named(self, expr: Name) -> Place:
        variable = self.find(expr.name)
        if variable is None:
            raise self.undeclared(expr)
        return self.place_of(variable)

    def is_function(self, name: str) -> bool:
        return name in self.declarations.functions and self.find(name) is None

    def function_address(self, name: str) -> Value:
        """A function's name is its address, as ``&`` before it says."""
        type = self.declarations.signature(self.declarations.functions[name])
        address = self.contents.asked[name] = self.declarations.address(name)
        return Value(Const(address, ADDRESS), PointerTo(type))

    def place_of(self, variable: Variable) -> Place:
        item = variable.object
        if item is None:
            return InRegisters(variable, 0, variable.type)
        return InMemory(Const(item.address, ADDRESS), variable.type, variable.volatile)

    def known_names(self) -> list[str]:
        """What may be named here."""
        known = list(self.shared)
        scope = self.frame.scope
        while scope is not None:
            known += scope.names
            if scope.outer is None:
                break
            scope = scope.outer
        known += self.declarations.enumerators
        return known

    def undeclared(self, expr: Name) -> InputError:
        from ksmcheck.syntax.pp_headers import include_hint

        known = self.known_names()
        hint = include_hint(expr.name) or did_you_mean(expr.name, known)
        if expr.name in self.primitives:
            hint = f"call it: {expr.name}()"
        return InputError(f"{expr.name} is not declared", expr.span, hint=hint)

    def pointed(self, value: Value, span: Span) -> InMemory:
        """What ``value`` points to. herd7's untyped pointers point to a cell of their own type."""
        need_scalar(value, span)
        if isinstance(value.type, PointerTo):
            if isinstance(value.type.target, VoidType):
                raise InputError("void * cannot be dereferenced", span, hint="cast it first")
            target = self._herd_type(value.expr, value.type.target)
            return InMemory(value.expr, target, value.type.volatile)
        if not self.frame.lenient:
            hint = f"cast it to a pointer, or declare it as one; it is {value.type}"
            raise InputError("this is not a pointer", span, hint=hint)
        return InMemory(fold.cast(ADDRESS, value.expr), value.type)

    def _herd_type(self, address: Expr, type: CType) -> CType:
        """herd7 has no types: a cast of a location's address does not change what is accessed."""
        if not self.frame.lenient or not isinstance(address, Use) or not is_scalar(type):
            return type
        location = self.locations.get(address.reg)
        return type if location is None or not is_scalar(location) else location

    def _herd_pointed(self, expr: Unary) -> InMemory | None:
        """The same of a local that is a pointer: ``*(char **)r1`` is what ``*r1`` is, or a volatile
        access of that; None where this is something else."""
        inner, volatile = expr.operand, False
        while self.frame.lenient and isinstance(inner, Cast):
            type = self.declarations.resolve(inner.type)
            volatile |= isinstance(type, PointerTo) and type.volatile
            inner = inner.operand
        local = self.frame.scope.find(inner.name) if isinstance(inner, Name) else None
        if inner is expr.operand or local is None or not _points_to_scalar(local.type):
            return None
        place = self.pointed(self.value(inner), expr.span)
        return replace(place, volatile=True) if volatile else place

    def _member(self, expr: Member) -> Place:
        base: Place = self._arrow_base(expr.base) if expr.arrow else self.place(expr.base)
        if not isinstance(base.type, StructType):
            hint = "use ->" if isinstance(base.type, PointerTo) else None
            raise InputError(f"{base.type} has no members", expr.span, hint=hint)
        member = self.declarations.member(base.type, expr.field, expr.span)
        if isinstance(base, InRegisters):
            return InRegisters(base.variable, base.offset + member.offset, member.type)
        address = fold.op("add", ADDRESS, base.address, Const(member.offset, ADDRESS))
        return InMemory(address, member.type, base.volatile or member.volatile)

    def _arrow_base(self, expr: Tree) -> Place:
        if isinstance(expr, StatementExpr | Conditional) or not self.is_place(expr):
            return self.pointed(self.value(expr), expr.span)
        place = self.place(expr)
        if isinstance(place.type, StructType):
            raise InputError(f"this is not a pointer but {place.type}", expr.span, hint="use .")
        return self.pointed(self.read(place, expr), expr.span)

    def _element(self, expr: Index) -> Place:
        chosen = isinstance(expr.base, StatementExpr | Conditional)
        if not chosen and self.is_place(expr.base):
            base = self.place(expr.base)
            if isinstance(base, InRegisters) and isinstance(base.type, ArrayOf):
                return self._local_element(expr, base, base.type)
            pointer = self.read(base, expr.base)
        else:
            pointer = self.value(expr.base)
        index = self.value(expr.index)
        if isinstance(index.type, PointerTo):
            pointer, index = index, pointer
        if not isinstance(pointer.type, PointerTo) or not isinstance(index.type, IntegerType):
            raise InputError(f"{pointer.type} cannot be indexed", expr.span)
        return self.pointed(moved(pointer, index, "add", self.layouts, expr.span), expr.span)

    def _local_element(self, expr: Index, base: InRegisters, type: ArrayOf) -> Place:
        if not self.graph.kept:
            return InRegisters(base.variable, base.offset, type.element)
        if not isinstance(expr.index, IntLit):  # other indices put a variable into memory
            message = "an element of a struct that a call gives needs a number as its index"
            raise InputError(message, expr.index.span, "assign the struct to a variable first")
        length = type.length or 0
        if not 0 <= expr.index.value < length:
            raise InputError(f"index {expr.index.value} is outside {type}", expr.span)
        step = self.layouts.size(type.element, expr.span)
        return InRegisters(base.variable, base.offset + expr.index.value * step, type.element)

    def returned(self, call: Call | PointerCall) -> Place:
        """The struct that a call gives."""
        raise NotImplementedError

    # Reading and writing.

    def read(self, place: Place, node: Tree, *, demanded: bool = True) -> Value:
        """The value at a place; arrays decay to a pointer to their first element. ``demanded``:
        a local has to have one."""
        if isinstance(place, InRegisters):
            place = self._held(place, node.span)
        if isinstance(place.type, ArrayOf):
            if isinstance(place, InRegisters):
                if not self.graph.kept:
                    return self._any_address(place, place.type.element)
                hint = "where it is a variable's, &v.a[0] has the variable in memory"
                raise InputError("an array in registers has no address", node.span, hint)
            return Value(place.address, PointerTo(place.type.element, place.volatile))
        if isinstance(place.type, FunctionOf) and isinstance(place, InMemory):
            return Value(place.address, PointerTo(place.type))
        if isinstance(place.type, BitField):
            word = replace(place, type=place.type.word)
            value = self.read(word, node, demanded=demanded).expr
            return bitfields.taken(value, place.type, node.span)
        if not is_scalar(place.type):
            raise InputError(f"{place.type} is used as a value", node.span, hint="name a member")
        if isinstance(place, InRegisters):
            return self._read_register(place, node, demanded)
        ints = ints_of(place.type)
        register = self.graph.fresh("t")
        name = VOLATILE_LOAD if place.volatile else "load"
        origin = self.origin(node.span, node)
        self.graph.emit(Access(name, register, (place.address,), ints, ints, origin))
        return Value(Use(register, ints), place.type)

    def _read_register(self, place: InRegisters, node: Tree, demanded: bool) -> Value:
        if not self.frame.lenient:  # herd7's registers are 0 until assigned
            register, _ = self._register(place, node.span)
            self.touch(register, place.variable.name, node.span, demanded=demanded)
        return self.current(place, node.span)

    def current(self, place: InRegisters, span: Span) -> Value:
        """What the register holds now."""
        place = self._held(place, span)
        if isinstance(place.type, BitField):
            word = self.current(replace(place, type=place.type.word), span)
            return bitfields.taken(word.expr, place.type, span)
        if place.variable.known is not None:
            return Value(place.variable.known, place.type)
        register, type = self._register(place, span)
        return Value(fold.cast(ints_of(place.type), Use(register, ints_of(type))), place.type)

    def _held(self, place: InRegisters, span: Span) -> InRegisters:
        """A part of a local that is held as bits of a wider integer (members of a union), as such;
        any other as it is."""
        if is_scalar(place.variable.type) or isinstance(place.type, StructType | ArrayOf):
            return place
        found = self.layouts.within(place.variable.type, place.offset, place.type, span)
        return place if found is None else replace(place, offset=found[0], type=found[1])

    def old(self, place: Place, node: Tree) -> tuple[Value, Expr | None]:
        """The value at a place that gets a new one, and what a bit-field's word in memory holds:
        the word is not read again for the store."""
        if not isinstance(place.type, BitField) or isinstance(place, InRegisters):
            return self.read(place, node), None
        word = self.read(replace(place, type=place.type.word), node).expr
        return bitfields.taken(word, place.type, node.span), word

    def write(self, place: Place, value: Value, node: Tree, word: Expr | None = None) -> None:
        """Stores a scalar, converted as if by assignment; a bit-field's word is read for that, if
        it is not given."""
        if isinstance(place, InRegisters):
            place = self._held(place, node.span)
        if isinstance(place.type, BitField):
            declared = place.type.declared
            value = assign(value, declared, node.span, lenient=self.frame.lenient)
            if word is None or place.type.alone:
                word = self._field_word(place, place.type, node)
            new = bitfields.put(word, value.expr, place.type)
            whole = replace(place, type=place.type.word)
            self.write(whole, Value(new, place.type.word), node)
            return
        if not is_scalar(place.type):
            raise InputError(f"{place.type} cannot be assigned", node.span)
        converted = assign(value, place.type, node.span, lenient=self.frame.lenient)
        if isinstance(place, InRegisters):
            register, type = self._register(place, node.span)
            self.graph.emit(Set(register, fold.cast(ints_of(type), converted.expr)))
            return
        ints = ints_of(place.type)
        name = "WRITE_ONCE" if place.volatile else "store"
        args = (place.address, converted.expr)
        self.graph.emit(Access(name, None, args, ints, None, self.origin(node.span, node)))

    def _field_word(self, place: Place, field: BitField, node: Tree) -> Expr:
        """What a bit-field's word holds; that of a local may have got no value before."""
        word = replace(place, type=field.word)
        if field.alone:
            return Const(0, field.word.ints)
        if isinstance(word, InRegisters):
            return self.current(word, node.span).expr
        return self.read(word, node).expr

    def _register(self, place: InRegisters, span: Span) -> tuple[str, CType]:
        """The register of a scalar part of a local, and the type it is kept in."""
        variable = place.variable
        if is_scalar(variable.type):
            return variable.register, variable.type
        for scalar in self.layouts.scalars(variable.type, span):
            if scalar.offset == place.offset:
                return variable.register + scalar.path, scalar.type
        raise InputError(f"no such part of {variable.name}", span)

    def address_of(self, place: Place, span: Span) -> Value:
        if isinstance(place.type, BitField):
            raise InputError("a bit-field has no address", span)
        if isinstance(place, InRegisters):
            if self.graph.kept:
                name = place.variable.name
                raise InputError(f"{name} is a register: it has no address here", span)
            return self._any_address(place, place.type)
        return Value(place.address, PointerTo(place.type, place.volatile))

    def _any_address(self, place: InRegisters, type: CType) -> Value:
        """Where a type alone is asked for, which takes no local into memory: ``typeof(&v)``."""
        return Value(Const(0, ADDRESS), PointerTo(type, place.variable.volatile))
