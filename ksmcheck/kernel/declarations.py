"""What a test declares at file level: types, enumerators, functions, shared variables."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ksmcheck.kernel.constants import constant, fits, try_constant
from ksmcheck.kernel.functions import FIRST_FUNCTION, FUNCTION_STEP
from ksmcheck.kernel.ints import IntType
from ksmcheck.kernel.layout import Layouts, Member, Part
from ksmcheck.kernel.primitives import version_key
from ksmcheck.kernel.types import (
    BASIC,
    INT,
    KERNEL_TYPEDEFS,
    LONG,
    UNSIGNED,
    UNSIGNED_CHAR,
    UNSIGNED_LONG,
    VOID,
    WORDS,
    ArrayOf,
    CType,
    FunctionOf,
    IntegerType,
    PointerTo,
    StructType,
    passed,
)
from ksmcheck.record import Struct, field
from ksmcheck.syntax.c_ast import (
    TYPES,
    ArrayType,
    Binary,
    Declaration,
    EnumDef,
    Expr,
    Function,
    FunctionType,
    IntLit,
    NamedType,
    PointerType,
    StaticAssert,
    StringLit,
    StructDef,
    TagType,
    TopLevel,
    Typedef,
    TypeExpr,
    TypeofType,
)
from ksmcheck.text import InputError, Note, Span
from ksmcheck.text.diagnostic import PREDEFINED
from ksmcheck.text.spelling import did_you_mean


def hold(condition: Expr, types: Declarations, span: Span, why: Expr | None = None) -> None:
    """Raises InputError where an assertion at compile time (C17 6.7.10) does not hold; ``why``
    is its message."""
    told = why.text if isinstance(why, StringLit) and why.text else None
    if told is not None and span.via is not None and span.via.source.name == PREDEFINED:
        _hold_argument(condition, types, told)
    elif not constant(condition, types)[0]:
        raise InputError("this assertion does not hold", span, told)


def _hold_argument(condition: Expr, types: Declarations, told: str) -> None:
    """An assertion of a macro that comes along is about the argument that it begins with."""
    holds = try_constant(condition, types)
    if holds is None or not holds[0]:
        while isinstance(condition, Binary):
            condition = condition.left
        raise InputError(told, condition.span)


class Declarations(Struct):
    """The file scope of one test.

    ``typedefs``, ``enumerators``, ``functions`` and ``globals`` are by name. ``type_of`` is set by
    whoever knows the types of expressions in scope (for ``typeof`` and ``sizeof``).
    ``char``: what plain ``char`` is. ``asking``: the variables whose types are being asked for.
    """

    layouts: Layouts = field(default_factory=Layouts)
    typedefs: dict[str, CType] = field(default_factory=dict)
    enums: dict[str, IntegerType] = field(default_factory=dict)
    enumerators: dict[str, tuple[int, IntegerType]] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    globals: dict[str, Declaration] = field(default_factory=dict)
    type_of: Callable[[Expr], CType] | None = None
    char: IntType = BASIC["char"]
    asking: set[str] = field(default_factory=set)

    # Types.

    def resolve(self, type: TypeExpr) -> CType:
        """The meaning of a type as written. Raises InputError for an unknown name."""
        if isinstance(type, PointerType):
            return PointerTo(self.resolve(type.target), type.volatile)
        if isinstance(type, ArrayType):
            return self._array(type)
        if isinstance(type, TypeofType):
            return self._typeof(type)
        if isinstance(type, FunctionType):
            params = tuple(passed(self._mentioned(param)) for param in type.params)
            return FunctionOf(passed(self._mentioned(type.result)), params, type.variadic)
        if isinstance(type, TagType):
            return self._tag(type)
        return self._named(type)

    def _named(self, type: NamedType) -> CType:
        if type.name == "void":
            return VOID
        if type.name in self.typedefs:
            return self.typedefs[type.name]
        if type.name == "char":
            return IntegerType("char", self.char)
        if type.name in BASIC:
            return IntegerType(type.name, BASIC[type.name])
        if type.name in KERNEL_TYPEDEFS:
            return IntegerType(type.name, KERNEL_TYPEDEFS[type.name])
        if ("typedef", type.name) in WORDS:
            return StructType("typedef", type.name)
        from ksmcheck.syntax.pp_headers import include_hint

        known = [*self.typedefs, *BASIC, *KERNEL_TYPEDEFS, *(tag for _, tag in WORDS)]
        hint = include_hint(type.name) or did_you_mean(type.name, known)
        raise InputError(f"unknown type {type.name}", type.span, hint=hint)

    def _tag(self, type: TagType) -> CType:
        if type.kind == "enum":
            if type.tag not in self.enums:
                hint = did_you_mean(type.tag, self.enums)
                raise InputError(f"enum {type.tag} is not defined", type.span, hint=hint)
            return self.enums[type.tag]
        return StructType(type.kind, type.tag)

    def _mentioned(self, type: TypeExpr) -> CType:
        """A type in that of a function, where an unknown name stands for itself: members that point
        to functions are declared which no test calls."""
        if isinstance(type, PointerType):
            return PointerTo(self._mentioned(type.target), type.volatile)
        try:
            return self.resolve(type)
        except InputError:
            if isinstance(type, NamedType):
                return StructType("typedef", type.name)
            raise

    def parameter(self, type: TypeExpr) -> CType:
        """The type of a parameter: a function is passed as a pointer to it."""
        return passed(self.resolve(type))

    def signature(self, function: Function) -> FunctionOf:
        params = tuple(param.type for param in function.params)
        found = self.resolve(FunctionType(function.result, params, function.span))
        assert isinstance(found, FunctionOf)
        return found

    def address(self, function: str) -> int:
        """Where the function is: functions lie apart, in the order in which they are declared."""
        return FIRST_FUNCTION + FUNCTION_STEP * list(self.functions).index(function)

    def function_at(self, address: int) -> Function | None:
        place, off = divmod(address - FIRST_FUNCTION, FUNCTION_STEP)
        if off or not 0 <= place < len(self.functions):
            return None
        return list(self.functions.values())[place]

    def _array(self, type: ArrayType) -> CType:
        element = self.resolve(type.element)
        if type.length is None:
            return ArrayOf(element, None)
        length = constant(type.length, self)[0]
        if not 0 <= length <= 1 << 16:
            raise InputError(f"an array of {length} elements is not supported", type.length.span)
        return ArrayOf(element, length)

    def _typeof(self, type: TypeofType) -> CType:
        found = self.type_of_operand(type.operand)
        if found is None:
            raise InputError("typeof is not supported here", type.span)
        return self.type_of_value(type.operand, found) if type.of_value else found

    def type_of_value(self, operand: Expr | TypeExpr, type: CType) -> CType:
        """The type of the value of what has a type: C17 6.3.2.1 p3, p4. The sum of an array and 0
        points to its first element, and knows whether that is volatile."""
        if not isinstance(type, ArrayOf) or self.type_of is None or isinstance(operand, TYPES):
            return passed(type)
        return self.type_of(Binary("+", operand, IntLit(0, "0", operand.span), operand.span))

    def type_of_operand(self, operand: Expr | TypeExpr) -> CType | None:
        """The type that ``sizeof`` or ``typeof`` is about; None where expressions have no scope and
        it is not constant."""
        if isinstance(operand, TYPES):
            return self.resolve(operand)
        if self.type_of is not None:
            return self.type_of(operand)
        found = try_constant(operand, self)
        if found is not None:
            return found[1]
        from ksmcheck.kernel.file_types import file_type

        return file_type(operand, self)

    def member(self, type: StructType, name: str, span: Span) -> Member:
        """A member of a struct. Raises InputError, naming near ones, where there is none."""
        layout = self.layouts.of(type, span)
        member = layout.member(name)
        if member is None:
            from ksmcheck.syntax.pp_headers import member_hint

            near = did_you_mean(name, [m.name for m in layout.members])
            hint = member_hint(type.tag, name) or near
            raise InputError(f"{type} has no member {name}", span, hint=hint)
        return member

    # Definitions.

    def add(self, items: Iterable[TopLevel]) -> None:
        for item in items:
            if isinstance(item, StructDef):
                self._struct(item)
            elif isinstance(item, EnumDef):
                self._enum(item)
            elif isinstance(item, Typedef):
                self._typedef(item)
            elif isinstance(item, Function):
                self._function(item)
            elif isinstance(item, StaticAssert):
                hold(item.condition, self, item.span, item.why)
            else:
                self._global(item)

    def _struct(self, item: StructDef) -> None:
        parts, flexible = [], False
        for member in item.fields:
            bits = None if member.bits is None else constant(member.bits, self)[0]
            type = self.resolve(member.type)
            last = len(item.fields) > 1 and member is item.fields[-1]
            if last and isinstance(type, ArrayOf) and type.length is None:
                type, flexible = ArrayOf(type.element, 0), True  # C17 6.7.2.1 p18: no room
            align = self.alignment(member.aligned)
            parts.append(Part(member.name, type, member.span, member.volatile, bits, align))
        align = self.alignment(item.aligned)
        type = StructType(item.kind, item.tag)
        self.layouts.define(type, tuple(parts), item.span, align, flexible=flexible)

    def alignment(self, aligned: tuple[Expr, ...]) -> int:
        """The greatest of the alignments; 1 where there is none."""
        most = 1
        for expr in aligned:
            value = constant(expr, self)[0]
            if not 1 <= value <= 1 << 12 or value & (value - 1):
                raise InputError("an alignment is a power of two, up to 4096", expr.span)
            most = max(most, value)
        return most

    def _enum(self, item: EnumDef) -> None:
        value, type = -1, INT
        for name, expr, span in item.members:
            value, type = (value + 1, type) if expr is None else constant(expr, self)
            type = INT if fits(value, INT.ints) else type
            if name in self.enumerators:
                raise InputError(f"enumerator {name} is defined twice", span)
            if not fits(value, type.ints):
                raise InputError(f"{name} is {value}, too large for {type}", span)
            self.enumerators[name] = value, type
        values = tuple(self.enumerators[name][0] for name, _, _ in item.members)
        whole = _first_that_holds(values, _OF_ENUMS)
        for (name, _, _), value in zip(item.members, values, strict=True):
            self.enumerators[name] = value, _first_that_holds((value,), (INT, whole))
        name = "enum" if item.tag.startswith("<") else f"enum {item.tag}"
        self.enums[item.tag] = IntegerType(name, whole.ints)

    def _typedef(self, item: Typedef) -> None:
        type = self.resolve(item.type)
        if item.aligned and self.alignment(item.aligned) < self.layouts.align(type, item.span):
            raise InputError(f"an alignment below that of {type} is not supported", item.span)
        if self.typedefs.setdefault(item.name, type) != type:
            raise InputError(f"typedef {item.name} is defined twice, differently", item.span)

    def _function(self, item: Function) -> None:
        known = self.functions.get(item.name)
        if known is not None and known.body is not None:
            if item.body is None:
                return
            first = (Note("the first definition", known.span),)
            raise InputError(f"function {item.name} is defined twice", item.span, notes=first)
        self.functions[item.name] = item

    def _global(self, item: Declaration) -> None:
        self.alignment(item.aligned)  # each object begins a page
        known = self.globals.get(item.name)
        if known is not None and not _agree(self.resolve(known.type), self.resolve(item.type)):
            first = (Note("the first declaration", known.span),)
            message = f"{item.name} is declared twice, with different types"
            raise InputError(message, item.span, notes=first)
        if known is not None and known.init is not None:
            if item.init is None:
                return
            first = (Note("the first definition", known.span),)
            raise InputError(f"{item.name} is defined twice", item.span, notes=first)
        self.globals[item.name] = item


_OF_ENUMS = (UNSIGNED, INT, UNSIGNED_LONG, LONG)
"""The types that gcc gives an enum, the first that holds its values; an enumerator is an ``int``
if that holds it, or else has its enum's type."""


def _first_that_holds(values: tuple[int, ...], types: tuple[IntegerType, ...]) -> IntegerType:
    return next((t for t in types if all(fits(v, t.ints) for v in values)), types[-1])


def _agree(one: CType, other: CType) -> bool:
    """Whether both may declare one object; an array's length may be left out in one of them."""
    if isinstance(one, ArrayOf) and isinstance(other, ArrayOf):
        open_ended = None in (one.length, other.length)
        return one.element == other.element and (open_ended or one == other)
    return one == other


def chosen_by_machine(kernel: str) -> bool:
    """Whether it hangs on the machine if plain ``char`` is signed."""
    return version_key(kernel) < version_key(UNSIGNED_CHAR)


def declare(items: Iterable[TopLevel], kernel: str, *, unsigned_char: bool = False) -> Declarations:
    """The file scope of a test's top level, at a kernel point. ``unsigned_char``: so plain ``char``
    is where the kernel leaves it to the machine."""
    unsigned = unsigned_char or not chosen_by_machine(kernel)
    declarations = Declarations(char=BASIC["unsigned char" if unsigned else "char"])
    declarations.add(items)
    return declarations
