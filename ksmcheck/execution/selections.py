"""Operands that are evaluated or not: short circuits and selections.

Where no operand does anything, both are evaluated and the value is computed from both. Otherwise
one way is taken, and what happens there depends on what decided. What is passed over may be known
all the same, and then decides nothing (``foresight``).
"""

from __future__ import annotations

from ksmcheck.execution.concrete import (
    NO_READS,
    NOTHING,
    Concrete,
    Reads,
    binary,
    by_branch,
    convert,
    deciding,
    integer,
)
from ksmcheck.execution.flow import assigned
from ksmcheck.execution.known import forget
from ksmcheck.execution.machine import Control
from ksmcheck.execution.static import SILENT, Static
from ksmcheck.kernel.ints import IntType, conversions
from ksmcheck.kernel.types import INT, CType, VoidType, ints_of, is_scalar
from ksmcheck.program.pointees import only_reads
from ksmcheck.program.tree import same_text
from ksmcheck.record import replace
from ksmcheck.syntax import c_ast as c


class Selections(Static):
    """``&&``, ``||`` and ``?:``."""

    def value(self, e: c.Expr) -> Concrete:
        raise NotImplementedError

    def known_ahead(self, e: c.Expr) -> Concrete | None:
        """The value of an expression that is not evaluated, where it is known without running."""
        raise NotImplementedError

    def short_circuit(self, e: c.Binary) -> Concrete:
        if self.is_pure(e.right, self.scope):
            left = self.value(e.left)
            if left.fixed and left.truth == (e.op == "||"):
                return integer(int(left.truth))
            goes_on = left.truth == (e.op == "&&")
            right = self.value_if(goes_on, e.right)
            found = binary(e.op, left, right, self.layouts)
            return found if goes_on else replace(found, reads=left.reads)
        # Which of the ways was taken is known by control, not by data.
        truth, reads, fixed = self.decide(e)
        came_by = deciding(reads) | self.depends_on()
        return self.chosen(Concrete(INT, int(truth), NO_READS, fixed), came_by)

    def value_if(self, taken: bool, e: c.Expr) -> Concrete:
        """The value of a pure operand; where C does not evaluate it, nothing in it is wrong."""
        wrong = len(self.failed)
        value = self.value(e)
        if not taken:
            del self.failed[wrong:]
        return value

    def decide(self, e: c.Expr) -> tuple[bool, Reads, bool]:
        """Evaluates a condition: its truth, what decided it, and whether that is ``fixed``."""
        if isinstance(e, c.Unary) and e.op == "!":
            truth, reads, fixed = self.decide(e.operand)
            return not truth, reads, fixed
        if isinstance(e, c.Call) and e.callee.name in SILENT:
            return self.decide(e.args[0])  # type: ignore[arg-type]
        if isinstance(e, c.Binary) and e.op == ",":
            self.value(e.left)
            return self.decide(e.right)
        if isinstance(e, c.Binary) and e.op in ("&&", "||") and not self.is_pure(e, self.scope):
            return self.decide_two(e)
        value = self.tested(e)
        return value.truth, value.reads, value.fixed

    def tested(self, e: c.Expr) -> Concrete:
        """A condition that is no ``&&`` or ``||``, with all reads that decide."""
        value = self.value(e)
        if value.places and only_reads(e, self.world.primitives):
            return replace(value, reads=value.reads | value.places)
        return value

    def decide_two(self, e: c.Binary) -> tuple[bool, Reads, bool]:
        """``decide`` for ``&&`` and ``||``. Where the second operand comes to what the first would
        have decided, whatever happens in it, both ways lead to the same place."""
        decided = e.op == "||"
        truth, reads, fixed = self.decide(e.left)
        if truth == decided:
            known = None if fixed else self.known_ahead(e.right)
            anyway = None if known is None else known.truth
        else:
            truth, more, sure = self.under(reads, e.right)
            anyway = truth if sure else None
            reads, fixed = reads | more, fixed and sure
        if not fixed:
            self.forget(e.right)
        return (truth, NO_READS, True) if anyway == decided else (truth, reads, fixed)

    def under(self, reads: Reads, e: c.Expr) -> tuple[bool, Reads, bool]:
        """``decide``, where what happens in ``e`` depends on ``reads``."""
        self.controls.append(Control(None, 0, reads))
        result = self.decide(e)
        self.controls.pop()
        return result

    def conditional(self, e: c.Conditional) -> Concrete:
        if e.then is None:
            return self.elvis(e)
        type = self.joined_type(e.then, e.otherwise)
        arms = (e.then, e.otherwise)
        if all(self.is_pure(arm, self.scope) for arm in arms):
            condition = self.value(e.condition)
            taken = condition.truth, not condition.truth
            then, otherwise = (
                convert(self.value_if(is_taken, arm), type)
                for is_taken, arm in zip(taken, arms, strict=True)
            )
            chosen = then if condition.truth else otherwise
            if condition.fixed:
                return chosen
            if then == otherwise and (then.fixed or self.alike(*arms, type)):
                return then
            reads = by_branch(condition.reads) | chosen.reads
            return replace(chosen, reads=reads, fixed=False)
        truth, reads, fixed = self.decide(e.condition)
        self.controls.append(Control(None, 0, reads))
        value = self.value(e.then if truth else e.otherwise)
        came_by = self.depends_on()
        self.controls.pop()
        if not fixed:
            self.forget(e.then, e.otherwise)
        if isinstance(type, VoidType):
            return NOTHING
        value = convert(value, type)
        if value.fixed and not fixed:
            other = self.known_ahead(e.otherwise if truth else e.then)
            fixed = other is not None and convert(other, type).number == value.number
        return self.chosen(replace(value, fixed=fixed and value.fixed), came_by)

    def alike(self, one: c.Expr, other: c.Expr, type: CType) -> bool:
        """Whether two operands say the same, converted to ``type``: a conversion that changes
        nothing makes no difference."""
        (left, by_left), (right, by_right) = self._bare(one, type), self._bare(other, type)
        return by_left == by_right and same_text(left, right)

    def _bare(self, e: c.Expr, type: CType) -> tuple[c.Expr, tuple[IntType, ...]]:
        """What an expression converts, and to what, inmost first, without the conversions that
        change nothing."""
        goals = [] if _represented(type) is None else [ints_of(type)]
        while isinstance(e, c.Cast) and _represented(self.resolve(e.type)) is not None:
            goals.append(ints_of(self.resolve(e.type)))
            e = e.operand
        source = _represented(self.type_of(e))
        return e, () if source is None else conversions(source, tuple(reversed(goals)))

    def elvis(self, e: c.Conditional) -> Concrete:
        first = self.value(e.condition)
        type = self.joined_type(e.condition, e.otherwise)
        came_by = deciding(first.reads) | self.depends_on()
        if first.truth:
            return self.chosen(convert(first, type), came_by)
        self.controls.append(Control(None, 0, first.reads))
        value = self.value(e.otherwise)
        self.controls.pop()
        fixed = first.fixed and value.fixed
        return self.chosen(replace(convert(value, type), fixed=fixed), came_by)

    def forget(self, *maybe: c.Expr) -> None:
        """What only one of two ways changes is not fixed behind them."""
        forget(self.call, {name for e in maybe for name in assigned(e)})


def _represented(type: CType) -> IntType | None:
    return ints_of(type) if is_scalar(type) else None
