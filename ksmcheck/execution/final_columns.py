"""The final state of an assembly test, and what its conditions say of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from ksmcheck.execution.concrete import Concrete
from ksmcheck.isa.dialects import dialect
from ksmcheck.isa.memory import register_types, shown_types
from ksmcheck.kernel.ints import IntType
from ksmcheck.program.ir import Cell
from ksmcheck.record import Struct
from ksmcheck.syntax.assembly_ast import AssemblyTest
from ksmcheck.syntax.c_ast import IntLit, Name, Unary
from ksmcheck.syntax.litmus_ast import PropExpr, PropTree, Register
from ksmcheck.text import InternalError


def observed(test: AssemblyTest, thread: int) -> Iterable[str]:
    """The thread's registers that conditions name."""
    known = dialect(test.dialect)
    trees = [tree for tree in (test.condition and test.condition.tree, test.filter) if tree]
    items: list[PropExpr] = list(test.locations)
    while trees:
        tree = trees.pop()
        trees.extend(tree.children)
        items.extend(tree.operands)
    for item in items:
        if isinstance(item, Register) and item.thread == thread:
            name = known.register(item.name)
            if name is not None:
                yield name


def check_starts(test: AssemblyTest, cells: Collection[Cell]) -> None:
    """Raises InternalError where a cell does not start with what the test says."""
    addresses = {cell.name: cell.address for cell in cells}
    starts = {e.name: e.value for e in test.init if e.thread is None}
    types = shown_types(test, cells)
    for cell in cells:
        value = starts.get(cell.name)
        number = addresses[value] if isinstance(value, str) else value or 0
        if number % (1 << min(cell.type.width, types[cell.name].width)) != cell.init:
            raise InternalError(f"replay: {cell.name} starts as {cell.init}, not {number}")


class FinalColumns(Struct, frozen=True):
    """The final state; ``cells`` by name, ``memory`` by address, ``registers`` by thread and
    name."""

    test: AssemblyTest
    cells: Mapping[str, Cell]
    memory: Mapping[int, int]
    registers: Mapping[tuple[int, str], Concrete]

    def holds(self, tree: PropTree) -> bool:
        """Whether a condition holds."""
        if tree.op in ("true", "false"):
            return tree.op == "true"
        if tree.op in ("eq", "ne"):
            return self._same(*tree.operands) == (tree.op == "eq")
        parts = [self.holds(child) for child in tree.children]
        if tree.op == "not":
            return not parts[0]
        if tree.op == "implies":
            return not parts[0] or parts[1]
        return all(parts) if tree.op == "and" else any(parts)

    def _same(self, left: PropExpr, right: PropExpr) -> bool:
        """A number, or an address, is in the left side's type; other values are in their own."""
        if isinstance(right, IntLit | Name):
            width = self._type(left).width
            number = right.value if isinstance(right, IntLit) else self.cells[right.name].address
            return (self._value(left) - number) % (1 << width) == 0
        return self._value(left) == self._value(right)

    def _type(self, item: PropExpr) -> IntType:
        if isinstance(item, Name):
            return shown_types(self.test, self.cells.values())[item.name]
        known = dialect(self.test.dialect)
        assert isinstance(item, Register)
        name = known.register(item.name) or ""
        return register_types(self.test, known).get((item.thread, name), known.shown)

    def _value(self, item: PropExpr) -> int:
        if isinstance(item, Unary):
            return self._value(item.operand)
        if isinstance(item, Register):
            name = dialect(self.test.dialect).register(item.name)
            found = self.registers.get((item.thread, name or ""))
            if found is None:
                raise InternalError(f"replay: P{item.thread} has no register {item.name}")
            return found.number
        assert isinstance(item, Name)
        cell = self.cells[item.name]
        return self._type(item).wrap(cell.type.wrap(self.memory[cell.address]))
