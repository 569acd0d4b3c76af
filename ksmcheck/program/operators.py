"""Operators with control flow or side effects: ``&& || ?: = += ++``, and conditions."""

from __future__ import annotations

from ksmcheck.kernel.constants import try_constant
from ksmcheck.kernel.ints import ADDRESS, S32
from ksmcheck.kernel.types import (
    INT,
    ArrayOf,
    BitField,
    CType,
    IntegerType,
    PointerTo,
    StructType,
    VoidType,
    common,
    ints_of,
    is_scalar,
    promote,
)
from ksmcheck.program import bitfields, fold
from ksmcheck.program.graph import Forget, Node
from ksmcheck.program.ir import Check, Const, Expr, Op, Use
from ksmcheck.program.places import InMemory, InRegisters, Place, Places
from ksmcheck.program.pointees import only_reads, with_addresses
from ksmcheck.program.scope import Scope, Variable
from ksmcheck.program.undefined import demand
from ksmcheck.program.values import NOTHING, Value, assign, binary, cast, need_scalar, unary
from ksmcheck.record import replace
from ksmcheck.syntax.c_ast import (
    Assign,
    Binary,
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
    Unary,
)
from ksmcheck.syntax.c_ast import Expr as Tree
from ksmcheck.text import InputError, Span

TRANSPARENT = frozenset(("likely", "unlikely"))


_SETTING = {
    "atomic_t": "write atomic_set(&v, n)",
    "atomic64_t": "write atomic64_set(&v, n)",
    "atomic_long_t": "write atomic_long_set(&v, n)",
    "refcount_t": "write refcount_set(&v, n)",
}
"""What stores a number there."""


