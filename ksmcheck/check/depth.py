"""A text that is nested more deeply than what walks its trees can go."""

from __future__ import annotations

from ksmcheck.program.tree import Tree, children
from ksmcheck.syntax.assembly_ast import AssemblyTest
from ksmcheck.syntax.load import AnyTest
from ksmcheck.text import InputError, Span

_DEEP = 100
"""Nodes inside each other: walking a tree takes a few of Python's thousand calls a node."""


def too_deep(test: AnyTest) -> InputError | None:
    """What is to be said where walking a test ran out of stack. None: it is not nested that deeply,
    and the error is ksmcheck's own."""
    place = _deep_place(test)
    return None if place is None else InputError("the text is nested too deeply here", place)


def _deep_place(test: AnyTest) -> Span | None:
    """The place of a node with ``_DEEP`` others around it."""
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
