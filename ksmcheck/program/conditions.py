"""Final conditions: trees over final cells and registers.

In herd7's dialect (threads with parameters) a location's name on the right of ``=`` or ``!=`` is
its address, as in ``0:r1=x``; elsewhere C's rules hold, and the address is written ``&x``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from ksmcheck.kernel.constants import try_constant
from ksmcheck.kernel.ints import ADDRESS, S32, U32
from ksmcheck.kernel.memory import Object
from ksmcheck.kernel.types import (
    INT,
    ArrayOf,
    BitField,
    FunctionOf,
    IntegerType,
    PointerTo,
    StructType,
    ints_of,
    is_scalar,
)
from ksmcheck.program import bitfields, fold
from ksmcheck.program.ir import Cell, Const, Expr, FinalCell, FinalReg, Property, Taken
from ksmcheck.program.places import InMemory, InRegisters, Place
from ksmcheck.program.statements import Statements
from ksmcheck.program.threads import Output
from ksmcheck.program.undefined import demand
from ksmcheck.program.values import Value, binary, need_scalar, pointer
from ksmcheck.record import replace
from ksmcheck.syntax.c_ast import Binary, Index, IntLit, Member, Name, NamedType, Unary
from ksmcheck.syntax.c_ast import Expr as Tree
from ksmcheck.syntax.litmus_ast import (
    Condition,
    Content,
    LitmusTest,
    PropExpr,
    PropTree,
    Register,
)
from ksmcheck.text import InputError, Span
from ksmcheck.text.spelling import did_you_mean

_COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


class Final(Statements):
    """Expressions as in a thread, but reading a cell gives its final value."""

    cells: Mapping[int, Cell]
    outputs: Mapping[tuple[int, str], Output]
    held: Mapping[tuple[int, str], Object]
    herd: bool
    observed: dict[str, Expr]
    taken: list[Taken]

    def property(self, condition: Condition) -> Property:
        return Property(condition.quantifier, self.tree(condition.tree), condition.span)

    def tree(self, tree: PropTree) -> Expr:
        """A condition as an expression of 0 or 1."""
        if tree.op in ("true", "false"):
            return Const(int(tree.op == "true"), S32)
        if tree.op in _COMPARISONS:
            return self._comparison(tree)
        parts = [self.tree(child) for child in tree.children]
        if tree.op == "not":
            return fold.negation(parts[0])
        if tree.op == "implies":
            return fold.op("lor", S32, fold.negation(parts[0]), parts[1])
        name, result = ("land", 1) if tree.op == "and" else ("lor", 0)
        return fold.joined(partial(fold.op, name, S32), [Const(result, S32), *parts])

    def _comparison(self, tree: PropTree) -> Expr:
        left_tree, right_tree = tree.operands
        left = self.operand(left_tree)
        right = self._address(right_tree) if tree.op in ("eq", "ne") else None
        if right is None and self.herd and isinstance(left.type, PointerTo):
            right = self._beside(right_tree)
        if tree.op in ("eq", "ne") and right is None:
            right = self._struct_at(left, right_tree)
        value = right or self.operand(right_tree)
        if right is not None and self.herd and not isinstance(left.type, PointerTo):
            self._take(left_tree, right_tree)
        op = _COMPARISONS[tree.op]
        lenient = self.herd or self._same_kind(left, value)
        return fold.truth(binary(op, left, value, self.layouts, tree.span, lenient=lenient).expr)

    def _take(self, left: PropExpr, right: PropExpr) -> None:
        if isinstance(left, Name) and isinstance(right, Name):
            self.taken.append(Taken(left.name, right.name, right.span))

    def value(self, expr: PropExpr) -> Value:
        """Registers may stand inside expressions too."""
        if isinstance(expr, Register):
            return self._final_register(expr)
        return super().value(expr.location if isinstance(expr, Content) else expr)

    def short_circuit(self, expr: Binary) -> Value:
        """Nothing in a condition has an effect, or may not be evaluated: no branch is needed."""
        sides = [self.value(expr.left), self.value(expr.right)]
        for side, tree in zip(sides, (expr.left, expr.right), strict=True):
            need_scalar(side, tree.span)
        name = "land" if expr.op == "&&" else "lor"
        return Value(fold.op(name, S32, *(fold.truth(side.expr) for side in sides)), INT)

    def arithmetic(self, op: str, left: Value, right: Value, node: Tree) -> Value:
        if demand(op, left, right) is not None:
            known = isinstance(right.expr, Const)  # -1, which not every number can be divided by
            needed = "another constant than -1" if known else "a constant"
            message = f"{op} needs {needed} on its right in a condition"
            raise InputError(message, node.span, hint="compute it in a thread")
        return super().arithmetic(op, left, right, node)

    def _same_kind(self, left: Value, right: Value) -> bool:
        """A register that holds a pointer may be compared with any pointer."""
        return isinstance(left.type, PointerTo) and isinstance(right.type, PointerTo)

    def _address(self, expr: PropExpr) -> Value | None:
        """The address that a location's name on the right stands for."""
        if not isinstance(expr, Name):
            return None
        variable = self.find(expr.name)
        if variable is None or variable.object is None:
            return None
        if self.herd or not is_scalar(variable.type):
            target = variable.type.element if isinstance(variable.type, ArrayOf) else variable.type
            return pointer(Const(variable.object.address, ints_of(PointerTo(target))), target)
        return None

    def _struct_at(self, left: Value, expr: PropExpr) -> Value | None:
        """The address of a struct in an array or in another, ``f[1]`` or ``f.s``, where a pointer
        is compared with it: states print it so, and a struct is no value that could be meant."""
        if not isinstance(expr, Index | Member) or not isinstance(left.type, PointerTo):
            return None
        leads = isinstance(left.type.target, ArrayOf | FunctionOf)
        if leads or not isinstance(self.type_of(expr), StructType):
            return None
        return self.value(Unary("&", expr, expr.span))

    def _beside(self, expr: PropExpr) -> Value | None:
        """``x+4``, ``x+-1``: so many bytes behind a location, as states print it."""
        if not isinstance(expr, Binary) or expr.op not in ("+", "-"):
            return None
        place = self._address(expr.left)
        distance = None if place is None else try_constant(expr.right, self.declarations)
        if place is None or distance is None:
            return None
        assert isinstance(place.expr, Const)
        away = distance[0] if expr.op == "+" else -distance[0]
        return replace(place, expr=replace(place.expr, value=place.expr.value + away))

    def list_(self, expr: PropExpr) -> None:
        """What a state is to show; a register that its thread does not have, and a location that
        the test does not have, show as 0, as herd7 has it. A condition over it would be a
        mistake. Of an array all elements are shown."""
        try:
            for part in self._elements(expr):
                self.operand(part)
        except InputError:
            if isinstance(expr, Register) and expr.thread < self.thread:
                self.observed[f"{expr.thread}:{expr.name}"] = Const(0, S32)
            elif self.herd and isinstance(expr, Name) and self.find(expr.name) is None:
                self.observed[expr.name] = Const(0, S32)
            else:
                raise

    def _elements(self, expr: PropExpr) -> Sequence[PropExpr]:
        """The elements of an array that is named; anything else is itself."""
        variable = self.find(expr.name) if isinstance(expr, Name) else None
        if not isinstance(expr, Name) or variable is None:
            return (expr,)
        if not isinstance(variable.type, ArrayOf) or variable.type.length is None:
            return (expr,)
        span = expr.span
        return [Index(expr, IntLit(n, str(n), span), span) for n in range(variable.type.length)]

    def operand(self, expr: PropExpr) -> Value:
        """One side of a comparison; what it reads is also what a final state shows."""
        if isinstance(expr, Content):
            expr = expr.location
        value = self.value(expr)
        if not isinstance(value.expr, Const) and not isinstance(expr, Register):
            self.observed.setdefault(_shown(expr), value.expr)
        return value

    def _final_register(self, register: Register) -> Value:
        text = f"{register.thread}:{register.name}"
        output = self.outputs.get((register.thread, register.name))
        if output is None:
            held = self.held.get((register.thread, register.name))
            if held is not None:
                place = InMemory(Const(held.address, ADDRESS), held.type)
                value = Value(self._final(place, register.span), held.type)
                self.observed.setdefault(text, value.expr)
                return value
            raise self._no_register(register)
        _, _, type, declared = output
        expr = FinalReg(register.thread, register.name, type)
        self.observed.setdefault(text, expr)
        pointing = isinstance(declared, PointerTo)
        return Value(expr, declared if pointing else IntegerType(str(type), type))

    def _no_register(self, register: Register) -> InputError:
        threads = {thread for thread, _ in self.outputs}
        here = [name for thread, name in self.outputs if thread == register.thread]
        if register.thread not in threads and register.thread >= self.thread:
            return InputError(f"there is no thread P{register.thread}", register.span)
        hint = did_you_mean(register.name, here)
        message = f"P{register.thread} has no local variable {register.name}"
        return InputError(message, register.span, hint=hint)

    # Reading memory: the final value.

    def read(self, place: Place, node: Tree, *, demanded: bool = True) -> Value:
        if isinstance(place, InRegisters) or isinstance(place.type, ArrayOf):
            return super().read(place, node)
        while isinstance(place.type, StructType):
            members = self.layouts.of(place.type, node.span).members
            if len(members) != 1:
                raise InputError(f"{place.type} is not one value", node.span, hint="name a member")
            place = InMemory(place.address, members[0].type)
        if isinstance(place.type, BitField):
            word = InMemory(place.address, place.type.word)
            return bitfields.taken(self._final(word, node.span), place.type, node.span)
        return Value(self._final(place, node.span), place.type)

    def _final(self, place: InMemory, span: Span) -> Expr:
        type = ints_of(place.type)
        step = max(type.width // 8, 1)
        if isinstance(place.address, Const):
            return fold.cast(type, self._final_from(place.address.value, step, span))
        whole: Expr = Const(0, type)
        for cell in self.cells.values():
            for into in range(0, max(cell.type.width // 8, 1), step):
                at = Const(cell.address + into, place.address.type)
                here = fold.op("eq", S32, place.address, at)
                value = fold.cast(type, _from(cell, into))
                whole = fold.op("ite", type, here, value, whole)
        return whole

    def _final_from(self, address: int, step: int, span: Span) -> Expr:
        """What a cell, or a part of one, holds in the end. Parts are ``step`` bytes long."""
        found = self.cells.get(address)
        if found is not None:
            return _from(found, 0)
        for cell in self.cells.values():
            into = address - cell.address
            if into in range(step, cell.type.width // 8, step):
                return _from(cell, into)
        raise InputError("there is no location at this address", span)


def _from(cell: Cell, into: int) -> Expr:
    """What a cell holds from a byte on: a member of a union that is part of a wider one."""
    whole = FinalCell(cell.id, cell.type)
    return fold.op("shr", cell.type, whole, Const(8 * into, cell.type)) if into else whole


def finals(
    final: Final, test: LitmusTest
) -> tuple[Property | None, Expr | None, tuple[tuple[str, Expr], ...]]:
    """Condition, filter, and what a final state shows: herd7's order, registers first."""
    condition = None if test.condition is None else final.property(test.condition)
    for expr in test.locations:
        final.list_(expr)
    counters = _counters(test) if final.herd else frozenset()
    shown = {t: fold.cast(U32, e) if t in counters else e for t, e in final.observed.items()}
    filter = None if test.filter is None else final.tree(test.filter)
    registers = [(t, e) for t, e in shown.items() if _is_register(t)]
    others = [(t, e) for t, e in shown.items() if not _is_register(t)]
    return condition, filter, (*sorted(registers, key=_register_key), *sorted(others, key=_text))


def _counters(test: LitmusTest) -> frozenset[str]:
    """The locations that the start state declares as ``atomic_t``: herd7 shows what they hold
    without a sign, and compares it with one."""
    return frozenset(
        entry.target.name
        for entry in test.init
        if isinstance(entry.target, Name)
        and entry.thread is None
        and isinstance(entry.type, NamedType)
        and entry.type.name == "atomic_t"
    )


def _is_register(text: str) -> bool:
    """``0:r1``, and not ``(int)0:r1``."""
    thread, _, name = text.partition(":")
    return thread.isdigit() and name.isidentifier()


def _register_key(item: tuple[str, Expr]) -> tuple[int, str]:
    thread, _, name = item[0].partition(":")
    return int(thread), name


def _shown(expr: Tree) -> str:
    """As written; an element of ``a={1,2}`` is not written by itself."""
    if isinstance(expr, Index) and expr.span == expr.base.span and isinstance(expr.index, IntLit):
        return f"{expr.span.text}[{expr.index.value}]"
    return " ".join(expr.span.text.split())


def _text(item: tuple[str, Expr]) -> str:
    return item[0]