class Operators(Places):
    """Short circuits, selections, assignments."""

    # Purity: an operand that neither touches memory nor has effects needs no branch.

    def is_pure(self, expr: Tree) -> bool:
        """Whether ``expr`` may be evaluated although C would not: no access, effect or trap."""
        if isinstance(expr, IntLit | SizeOf | OffsetOf):
            return True
        if isinstance(expr, Name):
            variable = self.find(expr.name)
            return variable is None or self._is_silent(variable)
        if isinstance(expr, Unary):
            if expr.op == "&":
                return isinstance(expr.operand, Name)
            return expr.op != "*" and self.is_pure(expr.operand)
        if isinstance(expr, Binary):
            safe = expr.op not in ("/", "%", "<<", ">>", ",") or isinstance(expr.right, IntLit)
            return safe and self.is_pure(expr.left) and self.is_pure(expr.right)
        if isinstance(expr, Conditional):
            arms = (expr.condition, expr.then, expr.otherwise)
            return all(arm is None or self.is_pure(arm) for arm in arms)
        if isinstance(expr, Cast):
            return self.is_pure(expr.operand)
        if isinstance(expr, ContainerOf):
            return self.is_pure(expr.pointer)
        if isinstance(expr, Call) and expr.callee.name in TRANSPARENT:
            return all(self.is_pure(arg) for arg in expr.args)  # type: ignore[arg-type]
        return isinstance(expr, Member) and not expr.arrow and self.is_pure_part(expr.base)

    def is_pure_part(self, expr: Tree) -> bool:
        while isinstance(expr, Member) and not expr.arrow:
            expr = expr.base
        variable = self.find(expr.name) if isinstance(expr, Name) else None
        return variable is not None and variable.object is None

    def _is_silent(self, variable: Variable) -> bool:
        return variable.object is None or isinstance(variable.type, ArrayOf)

    # Conditions.

    def condition(self, expr: Tree, then: Node, otherwise: Node) -> None:
        """Goes to ``then`` where ``expr`` is not 0, else to ``otherwise``."""
        if isinstance(expr, Unary) and expr.op == "!":
            self.condition(expr.operand, otherwise, then)
        elif isinstance(expr, Call) and expr.callee.name in TRANSPARENT and len(expr.args) == 1:
            self.condition(expr.args[0], then, otherwise)  # type: ignore[arg-type]
        elif isinstance(expr, Binary) and expr.op == ",":
            self.effect(expr.left)
            self.condition(expr.right, then, otherwise)
        elif isinstance(expr, Binary) and expr.op in ("&&", "||") and not self.is_pure(expr):
            middle = self.graph.node()
            if expr.op == "&&":
                self.condition(expr.left, middle, otherwise)
            else:
                self.condition(expr.left, then, middle)
            self.graph.begin(middle)
            self.condition(expr.right, then, otherwise)
        else:
            value = self.value(expr)
            need_scalar(value, expr.span)
            truth = fold.truth(value.expr)
            if only_reads(expr, self.primitives):
                truth = with_addresses(truth, self.graph.accesses)
            self._fork(truth, then, otherwise, expr)

    def fork(self, value: Value, then: Node, otherwise: Node, node: Tree) -> None:
        self._fork(fold.truth(value.expr), then, otherwise, node)

    def _fork(self, truth: Expr, then: Node, otherwise: Node, node: Tree) -> None:
        if isinstance(truth, Const):
            self.graph.goto(then if truth.value else otherwise)
        else:
            self.graph.fork(truth, then, otherwise, self.origin(node.span, node))

    def short_circuit(self, expr: Binary) -> Value:
        """The value of ``&&`` or ``||``."""
        if self.is_pure(expr.right):
            left = self.value(expr.left)
            goes_on = fold.truth if expr.op == "&&" else fold.negation
            with self.evaluated_if(goes_on(left.expr)):
                right = self.value(expr.right)
            return binary(expr.op, left, right, self.layouts, expr.span, lenient=True)
        result = self.graph.fresh("t")
        yes, no, join = (self.graph.node() for _ in range(3))
        self.condition(expr, yes, no)
        for node, value in ((yes, 1), (no, 0)):
            self.graph.begin(node)
            self.set(result, Const(value, S32))
            self.graph.goto(join)
        self.graph.begin(join)
        return Value(Use(result, S32), INT)

    def conditional(self, expr: Conditional) -> Value:
        """``?:``; both operands pure give a selection, which depends on its condition as on a
        branch's answer, else there is a branch."""
        if expr.then is None:
            return self._elvis(expr)
        arms = (expr.then, expr.otherwise)
        then_type, other_type = map(self._type_of_value, arms)
        if self.is_pure(expr.then) and self.is_pure(expr.otherwise):
            condition = fold.truth(self._scalar(expr.condition).expr)
            with self.evaluated_if(condition):
                then = self.value(expr.then)
            with self.evaluated_if(fold.negation(condition)):
                other = self.value(expr.otherwise)
            type = self._joined(then, other, expr)
            both = (self._arm(v, type, expr.span).expr for v in (then, other))
            # A compiler may branch: an address that is chosen so keeps no load back, and what the
            # other arm is made of is not waited for.
            decides = fold.op("branch", S32, condition)
            chosen = fold.op("ite", ints_of(type), decides, *both)
            if isinstance(chosen, Op) and chosen.op == "ite":
                chosen = fold.op("with", chosen.type, replace(chosen, op="pick"), decides)
            return Value(chosen, type)
        return self._branches(expr, then_type, other_type)

    def _branches(self, expr: Conditional, then_type: CType, other_type: CType) -> Value:
        assert expr.then is not None
        yes, no, join = (self.graph.node() for _ in range(3))
        self.condition(expr.condition, yes, no)
        if isinstance(then_type, VoidType) or isinstance(other_type, VoidType):
            for node, arm in ((yes, expr.then), (no, expr.otherwise)):
                self.graph.begin(node)
                self.effect(arm)
                self.graph.goto(join)
            self.graph.begin(join)
            return NOTHING
        # The arms' types decide the result's, and a null constant in one is seen by its value.
        probes = [self._probe(expr.then, then_type), self._probe(expr.otherwise, other_type)]
        type = self._joined(probes[0], probes[1], expr)
        result = self.graph.fresh("t")
        for node, arm in ((yes, expr.then), (no, expr.otherwise)):
            self.graph.begin(node)
            self.set(result, self._arm(self.value(arm), type, arm.span).expr)
            self.graph.goto(join)
        self.graph.begin(join)
        return Value(Use(result, ints_of(type)), type)

    def _type_of_value(self, expr: Tree) -> CType:
        return self.declarations.type_of_value(expr, self.type_of(expr))

    def _probe(self, expr: Tree, type: CType) -> Value:
        constant = try_constant(expr, self.declarations)
        if constant is not None and isinstance(type, IntegerType):
            return Value(Const(constant[0], type.ints), type)
        if not is_scalar(type):
            raise InputError(f"{type} is used as a value", expr.span)
        return Value(Use("?", ints_of(type)), type)

    def _elvis(self, expr: Conditional) -> Value:
        first = self.temporary(self._scalar(expr.condition))
        yes, no, join = (self.graph.node() for _ in range(3))
        probe = self._probe(expr.otherwise, self._type_of_value(expr.otherwise))
        type = self._joined(first, probe, expr)
        result = self.graph.fresh("t")
        self.fork(first, yes, no, expr)
        self.graph.begin(yes)
        self.set(result, self._arm(first, type, expr.span).expr)
        self.graph.goto(join)
        self.graph.begin(no)
        self.set(result, self._arm(self.value(expr.otherwise), type, expr.span).expr)
        self.graph.goto(join)
        self.graph.begin(join)
        return Value(Use(result, ints_of(type)), type)

    def _joined(self, then: Value, otherwise: Value, expr: Conditional) -> CType:
        """The type of a conditional (C17 6.5.15)."""
        a, b = then.type, otherwise.type
        if isinstance(a, IntegerType) and isinstance(b, IntegerType):
            return common(a, b)
        if isinstance(a, PointerTo) and isinstance(b, PointerTo):
            chosen = b if then.is_null or isinstance(a.target, VoidType) else a
            return replace(chosen, volatile=a.volatile or b.volatile)  # C17 6.5.15 p6
        pointers = [t for t in (a, b) if isinstance(t, PointerTo)]
        if pointers and (then.is_null or otherwise.is_null or self.frame.lenient):
            return pointers[0]
        raise InputError(f"the operands of ?: are {a} and {b}", expr.span, hint="cast one of them")

    def _arm(self, value: Value, type: CType, span: Span) -> Value:
        return cast(value, type, span)

    def _scalar(self, expr: Tree) -> Value:
        value = self.value(expr)
        need_scalar(value, expr.span)
        return value

    # Assignments.

    def assignment(self, expr: Assign) -> Value:
        if isinstance(expr.target, Name) and self._is_new_register(expr.target, expr.op):
            return self._new_register(expr.target, expr)
        self._need_place(expr.target, expr.op)
        place = self.place(expr.target)
        if expr.op != "=":
            old, word = self.old(place, expr.target)
            right = self.value(expr.value)
            result = self.arithmetic(expr.op[:-1], old, right, expr)
            return self._assigned(place, result, expr.target, word)
        if isinstance(place.type, StructType):
            self.copy(place, self.aggregate(expr.value, place.type), expr.target)
            return NOTHING
        return self._assigned(place, self.value(expr.value), expr.target)

    def _need_place(self, target: Tree, op: str) -> None:
        whole = target
        while isinstance(whole, Member | Index) and not (isinstance(whole, Member) and whole.arrow):
            whole = whole.base
        value = isinstance(whole, Call | PointerCall | Conditional | StatementExpr)
        if not self.is_place(target) or (value and self.is_place(whole)):
            raise InputError(f"{op} needs a variable, member or element on its left", target.span)

    def _assigned(
        self, place: Place, value: Value, target: Tree, word: Expr | None = None
    ) -> Value:
        if isinstance(place.type, ArrayOf):
            raise InputError("an array cannot be assigned", target.span)
        self.write(place, value, target, word)
        if isinstance(place, InRegisters):  # not the expression again: it may read the register
            return self.current(place, target.span)
        if isinstance(place.type, BitField):
            return bitfields.narrowed(value, place.type)
        return assign(value, place.type, target.span, lenient=self.frame.lenient)

    def arithmetic(self, op: str, left: Value, right: Value, node: Tree) -> Value:
        demanded = demand(op, left, right)
        if demanded is not None:
            origin = self.origin(node.span, node)
            for kind, holds in demanded.checks:
                self.graph.emit(Check(kind, holds, origin))
            right = demanded.right
        return binary(op, left, right, self.layouts, node.span, lenient=self.frame.lenient)

    def _is_new_register(self, target: Name, op: str) -> bool:
        """herd7's registers come into being by being assigned."""
        undeclared = self.find(target.name) is None and self.frame.lenient
        return undeclared and op == "=" and target.name not in self.declarations.enumerators

    def _new_register(self, target: Name, expr: Assign) -> Value:
        if target.name in self.hidden:
            hint = f"add a parameter {target.name} to the thread, or declare a local variable"
            raise InputError(f"{target.name} is a shared location", target.span, hint=hint)
        value = self._scalar(expr.value)
        type = promote(value.type) if isinstance(value.type, IntegerType) else value.type
        variable = self.new_register(target.name, type)
        self.set(variable.register, cast(value, type, expr.span).expr)
        return value

    def new_register(self, name: str, type: CType) -> Variable:
        """A local of the whole function, without a declaration."""
        scope: Scope = self.frame.scope
        while scope.outer is not None:
            scope = scope.outer
        variable = Variable(name, type, self.graph.fresh(name))
        scope.names[name] = variable
        self.graph.entry.steps.insert(0, Forget(variable.register, ints_of(type)))
        return variable

    def step(self, expr: IncDec) -> Value:
        """``++`` and ``--``."""
        self._need_place(expr.operand, expr.op)
        place = self.place(expr.operand)
        old, word = self.old(place, expr.operand)
        if not expr.prefix:
            old = self.temporary(old)
        one = Value(Const(1, S32), INT)
        new = self.arithmetic(expr.op[0], old, one, expr)
        assigned = self._assigned(place, new, expr.operand, word)
        return assigned if expr.prefix else old

    # Aggregates.

    def aggregate(self, expr: Tree, type: StructType) -> Place:
        """The place of a struct's value."""
        if not self.is_place(expr):
            message = f"a value of type {type} is needed here"
            hint = _SETTING.get(type.tag) if type.kind == "typedef" else None
            raise self.no_place(expr) or InputError(message, expr.span, hint)
        place = self.place(expr)
        if place.type != type:
            raise InputError(f"{place.type} is used where {type} is needed", expr.span)
        return place

    def copy(self, target: Place, source: Place, node: Tree, bytes: range | None = None) -> None:
        """Member by member, in order of offset: memory has no larger accesses here. ``bytes``: only
        what begins there."""
        for scalar in self.layouts.scalars(target.type, node.span):
            if bytes is not None and scalar.offset not in bytes:
                continue
            part = self.part(source, scalar.offset, scalar.type)
            value = self.read(part, node, demanded=False)
            self.write(self.part(target, scalar.offset, scalar.type), value, node)

    def part(self, place: Place, offset: int, type: CType) -> Place:
        """The part of type ``type`` at ``offset`` bytes into ``place``."""
        if isinstance(place, InRegisters):
            return InRegisters(place.variable, place.offset + offset, type)
        address = fold.op("add", ADDRESS, place.address, Const(offset, ADDRESS))
        return InMemory(address, type, place.volatile)

    def unary_operator(self, expr: Unary) -> Value:
        if expr.op == "&":
            if isinstance(expr.operand, Name) and self.is_function(expr.operand.name):
                return self.function_address(expr.operand.name)
            if not self.is_place(expr.operand):
                raise InputError("only a variable, member or element has an address", expr.span)
            return self.address_of(self.place(expr.operand), expr.span)
        if expr.op == "*":
            return self.read(self.place(expr), expr)
        return unary(expr.op, self.value(expr.operand), expr.span)
