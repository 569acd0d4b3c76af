"""Walking syntax trees without knowing each node."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from ksmcheck.text import Span

Tree = Any
"""Any node of ``syntax.c_ast``: the walkers look only at its fields."""


def children(node: Tree) -> Iterator[Tree]:
    """The nodes directly inside ``node``, in source order."""
    for field in fields(node):
        yield from _nodes(getattr(node, field.name))


def _nodes(value: object) -> Iterator[Tree]:
    if isinstance(value, tuple):
        for item in value:
            yield from _nodes(item)
    elif is_dataclass(value) and not isinstance(value, Span | type):
        yield value


def walk(node: Tree) -> Iterator[Tree]:
    """``node`` and everything inside it, outer before inner, in source order."""
    yield node
    for child in children(node):
        yield from walk(child)


def rewrite(node: Tree, change: Callable[[Tree], Tree | None]) -> Tree:
    """``node`` with parts replaced: ``change`` gives a node's replacement, or None to go inside.

    What holds no replaced part is returned as it is.
    """
    replaced = change(node)
    if replaced is not None:
        return replaced
    changed: dict[str, object] = {}
    for field in fields(node):
        old = getattr(node, field.name)
        new = _rewritten(old, change)
        if new is not old:
            changed[field.name] = new
    if not changed:
        return node
    kept = {f.name: getattr(node, f.name) for f in fields(node)}
    return type(node)(**{**kept, **changed})


def _rewritten(value: object, change: Callable[[Tree], Tree | None]) -> object:
    if isinstance(value, tuple):
        new = tuple(_rewritten(item, change) for item in value)
        return value if all(a is b for a, b in zip(new, value, strict=True)) else new
    if is_dataclass(value) and not isinstance(value, Span | type):
        return rewrite(value, change)
    return value
