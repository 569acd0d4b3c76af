"""Only what the checks need: the algebra without definitions that were not used."""

from __future__ import annotations

from collections.abc import Sequence

from ksmcheck.cat.algebra import Algebra, AlgebraBuilder, Check
from ksmcheck.cat.recursion import cone
from ksmcheck.record import replace


def reachable(
    builder: AlgebraBuilder,
    checks: Sequence[Check],
    roots: Sequence[int],
    names: Sequence[tuple[str, int]],
) -> Algebra:
    """The nodes below the roots, renumbered in order, and the recursion groups they use."""
    used = set(cone(builder.nodes, roots))
    groups = [g for g in builder.groups if g and not used.isdisjoint(_values(builder, g.id))]
    for group in groups:
        used.update(group.variables)
    kept = sorted(used)
    at = {old: new for new, old in enumerate(kept)}
    at_group = {g.id: i for i, g in enumerate(groups)}
    nodes = [builder.nodes[i] for i in kept]
    return Algebra(
        tuple(
            replace(
                node,
                id=at[node.id],
                args=tuple(at[a] for a in node.args),
                group=at_group.get(node.group, -1),
            )
            for node in nodes
        ),
        tuple(
            replace(
                g,
                id=at_group[g.id],
                variables=tuple(at[v] for v in g.variables),
                bodies=tuple(at[b] for b in g.bodies),
            )
            for g in groups
        ),
        tuple(checks),
        tuple(at[r] for r in roots),
        tuple((name, at[i]) for name, i in names if i in at),
    )


def _values(builder: AlgebraBuilder, group: int) -> list[int]:
    return [n.id for n in builder.nodes if n.op == "fix" and n.group == group]
