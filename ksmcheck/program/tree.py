"""Walking syntax trees without knowing each node."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from operator import attrgetter
from typing import Any

from ksmcheck.record import fields
from ksmcheck.text import Span

Tree = Any
"""Any node of ``syntax.c_ast``: the walkers look only at its fields."""

_LEAVES = frozenset(("str", "int", "bool", "Span", "str | None", "int | None"))
"""Annotations of fields that hold no node."""


@cache
def _branches(kind: type) -> tuple[str, ...]:
    """The fields of a kind of node that may hold nodes."""
    return tuple(n for n in fields(kind) if kind.__annotations__[n] not in _LEAVES)


@cache
def _parts(kind: type) -> Callable[[Tree], tuple[Any, ...]] | None:
    """Reads those fields of a node; None where there are none."""
    names = _branches(kind)
    if len(names) == 1:
        one = attrgetter(names[0])
        return lambda node: (one(node),)
    return attrgetter(*names) if names else None


def children(node: Tree) -> list[Tree]:
    """The nodes directly inside ``node``, in source order."""
    found: list[Tree] = []
    parts = _parts(node.__class__)
    for value in () if parts is None else parts(node):
        if type(value) is tuple:
            _add(value, found)
        elif value is not None:
            found.append(value)
    return found


def everything(node: Tree) -> list[Tree]:
    """What ``walk`` gives, level by level and in less time."""
    found = [node]
    for inner in found:
        parts = _parts(inner.__class__)
        if parts is not None:
            for value in parts(inner):
                if type(value) is tuple:
                    _add(value, found)
                elif value is not None:
                    found.append(value)
    return found


def _add(values: tuple[Any, ...], found: list[Tree]) -> None:
    for value in values:
        if type(value) is tuple:
            _add(value, found)
        elif type(value) not in _LEAF:
            found.append(value)


_LEAF = frozenset((str, int, bool, Span, type(None)))


def _is_leaf(value: object) -> bool:
    return type(value) in _LEAF


def walk(node: Tree) -> Iterator[Tree]:
    """``node`` and everything inside it, outer before inner, in source order."""
    todo = [node]
    while todo:
        node = todo.pop()
        yield node
        todo += reversed(children(node))


def same_text(one: Tree, other: Tree) -> bool:
    """Whether two nodes say the same, wherever they stand."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same_text, one, other))
    if _is_leaf(one) or _is_leaf(other) or type(one) is not type(other):
        return bool(one == other) or (isinstance(one, Span) and isinstance(other, Span))
    return all(same_text(getattr(one, name), getattr(other, name)) for name in fields(type(one)))


def rewrite(node: Tree, change: Callable[[Tree], Tree | None]) -> Tree:
    """``node`` with parts replaced: ``change`` gives a node's replacement, or None to go inside.

    What holds no replaced part is returned as it is.
    """
    replaced = change(node)
    if replaced is not None:
        return replaced
    changed: dict[str, object] = {}
    for name in _branches(node.__class__):
        old = getattr(node, name)
        new = _rewritten(old, change)
        if new is not old:
            changed[name] = new
    if not changed:
        return node
    kept = {name: getattr(node, name) for name in fields(node)}
    return type(node)(**{**kept, **changed})


def _rewritten(value: object, change: Callable[[Tree], Tree | None]) -> object:
    if isinstance(value, tuple):
        new = tuple(_rewritten(item, change) for item in value)
        return value if all(a is b for a, b in zip(new, value, strict=True)) else new
    return value if _is_leaf(value) else rewrite(value, change)
