"""Recursion groups: which nodes hang on which variables, and whether they grow with them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from ksmcheck.cat.algebra import AlgebraBuilder, Group, Node
from ksmcheck.text import InputError

POSITIVE, NEGATIVE = 1, 2


def flipped(sign: int) -> int:
    """Positive and negative exchanged."""
    return (sign >> 1 | sign << 1) & 3


def cone(
    nodes: Sequence[Node], roots: Iterable[int], ends: Container[int] = frozenset()
) -> list[int]:
    """The nodes that the roots are made of (and the roots), operands first. What those of ``ends``
    are made of is left out."""
    seen: set[int] = set()
    out: list[int] = []
    stack = [(root, False) for root in roots]
    while stack:
        node, done = stack.pop()
        if done:
            out.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            if node not in ends:
                stack.extend((a, False) for a in nodes[node].args)
    return out


def signs(
    nodes: Sequence[Node], roots: Iterable[tuple[int, int]], groups: Iterable[Group | None]
) -> dict[int, int]:
    """For each node below the roots, how it occurs: POSITIVE, NEGATIVE, or both bits.

    A root comes with its own sign. An operand on the right of a difference, or of a complement,
    occurs with the opposite one. A variable of one of the groups stands for its definition.
    """
    bodies = {v: b for g in groups if g for v, b in zip(g.variables, g.bodies, strict=True)}
    out: dict[int, int] = {}
    stack = list(roots)
    while stack:
        at, sign = stack.pop()
        new = sign & ~out.get(at, 0)
        if not new:
            continue
        out[at] = out.get(at, 0) | new
        node = nodes[at]
        if node.op == "fix":
            stack.append((node.args[node.index], new))
        elif at in bodies:
            stack.append((bodies[at], new))
        else:
            for i, operand in enumerate(node.args):
                turns = node.op == "complement" or (node.op == "diff" and i == 1)
                stack.append((operand, flipped(new) if turns else new))
    return out


def is_monotone(
    builder: AlgebraBuilder, variables: tuple[int, ...], bodies: tuple[int, ...]
) -> bool:
    """Whether the definitions of a group only grow with its variables."""
    found = signs(builder.nodes, [(body, POSITIVE) for body in bodies], builder.groups)
    return not any(found.get(v, 0) & NEGATIVE for v in variables)


def require_fixed(builder: AlgebraBuilder, group: Group) -> None:
    """Raises InputError if a recursion that is not monotone depends on rf or co: there is no least
    solution to speak of, and a solver could not bound what it settles on."""
    for at in cone(builder.nodes, group.bodies):
        name = builder.nodes[at].name
        if builder.nodes[at].op == "base" and name in ("rf", "co"):
            raise InputError(
                f"`let rec {group.names[0]}` is recursive through a difference or complement, and "
                f"depends on `{name}`",
                group.span,
                "only recursion in which relations grow has a least solution",
            )
