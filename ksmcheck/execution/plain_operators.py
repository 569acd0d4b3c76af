"""What the operators of cat make of the values of their operands."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from ksmcheck.execution.plain_names import Universe
from ksmcheck.execution.plain_relations import (
    Rows,
    Set,
    closure,
    compose,
    difference,
    identity,
    intersection,
    inverse,
    product,
    union,
)
from ksmcheck.execution.plain_values import (
    Edge,
    Events,
    Everything,
    Family,
    Nothing,
    Relation,
    SortError,
    Tag,
    Value,
    added,
    events_of,
    family,
    members_in_order,
    members_of,
    rows,
)
from ksmcheck.record import Struct


class Operators(Struct, frozen=True, dict=True):
    """``declared`` maps each tag of an ``enum`` to all tags of its group."""

    universe: Universe
    declared: dict[str, tuple[str, ...]]

    @cached_property
    def everywhere(self) -> Rows:
        """Each event with itself."""
        return identity(self.universe.events)

    def events(self, value: Value) -> Set:
        """A set of events; a tag stands for the events that carry it."""
        if isinstance(value, Tag):
            return self.universe.set(value.name[0].upper() + value.name[1:])
        return events_of(value)

    def unary(self, op: str, operand: Value) -> Value:
        if op == "~":
            return self.complement(operand)
        if op == "^-1" and isinstance(operand, Edge):
            return Edge(operand.pair[::-1])
        steps = rows(operand)
        if op == "^-1":
            return Relation(inverse(steps))
        if op in "+*":
            steps = closure(steps)
        return Relation(steps if op == "+" else union(steps, self.everywhere))

    def complement(self, value: Value) -> Value:
        everything = self.universe.events
        match value:
            case Relation(items):
                return Relation(difference(product(everything, everything), items))
            case Family(members) if all(isinstance(x, Tag) for x in members):
                return family(self.whole(members) - members)
            case Everything():
                return Nothing()
            case Nothing():
                return Everything(everything)
        return Events(everything & ~self.events(value))

    def whole(self, tags: frozenset[Value]) -> frozenset[Value]:
        """All tags of the groups that some are of: the universe, beside a set of tags."""
        if not all(isinstance(x, Tag) for x in tags):
            raise SortError("the universe of a set of sets is not known")
        return frozenset(Tag(y) for x in tags if isinstance(x, Tag) for y in self.group(x))

    def group(self, tag: Tag) -> tuple[str, ...]:
        if tag.name not in self.declared:
            raise SortError(f"the tag '{tag.name} is not declared")
        return self.declared[tag.name]

    def binary(self, op: str, left: Value, right: Value) -> Value:
        match op:
            case "|" | "&" | "\\":
                return self.like(op, left, right)
            case ";":
                return Relation(compose(rows(left), rows(right)))
            case "*":
                return Relation(product(self.events(left), self.events(right)))
        return added(left, right)

    def like(self, op: str, left: Value, right: Value) -> Value:
        r"""``|``, ``&`` and ``\``: on two sets, two relations, or two sets of other things."""
        if type(left) is type(right) is Relation:
            return Relation(_ON_RELATIONS[op](left.items, right.items))
        both = (left, right)
        if any(isinstance(x, Family) for x in both) or (
            all(isinstance(x, Tag | Everything | Nothing) for x in both)
            and any(isinstance(x, Tag) for x in both)
        ):
            return family(_joined(op, self.beside(left, right), self.beside(right, left)))
        if any(isinstance(x, Relation | Edge) for x in both):
            return Relation(_ON_RELATIONS[op](rows(left), rows(right)))
        if all(isinstance(x, Everything | Nothing) for x in both):
            return self.constant(op, left, right)
        first, second = self.events(left), self.events(right)
        return Events(_ON_SETS[op](first, second))

    def beside(self, value: Value, other: Value) -> frozenset[Value]:
        """The members of an operand; what ``_`` is, the other one tells."""
        if isinstance(value, Everything):
            return self.whole(members_of(other))
        return members_of(value)

    def constant(self, op: str, left: Value, right: Value) -> Value:
        """Of everything and nothing, where no operand tells whether of events or of pairs."""
        full = [isinstance(x, Everything) for x in (left, right)]
        whole = {"|": any(full), "&": all(full), "\\": full[0] and not full[1]}[op]
        return Everything(self.universe.events) if whole else Nothing()


def same(left: Value, right: Value) -> bool:
    """Equal; two empty sets are, of whatever kind."""
    try:
        return left == right or (_has_nothing(left) and _has_nothing(right))
    except SortError:
        return False


def _has_nothing(value: Value) -> bool:
    return not (value.items if isinstance(value, Relation) else members_in_order(value))


_ON_RELATIONS: dict[str, Callable[[Rows, Rows], Rows]] = {
    "|": union,
    "&": intersection,
    "\\": difference,
}
_ON_SETS: dict[str, Callable[[Set, Set], Set]] = {
    "|": lambda a, b: a | b,
    "&": lambda a, b: a & b,
    "\\": lambda a, b: a & ~b,
}


def _joined(op: str, a: frozenset[Value], b: frozenset[Value]) -> frozenset[Value]:
    if op == "|":
        return a | b
    return a & b if op == "&" else a - b
