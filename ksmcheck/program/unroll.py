"""Unrolling: a graph with loops becomes one without, constants folded on the way.

Instances of nodes are made in topological order, so that all that arrives at an instance is known
when it is made: the constants that hold there, and the locals that may have been assigned. A branch
that a constant decides has one way only, and so a loop with a constant trip count ends by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush

from ksmcheck.program.entries import Entries
from ksmcheck.program.fold import substitute
from ksmcheck.program.graph import Forget, Fork, Goto, Graph, Node, Step, Touch
from ksmcheck.program.ir import (
    BAD_ADDRESS,
    UNDEFINED,
    Access,
    Assume,
    Check,
    Const,
    Expr,
    Instr,
    Origin,
    Set,
)
from ksmcheck.program.loops import Loop, Spot
from ksmcheck.record import Struct, field, replace
from ksmcheck.text import InputError, Span
from ksmcheck.text.diagnostic import PREDEFINED

COUNTED = 64
"""How often a loop goes round while constants alone keep it going, unless the bound is higher."""

BROUGHT = 4096
"""The same of a loop of a macro that comes along, such as memset() of an array."""

TRIED = 8
"""The same where something else may end the loop before, unless the bound is as high: of a hundred
tries the second mostly succeeds, and a few show it."""

MAXIMUM = 20_000
"""Blocks of one thread; beyond, nested bounds have multiplied out of hand."""

_OF_ALL = UNDEFINED | {BAD_ADDRESS}
"""What is demanded of every program: where it is met, nothing is left of it."""

Key = tuple[int, ...]
Iteration = tuple[Loop, tuple[int, ...]]
"""A loop and the iteration numbers of it and the loops around it, outermost first."""


class Edge(Struct):
    """``repeat`` is set where the edge goes round a loop: the iteration that ends here."""

    target: Key | None
    repeat: Iteration | None = None


class Instance(Struct):
    """One copy of a node. ``condition`` is None unless two edges leave it (``leaves`` as in Fork);
    no edges: the end.

    ``iterations`` are those that it belongs to; ``changes``, those of them in which it changes what
    the loop carries on. An edge without a target is a cut.
    """

    key: Key
    node: Node
    counts: tuple[int, ...]
    iterations: tuple[Iteration, ...]
    steps: list[Instr] = field(default_factory=list)
    condition: Expr | None = None
    origin: Origin | None = None
    leaves: tuple[Origin, ...] = ()
    edges: list[Edge] = field(default_factory=list)
    changes: tuple[Iteration, ...] = ()


class _Facts(Struct):
    """What holds on arrival: constants on all ways, registers assigned on some way."""

    constants: dict[str, Const]
    assigned: set[str]

    def meet(self, other: _Facts) -> None:
        kept = other.constants
        self.constants = {r: c for r, c in self.constants.items() if kept.get(r) == c}
        self.assigned |= other.assigned

    def copy(self) -> _Facts:
        return _Facts(dict(self.constants), set(self.assigned))


def along(nodes: Sequence[Node]) -> list[Instr]:
    """What a thread without branches and loops does, constants folded; as ``Unroller`` has it."""
    facts = _Facts({}, set())
    done = [_step(step, facts) for node in nodes for step in node.steps]
    return [step for step in done if step is not None]


class Unroller:
    """``bound``: how often a loop goes round, unless its own bound or constants say more.

    ``silent`` loops go round once at most: going on would change nothing, and what goes wrong in an
    iteration that goes on shows in the first.
    """

    def __init__(
        self, graph: Graph, spots: Mapping[int, Spot], bound: int, silent: frozenset[Loop]
    ) -> None:
        self.spots = spots
        self.bound = bound
        self.silent = silent
        self.entry = graph.entry
        self.entries = Entries(graph)
        self.made: dict[Key, Instance] = {}
        self.facts: dict[Key, _Facts] = {}
        self.todo: list[Key] = []
        self.counted: set[Iteration] = set()
        self.ended: set[Iteration] = set()
        self.at_head: dict[Iteration, dict[str, Const]] = {}

    def run(self) -> list[Instance]:
        """The instances in topological order, the entry first."""
        spot = self.spots[self.entry.id]
        self._arrive(self.entry, (0,) * len(spot.loops), _Facts({}, set()))
        done = []
        while self.todo:
            instance = self.made[heappop(self.todo)]
            self._fill(instance, self.facts.pop(instance.key))
            done.append(instance)
            if len(done) > MAXIMUM:
                hint = "lower the unrolling bound, or bound the inner loops"
                raise InputError("the unrolled thread is too large", self._span(done), hint=hint)
        return done

    def settled(self, constants: Mapping[Loop, Mapping[str, Const]]) -> frozenset[Iteration]:
        """The iterations that begin with all of these constants of their loop, if it has any."""
        return frozenset(
            iteration
            for iteration, held in self.at_head.items()
            if (own := constants.get(iteration[0])) and own.items() <= held.items()
        )

    def _span(self, done: list[Instance]) -> Span | None:
        return next((i.iterations[0][0].span for i in done if i.iterations), None)

    def _arrive(self, node: Node, counts: tuple[int, ...], facts: _Facts) -> Key:
        spot = self.spots[node.id]
        key = _key(spot, counts)
        if key not in self.made:
            iterations = tuple((loop, counts[: i + 1]) for i, loop in enumerate(spot.loops))
            self.made[key] = Instance(key, node, counts, iterations)
            self.facts[key] = facts.copy()
            heappush(self.todo, key)
        else:
            self.facts[key].meet(facts)
        return key

    def _fill(self, instance: Instance, facts: _Facts) -> None:
        for iteration in instance.iterations:
            if iteration[0].head is instance.node:
                self.at_head[iteration] = dict(facts.constants)
        for step in instance.node.steps:
            done = _step(step, facts)
            if done is not None:
                instance.steps.append(done)
        end = instance.node.end
        if isinstance(end, Goto):
            instance.edges = [self._edge(instance, end.target, facts)]
        elif isinstance(end, Fork):
            self._fork(instance, end, facts)

    def _fork(self, instance: Instance, end: Fork, facts: _Facts) -> None:
        condition = substitute(end.condition, facts.constants)
        if isinstance(condition, Const):
            taken, other = end.then, end.otherwise
            if not condition.value:
                taken, other = other, taken
            for iteration in instance.iterations:
                if taken.id in iteration[0].nodes and other.id not in iteration[0].nodes:
                    self.counted.add(iteration)
            instance.edges = [self._edge(instance, taken, facts)]
            return
        for iteration in instance.iterations:
            nodes = iteration[0].nodes
            if (end.then.id in nodes) != (end.otherwise.id in nodes):
                self.ended.add(iteration)
        instance.condition, instance.origin = condition, end.origin
        instance.leaves = end.leaves
        instance.edges = [self._edge(instance, t, facts) for t in (end.then, end.otherwise)]

    def _edge(self, source: Instance, target: Node, facts: _Facts) -> Edge:
        here, there = self.spots[source.node.id].loops, self.spots[target.id].loops
        for depth, loop in enumerate(here):
            if loop.head is target:
                return self._back(source, depth, facts)
        shared = 0
        while shared < min(len(here), len(there)) and here[shared] is there[shared]:
            shared += 1
        entered = tuple(self.entries.round(loop.head, target) for loop in there[shared:])
        return Edge(self._arrive(target, source.counts[:shared] + entered, facts))

    def _back(self, source: Instance, depth: int, facts: _Facts) -> Edge:
        iteration = source.iterations[depth]
        loop, counts = iteration
        limit = self.bound if loop.bound is None else loop.bound
        if loop in self.silent:
            limit = min(limit, 1)
        # A constant test alone is not a count: it may be the same one each time round. What is
        # left of an iteration that was entered in its middle was never at the head.
        counting = iteration in self.counted and facts.constants != self.at_head.get(iteration)
        if counting:
            limit = max(limit, self._counted_limit(iteration))
        if counts[-1] >= limit:
            return Edge(None, iteration)
        following = (*counts[:-1], counts[-1] + 1)
        return Edge(self._arrive(loop.head, following, facts), iteration)

    def _counted_limit(self, iteration: Iteration) -> int:
        """Where constants keep it going. Raises InputError where a macro's loop takes too long: the
        user has no bound to set for it."""
        loop, counts = iteration
        if iteration in self.ended:
            return TRIED if self.bound < TRIED else COUNTED
        if not _is_brought(loop):
            return COUNTED
        if counts[-1] >= BROUGHT:
            message = f"this goes on for more than {BROUGHT} elements"
            raise InputError(message, loop.span, "a few elements show what many would")
        return BROUGHT


def _is_brought(loop: Loop) -> bool:
    via = None if loop.span is None else loop.span.via
    return via is not None and via.source.name == PREDEFINED


def _key(spot: Spot, counts: tuple[int, ...]) -> Key:
    """Order on the outermost level, iteration there, order on the next level, ..."""
    key: list[int] = []
    for order, count in zip(spot.order, counts, strict=False):
        key += (order, count)
    return (*key, spot.order[-1])


def _step(step: Step, facts: _Facts) -> Instr | None:
    """A step with constants put in; ``facts`` become those after it."""
    if isinstance(step, Set):
        expr = substitute(step.expr, facts.constants)
        facts.assigned.add(step.reg)
        if isinstance(expr, Const):
            facts.constants[step.reg] = expr
        else:
            facts.constants.pop(step.reg, None)
        return Set(step.reg, expr)
    if isinstance(step, Forget):
        # What is read on a way without assignment is 0, as herd7 has it; a read that no assignment
        # can reach is an error (below), so this 0 shows only where the ways are mixed.
        facts.assigned.discard(step.reg)
        facts.constants[step.reg] = Const(0, step.type)
        return Set(step.reg, Const(0, step.type))
    if isinstance(step, Touch):
        if step.reg not in facts.assigned:
            message = f"{step.name} is used, but has no value here"
            raise InputError(message, step.origin.span, hint="give it a value first")
        return None
    if isinstance(step, Access):
        args = tuple(substitute(a, facts.constants) for a in step.args)
        if step.dst is not None:
            facts.assigned.add(step.dst)
            facts.constants.pop(step.dst, None)
        return replace(step, args=args)
    holds = substitute(step.holds, facts.constants)
    if isinstance(step, Check):
        met = isinstance(holds, Const) and holds.value
        return None if met and step.kind in _OF_ALL else Check(step.kind, holds, step.origin)
    return Assume(holds, step.origin)
