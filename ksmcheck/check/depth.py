"""A text that is nested more deeply than what walks its trees can go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ksmcheck.program.tree import Tree, children
from ksmcheck.syntax.assembly_ast import AssemblyTest
from ksmcheck.syntax.load import AnyTest
from ksmcheck.text import InputError, Span

_DEEP = 100
"""Nodes inside each other: walking a tree takes a few of Python's thousand calls a node."""


@contextmanager
def shallow(test: Callable[[], AnyTest]) -> Iterator[None]:
    """Turns running out of stack into an InputError where the test is nested that deeply. If it is
    not, the error is ksmcheck's own and stays what it is."""
    try:
        yield
    except RecursionError:
        place = deepest(test())
        if place is None:
            raise
        raise InputError("the text is nested too deeply here", place) from None


def deepest(test: AnyTest) -> Span | None:
    """The place of a node with ``_DEEP`` others around it; None where there is none."""
    if isinstance(test, AssemblyTest):
        return None
    condition = [] if test.condition is None else [test.condition.tree]
    filter = [] if test.filter is None else [test.filter]
    todo: list[tuple[Tree, int]] = [(n, 0) for n in (*test.top, *test.threads, *condition, *filter)]
    while todo:
        node, depth = todo.pop()
        if depth > _DEEP:
            span: Span = node.span
            return span
        todo += [(child, depth + 1) for child in children(node)]
    return None
