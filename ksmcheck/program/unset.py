"""Reads of locals that have got no value on some way there.

C gives them no meaning (C17 6.3.2.1 p2), so they are findings, like a division by zero. Which reads
could be such is seen from the graph; for the locals of these a register of its own tells whether
the local has a value, and each read demands it. Where the branches that decide about both go
together (``if (c) v = 1; ... if (c) use(v);``) the demand holds in every execution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from operator import and_, or_
from typing import TypeAlias

from ksmcheck.kernel.ints import S32
from ksmcheck.program import fold
from ksmcheck.program.graph import Forget, Graph, Node, Step, Touch
from ksmcheck.program.ir import UNSET, Check, Const, Set, Use
from ksmcheck.program.liveness import assigned

Meet: TypeAlias = Callable[[int, int], int]

Effect: TypeAlias = tuple[int, int]
"""The registers that a node's steps change, and those that have a value behind them."""

ZERO, ONE = Const(0, S32), Const(1, S32)


def demand_values(graph: Graph) -> None:
    """Adds to the graph what tells which locals have a value, and the demands.

    A read that no assignment comes to is left: it is an error, not a finding.
    """
    touches = {s.reg for n in graph.nodes for s in n.steps if isinstance(s, Touch) and s.demanded}
    if not touches:
        return
    bits = {reg: 1 << i for i, reg in enumerate(sorted(touches))}
    effects = {n.id: _effect(n, bits) for n in graph.nodes}
    surely, maybe = (_before(graph, effects, meet) for meet in (and_, or_))
    doubtful: set[str] = set()
    demands: dict[int, Check] = {}
    for node in graph.nodes:
        for touch, known, possible in _touches(node, surely, maybe, bits):
            if not known and possible:
                doubtful.add(touch.reg)
                demands[id(touch)] = _demand(touch)
    if not doubtful:
        return
    for node in graph.nodes:
        node.steps = [
            new for s in node.steps for new in _with_flag(demands.get(id(s), s), doubtful)
        ]
    graph.entry.steps[:0] = [Set(_flag(reg), ZERO) for reg in sorted(doubtful)]


def _flag(register: str) -> str:
    return f"{register} set?"


def _demand(touch: Touch) -> Check:
    known = fold.truth(Use(_flag(touch.reg), S32))
    holds = fold.op("lor", S32, fold.negation(touch.when), known)
    return Check(UNSET, holds, touch.origin)


def _with_flag(step: Step, doubtful: set[str]) -> Iterator[Step]:
    yield step
    target = assigned(step)
    if target is not None and target in doubtful:
        yield Set(_flag(target), ZERO if isinstance(step, Forget) else ONE)


def _before(graph: Graph, effects: dict[int, Effect], meet: Meet) -> dict[int, int]:
    """The registers with a value before each node that can be come to, on all ways or on some."""
    before = {graph.entry.id: 0}
    waiting = [graph.entry.id]  # a heap: most ways lead to nodes that were made later
    while waiting:
        number = heappop(waiting)
        lost, given = effects[number]
        after = before[number] & ~lost | given
        for following in graph.nodes[number].successors():
            old = before.get(following.id)
            met = after if old is None else meet(old, after)
            if met != old:
                before[following.id] = met
                if following.id not in waiting:
                    heappush(waiting, following.id)
    return before


def _effect(node: Node, bits: dict[str, int]) -> Effect:
    lost = given = 0
    for step in node.steps:
        lost |= _bit(step, bits)
        given = _after(step, given, bits)
    return lost, given


def _bit(step: Step, bits: dict[str, int]) -> int:
    target = assigned(step)
    return 0 if target is None else bits.get(target, 0)


def _after(step: Step, known: int, bits: dict[str, int]) -> int:
    bit = _bit(step, bits)
    return known & ~bit if isinstance(step, Forget) else known | bit


def _touches(
    node: Node, surely: dict[int, int], maybe: dict[int, int], bits: dict[str, int]
) -> Iterator[tuple[Touch, bool, bool]]:
    """Each demanded read, and whether its local surely, or maybe, has a value there."""
    if node.id not in surely:
        return
    known, possible = surely[node.id], maybe[node.id]
    for step in node.steps:
        if isinstance(step, Touch) and step.demanded:
            bit = bits[step.reg]
            yield step, bool(known & bit), bool(possible & bit)
        known, possible = _after(step, known, bits), _after(step, possible, bits)
