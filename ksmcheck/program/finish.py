"""From unrolled instances to the program's blocks."""

from __future__ import annotations

from collections.abc import Mapping

from ksmcheck.program.control import controls
from ksmcheck.program.ir import (
    Block,
    Branch,
    Cut,
    End,
    Jump,
    LoopIteration,
    Terminator,
)
from ksmcheck.program.liveness import Repeats
from ksmcheck.program.loops import Loop
from ksmcheck.program.unroll import Edge, Instance, Iteration, Key
from ksmcheck.text import Span


class Numbering:
    """Blocks from instances, whose order they keep; ``split_arms`` has been applied. ``settled``:
    iterations that change nothing, where their loop does in others."""

    def __init__(
        self,
        instances: list[Instance],
        repeats: Mapping[Loop, Repeats],
        settled: frozenset[Iteration],
        span: Span,
    ) -> None:
        self.instances = instances
        self.repeats = repeats
        self.settled = settled
        self.span = span
        self.ids: dict[Key, int] = {i.key: n for n, i in enumerate(instances)}
        self.members: dict[Iteration, set[int]] = {}
        for number, instance in enumerate(instances):
            for iteration in instance.iterations:
                self.members.setdefault(iteration, set()).add(number)
        self.known: dict[Iteration, LoopIteration] = {}

    def blocks(self) -> tuple[Block, ...]:
        ends = [self._end(instance) for instance in self.instances]
        under = controls(
            [_successors(end) for end in ends],
            frozenset(n for n, end in enumerate(ends) if isinstance(end, End)),
        )
        return tuple(
            Block(n, tuple(instance.steps), ends[n], under[n])
            for n, instance in enumerate(self.instances)
        )

    def _end(self, instance: Instance) -> Terminator:
        if not instance.edges:
            return End()
        if instance.condition is None:
            return self._way(instance.edges[0])
        assert instance.origin is not None
        then, otherwise = (edge.target for edge in instance.edges)
        assert then is not None and otherwise is not None, "split_arms comes first"
        arms = self.ids[then], self.ids[otherwise]
        return Branch(instance.condition, *arms, instance.origin, instance.leaves)

    def _way(self, edge: Edge) -> Terminator:
        iteration = None if edge.repeat is None else self._iteration(edge.repeat)
        if edge.target is None:
            assert iteration is not None
            return Cut(iteration)
        return Jump(self.ids[edge.target], iteration)

    def _iteration(self, iteration: Iteration) -> LoopIteration:
        if iteration not in self.known:
            loop, counts = iteration
            repeats = self.repeats[loop]
            settled = repeats.unchanged or iteration in self.settled
            unchanged = settled or bool(repeats.changing)
            members = self.members.get(iteration, set())
            self.known[iteration] = LoopIteration(
                loop.span or self.span,
                counts[-1],
                frozenset(members),
                unchanged and not repeats.plain,
                unchanged,
                loop.head.id,
                frozenset(
                    n for n in members if not settled and iteration in self.instances[n].changes
                ),
                repeats.counted,
            )
        return self.known[iteration]


def split_arms(instances: list[Instance]) -> list[Instance]:
    """Gives each arm of a branch that goes round a loop, or into a cut, a block of its own."""
    done = []
    for instance in instances:
        done.append(instance)
        if instance.condition is None:
            continue
        for place, edge in enumerate(instance.edges):
            if edge.repeat is None:
                continue
            key = (*instance.key, place)
            done.append(
                Instance(key, instance.node, instance.counts, instance.iterations, edges=[edge])
            )
            instance.edges[place] = Edge(key)
    return done


def _successors(end: Terminator) -> tuple[int, ...]:
    if isinstance(end, Jump):
        return (end.target,)
    if isinstance(end, Branch):
        return (end.then, end.otherwise)
    return ()
