"""One thread's function becomes a control-flow graph."""

from __future__ import annotations

from collections.abc import Mapping

from ksmcheck.kernel.ints import ADDRESS, IntType
from ksmcheck.kernel.memory import Object
from ksmcheck.kernel.types import ArrayOf, CType, PointerTo, StructType, ints_of, is_scalar
from ksmcheck.program.graph import Forget, Graph
from ksmcheck.program.initialisers import is_word
from ksmcheck.program.ir import Const, Set, Unassigned
from ksmcheck.program.scope import Activation, Scope, Variable
from ksmcheck.program.shared import parameter_target
from ksmcheck.program.statements import Statements
from ksmcheck.program.tree import walk
from ksmcheck.program.values import Value, assign
from ksmcheck.record import Struct
from ksmcheck.syntax.c_ast import Declaration, Function, Name
from ksmcheck.text import InputError, Span

Starts = Mapping[str, tuple[Value, Span]]
"""Start values of a thread's registers, by name."""

Output = tuple[str, str, IntType, CType]
"""A top-level local: its name, register, the values it takes, and its type."""


class Lowered(Struct, frozen=True):
    """A thread before unrolling. ``held`` are those of the variables that a condition may name
    which are in memory; ``unassigned`` as in ``Program``."""

    graph: Graph
    outputs: tuple[Output, ...]
    held: tuple[tuple[str, Object], ...] = ()
    unassigned: tuple[Unassigned, ...] = ()


class ThreadLowering(Statements):
    """The thread's own body is like an inlined function's, but its locals can be observed."""

    def lower(self, function: Function, starts: Starts) -> Lowered:
        assert function.body is not None
        lenient = self._is_untyped(function)
        addressed = self.contents.addressed(function, self.primitives)
        scope = Scope(None)
        self.frame = Activation(
            function, (), scope, self.graph.node(), None, addressed, lenient=lenient
        )
        if function.params:
            self.hidden = frozenset(self.objects) - self.top
            self.shared = {n: v for n, v in self.objects.items() if n in self.top}
        self.starts = dict(starts)
        self.own: list[Variable] = []
        self.locals: Scope | None = None
        self._parameters(function)
        self._undeclared_starts(function)
        self.locals = Scope(scope)
        self.frame.scope = self.locals
        for stmt in function.body.body:
            self.statement(stmt)
        self.check_labels()
        self.graph.start(self.frame.exit)
        self.check_closed()
        visible = self._visible(scope, function)
        held = [(v.name, v.object) for v in visible if v.object is not None]
        unassigned = tuple(self.unassigned.values())
        return Lowered(self.graph, tuple(_outputs(visible)), tuple(held), unassigned)

    def _is_untyped(self, function: Function) -> bool:
        """Whether the thread is in herd7's dialect: its parameters are words, none a struct."""
        targets = [parameter_target(p, function, self.declarations) for p in function.params]
        structs = [t for t in targets if isinstance(t, StructType) and not is_word(t)]
        return bool(targets) and not structs

    def _parameters(self, function: Function) -> None:
        for param in function.params:
            item = self.objects[param.name]
            written = self.declarations.resolve(param.type)
            assert isinstance(written, PointerTo)
            target = item.type.element if isinstance(item.type, ArrayOf) else item.type
            volatile = written.volatile
            keep = not is_scalar(target) or target == written.target
            type = written if keep and written.target == target else PointerTo(target, volatile)
            variable = self.declare(param.name, type, param.span, volatile=param.volatile)
            assert item.object is not None
            self.locations[variable.register] = item.type
            address = Value(Const(item.object.address, ADDRESS), type)
            self.write(self.place_of(variable), address, Name(param.name, param.span))

    def _undeclared_starts(self, function: Function) -> None:
        """``0:r1 = 2`` makes r1 a register of thread 0, unless the thread declares it."""
        if not self.starts:
            return
        declared = _declared(function)
        for name, (value, span) in self.starts.items():
            if name in {p.name for p in function.params}:
                if value.expr == self._own_address(name):
                    continue  # what it is anyway: ``0:x=x``
                raise InputError(f"{name} is a parameter: its value is its location", span)
            if name not in declared:
                variable = self.new_register(name, value.type)
                self.graph.emit(Set(variable.register, value.expr))

    def _own_address(self, name: str) -> Const:
        item = self.objects[name].object
        assert item is not None
        return Const(item.address, ADDRESS)

    def declare(self, name: str, type: object, span: Span, *, volatile: bool = False) -> Variable:
        variable = super().declare(name, type, span, volatile=volatile)  # type: ignore[arg-type]
        if not self.frame.stack:
            self.own.append(variable)
        if self.frame.scope is self.locals and name in self.starts:
            value, at = self.starts[name]
            converted = assign(value, variable.type, at, lenient=True, at_start=True)
            self.write(self.place_of(variable), converted, Name(name, at))
        return variable

    def _visible(self, scope: Scope, function: Function) -> list[Variable]:
        """Locals of the thread's body by name; those of inner blocks where the name is unique in
        the text, constants included, which are not lowered.

        herd7 has no scopes: its conditions may name what an inner block declares.
        """
        assert self.locals is not None
        visible = {**scope.names, **self.locals.names}
        inner = [v for v in self.own if v.name not in visible]
        names = [*(v.name for v in inner), *_declared(function)]
        for variable in inner:
            if names.count(variable.name) == 2 and is_scalar(variable.type):
                visible[variable.name] = variable
                if variable.object is None:
                    forget = Forget(variable.register, ints_of(variable.type))
                    self.graph.entry.steps.insert(0, forget)
        return list(visible.values())


def _outputs(variables: list[Variable]) -> list[Output]:
    return [
        (v.name, v.register, ints_of(v.type), v.type)
        for v in variables
        if v.object is None and is_scalar(v.type)
    ]


def _declared(function: Function) -> list[str]:
    """The names of all variables that are declared in the function's text."""
    return [n.name for n in walk(function) if isinstance(n, Declaration)]
