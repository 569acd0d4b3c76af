"""Expressions: each kind of tree to a value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from ksmcheck.kernel.constants import literal_type, offset_of, size_of, try_constant
from ksmcheck.kernel.ints import ADDRESS
from ksmcheck.kernel.types import UNSIGNED_LONG, VOID, BitField, CType, PointerTo, is_whole
from ksmcheck.program import fold
from ksmcheck.program.calls import Calls
from ksmcheck.program.graph import Graph, Node
from ksmcheck.program.ir import Access, Const, Unassigned
from ksmcheck.program.jumps import jump_out
from ksmcheck.program.tree import walk
from ksmcheck.program.values import NOTHING, Value, cast, integer, pointer
from ksmcheck.syntax.c_ast import (
    Assign,
    Binary,
    Block,
    Call,
    Cast,
    Conditional,
    ContainerOf,
    IncDec,
    Index,
    IntLit,
    Member,
    Name,
    OffsetOf,
    PointerCall,
    SizeOf,
    StatementExpr,
    StringLit,
    Unary,
)
from ksmcheck.syntax.c_ast import Expr as Tree
from ksmcheck.text import InputError
from ksmcheck.text.spelling import did_you_mean

_CONSTANT = re.compile(r"_*[A-Z]([A-Z]|[A-Z0-9]+_)\w+")
"""A name of the kernel for a number (``EBUSY``, ``PG_locked``); registers are r0 and R1."""


class Expressions(Calls):
    """The dispatcher."""

    def value(self, expr: Tree) -> Value:
        if isinstance(expr, IntLit):
            return integer(expr.value, literal_type(expr))
        if isinstance(expr, Name):
            return self._name(expr)
        if isinstance(expr, Unary):
            return self.unary_operator(expr)
        if isinstance(expr, Binary):
            return self._binary(expr)
        if isinstance(expr, Member | Index):
            return self.read(self.place(expr), expr)
        if isinstance(expr, Assign):
            return self.assignment(expr)
        if isinstance(expr, IncDec):
            return self.step(expr)
        if isinstance(expr, Conditional):
            return self.conditional(expr)
        if isinstance(expr, Call):
            return self.call(expr, used=True)
        return self._rarer(expr)

    def _rarer(self, expr: Tree) -> Value:
        if isinstance(expr, Cast):
            return self._cast(expr)
        if isinstance(expr, PointerCall):
            return self.call_through(expr)
        if isinstance(expr, SizeOf):
            return self._size_of(expr)
        if isinstance(expr, OffsetOf):
            type = self.declarations.resolve(expr.type)
            offset, _ = offset_of(type, expr.path, self.declarations)
            return integer(offset, UNSIGNED_LONG)
        if isinstance(expr, ContainerOf):
            return self._container_of(expr)
        if isinstance(expr, StatementExpr):
            return self._statements(expr)
        if isinstance(expr, StringLit):
            raise InputError("strings are not supported", expr.span)
        raise InputError("an initialiser list has no value here", expr.span)

    def effect(self, expr: Tree) -> None:
        if isinstance(expr, Call):
            self.call(expr, used=False)
        elif isinstance(expr, Binary) and expr.op == ",":
            self.effect(expr.left)
            self.effect(expr.right)
        elif isinstance(expr, Cast) and self.declarations.resolve(expr.type) == VOID:
            self.effect(expr.operand)
        elif self.is_place(expr) and is_whole(self.type_of(expr)):
            self.place(expr)  # where nobody asks for a struct, none of its members is read
        else:
            self.value(expr)

    def _name(self, expr: Name) -> Value:
        variable = self.find(expr.name)
        if variable is not None:
            return self.read(self.place_of(variable), expr)
        if expr.name == "NULL":
            return pointer(Const(0, ADDRESS), VOID)
        constant = try_constant(expr, self.declarations)
        if constant is not None:
            return integer(*constant)
        if expr.name in self.declarations.functions:
            return self.function_address(expr.name)
        if expr.name in self.hidden:
            hint = f"add a parameter {expr.name} to the thread: its address is passed"
            raise InputError(f"{expr.name} is not visible in this thread", expr.span, hint=hint)
        if self.frame.lenient and not self._assigned_somewhere(expr.name):
            if _CONSTANT.fullmatch(expr.name):
                hint = "#define it; only a register that nobody assigns is 0"
                raise InputError(f"{expr.name} is not declared", expr.span, hint=hint)
            if expr.name not in self.unassigned:
                meant = did_you_mean(expr.name, self.known_names())
                self.unassigned[expr.name] = Unassigned(expr.name, expr.span, meant)
            return integer(0)  # herd7's registers need no declaration and begin as 0
        raise self.undeclared(expr)

    def _assigned_somewhere(self, name: str) -> bool:
        """Whether the thread gives it a value, though not before this place in its text."""
        return any(
            isinstance(node, Assign) and isinstance(node.target, Name) and node.target.name == name
            for node in walk(self.frame.function)
        )

    def _binary(self, expr: Binary) -> Value:
        if expr.op == ",":
            self.effect(expr.left)
            return self.value(expr.right)
        if expr.op in ("&&", "||"):
            return self.short_circuit(expr)
        start = self.graph.place()
        left = self.value(expr.left)
        middle = self.graph.place()
        right = self.value(expr.right)
        self._unordered(start, middle)
        return self.arithmetic(expr.op, left, right, expr)

    def _unordered(self, start: tuple[Node, int], middle: tuple[Node, int]) -> None:
        """Two operands that read come in no order (C17 6.5 p3). Where an operand does more than
        that, the order of the text is taken."""
        both, second = self.graph.since(start), self.graph.since(middle)
        if both is None or not second or len(both) == len(second):
            return
        steps = [step for at in both if isinstance(step := start[0].steps[at], Access)]
        reads = all(self.primitives[step.name].shape == "load" for step in steps)
        first = len(both) - len(second)
        ordered = [n for n, step in enumerate(steps) if n not in (0, first) and not step.beside]
        if reads and not ordered:
            self.graph.set_beside(second[0])

    def _cast(self, expr: Cast) -> Value:
        type = self.declarations.resolve(expr.type)
        if type == VOID:
            self.effect(expr.operand)
            return NOTHING
        return cast(self.value(expr.operand), type, expr.span)

    def _statements(self, expr: StatementExpr) -> Value:
        self.no_jump_out(expr.body)
        return self.statement_value(expr.body)

    def no_jump_out(self, body: Block) -> None:
        """Raises InputError where something leads out of a block whose value is used."""
        jump = jump_out(body)
        if jump is not None:
            message = "a jump out of a statement expression whose value is used is not supported"
            raise InputError(message, jump.span, "let the statement expression be a statement")

    def _size_of(self, expr: SizeOf) -> Value:
        size = size_of(expr, self.declarations)
        assert size is not None
        return integer(size, UNSIGNED_LONG)

    def _container_of(self, expr: ContainerOf) -> Value:
        outer = self.declarations.resolve(expr.type)
        offset, member = offset_of(outer, expr.path, self.declarations)
        inner = self.value(expr.pointer)
        if not isinstance(inner.type, PointerTo):
            raise InputError(f"container_of needs a pointer to {member}", expr.pointer.span)
        if inner.type.target not in (member, VOID):
            message = f"container_of needs a pointer to {member}, not {inner.type}"
            raise InputError(message, expr.pointer.span)
        return pointer(fold.op("sub", ADDRESS, inner.expr, Const(offset, ADDRESS)), outer)

    def type_of(self, expr: Tree) -> CType:
        """Lowers ``expr`` into a graph that is thrown away, and leaves no trace of it."""
        known = self.types.get(id(expr))
        if known is None:
            with self._nothing_kept():
                type = self._lowered_type(expr)
            # The node is kept with its type: another may not get its id.
            known = self.types[id(expr)] = expr, type.value if isinstance(type, BitField) else type
        return known[1]

    def _lowered_type(self, expr: Tree) -> CType:
        if isinstance(expr, StatementExpr):
            return self.type_of_block(expr.body)
        if isinstance(expr, Name) and self.is_function(expr.name):
            return self.declarations.signature(self.declarations.functions[expr.name])
        return self.place(expr).type if self.is_place(expr) else self.value(expr).type

    def type_of_block(self, body: Block) -> CType:
        """The type of what comes last in a statement expression."""
        raise NotImplementedError

    @contextmanager
    def _nothing_kept(self) -> Iterator[None]:
        """What is lowered brings no steps, no objects, no names (herd7's registers begin where
        they are assigned), and knows of no labels and cases but its own: those have nodes of the
        graph that is kept."""
        graph, objects, frame = self.graph, dict(self.memory.objects), self.frame
        names = [(scope, dict(scope.names)) for scope in frame.scope.chain()]
        jumps = frame.labels, frame.placed, frame.gotos, frame.closed
        frame.labels, frame.placed, frame.gotos, frame.closed = {}, set(), {}, set()
        case_nodes, self.case_nodes = self.case_nodes, {}
        self.graph = Graph(kept=False)
        try:
            yield
        finally:
            self.graph, self.memory.objects, self.case_nodes = graph, objects, case_nodes
            for scope, before in names:
                scope.names = before
            frame.labels, frame.placed, frame.gotos, frame.closed = jumps
