"""The final condition, evaluated on the final state from its syntax tree."""

from __future__ import annotations

from collections.abc import Mapping

from ksmcheck.execution import foresight
from ksmcheck.execution.bodies import Body
from ksmcheck.execution.concrete import Concrete, binary, bits_of, integer, wrap
from ksmcheck.execution.interpreter import NO_FLOW, NO_LOOPS, Interpreter
from ksmcheck.execution.machine import Call, InMemory, Place
from ksmcheck.execution.performed import Record
from ksmcheck.execution.world import World
from ksmcheck.kernel.constants import try_constant
from ksmcheck.kernel.types import (
    ArrayOf,
    BitField,
    CType,
    FunctionOf,
    IntegerType,
    PointerTo,
    StructType,
    is_scalar,
)
from ksmcheck.program.ir import Cell
from ksmcheck.record import replace
from ksmcheck.syntax import c_ast as c
from ksmcheck.syntax.litmus_ast import Content, PropExpr, PropTree, Register
from ksmcheck.text import InternalError, Span

_COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


class FinalState(Interpreter):
    """Reads give a cell's last value. ``memory`` and the cells' ``sizes`` in bytes are by address,
    registers by thread and name."""

    def __init__(
        self,
        world: World,
        memory: Mapping[int, int],
        registers: Mapping[tuple[int, str], Concrete],
        private: Mapping[tuple[int, str], Cell],
        sizes: Mapping[int, int],
    ) -> None:
        super().__init__(world, Record(-1, ()), foresight)
        self.sizes = sizes
        self.memory = memory
        self.final_registers = registers
        self.private = private
        # herd7's dialect: a location's name on the right of = is its address.
        self.herd = any(thread.params for thread in world.test.threads)
        first = world.test.threads[0]
        self.call = Call(Body(first, first, NO_FLOW, NO_LOOPS, frozenset()), False, None)

    def holds(self, tree: PropTree) -> bool:
        """Whether a condition holds of the final state."""
        if tree.op in ("true", "false"):
            return tree.op == "true"
        if tree.op in _COMPARISONS:
            return self.compares(tree)
        parts = (self.holds(child) for child in tree.children)
        if tree.op == "and":
            return all(parts)
        if tree.op == "or":
            return any(parts)
        first = next(parts)
        return not first if tree.op == "not" else (not first or next(parts))

    def compares(self, tree: PropTree) -> bool:
        left, right = self.operand(tree.operands[0]), tree.operands[1]
        address = None
        if tree.op in ("eq", "ne"):
            match right:
                case c.Name(name):
                    address = self.address_named(name)
                case c.Binary("+" | "-", c.Name(name)) if isinstance(left.type, PointerTo):
                    address = self.beside(name, right)
                case c.Index() | c.Member() if self.points(left, tree.operands[0]):
                    if isinstance(self.type_of(right), StructType):
                        address = self.value(c.Unary("&", right, right.span))
        value = address or self.operand(right)
        return binary(_COMPARISONS[tree.op], left, value, self.layouts).truth

    def points(self, left: Concrete, e: PropExpr) -> bool:
        """Whether it is a pointer to an object; of a local that is kept in memory, its cell
        knows."""
        if isinstance(left.type, PointerTo):
            return not isinstance(left.type.target, ArrayOf | FunctionOf)
        cell = self.private.get((e.thread, e.name)) if isinstance(e, Register) else None
        return cell is not None and cell.ctype.endswith("*")

    def beside(self, name: str, e: c.Binary) -> Concrete | None:
        """``x+4``: so many bytes behind a location, as states print it."""
        address = self.address_named(name) if self.herd else None
        if address is None or try_constant(e.right, self.types) is None:
            return None
        distance = self.value(e.right).number
        number = address.number + (distance if e.op == "+" else -distance)
        return replace(address, number=number)

    def address_named(self, name: str) -> Concrete | None:
        item = self.world.items.get(name)
        if item is None or not (self.herd or not is_scalar(item.type)):
            return None
        return Concrete(PointerTo(item.type), item.address, fixed=True)

    def operand(self, e: PropExpr) -> Concrete:
        if isinstance(e, Content):
            return self.value(e.location)
        if not isinstance(e, Register):
            return self.value(e)
        known = self.final_registers.get((e.thread, e.name))
        if known is not None:
            return known
        cell = self.private.get((e.thread, e.name))
        if cell is None:
            raise InternalError(f"replay: P{e.thread} has no local variable {e.name}")
        return integer(self.memory[cell.address], IntegerType(cell.ctype, cell.type))

    def value(self, e: c.Expr) -> Concrete:
        """Registers may stand inside expressions too."""
        return self.operand(e) if isinstance(e, Register | Content) else super().value(e)

    def load(self, place: InMemory) -> Concrete:
        raw = self.memory.get(place.address.number)
        if raw is None:
            # A pointer that leads nowhere at the end reads as 0, whatever it is compared with.
            raw = self.part_at(place.address.number, bits_of(place.type).width // 8) or 0
        return Concrete(place.type, wrap(raw, place.type))

    def part_at(self, address: int, size: int) -> int | None:
        """What is held inside of a wider cell, which has parts of ``size`` bytes."""
        for start, whole in self.sizes.items():
            into = address - start
            if 0 < into < whole and into % max(size, 1) == 0:
                return self.memory[start] >> 8 * into
        return None

    def read(self, place: Place, span: Span | None = None) -> Concrete:
        """An ``atomic_t`` is its counter."""
        type: CType = place.type
        if isinstance(type, BitField):
            return super().read(place)
        while isinstance(type, StructType):
            type = self.layouts.of(type, None).members[0].type
        if isinstance(place, InMemory) and not isinstance(type, ArrayOf):
            return self.load(replace(place, type=type))
        return super().read(place)
