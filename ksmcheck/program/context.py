"""What the lowering of one thread carries along; the layers above add what they understand.

The layers (places, operators, calls, expressions, statements) need each other both ways, so they
are one class in several modules: each declares here what it needs from a later one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from ksmcheck.kernel.declarations import Declarations
from ksmcheck.kernel.ints import S32
from ksmcheck.kernel.memory import Memory
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.types import CType, ints_of, is_scalar
from ksmcheck.program import fold
from ksmcheck.program.contents import Contents
from ksmcheck.program.graph import Forget, Graph, Node, Touch
from ksmcheck.program.ir import Const, Expr, Origin, Set, Unassigned, Use
from ksmcheck.program.scope import Activation, Scope, Variable
from ksmcheck.program.shared import Shared
from ksmcheck.program.values import Value
from ksmcheck.syntax.c_ast import Block, Function, StatementExpr, Stmt
from ksmcheck.syntax.c_ast import Expr as Tree
from ksmcheck.syntax.litmus_allocated import OBJECT
from ksmcheck.text import InputError, Span

if TYPE_CHECKING:
    from ksmcheck.program.places import InRegisters


Passed: TypeAlias = "tuple[tuple[Value | InRegisters, Tree], ...]"
"""Values, or structs, as they are passed; and their texts."""


class Context:
    """State of one thread's lowering.

    ``objects`` are all shared objects by name, ``shared`` those that code may name; ``sites`` gives
    the stable name of a node by its ``id``; ``hidden`` are shared locations that this thread has no
    name for, because its parameters do not list them (herd7's rule). ``locations`` are the types of
    the locations whose addresses its parameters are, by register; ``types`` those of expressions,
    as far as they were asked for, by the node's ``id``, ``choices`` those between structs, written
    out, and ``case_nodes`` where cases begin.
    ``unassigned`` are registers that are 0 since nothing assigns them, by their names.
    """

    def __init__(
        self,
        thread: int,
        declarations: Declarations,
        memory: Memory,
        objects: Shared,
        primitives: Mapping[str, Primitive],
        kernel: str,
        sites: Mapping[int, str],
        contents: Contents,
    ) -> None:
        self.thread = thread
        self.declarations = declarations
        self.layouts = declarations.layouts
        self.memory = memory
        self.objects = objects.variables
        self.top = objects.top
        self.shared: Mapping[str, Variable] = objects.variables
        self.primitives = primitives
        self.kernel = kernel
        self.sites = sites
        self.contents = contents
        self.hidden: frozenset[str] = frozenset()
        self.locations: dict[str, CType] = {}
        self.types: dict[int, tuple[Tree, CType]] = {}
        self.choices: dict[int, tuple[Tree, StatementExpr]] = {}
        self.case_nodes: dict[int, Node] = {}
        self.unassigned: dict[str, Unassigned] = {}
        self.graph = Graph()
        self.when: Expr = Const(1, S32)
        self.frame: Activation

    # What later layers give.

    def value(self, expr: Tree) -> Value:
        """Evaluates an expression; of an aggregate type it is an InputError."""
        raise NotImplementedError

    def effect(self, expr: Tree) -> None:
        """Evaluates an expression whose value is not used."""
        raise NotImplementedError

    def type_of(self, expr: Tree) -> CType:
        """The type of an expression that is not evaluated."""
        raise NotImplementedError

    def statement(self, stmt: Stmt) -> None:
        raise NotImplementedError

    def statement_value(self, body: Block) -> Value:
        """GNU statement expression."""
        raise NotImplementedError

    def inline(self, function: Function, args: tuple[Tree, ...], span: Span) -> Value:
        raise NotImplementedError

    def passed(self, args: Sequence[Tree], types: Sequence[CType]) -> Passed:
        """The arguments of a call, evaluated where the caller is."""
        raise NotImplementedError

    def enter(self, function: Function, passed: Passed, span: Span) -> Value:
        """The body in place of a call with these arguments."""
        raise NotImplementedError

    def refuse_recursion(self, function: Function, span: Span, hint: str) -> None:
        """Raises InputError where the function is being called already."""
        raise NotImplementedError

    # Registers and variables.

    def temporary(self, value: Value) -> Value:
        """The value, kept in a register of its own."""
        register = self.graph.fresh("t")
        self.graph.emit(Set(register, value.expr))
        return Value(Use(register, ints_of(value.type)), value.type)

    def declare(self, name: str, type: CType, span: Span, *, volatile: bool = False) -> Variable:
        """A new local in the innermost scope, without a value."""
        scope = self.frame.scope
        if name in scope.names:
            raise InputError(f"{name} is declared twice", span)
        variable = self._storage(name, type, span, volatile)
        scope.names[name] = variable
        return variable

    def _storage(self, name: str, type: CType, span: Span, volatile: bool) -> Variable:
        register = self.graph.fresh(name)
        if name not in self.frame.addressed:
            for path, scalar in self.scalars(type, span):
                self.graph.emit(Forget(register + path, ints_of(scalar)))
            return Variable(name, type, register, None, volatile)
        place = f"P{self.thread}:{register}"
        made = self.memory.add(place, type, span, volatile=volatile, private=True)
        if name == OBJECT and self.graph.kept:
            self.contents.frees.made.append((made, self.graph.here, span))
        return Variable(name, type, register, made, volatile)

    def scalars(self, type: CType, span: Span) -> list[tuple[str, CType]]:
        """The scalars of a type, by the path that continues a name."""
        if is_scalar(type):
            return [("", type)]
        return [(s.path, s.type) for s in self.layouts.scalars(type, span)]

    def find(self, name: str) -> Variable | None:
        """A local, or a shared object that is visible here."""
        local = self.frame.scope.find(name)
        return local if local is not None else self.shared.get(name)

    def push(self) -> None:
        self.frame.scope = Scope(self.frame.scope)

    def pop(self) -> None:
        assert self.frame.scope.outer is not None
        self.frame.scope = self.frame.scope.outer

    # Origins.

    def origin(self, span: Span, node: object = None) -> Origin:
        frame = self.frame
        function = frame.function.name
        site = self.sites.get(id(node)) or f"{' '.join(span.text.split())}@{function}"
        return Origin(span, function, frame.stack, site)

    def touch(self, register: str, name: str, span: Span, *, demanded: bool) -> None:
        origin = self.origin(span)
        self.graph.emit(Touch(register, name, origin, self.when, demanded))

    @contextmanager
    def evaluated_if(self, condition: Expr) -> Iterator[None]:
        """Code that is lowered as if it were always evaluated, but is only if so."""
        outer, self.when = self.when, fold.op("land", S32, self.when, fold.truth(condition))
        yield
        self.when = outer

    def set(self, register: str, expr: Expr) -> None:
        self.graph.emit(Set(register, expr))
