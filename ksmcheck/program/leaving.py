"""Branches by which a loop is left that does something in each round.

    while (!READ_ONCE(*flag))
            cpu_relax();
    WRITE_ONCE(*data, 1);

What comes after the loop is executed whichever way the last branch goes, sooner or later, and so is
under no control in the usual sense (``control``). But the thread may stay in the loop for ever: no
compiler makes the store before it knows that it does not, for volatile accesses and barriers may
neither be left out nor change their order, and so no machine sees the store without that branch.
The kernel's smp_acquire__after_ctrl_dep() rests on that (include/asm-generic/barrier.h). In a loop
that accesses nothing, or is plain C, the branch may be computed away.
"""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.program.graph import Fork, Graph, Node
from ksmcheck.program.ir import Access, Origin
from ksmcheck.program.loops import Loop, loop_nest
from ksmcheck.record import replace

PLAIN = frozenset(("load", "store", "volatile load"))
"""Accesses that no primitive makes. (A volatile store is WRITE_ONCE, by a site of another name.)"""


def mark_leaving(graph: Graph) -> None:
    """Sets ``Fork.leaves`` in a graph as it was written."""
    if graph.line() is not None:
        return
    for id, spot in loop_nest(graph).items():
        node = graph.nodes[id]
        end = node.end
        if isinstance(end, Fork):
            left = (loop for loop in spot.loops if _leaves(end, loop))
            nodes = sorted({number for loop in left for number in loop.nodes})
            done = tuple(origin for number in nodes for origin in _done(graph.nodes[number]))
            if done:
                node.end = replace(end, leaves=done)


def _leaves(end: Fork, loop: Loop) -> bool:
    stays = [way.id in loop.nodes for way in (end.then, end.otherwise)]
    return sum(stays) == 1


def _done(node: Node) -> Iterator[Origin]:
    accesses = (step for step in node.steps if isinstance(step, Access))
    for step in accesses:
        own = step.name != "WRITE_ONCE" or step.origin.site.startswith("WRITE_ONCE@")
        if own and step.name not in PLAIN:
            yield step.origin
