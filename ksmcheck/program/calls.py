"""Calls: the checker's own forms (assertions, assumptions), then the kernel's primitives."""

from __future__ import annotations

from collections.abc import Callable

from ksmcheck.kernel.catalogue.accesses import FREE
from ksmcheck.kernel.constants import constant, try_constant
from ksmcheck.kernel.declarations import hold
from ksmcheck.kernel.ints import ADDRESS, BOOL
from ksmcheck.kernel.null_stores import primitive_of
from ksmcheck.kernel.primitives import all_primitives, lifetime
from ksmcheck.kernel.types import (
    INT,
    LONG,
    UNSIGNED_LONG,
    ArrayOf,
    copied_as,
    ints_of,
)
from ksmcheck.program import fold
from ksmcheck.program.bodiless import Bodiless, no_body
from ksmcheck.program.freeing import words
from ksmcheck.program.ir import BAD_ADDRESS, Access, Assume, Check, Const, Expr
from ksmcheck.program.places import InMemory
from ksmcheck.program.pointer_calls import PointerCalls
from ksmcheck.program.values import NOTHING, Value, cast, integer, need_scalar
from ksmcheck.syntax.c_ast import TYPES, Call, Function
from ksmcheck.syntax.c_ast import Expr as Tree
from ksmcheck.text import InputError
from ksmcheck.text.spelling import did_you_mean

# How many arguments, and whether the check demands the argument (assert) or its opposite (BUG_ON).
CHECKS: dict[str, tuple[int, bool]] = {
    "assert": (1, True),
    "BUG_ON": (1, False),
    "VM_BUG_ON": (1, False),
    "VM_BUG_ON_PAGE": (2, False),
    "VM_BUG_ON_FOLIO": (2, False),
    "WARN_ON": (1, False),
    "WARN_ON_ONCE": (1, False),
    "VM_WARN_ON": (1, False),
    "VM_WARN_ON_ONCE": (1, False),
}
_CONSTANT = ("ARRAY_SIZE", "BUILD_BUG_ON", "static_assert")
_CPUS = ("smp_processor_id", "num_possible_cpus")
COPY = "__ksmcheck_copy"
"""``__ksmcheck_copy(to, from, n)``: the members in the first n bytes, as memcpy() copies them; with
one more argument, those from that byte on. Where no constant tells n, it is not copied, and that is
a bad address."""
FILL = "__ksmcheck_fill"
"""``__ksmcheck_fill(x, v)``: every byte of x, which is 0, becomes v."""
WITHIN = "__ksmcheck_within"
"""``__ksmcheck_within(x)``: it is a bad address where x is false."""
FREED = "__ksmcheck_freed"
"""``__ksmcheck_freed(x)``: the object x is freed (``syntax.pp_idioms``, kfree)."""
_OWN = (COPY, FILL, WITHIN, FREED)
FORMS = frozenset((*CHECKS, "BUG", "likely", "unlikely", "__assume", *_CONSTANT, *_CPUS, *_OWN))
_BY_HAND = {
    "data_race": "kernels have it since 5.8: there it is the plain access inside",
}
"""What the kernel has, and one text could not say for all machines (``syntax.pp_kernel``)."""


