"""An ordering skeleton: what a function does to shared memory, and which way it goes from there.

It is a control-flow graph whose nodes are *operations* (an access, a barrier, an atomic, a lock, a
call that holds such), *branches* with what they test, and *ends*. Style leaves no trace in it:
``if (!x) return;`` and ``if (x) { ... }``, labels and the names of local variables are gone. What
flows in is written as its origin: ``READ_ONCE(<kpfn>.mapping)`` reads the mapping of what was
computed from a value read from ``kpfn``; ``new`` is the function's argument of that role.

Names that only have to be the same wherever they occur (a constant, a called function whose
content is known) stand between backquotes.
"""

from __future__ import annotations

import re
from collections import Counter

from ksmcheck.record import Struct, field, replace
from ksmcheck.text import InputError, Span

_NAME = re.compile(r"`([^`]*)`")


class Node(Struct, frozen=True):
    """``kind`` is ``op``, ``branch``, ``end`` or ``nop``; ``then`` and ``other`` are successors'
    numbers (an operation has ``then`` alone, an end none)."""

    kind: str
    text: str
    span: Span
    then: int = -1
    other: int = -1

    @property
    def shape(self) -> str:
        """The text without the names between backquotes."""
        return shape_of(self.text)

    @property
    def names(self) -> tuple[str, ...]:
        return names_of(self.text)


class Skeleton(Struct, frozen=True):
    """``nodes`` in source order, all reachable from the first unless it is empty."""

    nodes: tuple[Node, ...]
    entry: int = 0


class Line(Struct, frozen=True):
    """One node as a line of a listing. ``ways`` says where it goes on to, if not to the next line;
    ``span`` is None in a listing that was read from a file."""

    text: str
    ways: str
    node: int
    span: Span | None = None

    @property
    def shape(self) -> str:
        return shape_of(self.text)

    @property
    def names(self) -> tuple[str, ...]:
        return names_of(self.text)

    def __str__(self) -> str:
        return f"{self.text}  {self.ways}".rstrip()


def shape_of(text: str) -> str:
    """A node's text without the names between backquotes."""
    return _NAME.sub("``", text)


def names_of(text: str) -> tuple[str, ...]:
    """The names between backquotes, in order."""
    return tuple(name for name in _NAME.findall(text) if name)


class _Resolver(Struct):
    """Where an edge really leads: past ``nop`` and past branches that decide nothing."""

    nodes: list[Node]
    done: dict[int, int] = field(default_factory=dict)

    def target(self, start: int) -> int:
        seen: list[int] = []
        at = start
        while at not in seen and at not in self.done and self.nodes[at].kind == "nop":
            seen.append(at)
            at = self.nodes[at].then
        if at in seen:  # goes round and does nothing
            at = min(seen)
        at = self.done.get(at, at)
        self.done.update(dict.fromkeys(seen, at))
        return at


def compact(nodes: list[Node], entry: int) -> Skeleton:
    """The graph without empty nodes, without branches both of whose ways lead to one place, and
    without what is never reached."""
    nodes = list(nodes)
    while True:
        resolver = _Resolver(nodes)
        nodes = [
            replace(
                node,
                then=resolver.target(node.then) if node.then >= 0 else -1,
                other=resolver.target(node.other) if node.other >= 0 else -1,
            )
            for node in nodes
        ]
        entry = resolver.target(entry)
        idle = [n for n in range(len(nodes)) if _decides_nothing(nodes, n)]
        if not idle:
            return _reachable(nodes, entry)
        for number in idle:
            nodes[number] = replace(nodes[number], kind="nop", other=-1)


def _decides_nothing(nodes: list[Node], number: int) -> bool:
    node = nodes[number]
    return node.kind == "branch" and node.then == node.other


def _reachable(nodes: list[Node], entry: int) -> Skeleton:
    seen, todo = {entry}, [entry]
    while todo:
        node = nodes[todo.pop()]
        for succ in (node.then, node.other):
            if succ >= 0 and succ not in seen:
                seen.add(succ)
                todo.append(succ)
    new = {old: number for number, old in enumerate(sorted(seen))}
    new[-1] = -1
    kept = (
        replace(nodes[o], then=new[nodes[o].then], other=new[nodes[o].other]) for o in sorted(seen)
    )
    return Skeleton(tuple(kept), new[entry])


def listing(skeleton: Skeleton) -> tuple[Line, ...]:
    """The skeleton as lines; where one does not go on to the next line, it says where to."""
    counts: Counter[str] = Counter()
    anchors = []
    for node in skeleton.nodes:
        counts[node.shape] += 1
        again = counts[node.shape]
        anchors.append(node.shape if again == 1 else f"{node.shape} #{again}")
    start = f"start -> {anchors[skeleton.entry]}" if skeleton.entry else ""
    return tuple(_line(n, node, anchors, start) for n, node in enumerate(skeleton.nodes))


def _line(number: int, node: Node, anchors: list[str], start: str) -> Line:
    def way(word: str, succ: int) -> str:
        return "" if succ in (-1, number + 1) else f"{word} -> {anchors[succ]}".strip()

    is_branch = node.kind == "branch"
    ways = [way("then" if is_branch else "", node.then), way("else", node.other)]
    ways = [start if number == 0 else "", *ways]
    text = f"if {node.text}" if is_branch else node.text
    return Line(text, "; ".join(w for w in ways if w), number, node.span)


def from_listing(lines: tuple[Line, ...], where: Span) -> Skeleton:
    """The skeleton that a listing shows. Raises InputError where a way leads to no line."""
    anchors: dict[str, int] = {}
    counts: Counter[str] = Counter()
    for number, line in enumerate(lines):
        shape = line.shape.removeprefix("if ")
        counts[shape] += 1
        anchors[shape if counts[shape] == 1 else f"{shape} #{counts[shape]}"] = number
    entry, nodes = 0, []
    for number, line in enumerate(lines):
        ways = {"": number + 1, "then": number + 1, "else": number + 1}
        for way in filter(None, line.ways.split("; ")):
            word, _, anchor = way.rpartition("-> ")
            if anchor not in anchors:
                raise InputError(f"no line says {anchor!r}", line.span or where)
            if word.strip() == "start":
                entry = anchors[anchor]
            ways[word.strip()] = anchors[anchor]
        nodes.append(_node(line, ways, where))
    return Skeleton(tuple(nodes), entry)


def _node(line: Line, ways: dict[str, int], where: Span) -> Node:
    span = line.span or where
    if line.text.startswith("if "):
        return Node("branch", line.text.removeprefix("if "), span, ways["then"], ways["else"])
    if line.text.split()[0] == "return":
        return Node("end", line.text, span)
    return Node("op", line.text, span, ways[""])
