"""A column of instructions as the loop-free blocks of a thread.

The architectures' control dependency goes from a branch to everything after it in program order,
whether or not the ways meet again: a block is controlled by every branch that may come before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ksmcheck.isa.micro import END, Act, Go, Micros
from ksmcheck.kernel.ints import ADDRESS, BOOL
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.program.finish import Numbering, split_arms
from ksmcheck.program.graph import Begin, Graph, Node
from ksmcheck.program.ir import (
    Access,
    Block,
    Branch,
    Const,
    End,
    Instr,
    Jump,
    Origin,
    Set,
    Terminator,
)
from ksmcheck.program.liveness import repeats
from ksmcheck.program.simplify import forget_iterations, mark_changes
from ksmcheck.program.turn import nest_of
from ksmcheck.program.unroll import Unroller
from ksmcheck.record import Struct, replace
from ksmcheck.text import InputError, Span


class Placed(Struct, frozen=True):
    """An instruction in its place."""

    micros: Micros
    origin: Origin


class Segment(Struct):
    """Code without jumps but at its end. ``go`` is that jump; without one it falls through."""

    steps: list[Instr]
    go: Go | None = None
    origin: Origin | None = None


class Column(Struct, frozen=True):
    """``code`` has labels (name, place) and instructions in order; ``starts`` are the registers'
    values on entry; ``outputs`` the registers that are looked at in the end."""

    code: Sequence[tuple[str, Span] | Placed]
    starts: Mapping[str, Const]
    outputs: tuple[str, ...]
    span: Span


def blocks_of(
    column: Column, unroll: int, primitives: Mapping[str, Primitive]
) -> tuple[Block, ...]:
    """The column's blocks. ``unroll`` bounds backward jumps. Raises InputError."""
    segments, labels = _segments(column)
    targets = [_targets(n, s, labels) for n, s in enumerate(segments)]
    entry = [Set(register, value) for register, value in column.starts.items()]
    if any(t <= n for n, following in enumerate(targets) for t in following):
        return _unrolled(column, segments, targets, entry, unroll, primitives)
    segments[0].steps[:0] = entry
    return _forward(segments, targets)


def _segments(column: Column) -> tuple[list[Segment], dict[str, tuple[int, Span]]]:
    here = Segment([])
    segments, labels = [here], dict[str, tuple[int, Span]]()
    for item in column.code:
        if isinstance(item, tuple):
            if item[0] in labels:
                raise InputError(f"a second label {item[0]}", item[1])
            if here.steps or here.go is not None:
                here = Segment([])
                segments.append(here)
            labels[item[0]] = len(segments) - 1, item[1]
            continue
        if here.go is not None:
            here = Segment([])
            segments.append(here)
        for micro in item.micros:
            if type(micro) is Act:
                here.steps.append(_access(micro, item.origin))
            elif type(micro) is Set:
                here.steps.append(micro)
            elif type(micro) is Go:
                here.go, here.origin = micro, item.origin
    ended = any(s.go is not None and s.go.label == END for s in segments)
    if here.go is not None or ended:
        segments.append(Segment([]))
        labels[END] = len(segments) - 1, column.span
    return segments, labels


def _access(act: Act, origin: Origin) -> Access:
    return Access(act.primitive.name, act.dst, act.args, act.cell, act.result, origin)


def _targets(
    number: int, segment: Segment, labels: Mapping[str, tuple[int, Span]]
) -> tuple[int, ...]:
    """The segments that may follow: where a jump goes comes first."""
    if segment.go is None:
        return (number + 1,)
    known = labels.get(segment.go.label)
    if known is None:
        assert segment.origin is not None
        raise InputError(f"there is no label {segment.go.label}", segment.origin.span)
    return (known[0],) if segment.go.condition is None else (known[0], number + 1)


