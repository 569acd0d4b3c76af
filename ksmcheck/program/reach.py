"""What the threads of a test come by: the functions that they call, and those whose address they
may get hold of."""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.program.tree import Tree, everything
from ksmcheck.syntax.c_ast import Call, Declaration, Function, Name
from ksmcheck.syntax.litmus_ast import LitmusTest


def reached(test: LitmusTest) -> set[str]:
    """Names of the threads, and of the functions and variables that they come by."""
    return set(_Reach(test).found)


def taken(test: LitmusTest) -> tuple[str, ...]:
    """The functions whose address is taken in what threads come by, in the order of the text: a
    pointer may point to any of these, and to no other."""
    values = _Reach(test).values
    functions = (item.name for item in test.top if isinstance(item, Function))
    return tuple(name for name in dict.fromkeys(functions) if name in values)


class _Reach:
    """``found`` are names of functions and variables, ``values`` those that are used otherwise than
    by a call."""

    def __init__(self, test: LitmusTest) -> None:
        self.found: dict[str, None] = {}
        self.values: set[str] = set()
        self.items: dict[str, Tree] = {}
        for item in (*test.top, *test.threads):
            if isinstance(item, Function | Declaration) and _inside(item) is not None:
                self.items[item.name] = item
        todo = [thread.name for thread in test.threads]
        todo += self._mentioned(test.init)
        while todo:
            name = todo.pop()
            if name in self.items and name not in self.found:
                self.found[name] = None
                todo += self._mentioned(self.items[name])

    def _mentioned(self, tree: Tree) -> Iterator[str]:
        """The names in a tree that are no local variable's."""
        parts = tree if isinstance(tree, tuple) else (tree,)
        nodes = [node for part in parts for node in everything(part)]
        called = {id(node.callee): node.callee for node in nodes if type(node) is Call}
        local = _locals(tree, nodes) if isinstance(tree, Function) else frozenset[str]()
        for node in nodes:
            if type(node) is Name and id(node) not in called and node.name not in local:
                self.values.add(node.name)
                yield node.name
        for callee in called.values():
            yield callee.name


def _inside(item: Function | Declaration) -> Tree | None:
    return item.body if isinstance(item, Function) else item.init


def _locals(function: Function, nodes: list[Tree]) -> frozenset[str]:
    declared = [node.name for node in nodes if type(node) is Declaration]
    return frozenset((*(param.name for param in function.params), *declared))
