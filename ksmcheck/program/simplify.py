"""The unrolled graph made smaller: dead registers, empty blocks, straight lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ksmcheck.program.fold import registers
from ksmcheck.program.ir import Access, Instr, Set
from ksmcheck.program.liveness import assigned, uses
from ksmcheck.program.loops import Loop
from ksmcheck.program.unroll import Edge, Instance, Key
from ksmcheck.record import replace


def forget_iterations(instances: list[Instance], kept: frozenset[Loop]) -> list[Instance]:
    """Only iterations of the loops ``kept`` matter later; a cut keeps its own."""
    for instance in instances:
        instance.iterations = tuple(i for i in instance.iterations if i[0] in kept)
        for edge in instance.edges:
            if edge.repeat is not None and edge.target is not None and edge.repeat[0] not in kept:
                edge.repeat = None
    return instances


def mark_changes(instances: list[Instance], nodes: Mapping[Loop, frozenset[int]]) -> None:
    """Notes the ``changes`` of instances of these nodes, before anything is made of their steps: an
    assignment of a constant that is put in where it is read changes a register all the same."""
    for instance in instances:
        instance.changes = tuple(
            i for i in instance.iterations if instance.node.id in nodes.get(i[0], ())
        )


def simplify(instances: list[Instance], outputs: Iterable[str]) -> list[Instance]:
    """The same thread in fewer instances and instructions; ``outputs`` are live at its end."""
    by_key = {i.key: i for i in instances}
    _drop_dead(instances, by_key, set(outputs))
    _skip_empty(instances, by_key)
    kept = _reached(instances, by_key)
    return _join_lines(kept)


def _drop_dead(instances: list[Instance], by_key: dict[Key, Instance], outputs: set[str]) -> None:
    """Sets nobody reads go; results nobody reads are not kept. The events stay."""
    live: dict[Key, set[str]] = {}
    for instance in reversed(instances):
        after = set() if instance.edges else set(outputs)
        for edge in instance.edges:
            if edge.target is not None:
                after |= live[edge.target]
        if instance.condition is not None:
            after.update(registers(instance.condition))
        instance.steps = needed(instance.steps, after)
        live[instance.key] = after


def needed(steps: Sequence[Instr], live: set[str]) -> list[Instr]:
    """The steps that matter, and ``live`` updated to what is live before them."""
    kept: list[Instr] = []
    for step in reversed(steps):
        target = assigned(step)
        if isinstance(step, Set) and target not in live:
            continue
        if isinstance(step, Access) and target is not None and target not in live:
            step = replace(step, dst=None)
        if target is not None:
            live.discard(target)
        live.update(uses(step))
        kept.append(step)
    return kept[::-1]


def _skip_empty(instances: list[Instance], by_key: dict[Key, Instance]) -> None:
    """Edges to an empty instance with one way on go where that goes."""
    for instance in reversed(instances):
        for edge in instance.edges:
            while edge.target is not None:
                following = by_key[edge.target]
                if following.steps or following.changes or len(following.edges) != 1:
                    break
                if following.edges[0].repeat:
                    break
                edge.target = following.edges[0].target
        if instance.condition is not None and _same(instance.edges):
            instance.edges = instance.edges[:1]
            instance.condition = instance.origin = None


def _same(edges: list[Edge]) -> bool:
    one, other = edges
    plain = not (one.repeat or other.repeat)
    return plain and one.target is not None and one.target == other.target


def _reached(instances: list[Instance], by_key: dict[Key, Instance]) -> list[Instance]:
    reached = {instances[0].key}
    for instance in instances:
        if instance.key in reached:
            reached.update(e.target for e in instance.edges if e.target is not None)
    return [i for i in instances if i.key in reached]


def _join_lines(instances: list[Instance]) -> list[Instance]:
    """An instance whose only way leads to one with no other way in swallows it.

    Not across the end of an iteration, nor into or out of one: what an iteration wrote is known by
    its blocks.
    """
    entries: dict[Key, int] = {}
    for instance in instances:
        for edge in instance.edges:
            if edge.target is not None:
                entries[edge.target] = entries.get(edge.target, 0) + 1
    into: dict[Key, Instance] = {i.key: i for i in instances}
    by_key = dict(into)
    gone: set[Key] = set()
    for instance in instances:
        host = into[instance.key]
        while len(host.edges) == 1:
            edge = host.edges[0]
            if edge.repeat is not None or edge.target is None or entries[edge.target] != 1:
                break
            following = by_key[edge.target]
            if following.iterations != host.iterations or following.key in gone:
                break
            _swallow(host, following)
            gone.add(following.key)
            into[following.key] = host
    return [i for i in instances if i.key not in gone]


def _swallow(host: Instance, following: Instance) -> None:
    host.steps = [*host.steps, *following.steps]
    host.changes = tuple(dict.fromkeys((*host.changes, *following.changes)))
    host.condition, host.origin = following.condition, following.origin
    host.leaves = following.leaves
    host.edges = following.edges
