"""Statements: control flow, declarations, inlined functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ksmcheck.kernel.ints import S32
from ksmcheck.kernel.lengths import sized
from ksmcheck.kernel.lock_words import lock_offsets
from ksmcheck.kernel.types import (
    VOID,
    CType,
    FunctionOf,
    PointerTo,
    StructType,
    VoidType,
    ints_of,
    is_scalar,
)
from ksmcheck.program.bodiless import no_body
from ksmcheck.program.context import Passed
from ksmcheck.program.expressions import Expressions
from ksmcheck.program.graph import Forget, Node
from ksmcheck.program.initialisers import copied, is_word, leaves, parts
from ksmcheck.program.ir import NO_RETURN, Check, Const, Frame, Use
from ksmcheck.program.places import InRegisters, Place
from ksmcheck.program.scope import Activation, Scope, Targets, Variable
from ksmcheck.program.switches import Switches, cases
from ksmcheck.program.tree import walk
from ksmcheck.program.values import NOTHING, Value, assign
from ksmcheck.record import replace
from ksmcheck.syntax.c_ast import (
    Block,
    Break,
    Call,
    Case,
    Continue,
    Declaration,
    DeclGroup,
    DoWhile,
    Expr,
    ExprStmt,
    For,
    Function,
    Goto,
    If,
    InitList,
    Label,
    PointerCall,
    Return,
    StatementExpr,
    Stmt,
    Switch,
    While,
)
from ksmcheck.syntax.litmus_allocated import OBJECT
from ksmcheck.text import InputError, Note, Span
from ksmcheck.text.spelling import did_you_mean


class Statements(Switches, Expressions):
    """Everything that may stand in a function's body."""

    def statement(self, stmt: Stmt) -> None:
        if isinstance(stmt, ExprStmt):
            self._expression(stmt.expr)
        elif isinstance(stmt, Declaration):
            self._declaration(stmt)
        elif isinstance(stmt, DeclGroup):
            for declaration in stmt.body:
                self._declaration(declaration)
        elif isinstance(stmt, Block):
            self._block(stmt)
        elif isinstance(stmt, If):
            self._if(stmt)
        elif isinstance(stmt, While | DoWhile | For):
            self._loop(stmt)
        elif isinstance(stmt, Switch):
            self.switch(stmt)
        elif isinstance(stmt, Case):
            self.case(stmt)
        else:
            self._jump(stmt)

    def _expression(self, expr: Expr) -> None:
        """A statement expression used for its effect is a block: it may be jumped out of."""
        if isinstance(expr, StatementExpr):
            self._block(expr.body)
        else:
            self.effect(expr)

    def _jump(self, stmt: Stmt) -> None:
        if isinstance(stmt, Label):
            self._label(stmt)
        elif isinstance(stmt, Goto):
            if stmt.label in self.frame.closed:
                raise _jumped_into(stmt.span)
            self.frame.gotos.setdefault(stmt.label, stmt.span)
            self.graph.goto(self._labelled(stmt.label))
        elif isinstance(stmt, Break | Continue):
            targets = self.frame.targets
            target = targets.stop if isinstance(stmt, Break) else targets.again
            if target is None:
                word = "break" if isinstance(stmt, Break) else "continue"
                raise InputError(f"{word} outside of a loop", stmt.span)
            self.graph.goto(target)
        else:
            assert isinstance(stmt, Return), stmt
            self._return(stmt)

    def _block(self, stmt: Block) -> None:
        self.push()
        for inner in stmt.body:
            self.statement(inner)
        self.pop()

    def statement_value(self, body: Block) -> Value:
        """``({ ...; value; })``: void unless an expression comes last."""
        with self._begun(body) as last:
            if isinstance(last, ExprStmt):
                return self.value(last.expr)
            if last is not None:
                self.statement(last)
            return NOTHING

    @contextmanager
    def _begun(self, body: Block) -> Iterator[Stmt | None]:
        """What is to be done with its last statement is done where the others have been."""
        labels = self._without_jumps_into(body)
        self.push()
        for inner in body.body[:-1]:
            self.statement(inner)
        yield body.body[-1] if body.body else None
        self.pop()
        self.frame.closed.update(labels)

    def struct_of_block(self, expr: StatementExpr) -> Place:
        """The struct is copied at the end of the block: what happens later does not change it."""
        self.no_jump_out(expr.body)
        with self._begun(expr.body) as last:
            assert isinstance(last, ExprStmt), expr
            type = self.type_of(last.expr)
            assert isinstance(type, StructType), expr
            held = InRegisters(Variable("({ })", type, self.graph.fresh("t")), 0, type)
            self.copy(held, self.aggregate(last.expr, type), last.expr)
        return held

    def type_of_block(self, body: Block) -> CType:
        with self._begun(body) as last:
            if not isinstance(last, ExprStmt):
                return VOID
            found = self.type_of(last.expr)
            return found if isinstance(found, StructType) else self.value(last.expr).type

    def _without_jumps_into(self, body: Block) -> list[str]:
        """The labels of a value, which has to be computed from its beginning (GNU C). Raises
        InputError where something has jumped to one already."""
        inside = [node for node in walk(body) if isinstance(node, Label)]
        early = next((node for node in inside if node.name in self.frame.labels), None)
        early_case = next((node for node in cases(body) if id(node) in self.case_nodes), None)
        if early is not None or early_case is not None:
            raise _jumped_into((early or early_case or body).span)
        return [node.name for node in inside]

    # Branches and loops.

    def _if(self, stmt: If) -> None:
        then, otherwise, join = (self.graph.node() for _ in range(3))
        self.condition(stmt.condition, then, otherwise)
        self.graph.begin(then)
        self._scoped(stmt.then)
        self.graph.goto(join)
        self.graph.begin(otherwise)
        if stmt.otherwise is not None:
            self._scoped(stmt.otherwise)
        self.graph.goto(join)
        self.graph.begin(join)

    def _scoped(self, stmt: Stmt) -> None:
        self.push()
        self.statement(stmt)
        self.pop()

    def _loop(self, stmt: While | DoWhile | For) -> None:
        self.push()
        if isinstance(stmt, For):
            for first in stmt.init:
                self.statement(first)
        head, test, body, done = (self.graph.node() for _ in range(4))
        outer = self.graph.around
        self.graph.around = self.graph.may_begin(head, stmt.span, stmt.unroll)
        self.graph.start(head)
        if isinstance(stmt, DoWhile):
            self._body(stmt.body, done, test)
            self.graph.start(test)
            self.condition(stmt.condition, head, done)
        else:
            if stmt.condition is None:
                self.graph.goto(body)
            else:
                self.condition(stmt.condition, body, done)
            self.graph.begin(body)
            self._body(stmt.body, done, test)
            self.graph.start(test)
            if isinstance(stmt, For) and stmt.step is not None:
                self._expression(stmt.step)
            self.graph.goto(head)
        self.graph.around = outer
        self.graph.begin(done)
        self.pop()

    def _body(self, body: Stmt, stop: Node, again: Node) -> None:
        kept = self.frame.targets
        self.frame.targets = Targets(stop, again)
        self._scoped(body)
        self.frame.targets = kept

    # Labels.

    def _labelled(self, name: str) -> Node:
        if name not in self.frame.labels:
            self.frame.labels[name] = self.graph.node()
        return self.frame.labels[name]

    def _label(self, stmt: Label) -> None:
        if stmt.name in self.frame.placed:
            raise InputError(f"label {stmt.name} is defined twice", stmt.span)
        self.frame.placed.add(stmt.name)
        node = self._labelled(stmt.name)
        self.graph.label(node, stmt.span)
        self.graph.start(node)
        self.statement(stmt.body)

    def check_labels(self) -> None:
        """Raises InputError for a goto to a label that the function does not have."""
        for name, span in self.frame.gotos.items():
            if name not in self.frame.placed:
                hint = did_you_mean(name, self.frame.placed)
                raise InputError(f"there is no label {name}", span, hint=hint)

    # Declarations.

    def _declaration(self, stmt: Declaration) -> None:
        type = sized(self.declarations.resolve(stmt.type), stmt.init, self.declarations)
        self.declarations.alignment(stmt.aligned)
        if isinstance(type, VoidType):
            raise InputError("a variable cannot be void", stmt.span)
        if isinstance(type, FunctionOf):
            message = "function declarations inside a function are not supported"
            raise InputError(message, stmt.span, "move it to file level")
        variable = self.declare(stmt.name, type, stmt.span, volatile=stmt.volatile)
        if isinstance(stmt.init, InitList) or (stmt.init is not None and is_word(type)):
            self._fill(variable, stmt.init)
        elif stmt.init is not None and is_scalar(type):
            value = self.value(stmt.init)
            if points_to_function(type):
                value = assign(value, type, stmt.init.span, lenient=self.frame.lenient)
            self._begin_life(variable, value, stmt.init)
        elif stmt.init is not None:
            if not isinstance(type, StructType):
                message = "an array is initialised by a list of numbers: { ... }"
                raise InputError(message, stmt.init.span)
            self.copy(self.place_of(variable), self.aggregate(stmt.init, type), stmt.init)

    def _fill(self, variable: Variable, init: Expr) -> None:
        """Every scalar gets a value: what the list does not name is 0 (C17 6.7.9)."""
        given = dict(leaves(variable.type, init, self.declarations))
        structs = copied(variable.type, init, self.declarations)
        place = self.place_of(variable)
        free = set(lock_offsets(variable.type, self.layouts)) if variable.name == OBJECT else ()
        for path, scalar in self._offsets(variable.type, init.span):
            if path in free or any(path in struct.bytes for struct in structs):
                continue
            if path in given:
                type, expr = given[path]
                self.write(self.part(place, path, type), self.value(expr), expr)
            else:
                zero = Value(Const(0, ints_of(scalar)), scalar)
                self.write(self.part(place, path, scalar), zero, init)
        for path, (type, expr) in parts(variable.type, init, self.declarations):
            self.write(self.part(place, path, type), self.value(expr), expr)
        for struct in structs:
            source = self.aggregate(struct.expr, struct.type)
            self.copy(self.part(place, struct.offset, struct.type), source, struct.expr)

    def _offsets(self, type: CType, span: Span) -> list[tuple[int, CType]]:
        if is_scalar(type):
            return [(0, type)]
        return [(s.offset, s.type) for s in self.layouts.scalars(type, span)]

    # Functions.

    def inline(self, function: Function, args: tuple[Expr, ...], span: Span) -> Value:
        """A call of a function by its name."""
        self._check_call(function, args, span)
        types = [self.declarations.parameter(param.type) for param in function.params]
        return self._body_of(function, self.passed(args, types), span)

    def enter(self, function: Function, passed: Passed, span: Span) -> Value:
        self._check_call(function, tuple(arg for _, arg in passed), span)
        return self._body_of(function, passed, span)

    def passed(self, args: Sequence[Expr], types: Sequence[CType]) -> Passed:
        pairs = zip(args, types, strict=True)
        return tuple([(self._argument(arg, type), arg) for arg, type in pairs])

    def _body_of(self, function: Function, passed: Passed, span: Span) -> Value:
        """The body in place of the call; parameters are locals with the arguments as values."""
        caller = self.frame
        callee = self._activation(function, self.declarations.resolve(function.result), span)
        self.frame = callee
        for param, (value, arg) in zip(function.params, passed, strict=True):
            type = self.declarations.parameter(param.type)
            variable = self.declare(param.name, type, param.span, volatile=param.volatile)
            if isinstance(value, InRegisters):
                self.copy(self.place_of(variable), value, arg)
                continue
            converted = assign(value, type, arg.span, lenient=caller.lenient, to_function=True)
            self._begin_life(variable, converted, arg)
        assert function.body is not None
        self._block(function.body)
        self.check_labels()
        if callee.result is not None:  # the kernel is built with -Werror=return-type
            origin = self.origin(function.span, function)
            self.graph.emit(Check(NO_RETURN, Const(0, S32), origin))
        self.graph.start(callee.exit)
        self.frame = caller
        if callee.result is None:
            return NOTHING
        register, type = callee.result
        if isinstance(type, StructType):
            return Value(Use(register, S32), type)
        return Value(Use(register, ints_of(type)), type)

    def _begin_life(self, variable: Variable, value: Value, node: Expr) -> None:
        """The first value of a local. What points to a function then, and is never assigned, is
        known: a call through it is one of that function."""
        self.write(self.place_of(variable), value, node)
        if not isinstance(value.expr, Const) or not points_to_function(variable.type):
            return
        if variable.name not in self.contents.changed(self.frame.function, self.primitives):
            self.frame.scope.names[variable.name] = replace(variable, known=value.expr)

    def _argument(self, arg: Expr, type: CType) -> Value | InRegisters:
        """What is passed; a struct is copied, as the parameter is the function's own."""
        if not isinstance(type, StructType):
            return self.value(arg)
        held = InRegisters(Variable("(argument)", type, self.graph.fresh("t")), 0, type)
        self.copy(held, self.aggregate(arg, type), arg)
        return held

    def returned(self, call: Call | PointerCall) -> Place:
        """The struct that a call gives: ``inline`` names its registers."""
        if isinstance(call, PointerCall):
            name, value = "(*)", self.call_through(call)
        else:
            name, value = call.callee.name, self.call(call, used=True)
        assert isinstance(value.expr, Use)
        return InRegisters(Variable(name, value.type, value.expr.reg), 0, value.type)

    def _activation(self, function: Function, result_type: CType, span: Span) -> Activation:
        stack = (*self.frame.stack, Frame(function.name, span))
        result = None
        if result_type != VOID:
            result = (self.graph.fresh(f"{function.name}()"), result_type)
            for path, scalar in self.scalars(result_type, span):
                self.graph.emit(Forget(result[0] + path, ints_of(scalar)))
        addressed = self.contents.addressed(function, self.primitives)
        exit = self.graph.node()
        return Activation(function, stack, Scope(None), exit, result, addressed, lenient=False)

    def _check_call(self, function: Function, args: tuple[Expr, ...], span: Span) -> None:
        defined = (Note(f"{function.name} is declared here", function.span),)
        if function.body is None:
            raise no_body(function, span)
        if len(args) != len(function.params):
            count = len(function.params)
            name = _as_written(function, span)
            message = f"{name} takes {count} argument{'s' * (count != 1)}, not {len(args)}"
            raise InputError(message, span, notes=defined)
        self.refuse_recursion(function, span, "write a loop instead")

    def refuse_recursion(self, function: Function, span: Span, hint: str) -> None:
        chain = [self.frame.function.name, *(f.function for f in self.frame.stack)]
        if function.name in chain:
            names = [f.function for f in self.frame.stack]
            calls = " -> ".join([*names[names.index(function.name) :], function.name])
            notes = tuple(Note(f"{f.function} is called here", f.call) for f in self.frame.stack)
            raise InputError(f"recursion is not supported: {calls}", span, hint=hint, notes=notes)

    def _return(self, stmt: Return) -> None:
        frame = self.frame
        if stmt.value is not None and frame.result is None:
            value = self.value(stmt.value)
            if frame.stack and value.type != VOID:
                raise InputError(f"{frame.function.name} returns no value", stmt.span)
        elif stmt.value is None and frame.result is not None:
            raise InputError(f"{frame.function.name} must return a value", stmt.span)
        elif stmt.value is not None and frame.result is not None:
            register, type = frame.result
            if isinstance(type, StructType):
                given = InRegisters(Variable(frame.function.name, type, register), 0, type)
                self.copy(given, self.aggregate(stmt.value, type), stmt.value)
                self.graph.goto(frame.exit)
                return
            value = self.value(stmt.value)
            self.set(register, assign(value, type, stmt.span, lenient=frame.lenient).expr)
        self.graph.goto(frame.exit)


def points_to_function(type: CType) -> bool:
    return isinstance(type, PointerTo) and isinstance(type.target, FunctionOf)


def _as_written(function: Function, call: Span) -> str:
    """What the user calls a function that a macro may have given another name."""
    name = call.text.partition("(")[0].strip()
    return name if name.isidentifier() and call.via is None else function.name


def _jumped_into(span: Span) -> InputError:
    message = "a jump into a statement expression: its value is computed from its beginning"
    return InputError(message, span, hint="jump to a statement before it")
