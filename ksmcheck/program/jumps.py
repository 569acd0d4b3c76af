"""Jumps out of statement expressions whose value is used: ``x = ({ if (c) return; 1; })``."""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.program.tree import Tree, children, walk
from ksmcheck.syntax.c_ast import (
    Block,
    Break,
    Continue,
    DoWhile,
    For,
    Goto,
    Label,
    Return,
    Stmt,
    Switch,
    While,
)


def jump_out(body: Block) -> Stmt | None:
    """The first statement in ``body`` that leads out of it, but by its end."""
    labels = {node.name for node in walk(body) if isinstance(node, Label)}
    for jump in _jumps(body, stops=False, again=False):
        if not (isinstance(jump, Goto) and jump.label in labels):
            return jump
    return None


def _jumps(node: Tree, *, stops: bool, again: bool) -> Iterator[Stmt]:
    """The gotos and returns of a tree, and each ``break`` and ``continue`` that does not belong to
    a statement in it. ``stops`` and ``again``: such a statement is around it."""
    if isinstance(node, Goto | Return):
        yield node
    elif isinstance(node, Break):
        if not stops:
            yield node
    elif isinstance(node, Continue):
        if not again:
            yield node
    else:
        loop = isinstance(node, While | DoWhile | For)
        for child in children(node):
            inside = (loop or isinstance(node, Switch)) and child is node.body
            yield from _jumps(child, stops=stops or inside, again=again or (loop and inside))
