"""What a derivation needs to know of an algebra, once for all candidates."""

from __future__ import annotations

from ksmcheck.cat.algebra import Algebra, Group
from ksmcheck.cat.dependence import free_groups, varying_nodes
from ksmcheck.cat.graph import DYNAMIC
from ksmcheck.cat.recursion import cone
from ksmcheck.record import Struct, field

# Operators whose value at (a, b) hangs on more than those of the operands at a and b.
_THROUGH_OTHERS = frozenset(["seq", "plus", "star", "domain", "range", "var", "fix"])


class Plan(Struct, frozen=True):
    """``free[i]``: recursion groups open in node i. ``stable[i]``: every candidate that the caller
    considers has the same value of node i at the same executed events. ``still[i]``: derivations of
    node i use no dynamic facts. ``fixed`` is as in ``CompiledCat.explain``. ``locals[i]``: the
    node's name in generated code. ``parts[i]``: of a union (of unions) or an intersection, what it
    is made of in the end. ``pointwise[i]``: whether a pair is in node i hangs on its two events
    alone, in all that it is made of. ``below``: what each definition of a recursion group is made
    of, operands first; ``inside``: what each group is, ``outside`` that of it which does not hang
    on the group. ``orders``: what others make of the plan, to be added to (``cat.bounds``)."""

    algebra: Algebra
    fixed: frozenset[str]
    free: list[frozenset[int]]
    stable: list[bool]
    still: list[bool]
    groups: dict[int, Group]
    locals: list[str]
    parts: list[tuple[int, ...]]
    pointwise: list[bool]
    below: dict[int, list[int]]
    inside: dict[int, list[int]]
    outside: dict[int, list[int]]
    orders: dict[tuple[int, int, bool], list[tuple[int, int]]] = field(default_factory=dict)


def plan(algebra: Algebra, fixed: frozenset[str]) -> Plan:
    """The plan for an algebra, where the caller vouches for what ``fixed`` names."""
    moving = tuple(name for name in DYNAMIC if name not in fixed)
    varies = varying_nodes(algebra, moving)
    pointwise = [False] * len(algebra.nodes)
    for node in algebra.nodes:
        pointwise[node.id] = node.op not in _THROUGH_OTHERS and all(pointwise[a] for a in node.args)
    free = free_groups(algebra)
    stable = [
        not varies[i] and ("exec" in fixed or pointwise[i]) for i in range(len(algebra.nodes))
    ]
    names = [f"x{i}" for i in range(len(algebra.nodes))]
    still = [not v for v in varies]
    groups = {g.id: g for g in algebra.groups}
    below = {b: sorted(cone(algebra.nodes, [b])) for g in algebra.groups for b in g.bodies}
    inside = {g.id: cone(algebra.nodes, g.bodies) for g in algebra.groups}
    outside = {g: [i for i in nodes if not free[i]] for g, nodes in inside.items()}
    parts = _parts(algebra)
    return Plan(
        algebra, fixed, free, stable, still, groups, names, parts, pointwise, below, inside, outside
    )


def _parts(algebra: Algebra) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = []
    for node in algebra.nodes:  # operands come first
        parts: dict[int, None] = {}
        if node.op in ("union", "inter"):
            for arg in node.args:
                same = algebra.nodes[arg].op == node.op
                parts.update(dict.fromkeys(found[arg] if same else (arg,)))
        found.append(tuple(parts))
    return found
