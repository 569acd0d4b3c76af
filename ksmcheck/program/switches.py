"""``switch``: tests in order, then jumps into the body, which falls through as C does."""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.kernel.constants import constant
from ksmcheck.kernel.ints import S32
from ksmcheck.kernel.types import INT, IntegerType, promote
from ksmcheck.program import fold
from ksmcheck.program.graph import Node
from ksmcheck.program.ir import Const, Expr
from ksmcheck.program.operators import Operators
from ksmcheck.program.scope import Targets
from ksmcheck.program.tree import Tree, children
from ksmcheck.program.values import Value, cast, need_scalar
from ksmcheck.syntax.c_ast import Case, Switch
from ksmcheck.text import InputError, Note


class Switches(Operators):
    """The labels' nodes are kept by the Case's identity while the body is lowered."""

    def switch(self, stmt: Switch) -> None:
        value = self.value(stmt.value)
        need_scalar(value, stmt.value.span)
        if not isinstance(value.type, IntegerType):
            raise InputError(f"switch needs an integer, not {value.type}", stmt.value.span)
        type = promote(value.type)
        tested = cast(value, type, stmt.value.span)
        if not isinstance(tested.expr, Const):  # else it settles which ways are open
            tested = self.temporary(tested)
        done, default = self.graph.node(), None
        seen: list[tuple[int, int, Case]] = []
        for case in cases(stmt.body):
            node = self.case_nodes[id(case)] = self.graph.node()
            if case.low is None:
                if default is not None:
                    raise InputError("a second default", case.span)
                default = node
                continue
            self._test(tested, self._range(case, type, seen), node, case)
        self.graph.goto(default or done)
        kept = self.frame.targets
        self.frame.targets = Targets(done, kept.again)
        self.statement(stmt.body)
        self.frame.targets = kept
        self.graph.start(done)

    def _range(
        self, case: Case, type: IntegerType, seen: list[tuple[int, int, Case]]
    ) -> tuple[int, int]:
        assert case.low is not None
        low = type.ints.wrap(constant(case.low, self.declarations)[0])
        high = low
        if case.high is not None:
            high = type.ints.wrap(constant(case.high, self.declarations)[0])
        if high < low:
            raise InputError("an empty range of cases", case.span)
        for a, b, other in seen:
            if low <= b and a <= high:
                first = (Note("the first is here", other.span),)
                raise InputError("this case is there twice", case.span, notes=first)
        seen.append((low, high, case))
        return low, high

    def _test(self, tested: Value, bounds: tuple[int, int], node: Node, case: Case) -> None:
        low, high = (Const(b, tested.expr.type) for b in bounds)
        if bounds[0] == bounds[1]:
            holds: Expr = fold.op("eq", S32, tested.expr, low)
        else:
            above = fold.op("ge", S32, tested.expr, low)
            holds = fold.op("land", S32, above, fold.op("le", S32, tested.expr, high))
        following = self.graph.node()
        assert case.low is not None
        self.fork(Value(holds, INT), node, following, case.low)
        self.graph.begin(following)

    def case(self, stmt: Case) -> None:
        node = self.case_nodes.get(id(stmt))
        if node is None:
            raise InputError("case outside of a switch", stmt.span)
        self.graph.label(node, stmt.span)
        self.graph.start(node)
        self.statement(stmt.body)


def cases(node: Tree) -> Iterator[Case]:
    """The labels of a switch's body, those of inner switches left out."""
    if isinstance(node, Case):
        yield node
    if not isinstance(node, Switch):
        for child in children(node):
            yield from cases(child)
