"""Calls through pointers: a choice between the functions that it can be.

``p->fn(x)`` becomes what ``if (p->fn == &f) f(x); else if (p->fn == &g) g(x); ...`` is, over the
functions of its type whose address is taken; behind the last one the pointer points to none, and
that is a bad address. So a control dependency goes from what the pointer was read from to all that
happens in the function, as an indirect branch makes one, and ends where the function returns. A
pointer that the text settles is a call of that function and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.kernel.ints import ADDRESS, S32
from ksmcheck.kernel.types import (
    CType,
    FunctionOf,
    PointerTo,
    StructType,
    VoidType,
    alike,
    ints_of,
    passed,
)
from ksmcheck.program import fold
from ksmcheck.program.context import Passed
from ksmcheck.program.ir import BAD_ADDRESS, Check, Const, Expr, Use
from ksmcheck.program.places import InRegisters
from ksmcheck.program.pointees import only_reads, with_addresses
from ksmcheck.program.primitive_calls import PrimitiveCalls
from ksmcheck.program.scope import Variable
from ksmcheck.program.values import NOTHING, Value, assign
from ksmcheck.syntax.c_ast import Function, PointerCall
from ksmcheck.text import InputError, Note


class PointerCalls(PrimitiveCalls):
    """The result of either function is kept in a register of the call's own."""

    def call_through(self, call: PointerCall) -> Value:
        """The value of a call of what a pointer points to."""
        pointer = self.value(call.pointer)
        type = self._called_type(pointer, call)
        if len(call.args) != len(type.params):
            count = len(type.params)
            takes = f"{count} argument{'s' * (count != 1)}, not {len(call.args)}"
            raise InputError(f"what is called here takes {takes}: it is {type}", call.span)
        arguments = self._arguments(call, type)
        if isinstance(pointer.expr, Const):
            function = self.declarations.function_at(pointer.expr.value)
            if function is not None:
                self._need_type(function, type, call)
                return self.enter(function, arguments, call.span)
        functions = () if isinstance(pointer.expr, Const) else tuple(self._candidates(type))
        result = self._result(type.result)
        join = self.graph.node()
        for function in functions:
            hint = f"{function.name} is of the type, and its address is taken: it may be called"
            self.refuse_recursion(function, call.span, hint)
            then, otherwise = self.graph.node(), self.graph.node()
            self._fork(self._is(pointer.expr, function, call), then, otherwise, call)
            self.graph.begin(then)
            self._give(result, self.enter(function, arguments, call.span), call)
            self.graph.goto(join)
            self.graph.begin(otherwise)
        self._astray(pointer.expr, result, call)
        self.graph.start(join)
        return result

    def _arguments(self, call: PointerCall, type: FunctionOf) -> Passed:
        """What is passed, in the types that the pointer's type tells."""
        found = zip(self.passed(call.args, type.params), type.params, strict=True)
        lenient = self.frame.lenient
        return tuple(
            (assign(value, to, arg.span, lenient=lenient, to_function=True), arg)
            if isinstance(value, Value)
            else (value, arg)
            for (value, arg), to in found
        )

    def called_function_type(self, call: PointerCall) -> FunctionOf:
        return self._called_type(Value(Const(0, ADDRESS), self.type_of(call.pointer)), call)

    def _called_type(self, pointer: Value, call: PointerCall) -> FunctionOf:
        type = passed(pointer.type)
        if isinstance(type, PointerTo) and isinstance(type.target, FunctionOf):
            if type.target.variadic:
                raise InputError("variable arguments are not supported", call.span)
            return type.target
        hint = "declare it as a pointer to a function: int (*fn)(int)"
        if isinstance(type, PointerTo) and isinstance(type.target, VoidType):
            hint = "cast it to a pointer to a function of the type that it has"
        elif isinstance(type, PointerTo) and isinstance(type.target, PointerTo):
            hint = "write (*...)(...) for what it points to"
        message = f"this is no function, nor a pointer to one, but {type}"
        raise InputError(message, call.pointer.span, hint)

    def _need_type(self, function: Function, type: FunctionOf, call: PointerCall) -> None:
        found = self.declarations.signature(function)
        if not alike(found, type):
            message = f"{function.name} is called as {type}, but is {found}"
            defined = (Note(f"{function.name} is declared here", function.span),)
            raise InputError(message, call.span, notes=defined)

    def _candidates(self, type: FunctionOf) -> Iterator[Function]:
        for name in self.contents.taken:
            function = self.declarations.functions[name]
            if alike(self.declarations.signature(function), type):
                yield function

    def _is(self, pointer: Expr, function: Function, call: PointerCall) -> Expr:
        address = Const(self.declarations.address(function.name), ADDRESS)
        same = fold.op("eq", S32, pointer, address)
        if only_reads(call.pointer, self.primitives):
            return with_addresses(same, self.graph.accesses)
        return same

    def _result(self, type: CType) -> Value:
        """Where either function puts what it gives."""
        if isinstance(type, VoidType):
            return NOTHING
        ints = S32 if isinstance(type, StructType) else ints_of(type)
        return Value(Use(self.graph.fresh("(*)()"), ints), type)

    def _give(self, result: Value, given: Value, call: PointerCall) -> None:
        if isinstance(result.type, StructType):
            self.copy(_held(result), _held(given), call)
        elif result.type != NOTHING.type:
            assert isinstance(result.expr, Use)
            self.set(result.expr.reg, given.expr)

    def _astray(self, pointer: Expr, result: Value, call: PointerCall) -> None:
        """The pointer points to no function: a finding, and the call gives 0. That is no constant:
        of what one of several functions gives nothing is known, whatever each of them gives."""
        origin = self.origin(call.span, call)
        self.graph.emit(Check(BAD_ADDRESS, Const(0, S32), origin))
        if result.type == NOTHING.type:
            return
        assert isinstance(result.expr, Use)
        none = fold.op("and", ADDRESS, fold.op("alone", ADDRESS, pointer), Const(0, ADDRESS))
        for path, scalar in self.scalars(result.type, call.span):
            self.set(result.expr.reg + path, fold.cast(ints_of(scalar), none))


def _held(value: Value) -> InRegisters:
    """The struct that a call has given, in its registers."""
    assert isinstance(value.expr, Use)
    return InRegisters(Variable("(result)", value.type, value.expr.reg), 0, value.type)
