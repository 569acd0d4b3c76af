"""Locals that hold what was read, and are then assigned something else.

Outlines leave the values of locals out: where they matter a verdict changes. Not so of a local that
a condition or an assertion looks at: with ``r0 = 0;`` behind the read it holds whatever was read,
and the verdict stays SAFE. So that is said with what is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TypeGuard

from ksmcheck.program.tree import Tree, walk
from ksmcheck.program.wording import wording
from ksmcheck.record import Struct
from ksmcheck.syntax.c_ast import (
    Assign,
    Call,
    Declaration,
    Function,
    IncDec,
    Name,
    PointerCall,
    Unary,
)
from ksmcheck.text import Span


class _Given(Struct, frozen=True):
    """What a local is given; ``text`` is empty for what comes from memory or from a call."""

    text: str
    needs: frozenset[str]
    span: Span


def overwritten(
    function: Function, wanted: Collection[str], names: Mapping[int, str]
) -> Iterator[tuple[str, Span]]:
    """``r0: .., 0`` for each local among those that ``wanted`` are computed from which is given a
    value of its own behind one that was read. ``names``: the shared accesses and calls by node."""
    given: dict[str, list[_Given]] = {}
    for node in walk(function):
        for local, one in _gives(node, names):
            given.setdefault(local, []).append(one)
    todo, seen = sorted(wanted), set[str]()
    while todo:
        local = todo.pop()
        if local in seen or local not in given:
            continue
        seen.add(local)
        todo += sorted({n for one in given[local] for n in one.needs})
    for local in sorted(seen):
        texts = [one.text or ".." for one in given[local]]
        first = texts.index("..") if ".." in texts else len(texts)
        if any(text != ".." for text in texts[first:]):
            yield f"{local}: {', '.join(texts)}", given[local][-1].span


def _gives(node: Tree, names: Mapping[int, str]) -> Iterator[tuple[str, _Given]]:
    if isinstance(node, Declaration) and node.init is not None:
        yield node.name, _given(node.init, "", names, node.span)
    elif isinstance(node, Assign) and _is_local(node.target, names):
        op = node.op.removesuffix("=")
        yield node.target.name, _given(node.value, op, names, node.span)
    elif isinstance(node, IncDec) and _is_local(node.operand, names):
        name = node.operand.name
        yield name, _Given(node.op, frozenset(), node.span)
    elif isinstance(node, Call | PointerCall):
        for arg in node.args:  # a call may store there: `consume(x, y, &a)`
            if isinstance(arg, Unary) and arg.op == "&" and _is_local(arg.operand, names):
                yield arg.operand.name, _Given("", frozenset(), arg.span)


def _is_local(node: Tree, names: Mapping[int, str]) -> TypeGuard[Name]:
    return isinstance(node, Name) and id(node) not in names


def _given(value: Tree, op: str, names: Mapping[int, str], span: Span) -> _Given:
    inside = list(walk(value))
    read = any(isinstance(n, Call | PointerCall) or id(n) in names for n in inside)
    needs = frozenset(n.name for n in inside if isinstance(n, Name))
    return _Given("" if read else f"{op}{wording(value)}", needs, span)
