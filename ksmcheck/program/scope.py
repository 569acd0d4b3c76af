"""Names in scope while a thread is lowered, and the function being inlined."""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.kernel.memory import Object
from ksmcheck.kernel.types import CType
from ksmcheck.program.graph import Node
from ksmcheck.program.ir import Const, Frame
from ksmcheck.record import Struct, field
from ksmcheck.syntax.c_ast import Function
from ksmcheck.text import Span


class Variable(Struct, frozen=True):
    """A local variable, or the shared object that a name stands for.

    In memory where ``object`` is set; otherwise in registers: ``register`` is the scalar's, or the
    stem of the names of an aggregate's (``stem.field``). ``known``: a pointer to a function that it
    holds as long as it lives.
    """

    name: str
    type: CType
    register: str
    object: Object | None = None
    volatile: bool = False
    known: Const | None = None


class Scope(Struct):
    """One block's names; ``outer`` is the surrounding block's scope."""

    outer: Scope | None
    names: dict[str, Variable] = field(default_factory=dict)

    def chain(self) -> Iterator[Scope]:
        """This block's and all those around it."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.outer

    def find(self, name: str) -> Variable | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        return None


class Targets(Struct):
    """Where ``break`` and ``continue`` go; None where they are not allowed."""

    stop: Node | None = None
    again: Node | None = None


class Activation(Struct):
    """One inlined call (or the thread itself) while its body is lowered.

    ``addressed``: locals that must live in memory. ``lenient``: herd7's untyped world, where
    integers and pointers mix and registers need no declaration. ``closed``: labels inside
    of values, where nothing may jump in from outside.
    """

    function: Function
    stack: tuple[Frame, ...]
    scope: Scope
    exit: Node
    result: tuple[str, CType] | None
    addressed: frozenset[str]
    lenient: bool
    targets: Targets = field(default_factory=Targets)
    labels: dict[str, Node] = field(default_factory=dict)
    placed: set[str] = field(default_factory=set)
    gotos: dict[str, Span] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
