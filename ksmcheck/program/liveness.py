"""Which registers a point of the graph may still read; what that says of loops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ksmcheck.kernel.primitive import Primitive
from ksmcheck.program.fold import registers
from ksmcheck.program.graph import Forget, Fork, Graph, Node, Step, Stop, Touch
from ksmcheck.program.ir import (
    Access,
    Assume,
    Branch,
    Check,
    Const,
    End,
    Jump,
    Set,
    Thread,
)
from ksmcheck.program.loops import Loop
from ksmcheck.record import Struct


def uses(step: Step) -> Iterator[str]:
    """The registers that a step reads."""
    if type(step) is Set:
        yield from registers(step.expr)
    elif type(step) is Access:
        for arg in step.args:
            yield from registers(arg)
    elif type(step) is Check or type(step) is Assume:
        yield from registers(step.holds)


def assigned(step: Step) -> str | None:
    """The register that a step gives a value to."""
    if type(step) is Set or type(step) is Forget:
        return step.reg
    return step.dst if type(step) is Access else None


def live_before(steps: Sequence[Step], after: set[str]) -> set[str]:
    """Registers live before the steps, given those live after."""
    live = set(after)
    for step in reversed(steps):
        target = assigned(step)
        if target is not None:
            live.discard(target)
        if not isinstance(step, Touch):
            live.update(uses(step))
    return live


def live_at_entries(graph: Graph, outputs: Iterable[str]) -> dict[int, frozenset[str]]:
    """Registers live at the beginning of each node, by node id (a fixed point from below)."""
    at_end = set(outputs)
    names = _Names()
    read = [names.mask(live_before(n.steps, _tested(n, at_end))) for n in graph.nodes]
    kept = [~names.mask(filter(None, map(assigned, n.steps))) for n in graph.nodes]
    following = [[f.id for f in n.successors()] for n in graph.nodes]
    live = [0] * len(graph.nodes)
    changed = True
    while changed:
        changed = False
        for node in range(len(live) - 1, -1, -1):
            after = 0
            for successor in following[node]:
                after |= live[successor]
            now = after & kept[node] | read[node]
            if now != live[node]:
                live[node], changed = now, True
    return {node: names.of(mask) for node, mask in enumerate(live)}


class _Names:
    """Registers as the bits of integers."""

    def __init__(self) -> None:
        self._bits: dict[str, int] = {}
        self._sets: dict[int, frozenset[str]] = {}

    def mask(self, names: Iterable[str]) -> int:
        found = 0
        for name in names:
            found |= self._bits.setdefault(name, 1 << len(self._bits))
        return found

    def of(self, mask: int) -> frozenset[str]:
        found = self._sets.get(mask)
        if found is None:
            found = frozenset([name for name, bit in self._bits.items() if bit & mask])
            self._sets[mask] = found
        return found


def _tested(node: Node, at_end: set[str]) -> set[str]:
    """What is read after a node's steps, whatever comes next."""
    if isinstance(node.end, Stop):
        return at_end
    return set(registers(node.end.condition)) if isinstance(node.end, Fork) else set()


def live_at_blocks(thread: Thread) -> list[set[str]]:
    """Registers live at the beginning of each block of an unrolled thread (a later block never
    leads to an earlier one)."""
    at_end = {register for _, register, _ in thread.outputs}
    live: list[set[str]] = [set()] * len(thread.blocks)
    for block in reversed(thread.blocks):
        end, after = block.end, set[str]()
        if isinstance(end, Branch):
            after = live[end.then] | live[end.otherwise] | set(registers(end.condition))
        elif isinstance(end, Jump):
            after = live[end.target]
        elif isinstance(end, End):
            after = at_end
        live[block.id] = live_before(block.instrs, after)
    return live


class Repeats(Struct, frozen=True):
    """What leaving out an iteration that writes nothing, and in which no check of the program
    fails, would change.

    ``unchanged``: nothing that is read later.
    ``plain``: the body has plain reads; they change nothing either, but may be data races.
    ``writes``: the body has something that may write.
    ``settles``: not ``unchanged``, but for registers that the body gives these constants and no
    others: where they have them already, it changes nothing.
    ``changing``: not ``unchanged``, but for these nodes of the graph, and some way round the loop
    comes by none of them; empty where there is no such way.
    ``counted``: which way it goes round, and whether, hangs on nothing that the body reads.
    """

    unchanged: bool
    plain: bool
    writes: bool
    settles: Mapping[str, Const]
    changing: frozenset[int]
    counted: bool

    @property
    def matters(self) -> bool:
        """Whether some iteration may be left out."""
        return self.unchanged or bool(self.settles) or bool(self.changing)

    @property
    def silent(self) -> bool:
        """Every iteration but the last may be left out: the loop only waits."""
        return self.unchanged and not self.plain and not self.writes


def repeats(
    loop: Loop,
    graph: Graph,
    live: Mapping[int, frozenset[str]],
    primitives: Mapping[str, Primitive],
    plain: frozenset[str] = frozenset(),
) -> Repeats:
    """Whether iterations of a loop that write nothing may be left out; accesses at the sites
    ``plain`` count as plain reads."""
    body = [s for n in graph.nodes if n.id in loop.nodes for s in n.steps]
    changed = {target for step in body if (target := assigned(step)) is not None}
    carried = changed & live[loop.head.id]
    settles = _constants(body, carried) if loop.single and carried else {}
    changing = _changing(loop, graph, carried) if loop.single else frozenset()
    accesses = [step for step in body if isinstance(step, Access)]
    called = {step.name for step in accesses}
    writes = any(primitives[name].new is not None for name in called)
    reads = "load" in called or any(step.origin.site in plain for step in accesses)
    counted = _counted(loop, graph, body)
    return Repeats(loop.single and not carried, reads, writes, settles, changing, counted)


def _counted(loop: Loop, graph: Graph, body: Sequence[Step]) -> bool:
    """Whether no access of the body gives a value that its branches are computed from."""
    ends = [node.end for node in graph.nodes if node.id in loop.nodes]
    todo = [r for end in ends if isinstance(end, Fork) for r in registers(end.condition)]
    given = {step.dst for step in body if isinstance(step, Access)}
    sources: dict[str, set[str]] = {}
    for step in body:
        if type(step) is Set:
            sources.setdefault(step.reg, set()).update(registers(step.expr))
    seen: set[str] = set()
    while todo:
        register = todo.pop()
        if register not in seen:
            seen.add(register)
            todo += sources.get(register, ())
    return seen.isdisjoint(given)


def _changing(loop: Loop, graph: Graph, carried: set[str]) -> frozenset[int]:
    """The loop's nodes that give such a register a value, if one can go round without them."""
    inside = {n.id: n for n in graph.nodes if n.id in loop.nodes}
    found = {id for id, n in inside.items() if any(assigned(s) in carried for s in n.steps)}
    todo, seen = [loop.head.id], found | {loop.head.id}
    while todo:
        node = todo.pop()
        if node in found:
            continue
        for following in inside[node].successors():
            if following is loop.head:
                return frozenset(found)
            if following.id in inside and following.id not in seen:
                seen.add(following.id)
                todo.append(following.id)
    return frozenset()


def _constants(body: Sequence[Step], carried: set[str]) -> dict[str, Const]:
    """What all the registers get, if each gets one constant alone."""
    found: dict[str, Const] = {}
    for step in body:
        target = assigned(step)
        if target in carried:
            given = step.expr if isinstance(step, Set) else None
            if not isinstance(given, Const) or found.setdefault(target, given) != given:
                return {}
    return found
