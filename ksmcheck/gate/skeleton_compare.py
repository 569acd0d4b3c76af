"""Whether two skeletons do the same, and where not: a walk through both at once."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping

from ksmcheck.gate.skeleton_graph import Node, Skeleton, compact
from ksmcheck.record import Struct, replace


class Mismatch(Struct, frozen=True):
    """After ``after`` (nodes of both; None at the start) one does ``left``, the other ``right``."""

    left: Node
    right: Node
    after: tuple[Node, Node] | None


def first_mismatch(left: Skeleton, right: Skeleton) -> Mismatch | None:
    """The first place where two skeletons part; None where they do the same step by step."""
    names: dict[tuple[str, str], str] = {}
    start = (left.entry, right.entry)
    before: dict[tuple[int, int], tuple[int, int] | None] = {start: None}
    todo = deque([start])
    while todo:
        pair = todo.popleft()
        one, two = left.nodes[pair[0]], right.nodes[pair[1]]
        if not _alike(one, two, names):
            came = before[pair]
            after = (left.nodes[came[0]], right.nodes[came[1]]) if came else None
            return Mismatch(one, two, after)
        for succ in ((one.then, two.then), (one.other, two.other)):
            if -1 not in succ and succ not in before:
                before[succ] = pair
                todo.append(succ)
    return None


def _alike(one: Node, two: Node, names: dict[tuple[str, str], str]) -> bool:
    """Same kind and, but for constants, the same text. A constant that has a name on both sides
    corresponds to one; a number, or a sum, is written in too many ways to be compared."""
    if one.kind != two.kind or _bare(one) != _bare(two):
        return False
    if one.kind == "end" or len(one.names) != len(two.names):
        return True
    pairs = [p for p in zip(one.names, two.names, strict=True) if all(map(_is_named, p))]
    return all(
        names.setdefault(("left", a), b) == b and names.setdefault(("right", b), a) == a
        for a, b in pairs
    )


def _is_named(name: str) -> bool:
    return name.isidentifier() and name != "NULL"


def _bare(node: Node) -> str:
    """The shape without constants, nor what is left of arguments that are constants alone."""
    return " ".join(_NO_ARGUMENT.sub(")", node.shape.replace("``", "")).split())


_NO_ARGUMENT = re.compile(r"(?:, ?)+\)")


class Reduced(Struct, frozen=True):
    """A skeleton without what is left out. ``undecided`` are branches left out both of whose ways
    still matter, ``lost`` are nodes that were to stay and are not reached any more."""

    skeleton: Skeleton
    undecided: tuple[Node, ...]
    lost: tuple[Node, ...]


def reduced(skeleton: Skeleton, omitted: Mapping[int, str | None]) -> Reduced:
    """The skeleton without the nodes ``omitted``.

    A branch is given with the way that it goes, ``true`` or ``false``; ``once`` is a loop's test
    that holds the first time and not again; None is a branch both of whose ways come to the same.
    """
    nodes = list(skeleton.nodes)
    for number, taken in omitted.items():
        node = nodes[number]
        if node.kind == "op":
            nodes[number] = replace(node, kind="nop")
        elif node.kind == "branch" and taken is not None:
            if taken == "once":
                nodes[number + 1 :] = (
                    _led_past(n, number, node.other) for n in nodes[number + 1 :]
                )
            way = node.other if taken == "false" else node.then
            nodes[number] = replace(node, kind="nop", then=way, other=-1)
        elif node.kind == "branch":
            nodes[number] = replace(node, text=f"{_LEFT_OUT}{node.text}")
    rest = compact(nodes, skeleton.entry)
    there = {(n.span, n.text.removeprefix(_LEFT_OUT)) for n in rest.nodes}
    undecided = tuple(
        replace(n, text=n.text.removeprefix(_LEFT_OUT))
        for n in rest.nodes
        if n.text.startswith(_LEFT_OUT)
    )
    lost = (
        n
        for i, n in enumerate(skeleton.nodes)
        if i not in omitted and (n.span, n.text) not in there
    )
    return Reduced(rest, undecided, tuple(lost))


def _led_past(node: Node, number: int, onwards: int) -> Node:
    """The node with its edges to ``number`` going ``onwards``."""
    then, other = (onwards if succ == number else succ for succ in (node.then, node.other))
    return replace(node, then=then, other=other)


_LEFT_OUT = "left out: "