class Calls(PointerCalls, Bodiless):
    """Who is called: a function of the test, a form, or a primitive - in this order."""

    def call(self, call: Call, *, used: bool) -> Value:
        """The value of a call; ``used`` tells whether anything looks at it."""
        name = call.callee.name
        function = self.declarations.functions.get(name)
        problem = self._uncallable(function, call)
        if problem is not None:
            result = self.not_made(name, function, problem, call.span)
        elif function is not None:
            result = self.inline(function, self.expressions(call), call.span)
        elif name in CHECKS:
            result = self._check(call)
        elif name in FORMS:
            result = self._form(call)
        else:
            result = self.primitive(primitive_of(self.primitives, call), call, used=used)
        return result

    def _uncallable(self, function: Function | None, call: Call) -> InputError | None:
        """What is wrong where there is nothing that could be called."""
        if function is not None:
            return None if function.body is not None else no_body(function, call.span)
        name = call.callee.name
        known = name in CHECKS or name in FORMS or name in self.primitives
        return None if known else self._unknown(call)

    def expressions(self, call: Call) -> tuple[Tree, ...]:
        """The arguments. Raises InputError for a type among them."""
        found: list[Tree] = []
        for argument in call.args:
            if isinstance(argument, TYPES):
                raise InputError("a type is not an argument here", argument.span)
            found.append(argument)
        return tuple(found)

    def arguments(self, call: Call, count: int) -> tuple[Tree, ...]:
        """The arguments, exactly ``count`` of them."""
        found = self.expressions(call)
        if len(found) != count:
            takes = f"{count} argument{'' if count == 1 else 's'}" if count else "no arguments"
            raise InputError(f"{call.callee.name} takes {takes}, not {len(found)}", call.span)
        return found

    def _check(self, call: Call) -> Value:
        count, demanded = CHECKS[call.callee.name]
        argument = self.arguments(call, count)[0]
        value = self.value(argument)
        need_scalar(value, argument.span)
        truth = fold.truth(value.expr)
        holds = truth if demanded else fold.negation(value.expr)
        self.graph.emit(Check(call.callee.name, holds, self.origin(call.span, call)))
        return Value(truth, INT) if "WARN" in call.callee.name else NOTHING

    def _form(self, call: Call) -> Value:
        name = call.callee.name
        if name == "BUG":
            self.arguments(call, 0)
            self.graph.emit(Check(name, integer(0).expr, self.origin(call.span, call)))
            return NOTHING
        if name in _OWN:
            return self._own()[name](call)
        if name in _CPUS:  # a thread is a CPU
            self.arguments(call, 0)
            return integer(self.thread if name == "smp_processor_id" else self.contents.threads)
        if name == "static_assert":
            condition, *why = self.arguments(call, len(call.args) if len(call.args) == 2 else 1)
            hold(condition, self.declarations, call.span, *why)
            return NOTHING
        (argument,) = self.arguments(call, 1)
        if name == "BUILD_BUG_ON":
            if constant(argument, self.declarations)[0]:
                raise InputError("BUILD_BUG_ON: the condition holds", call.span)
            return NOTHING
        if name == "ARRAY_SIZE":
            type = self.type_of(argument)
            if not isinstance(type, ArrayOf) or type.length is None:
                raise InputError(f"ARRAY_SIZE needs an array, not {type}", argument.span)
            return integer(type.length, UNSIGNED_LONG)
        value = self.value(argument)
        need_scalar(value, argument.span)
        truth = fold.truth(value.expr)
        if name == "__assume":
            self.graph.emit(Assume(truth, self.origin(call.span, call)))
            return NOTHING
        return cast(Value(truth, INT), LONG, call.span)  # __builtin_expect's type

    def _own(self) -> dict[str, Callable[[Call], Value]]:
        return {
            COPY: self._copied,
            FILL: self._filled,
            WITHIN: self._within,
            FREED: self._freed,
        }

    def _copied(self, call: Call) -> Value:
        to, source, *numbers = self.arguments(call, len(call.args) if len(call.args) == 4 else 3)
        known = [try_constant(number, self.declarations) for number in numbers]
        if None in known:
            return self._bad_unless(integer(0).expr, call)
        target, given = self.place(to), self.place(source)
        if not copied_as(given.type, target.type):
            message = f"{given.type} is used where {target.type} is needed"
            raise InputError(message, source.span)
        size, *first = (number[0] for number in known if number is not None)
        for scalar in self.layouts.scalars(target.type, call.span):
            end = scalar.offset + self.layouts.size(scalar.type, call.span)
            inside = [n for n in (size, *first) if scalar.offset < n < end]
            if inside:
                message = f"{inside[0]} bytes of {target.type} end inside of a member"
                raise InputError(message, numbers[0].span)
        self.copy(target, given, to, range(first[0] if first else 0, size))
        return NOTHING

    def _filled(self, call: Call) -> Value:
        target, byte = self.arguments(call, 2)
        known = try_constant(byte, self.declarations)
        if known is None:
            raise InputError("memset is understood where it sets to a constant", byte.span)
        place, value = self.place(target), known[0] & 255
        for scalar in self.layouts.scalars(place.type, call.span) if value else ():
            if ints_of(scalar.type) == BOOL and value != 1:
                raise InputError(f"{value} is no value of a bool", byte.span)
            ints = ints_of(scalar.type)
            bytes = ints.wrap(int.from_bytes(8 * [value], "little")) if ints != BOOL else value
            given = Value(Const(bytes, ints), scalar.type)
            self.write(self.part(place, scalar.offset, scalar.type), given, target)
        return NOTHING

    def _within(self, call: Call) -> Value:
        (argument,) = self.arguments(call, 1)
        return self._bad_unless(fold.truth(self.value(argument).expr), call)

    def _freed(self, call: Call) -> Value:
        (argument,) = self.arguments(call, 1)
        place = self.place(argument)
        assert isinstance(place, InMemory)
        parts = words(place.type, self.layouts, call.span)
        origin = self.origin(call.span, call)
        self.contents.frees.check(self.graph.here.steps, place.address, place.type, origin)
        for offset, type in parts.items():
            address = fold.op("add", ADDRESS, place.address, Const(offset, ADDRESS))
            self.graph.emit(Access(FREE, None, (address,), ints_of(type), None, origin))
        return NOTHING

    def _bad_unless(self, holds: Expr, call: Call) -> Value:
        self.graph.emit(Check(BAD_ADDRESS, holds, self.origin(call.span, call)))
        return NOTHING

    def _unknown(self, call: Call) -> InputError:
        name = call.callee.name
        other = all_primitives().get(name)
        if other is not None:
            message = f"the kernel has no {name} at {self.kernel}"
            return InputError(message, call.callee.span, hint=f"it exists {lifetime(other)}")
        from ksmcheck.syntax.pp_headers import include_hint, owner_of

        header = owner_of(name)
        functions = self.declarations.functions.values()
        if header is not None and any(f.span.source.name == f"<{header}>" for f in functions):
            message = f"the kernel has no {name} at {self.kernel}"
            return InputError(message, call.callee.span, hint=f"<{header}> of others has it")
        known = [*self.declarations.functions, *FORMS, *self.primitives]
        hint = (
            _BY_HAND.get(name)
            or include_hint(name)
            or did_you_mean(name, known)
            or "define it as a function, or use a known primitive"
        )
        return InputError(f"unknown function or primitive {name}", call.callee.span, hint=hint)
