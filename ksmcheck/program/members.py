"""Which members of structs and unions a test uses."""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.program.tree import Tree, children
from ksmcheck.syntax.c_ast import (
    ContainerOf,
    DesignatorPath,
    InitList,
    Member,
    Name,
    OffsetOf,
    SizeOf,
    TypeofType,
)
from ksmcheck.syntax.litmus_ast import LitmusTest


def used_members(test: LitmusTest) -> frozenset[str]:
    """Their names, whatever they are members of. What ``sizeof`` and ``typeof`` look at is not
    used."""
    found: set[str] = set()
    todo: list[Tree] = [test]
    while todo:
        node = todo.pop()
        if not isinstance(node, SizeOf | TypeofType):
            found.update(_names(node))
            todo += children(node)
    return frozenset(found)


def _names(node: Tree) -> Iterator[str]:
    if isinstance(node, Member):
        yield node.field
    elif isinstance(node, OffsetOf | ContainerOf):
        path = node.path
        while not isinstance(path, Name):
            path = path.base  # type: ignore[union-attr]
        yield path.name
    elif isinstance(node, DesignatorPath):
        yield from (step for step in node.steps if isinstance(step, str))
    elif isinstance(node, InitList):
        yield from (designator for designator, _ in node.items if isinstance(designator, str))
