"""One thread of a test, run from its syntax tree on numbers, with real calls and no unrolling.

What a read gives is looked up in the record of the execution; everything else is worked out. Each
value carries the reads that it was computed from, and each event the reads that decided that it
happens, so that the dependencies of the execution are found a second time.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from ksmcheck.execution.bodies import Body, Outlook
from ksmcheck.execution.calls import Calls
from ksmcheck.execution.concrete import NOTHING, Concrete, convert, integer, promoted
from ksmcheck.execution.flow import Flow, Point, Scope, flow_of
from ksmcheck.execution.joins import Loops
from ksmcheck.execution.known import keep_fixed
from ksmcheck.execution.leaving import Leaving
from ksmcheck.execution.machine import Call, Control, FailedCheck, InRegister, Variable
from ksmcheck.execution.performed import Exhausted, Record
from ksmcheck.execution.static import declarations_of
from ksmcheck.execution.world import World
from ksmcheck.kernel.constants import constant
from ksmcheck.kernel.lengths import sized
from ksmcheck.kernel.lock_words import lock_offsets
from ksmcheck.kernel.types import (
    INT,
    UNSIGNED_LONG,
    ArrayOf,
    PointerTo,
    StructType,
    VoidType,
    is_scalar,
)
from ksmcheck.program.addressed import addressed_locals
from ksmcheck.program.choices import written_out
from ksmcheck.program.initialisers import copied, leaves, parts
from ksmcheck.program.tree import walk
from ksmcheck.record import replace
from ksmcheck.syntax import c_ast as c
from ksmcheck.syntax.litmus_allocated import OBJECT
from ksmcheck.text import InternalError


class Sight(Protocol):
    """What is known of what is not run (``foresight``)."""

    def outlook(self, interpreter: Interpreter, call: Call, branch: Point) -> Outlook:
        """Of all ways on from a branch."""

    def outcome(self, interpreter: Interpreter, e: c.Expr) -> Concrete | None:
        """Of an expression that is passed over; None where it is not known."""


class Interpreter(Calls):
    """Statements and functions. ``sight`` tells what is known of ways that are not taken.
    ``consulted`` are the functions that were called or looked into, ``seen_ahead`` what it came
    across in looking ahead, for that module to read."""

    most_steps = 100_000

    def __init__(self, world: World, record: Record, sight: Sight) -> None:
        super().__init__(world, record)
        self.sight = sight
        self.steps = 0
        self.starts: dict[str, Concrete] = {}
        self.consulted: dict[int, c.Function] = {}
        self.seen_ahead: dict[Hashable, Any] = {}
        self.leaving = Leaving(self.types.functions.get, self.does_something)

    # Threads and functions.

    def thread(self, function: c.Function) -> None:
        self.call = self.new_call(function, lenient=bool(function.params))
        for param in function.params:
            item = self.world.items[param.name]
            target = item.type.element if isinstance(item.type, ArrayOf) else item.type
            written = self.resolve(param.type)
            volatile = isinstance(written, PointerTo) and written.volatile
            variable = self.declare(param, PointerTo(target, volatile))
            self.write(self.place_of(variable), integer(item.address, UNSIGNED_LONG))
        self.scope = {p.name: p for p in function.params}
        self.starts = self.start_values()
        self.run(self.call)

    def start_values(self) -> dict[str, Concrete]:
        """``0:r1 = 2`` of the start state: registers that are set before the thread begins."""
        found: dict[str, Concrete] = {}
        declared = {d.name for d in self.call.body.declared}
        params = {p.name for p in self.call.body.function.params}
        for entry in self.world.test.init:
            if entry.thread != self.record.thread or entry.value is None:
                continue
            assert isinstance(entry.target, c.Name)
            if entry.target.name in params:
                continue  # ``0:x=x``: its own address
            value = self.start_value(entry.value)
            if entry.type is not None:
                value = convert(value, self.resolve(entry.type))
            found[entry.target.name] = value
            if entry.target.name not in declared:
                self.new_register(entry.target.name, value)
                self.call.registers[entry.target.name].parts[0] = value
        return found

    def start_value(self, e: c.Expr) -> Concrete:
        """In herd7's start state a location's name alone is its address; so is ``&`` before it,
        whatever the thread calls so."""
        if isinstance(e, c.Unary) and e.op == "&" and isinstance(e.operand, c.Name):
            e = e.operand
        if isinstance(e, c.Name) and e.name in self.world.items:
            item = self.world.items[e.name]
            return Concrete(PointerTo(item.type), item.address, fixed=True)
        return self.value(e)

    def new_call(self, function: c.Function, *, lenient: bool = False) -> Call:
        result = self.resolve(function.result)
        body = self.world.bodies.get(id(function)) or self.body_of(function, lenient)
        return Call(body, lenient, None if lenient or isinstance(result, VoidType) else result)

    def body_of(self, function: c.Function, lenient: bool) -> Body:
        assert function.body is not None
        addressed = addressed_locals(function, self.world.primitives)
        scope: Scope = {p.name: p for p in function.params}
        # Purity asks which locals are in memory, and so for the function that they belong to.
        kept = getattr(self, "call", None)
        self.call = Call(Body(function, function, NO_FLOW, NO_LOOPS, addressed), lenient, None)
        flow = flow_of(function.body, scope, self.is_pure)
        if kept is not None:
            self.call = kept
        made = Body(function, function, flow, Loops(flow), addressed)
        self.world.bodies[id(function)] = made
        return made

    def enter(self, function: c.Function, arguments: list[Concrete | Variable]) -> Concrete:
        self.consulted[id(function)] = function
        call = self.new_call(function)
        caller, scope = self.call, self.scope
        self.call = call
        self.hand_over(function, arguments)
        self.run(call)
        self.call, self.scope, self.struct = caller, scope, call.struct
        if call.result_type is None or call.struct is not None:
            return NOTHING
        if isinstance(call.result_type, StructType):
            self.struct = Variable(function.name, call.result_type)
        if call.returned is None:
            self.failed.append(FailedCheck("missing return", self.record.thread, function.span))
            return Concrete(call.result_type, 0)
        return self.chosen(call.returned, call.came_by)

    def hand_over(self, function: c.Function, arguments: list[Concrete | Variable]) -> None:
        """The parameters get their values; of a struct, a copy."""
        for param, argument in zip(function.params, arguments, strict=True):
            place = self.place_of(self.declare(param))
            if isinstance(argument, Variable):
                self.copy(place, InRegister(argument, 0, argument.type))
            else:
                self.write(place, argument)

    def outputs(self, function: c.Function) -> dict[str, Concrete]:
        """The thread's own variables at the end, by name; those that are memory left out."""
        found: dict[str, Concrete] = {}
        variables = list(self.call.registers.values())
        for declared in own_variables(self.world.bodies[id(function)]):
            known = self.call.variables.get(id(declared))
            variables.append(known or self._unused(declared))
        places = self.record.places
        for variable in variables:
            zero = Concrete(variable.type, 0)
            if not is_scalar(variable.type):
                continue
            if variable.address is None:
                found[variable.name] = self.settled(variable.parts.get(0, zero))
            elif variable.address in places.kept:
                value = self.settled(places.values.get((variable.address, 0), zero))
                found[variable.name] = convert(value, variable.type)
        return found

    def _unused(self, declared: c.Param | c.Declaration) -> Variable:
        """A variable that execution did not come to; ``typeof`` has no scope to be read in then,
        and 0 is 0 in any type."""
        if any(isinstance(node, c.TypeofType) for node in walk(declared.type)):
            return Variable(declared.name, INT)
        return Variable(declared.name, self.resolve(declared.type))

    # Statements.

    def run(self, call: Call) -> None:
        """Walks the body from its entry to its exit."""
        point = call.body.flow.entry
        while True:
            self.arrive(call, point)
            if point.kind == "exit":
                break
            self.steps += 1
            if self.steps > self.most_steps:
                self.go_round_for_ever()
            self.scope = point.scope
            point = self.step(call, point)
        self.controls = [k for k in self.controls if k.call is not call]

    def go_round_for_ever(self) -> None:
        """A thread that never ends, silently, has performed all that it will."""
        if self.record.at == len(self.record.events):
            raise Exhausted
        raise InternalError(f"replay: P{self.record.thread} does not end")

    def arrive(self, call: Call, point: Point) -> None:
        """Ends the control of the branches whose ways meet here."""
        for at, control in enumerate(self.controls):
            if control.meets and control.call is call:
                if point.number in control.rounds:
                    self.controls[at] = replace(control, meets={})
                elif point.number in control.meets:
                    keep_fixed(call, control.meets[point.number])
                    later = {n: k for n, k in control.meets.items() if n != point.number}
                    self.controls[at] = replace(control, meets=later)
        ending = [k for k in self.controls if k.call is call and k.join == point.number]
        for control in ending:
            keep_fixed(call, control.known)
        if ending:
            self.controls = [k for k in self.controls if k not in ending]

    def step(self, call: Call, point: Point) -> Point:
        if point.kind == "test":
            assert point.item is not None and not isinstance(point.item, c.Declaration)
            value = self.tested(point.item)
            self.branch(call, point, value)
            return point.next[0 if value.truth else 1]
        if point.kind == "switch":
            return self.switch(call, point)
        if point.kind == "return":
            self.leave(call, point)
        elif point.kind == "declare":
            assert isinstance(point.item, c.Declaration)
            self.declaration(point.item)
        elif point.kind == "eval":
            assert point.item is not None and not isinstance(point.item, c.Declaration)
            self.effect(point.item)
        return point.next[0]

    def branch(self, call: Call, point: Point, value: Concrete) -> None:
        """From here on, until the ways meet, everything depends on what was tested."""
        if value.fixed:
            return
        loops = call.body.loops
        # Also of a branch that leads into a loop's body: in the unrolled loop its ways may meet
        # there in the first round, and as written only behind all of them.
        if value.reads and (loops.around(point.number) or loops.astray):
            self.looped = True
        if value.reads and self.leaving.leaves(call.body, point):
            self.past |= value.reads
        self.consulted.update(self.leaving.asked)
        ahead = self.sight.outlook(self, call, point)
        self.consulted.update((id(f), f) for f in ahead.called)
        rounds = tuple(loops.around(point.number)) if ahead.meets else ()
        control = Control(call, ahead.join, value.reads, ahead.known, ahead.meets, rounds)
        # A loop comes to its branch in every round.
        if not any(k.says_as_much_as(control) for k in self.controls):
            self.controls.append(control)

    def known_ahead(self, e: c.Expr) -> Concrete | None:
        return self.sight.outcome(self, e)

    def switch(self, call: Call, point: Point) -> Point:
        assert point.item is not None and not isinstance(point.item, c.Declaration)
        value = self.value(point.item)
        value = convert(value, promoted(value.type))
        if point.cases:
            self.branch(call, point, value)
        for low, high, place in point.cases:
            bounds = [convert(integer(*constant(e, self.types)), value.type) for e in (low, high)]
            if bounds[0].number <= value.number <= bounds[1].number:
                return point.next[place]
        return point.next[-1]

    def leave(self, call: Call, point: Point) -> None:
        if point.item is None:
            return
        assert not isinstance(point.item, c.Declaration)
        if isinstance(call.result_type, StructType):
            struct = Variable(call.body.function.name, call.result_type)
            self.copy(InRegister(struct, 0, struct.type), self.place(point.item))
            call.struct = struct
            return
        value = self.settled(self.value(point.item))
        if call.result_type is not None:
            call.returned = convert(value, call.result_type)
            call.came_by = self.depends_on()

    def declaration(self, s: c.Declaration) -> None:
        type = sized(self.resolve(s.type), s.init, self.types)
        if s.init is None:
            variable = self.declare(s, type)
            top = self.call.lenient or self.call.body.function in self.world.test.threads
            if top and s.name in self.starts and _is_top(self.call.body.function, s):
                self.write(self.place_of(variable), self.starts[s.name])
            return
        variable = self.declare(s, type)
        self.scope = {**self.scope, s.name: s}  # an initialiser sees the name, the type does not
        if isinstance(s.init, c.InitList):
            self.fill(variable, s.init)
        elif is_scalar(type):
            self.write(self.place_of(variable), self.value(s.init))
        else:
            self.copy(self.place_of(variable), self.place(s.init))

    def fill(self, variable: Variable, init: c.InitList) -> None:
        """Members that the list does not name are 0 (C17 6.7.9)."""
        given = dict(leaves(variable.type, init, self.types))
        place = self.place_of(variable)
        if is_scalar(variable.type):
            self.write(place, self.value(given[0][1]))
            return
        structs = copied(variable.type, init, self.types)
        free = set(lock_offsets(variable.type, self.layouts)) if variable.name == OBJECT else ()
        for scalar in self.layouts.scalars(variable.type, init.span):
            if scalar.offset in free or any(scalar.offset in s.bytes for s in structs):
                continue
            type, expr = given.get(scalar.offset, (scalar.type, None))
            value = integer(0) if expr is None else self.value(expr)
            self.write(self.part(place, scalar.offset, type), value)
        for offset, (type, expr) in parts(variable.type, init, self.types):
            self.write(self.part(place, offset, type), self.value(expr))
        for struct in structs:
            self.copy(self.part(place, struct.offset, struct.type), self.place(struct.expr))

    def block_value(self, e: c.StatementExpr) -> Concrete:
        """GNU ``({ ...; value; })``; it may branch and loop inside, but not be jumped out of."""
        with self.block_begun(e) as last:
            return NOTHING if last is None else self.value(last.expr)

    def block_struct(self, e: c.StatementExpr) -> Variable:
        """The value of such a one that is a struct: a copy, from the end of the block."""
        with self.block_begun(e) as last:
            assert last is not None, e
            held = Variable("({ })", self.type_of(last.expr))
            self.copy(InRegister(held, 0, held.type), self.place(last.expr))
            return held

    @contextmanager
    def block_begun(self, e: c.StatementExpr) -> Iterator[c.ExprStmt | None]:
        """Behind all but the expression that comes last, and in the scope of that."""
        body = e.body.body
        last = body[-1] if body and isinstance(body[-1], c.ExprStmt) else None
        before = body[:-1] if last is not None else body
        scope = dict(self.scope)
        call, outer = self.call, self.scope
        key = id(call.body.function), id(e)
        known = self.world.bodies.get(key)
        if known is None:
            flow = flow_of(c.Block(before, e.span), scope, self.is_pure)
            known = Body(call.body.function, e, flow, Loops(flow), call.body.addressed)
            self.world.bodies[key] = known
        inner = Call(known, call.lenient, None)
        inner.variables, inner.registers = call.variables, call.registers
        self.call = inner
        self.run(inner)
        for statement in before:
            for declaration in declarations_of(statement):
                scope[declaration.name] = declaration
        self.scope = scope
        yield last
        self.call, self.scope = call, outer

    def written_out(self, e: c.Conditional) -> c.StatementExpr:
        """A choice between structs as statements; the same tree in all runs, for what is known of
        it is kept."""
        known = self.world.bodies.get(id(e))
        if known is None:
            body = self.call.body
            known = Body(body.function, written_out(e), NO_FLOW, NO_LOOPS, body.addressed)
            self.world.bodies[id(e)] = known
        assert isinstance(known.tree, c.StatementExpr)
        return known.tree


_EXIT = Point(-1, "exit", None, {})
NO_FLOW = Flow((_EXIT,), _EXIT)
NO_LOOPS = Loops(Flow((), _EXIT))


def own_variables(body: Body) -> list[c.Param | c.Declaration]:
    """Those of a thread that a condition may name. herd7 has no scopes: a variable of an inner
    block can be named too, if nothing else is called so."""
    function = body.function
    top: list[c.Param | c.Declaration] = [*function.params, *_top_declarations(function)]
    inner = [d for d in body.declared if all(d.name != t.name for t in top)]
    names = [d.name for d in inner]
    return [*top, *(d for d in inner if names.count(d.name) == 1)]


def _top_declarations(function: c.Function) -> list[c.Declaration]:
    assert function.body is not None
    return [d for s in function.body.body for d in declarations_of(s)]


def _is_top(function: c.Function, s: c.Declaration) -> bool:
    return any(d is s for d in _top_declarations(function))
