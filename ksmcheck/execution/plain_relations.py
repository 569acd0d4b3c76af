"""Sets and relations of events as Python sets, one plain function for each operator of cat.

Nothing here is fast, and nothing is clever: these are the definitions that the compiled evaluator
is held against.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, TypeVar

Pair: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Events:
    """A set of events."""

    items: frozenset[int]


@dataclass(frozen=True, slots=True)
class Relation:
    """A set of pairs of events."""

    items: frozenset[Pair]


@dataclass(frozen=True, slots=True)
class Nothing:
    """Empty, where only the context tells whether it is a set or a relation: ``{}``."""

    items: frozenset[int] = frozenset()


Value: TypeAlias = Events | Relation | Nothing


class SortError(TypeError):
    """A set stands where a relation is needed, or the other way round."""


def events_of(value: Value) -> frozenset[int]:
    if isinstance(value, Relation):
        raise SortError("a set of events is needed, this is a relation")
    return value.items


def pairs_of(value: Value) -> frozenset[Pair]:
    if isinstance(value, Events):
        raise SortError("a relation is needed, this is a set of events")
    return value.items if isinstance(value, Relation) else frozenset()


def compose(a: frozenset[Pair], b: frozenset[Pair]) -> frozenset[Pair]:
    """``a ; b``: x to z where some y has a(x, y) and b(y, z)."""
    after: dict[int, list[int]] = {}
    for y, z in b:
        after.setdefault(y, []).append(z)
    return frozenset((x, z) for x, y in a for z in after.get(y, ()))


def closure(a: frozenset[Pair]) -> frozenset[Pair]:
    """``a+``: the ends of the paths of one step or more."""
    after: dict[int, set[int]] = {}
    for x, y in a:
        after.setdefault(x, set()).add(y)
    return frozenset((x, z) for x in after for z in _reachable(x, after))


def _reachable(start: int, after: dict[int, set[int]]) -> set[int]:
    seen: set[int] = set()
    waiting = list(after[start])
    while waiting:
        event = waiting.pop()
        if event not in seen:
            seen.add(event)
            waiting.extend(after.get(event, ()))
    return seen


def identity(events: frozenset[int]) -> frozenset[Pair]:
    return frozenset((x, x) for x in events)


def inverse(a: frozenset[Pair]) -> frozenset[Pair]:
    return frozenset((y, x) for x, y in a)


def product(a: frozenset[int], b: frozenset[int]) -> frozenset[Pair]:
    return frozenset((x, y) for x in a for y in b)


def holds(kind: str, value: Value) -> bool:
    """Whether ``value`` is ``empty``, ``irreflexive`` or ``acyclic``."""
    if kind == "empty":
        return not value.items
    pairs = pairs_of(value)
    if kind == "acyclic":
        pairs = closure(pairs)
    return not any(x == y for x, y in pairs)


def like(op: str, left: Value, right: Value) -> Value:
    r"""``|``, ``&`` and ``\``: on two sets or on two relations."""
    if isinstance(left, Relation) or isinstance(right, Relation):
        return Relation(_joined(op, pairs_of(left), pairs_of(right)))
    if isinstance(left, Nothing) and isinstance(right, Nothing):
        return left
    return Events(_joined(op, events_of(left), events_of(right)))


_T = TypeVar("_T")


def _joined(op: str, a: frozenset[_T], b: frozenset[_T]) -> frozenset[_T]:
    if op == "|":
        return a | b
    return a & b if op == "&" else a - b
