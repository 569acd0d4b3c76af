"""Operators of the algebra applied one at a time (the generated code does the same in bulk)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ksmcheck.cat import bits
from ksmcheck.cat.algebra import Group, Node
from ksmcheck.cat.graph import Shape
from ksmcheck.text import InputError


def apply(node: Node, values: list[int], s: Shape) -> int:
    """The value of an operator node from those of its operands. Raises KeyError for leaves that
    are not constants, and for ``fix``."""
    match node.op, values:
        case "union", [a, b]:
            return a | b
        case "inter", [a, b]:
            return a & b
        case "diff", [a, b]:
            return a & ~b
        case "seq", [a, b]:
            return bits.compose(a, b, s)
        case "product", [a, b]:
            return bits.product(a, b, s)
        case "complement", [a]:
            return (s.row if node.sort == "set" else s.full) & ~a
        case "star", [a]:
            return bits.closure(a, s) | s.diagonal
        case "opt", [a]:
            return a | s.diagonal
        case "universe", []:
            return s.row
        case "id", []:
            return s.diagonal
        case "empty", []:
            return 0
    return int(_UNARY[node.op](values[0], s))


def settle(
    group: Group, inside: Sequence[Node], outside: Callable[[int], int], s: Shape
) -> tuple[int, ...]:
    """The values that a group's definitions settle on from empty, each seeing the newest values.

    ``inside`` are the nodes that hang on the group's variables, operands first; ``outside`` gives
    the values of others. Raises InputError if they do not settle, which only a group that is not
    monotone can.
    """
    values = dict.fromkeys(group.variables, 0)

    def value(i: int) -> int:
        return values[i] if i in values else outside(i)

    for _ in range(4 * s.n * s.n + 16):
        before = dict(values)
        for variable, body in zip(group.variables, group.bodies, strict=True):
            for node in inside:
                if node.op != "var":
                    values[node.id] = apply(node, [value(a) for a in node.args], s)
            values[variable] = value(body)
        if before == values:
            return tuple(values[v] for v in group.variables)
    raise unsettled(group.names[0])


def unsettled(name: str) -> InputError:
    """The error of a recursion that changes for ever."""
    return InputError(
        f"`let rec {name}` does not settle on this execution",
        hint="it is recursive through a difference or complement",
    )


_UNARY = {
    "plus": bits.closure,
    "inverse": bits.transpose,
    "identity": bits.identity,
    "domain": bits.domain,
    "range": bits.codomain,
}
