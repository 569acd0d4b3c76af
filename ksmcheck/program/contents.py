"""What is in each function of a test: walked once, asked by several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ksmcheck.kernel.primitive import Primitive
from ksmcheck.program.addressed import addressed_locals
from ksmcheck.program.tree import Tree, everything
from ksmcheck.syntax.c_ast import Function
from ksmcheck.syntax.litmus_ast import LitmusTest


def functions(test: LitmusTest) -> Iterator[Function]:
    """Everything with a body: the test's functions, then its threads."""
    for item in (*test.top, *test.threads):
        if type(item) is Function and item.body is not None:
            yield item


class Contents:
    """The nodes of each function with a body, in no particular order."""

    def __init__(self, test: LitmusTest) -> None:
        self._nodes = {id(f): (f, everything(f)) for f in functions(test)}
        self.threads = len(test.threads)
        self._addressed: dict[int, frozenset[str]] = {}

    def __iter__(self) -> Iterator[tuple[Function, list[Tree]]]:
        return iter(self._nodes.values())

    def addressed(self, function: Function, primitives: Mapping[str, Primitive]) -> frozenset[str]:
        """``addressed_locals`` of one of the functions."""
        found = self._addressed.get(id(function))
        if found is None:
            _, nodes = self._nodes[id(function)]
            found = self._addressed[id(function)] = addressed_locals(function, primitives, nodes)
        return found
