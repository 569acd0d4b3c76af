"""Conditions of assembly tests over final cells and registers."""

from __future__ import annotations

from collections.abc import Callable

from ksmcheck.isa.memory import Locations
from ksmcheck.kernel.ints import BOOL, S64
from ksmcheck.program.fold import joined
from ksmcheck.program.ir import Const, Expr, FinalCell, FinalReg, Op, Property
from ksmcheck.syntax.assembly_ast import AssemblyTest
from ksmcheck.syntax.c_ast import IntLit, Name, Unary
from ksmcheck.syntax.litmus_ast import PropExpr, PropTree, Register
from ksmcheck.text import InputError, InternalError

RegisterOf = Callable[[Register], FinalReg]

Shown = tuple[tuple[str, Expr], ...]


class Conditions:
    """``register`` resolves a register of a condition; ``shown`` collects what a state shows."""

    def __init__(self, places: Locations, register: RegisterOf) -> None:
        self.places = places
        self.register = register
        self.shown: dict[str, Expr] = {}

    def finals(self, test: AssemblyTest) -> tuple[Property | None, Expr | None, Shown]:
        """Condition, filter, and what a final state shows: herd7's order, registers first."""
        condition = None
        if test.condition is not None:
            tree = self.tree(test.condition.tree)
            condition = Property(test.condition.quantifier, tree, test.condition.span)
        for item in test.locations:
            self._observe(item)
        shown = dict(self.shown)
        filter = None if test.filter is None else self.tree(test.filter)
        registers = [(t, e) for t, e in shown.items() if isinstance(e, FinalReg)]
        cells = [(t, e) for t, e in shown.items() if isinstance(e, FinalCell)]
        return condition, filter, (*sorted(registers, key=_place), *sorted(cells, key=_text))

    def tree(self, tree: PropTree) -> Expr:
        """A condition as an expression of 0 or 1."""
        if tree.op in ("true", "false"):
            return Const(int(tree.op == "true"), BOOL)
        if tree.op in ("eq", "ne"):
            left = self._observe(tree.operands[0])
            right = self._value(tree.operands[1], left)
            if isinstance(right, Const) or left.type == right.type:
                return Op(tree.op, (left, right), BOOL)
            return Op(tree.op, (Op("cast", (left,), S64), Op("cast", (right,), S64)), BOOL)
        parts = [self.tree(child) for child in tree.children]
        if tree.op == "not":
            return Op("lnot", (parts[0],), BOOL)
        if tree.op == "implies":
            return Op("lor", (Op("lnot", (parts[0],), BOOL), parts[1]), BOOL)
        name = "land" if tree.op == "and" else "lor"
        return joined(lambda left, right: Op(name, (left, right), BOOL), parts)

    def _observe(self, item: PropExpr) -> Expr:
        """A register or a location, which a final state then shows."""
        if isinstance(item, Register):
            found = self.register(item)
            self.shown[f"{found.thread}:{found.name}"] = found
            return found
        assert isinstance(item, Name)
        cell = FinalCell(self.places.cells[item.name].id, self.places.shown[item.name])
        self.shown[item.name] = cell
        return cell

    def _value(self, item: PropExpr, left: Expr) -> Expr:
        """The right side: a number or an address in the type of the left side, a register, or
        what a location (``*x``) holds."""
        if isinstance(item, IntLit):
            return Const(left.type.wrap(item.value), left.type)
        if isinstance(item, Name):
            return Const(left.type.wrap(self.places.addresses[item.name]), left.type)
        if isinstance(item, Register):
            return self._observe(item)
        if isinstance(item, Unary):
            return self._observe(item.operand)
        raise InternalError(f"{item} in the condition of an assembly test")


def _place(item: tuple[str, Expr]) -> tuple[int, str, int]:
    """By thread, then X2 before X10."""
    assert isinstance(item[1], FinalReg)
    name = item[1].name
    stem = name.rstrip("0123456789")
    return item[1].thread, stem, int(name[len(stem) :] or -1)


def _text(item: tuple[str, Expr]) -> str:
    return item[0]


def check_thread(test: AssemblyTest, register: Register) -> None:
    """Raises InputError if there is no such thread."""
    if register.thread >= len(test.threads):
        raise InputError(f"there is no thread P{register.thread}", register.span)