def _forward(segments: list[Segment], targets: list[tuple[int, ...]]) -> tuple[Block, ...]:
    """Blocks where all jumps go forward: the segments in their order."""
    last = len(segments) - 1
    if last == 0:
        return (Block(0, tuple(segments[0].steps), End(), frozenset()),)
    reached = {0}
    for number, following in enumerate(targets):
        if number in reached:
            reached.update(t for t in following if t <= last)
    ids = {old: new for new, old in enumerate(sorted(reached))}
    controls: dict[int, frozenset[int]] = {n: frozenset() for n in reached}
    blocks = []
    for old in sorted(reached):
        end = _end(old, segments[old], targets[old], ids, last)
        under = controls[old] | {ids[old]} if isinstance(end, Branch) else controls[old]
        if not isinstance(end, End):
            for target in targets[old]:
                controls[target] |= under
        blocks.append(Block(ids[old], tuple(segments[old].steps), end, controls[old]))
    return tuple(blocks)


def _end(
    number: int, segment: Segment, targets: tuple[int, ...], ids: Mapping[int, int], last: int
) -> Terminator:
    if segment.go is not None and segment.go.condition is not None:
        assert segment.origin is not None
        then, otherwise = (ids[t] for t in targets)
        return Branch(segment.go.condition, then, otherwise, segment.origin)
    return End() if number == last else Jump(ids[targets[0]])


def _unrolled(
    column: Column,
    segments: list[Segment],
    targets: list[tuple[int, ...]],
    entry: list[Set],
    unroll: int,
    primitives: Mapping[str, Primitive],
) -> tuple[Block, ...]:
    graph = _graph(segments, targets, entry)
    nest = nest_of(graph, column.outputs)
    spots = nest.spots
    loops = {loop for spot in spots.values() for loop in spot.loops}
    known = {loop: repeats(loop, graph, nest.live, primitives) for loop in loops}
    silent = frozenset(loop for loop, repeat in known.items() if repeat.silent)
    unroller = Unroller(graph, spots, unroll, silent)
    unrolled = unroller.run()
    settled = unroller.settled({loop: repeat.settles for loop, repeat in known.items()})
    matter = frozenset(loop for loop, repeat in known.items() if repeat.matters)
    mark_changes(unrolled, {loop: repeat.changing for loop, repeat in known.items()})
    # Not simplified: a branch both of whose ways lead to the same place still controls.
    instances = forget_iterations(unrolled, matter)
    blocks = Numbering(split_arms(instances), known, settled, column.span).blocks()
    return _controlled(blocks)


def _graph(segments: list[Segment], targets: list[tuple[int, ...]], entry: list[Set]) -> Graph:
    graph = Graph()
    graph.here.steps.extend(entry)
    nodes: list[Node] = [graph.node() for _ in segments]
    last = len(segments) - 1
    graph.goto(nodes[0])
    for number, (node, segment, following) in enumerate(zip(nodes, segments, targets, strict=True)):
        graph.begin(node)
        node.steps.extend(segment.steps)
        origin = segment.origin
        if origin is not None and min(following) <= number:
            nodes[min(following)].loop = Begin(origin.span, origin.span.start, label=True)
        if segment.go is not None and segment.go.condition is not None:
            assert origin is not None
            then, otherwise = (nodes[t] for t in following)
            graph.fork(segment.go.condition, then, otherwise, origin)
        elif number != last or segment.go is not None:
            graph.goto(nodes[following[0]])
    return graph


def _controlled(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """The blocks with the architectures' control dependencies."""
    before: list[frozenset[int]] = [frozenset() for _ in blocks]
    for block in blocks:
        end = block.end
        if isinstance(end, Branch):
            for target in (end.then, end.otherwise):
                before[target] |= before[block.id] | {block.id}
        elif isinstance(end, Jump):
            before[end.target] |= before[block.id]
    return tuple(replace(b, controls=c) for b, c in zip(blocks, before, strict=True))


def zero(register: str) -> Const:
    """What a register starts with; flags are truth values."""
    return Const(0, BOOL if register.startswith("flag.") else ADDRESS)
