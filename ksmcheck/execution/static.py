"""What is known of an expression without evaluating it: its type, and whether it is pure."""

from __future__ import annotations

from ksmcheck.execution.concrete import Concrete, binary, unary
from ksmcheck.execution.flow import Scope
from ksmcheck.execution.machine import Machine
from ksmcheck.kernel.constants import literal_type
from ksmcheck.kernel.lengths import sized
from ksmcheck.kernel.types import (
    INT,
    UNSIGNED_LONG,
    VOID,
    VOID_POINTER,
    ArrayOf,
    BitField,
    CType,
    FunctionOf,
    IntegerType,
    PointerTo,
    StructType,
    VoidType,
    passed,
)
from ksmcheck.record import replace
from ksmcheck.syntax import c_ast as c
from ksmcheck.text import InternalError

SILENT = ("likely", "unlikely")


class Static(Machine):
    """Types (C17 6.5) and purity."""

    def joined_type(self, then: c.Expr, otherwise: c.Expr) -> CType:
        """C17 6.5.15: a pointer wins over a null constant, a typed pointer over ``void *``; what
        either points to may be volatile."""
        one, two = self.used_type(then), self.used_type(otherwise)
        if isinstance(one, VoidType) or isinstance(two, VoidType):
            return VOID
        if isinstance(one, IntegerType) and isinstance(two, IntegerType):
            return binary("+", Concrete(one, 0), Concrete(two, 0), self.layouts).type
        if not isinstance(one, PointerTo):
            return two
        if not isinstance(two, PointerTo):
            return one
        chosen = two if isinstance(one.target, VoidType) else one
        return replace(chosen, volatile=one.volatile or two.volatile)

    # Types of expressions that are not evaluated.

    def type_of(self, e: c.Expr | c.TypeExpr) -> CType:
        if isinstance(e, c.TYPES):
            return self.resolve(e)
        match e:
            case c.Name() | c.Member() | c.Index() | c.Unary("*"):
                return self.place_type(e)
            case c.Unary("&", operand):
                return PointerTo(self.type_of(operand), self.is_volatile(operand))
            case c.Unary("!") | c.Binary("&&" | "||"):
                return INT
            case c.Unary(op, operand):
                return unary(op, Concrete(self.used_type(operand), 0)).type
            case c.Binary(",", _, right):
                return self.used_type(right)
            case c.Binary(op, left, right):
                sides = [Concrete(self.used_type(s), 1) for s in (left, right)]
                return binary(op, sides[0], sides[1], self.layouts).type
            case c.Assign(_, target) | c.IncDec(_, _, target):
                return self.type_of(target)
            case c.Conditional(condition, then, otherwise):
                return self.joined_type(condition if then is None else then, otherwise)
            case c.Cast(type):
                return self.resolve(type)
            case c.ContainerOf(_, type):
                return PointerTo(self.resolve(type))
            case c.IntLit():
                return literal_type(e)
            case c.Call() | c.PointerCall() | c.StatementExpr():
                return self.block_type(e) if isinstance(e, c.StatementExpr) else self.call_type(e)
        return UNSIGNED_LONG

    def used_type(self, e: c.Expr) -> CType:
        """That of its value: an array becomes a pointer to what it holds (C17 6.3.2.1 p3)."""
        type = self.type_of(e)
        if isinstance(type, ArrayOf):
            return PointerTo(type.element, self.is_volatile(e))
        return passed(type)

    def block_type(self, e: c.StatementExpr) -> CType:
        """That of its last expression, which sees the block's own names."""
        last = e.body.body[-1] if e.body.body else None
        if not isinstance(last, c.ExprStmt):
            return VOID
        outer, self.scope = self.scope, dict(self.scope)
        for declaration in (d for s in e.body.body for d in declarations_of(s)):
            self.scope[declaration.name] = declaration
        found = self.used_type(last.expr)
        self.scope = outer
        return found

    def call_type(self, e: c.Call | c.PointerCall) -> CType:
        raise NotImplementedError

    def place_type(self, e: c.Expr) -> CType:
        match e:
            case c.Name(name):
                local = self.local_type(name)
                if local is not None:
                    return local
                item = self.world.items.get(name)
                if item is not None:
                    return item.type
                if name in self.types.enumerators:
                    return self.types.enumerators[name][1]
                if name in self.types.functions:
                    return self.types.signature(self.types.functions[name])
                return VOID_POINTER if name == "NULL" else INT
            case c.Member(base, field, arrow):
                outer = self.type_of(base)
                if arrow and isinstance(outer, PointerTo | ArrayOf):
                    outer = decayed(outer).target  # type: ignore[union-attr]
                assert isinstance(outer, StructType), e
                found = self.types.member(outer, field, e.span).type
                return found.value if isinstance(found, BitField) else found
            case c.Index(base) | c.Unary("*", base):
                pointer = decayed(self.type_of(base))
                return pointer.target if isinstance(pointer, PointerTo) else pointer
        raise InternalError(f"replay: {type(e).__name__} is no place")

    def is_volatile(self, e: c.Expr) -> bool:
        """Whether what an lvalue designates is volatile (C17 6.5.2.3 p3, 6.7.3 p9)."""
        match e:
            case c.Name(name):
                local = self.scope.get(name)
                if local is not None:
                    return local.volatile
                return name in self.world.items and self.world.items[name].volatile
            case c.Member(base, field, arrow):
                outer = self.type_of(base)
                if arrow:
                    outer = decayed(outer).target  # type: ignore[union-attr]
                whole = self.leads_to_volatile(base) if arrow else self.is_volatile(base)
                assert isinstance(outer, StructType), e
                return whole or self.types.member(outer, field, e.span).volatile
            case c.Index(base) | c.Unary("*", base):
                return self.leads_to_volatile(base)
        return False

    def leads_to_volatile(self, e: c.Expr) -> bool:
        """Whether a pointer, or an array, is one to what is volatile."""
        type = self.used_type(e)
        return isinstance(type, PointerTo) and type.volatile

    def local_type(self, name: str) -> CType | None:
        """A local's type, also where its declaration has not been come to."""
        declaration = self.scope.get(name)
        if declaration is None or id(declaration) in self.call.variables:
            variable = self.find(name)
            return None if variable is None else variable.type
        type = self.parameter(declaration)
        if not isinstance(declaration, c.Declaration):
            return type
        return sized(type, declaration.init, self.types)

    # Purity decides between a selection by data and a branch.

    def is_pure(self, e: c.Expr, scope: Scope) -> bool:
        """Neither access nor effect nor trap: such an operand needs no branch around it."""
        match e:
            case c.IntLit() | c.SizeOf() | c.OffsetOf():
                return True
            case c.Name(name):
                return self.is_silent(name, scope)
            case c.Unary("&", operand):
                return isinstance(operand, c.Name)
            case c.Unary(op, operand):
                return op != "*" and self.is_pure(operand, scope)
            case c.Binary(op, left, right):
                traps = op in ("/", "%", "<<", ">>", ",") and not isinstance(right, c.IntLit)
                return not traps and self.is_pure(left, scope) and self.is_pure(right, scope)
            case c.Conditional(condition, then, otherwise):
                parts = (condition, then, otherwise)
                return all(part is None or self.is_pure(part, scope) for part in parts)
            case c.Cast(_, operand) | c.ContainerOf(operand):
                return self.is_pure(operand, scope)
            case c.Call(callee, args):
                silent = callee.name in SILENT
                return silent and all(self.is_pure(a, scope) for a in args)  # type: ignore[arg-type]
            case c.Member(base, _, False):
                while isinstance(base, c.Member) and not base.arrow:
                    base = base.base
                local = isinstance(base, c.Name) and base.name in scope
                return local and self.is_silent(base.name, scope)  # type: ignore[union-attr]
        return False

    def is_silent(self, name: str, scope: Scope) -> bool:
        """Whether using the name reads no memory; an array's name is its address."""
        declared = scope.get(name)
        if declared is not None:
            in_memory = name in self.call.body.addressed
            return not in_memory or isinstance(declared.type, c.ArrayType)
        item = self.world.items.get(name)
        return item is None or name in self.call.registers or isinstance(item.type, ArrayOf)


def decayed(type: CType) -> CType:
    """An array used as a value is a pointer to its first element, a function one to itself."""
    return PointerTo(type.element) if isinstance(type, ArrayOf) else passed(type)


def called_type(pointer: CType) -> FunctionOf:
    """The function's type, of what is called."""
    assert isinstance(pointer, PointerTo) and isinstance(pointer.target, FunctionOf), pointer
    return pointer.target


def declarations_of(s: c.Stmt) -> tuple[c.Declaration, ...]:
    """The declarations that a statement is."""
    if isinstance(s, c.DeclGroup):
        return s.body
    return (s,) if isinstance(s, c.Declaration) else ()
