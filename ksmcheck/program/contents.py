"""What is in each function of a test: walked once, asked by several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from ksmcheck.kernel.primitive import Primitive
from ksmcheck.program.addressed import addressed_locals, root_name
from ksmcheck.program.freeing import Frees
from ksmcheck.program.late_looks import LateLooks
from ksmcheck.program.reach import taken
from ksmcheck.program.tree import Tree, everything
from ksmcheck.syntax.c_ast import Assign, Call, Function, IncDec, Unary
from ksmcheck.syntax.litmus_ast import LitmusTest


def functions(test: LitmusTest) -> Iterator[Function]:
    """Everything with a body: the test's functions, then its threads."""
    for item in (*test.top, *test.threads):
        if type(item) is Function and item.body is not None:
            yield item


class Contents:
    """The nodes of each function with a body, in no particular order.

    ``asked``: the functions whose address was asked for, with it. ``frees``: what is allocated and
    freed; ``looks``: what giving a lock back does besides.
    """

    def __init__(self, test: LitmusTest) -> None:
        self._nodes = {id(f): (f, everything(f)) for f in functions(test)}
        self.threads = len(test.threads)
        self._addressed: dict[int, frozenset[str]] = {}
        self._test = test
        self.asked: dict[str, int] = {}
        self.frees = Frees()
        self.looks = LateLooks()

    def __iter__(self) -> Iterator[tuple[Function, list[Tree]]]:
        return iter(self._nodes.values())

    def addressed(self, function: Function, primitives: Mapping[str, Primitive]) -> frozenset[str]:
        """``addressed_locals`` of one of the functions."""
        found = self._addressed.get(id(function))
        if found is None:
            _, nodes = self._nodes[id(function)]
            found = self._addressed[id(function)] = addressed_locals(function, primitives, nodes)
        return found

    def changed(self, function: Function, primitives: Mapping[str, Primitive]) -> frozenset[str]:
        """The variables that one of the functions assigns, or takes the address of."""
        _, nodes = self._nodes[id(function)]
        places = (place for node in nodes if (place := _changed(node, primitives)) is not None)
        return frozenset(name for place in places if (name := root_name(place)) is not None)

    @cached_property
    def taken(self) -> tuple[str, ...]:
        """The functions whose address is taken."""
        return taken(self._test)


def _changed(node: Tree, primitives: Mapping[str, Primitive]) -> Tree | None:
    """The place that a node changes, or may; WRITE_ONCE and its like name it without ``&``."""
    if isinstance(node, Assign):
        return node.target
    if isinstance(node, IncDec) or (isinstance(node, Unary) and node.op == "&"):
        return node.operand
    known = primitives.get(node.callee.name) if isinstance(node, Call) else None
    return node.args[0] if known is not None and known.macro and node.args else None
