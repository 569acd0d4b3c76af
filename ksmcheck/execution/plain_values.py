"""What an expression of cat can be worth, for the plain evaluator.

The kinds are those of herd7's interpreter: sets of events and relations, single events and pairs,
tags, tuples, and sets of any of these (among them the sets of sets that ``with x from S`` takes).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from ksmcheck.execution.plain_relations import (
    Pair,
    Rows,
    Set,
    members,
    pairs_in,
    product,
    rows_of,
    set_of,
    union,
)
from ksmcheck.record import Struct
from ksmcheck.text import InputError

if TYPE_CHECKING:
    from ksmcheck.syntax import cat_tree as t


class Events(Struct, frozen=True):
    """A set of events."""

    items: Set


class Relation(Struct, frozen=True):
    """A set of pairs of events."""

    items: Rows

    def __hash__(self) -> int:
        return hash(frozenset(self.items.items()))

    def __repr__(self) -> str:
        return f"Relation({sorted(pairs_in(self.items))})"


class Nothing(Struct, frozen=True):
    """Empty, where only the context tells of what: ``{}``."""


class Everything(Struct, frozen=True):
    """``_``: all events, or all pairs of them where the context is a relation."""

    events: Set


class Event(Struct, frozen=True):
    """One event, as ``match`` takes it out of a set."""

    number: int


class Edge(Struct, frozen=True):
    """One pair of events, as ``match`` takes it out of a relation."""

    pair: Pair


class Tag(Struct, frozen=True):
    """``'mb``."""

    name: str


class Several(Struct, frozen=True):
    """A tuple."""

    parts: tuple[Value, ...]


class Family(Struct, frozen=True):
    """A set of anything but events and pairs: of tags, of sets, of relations, of families."""

    members: frozenset[Value]


class Unknown(Struct, frozen=True):
    """A name that nothing defines: a set of events where one is wanted, else a mistake."""

    name: str
    events: Set


class Function(Struct, frozen=True, eq=False):
    """A function with the names as they were where it was written."""

    parameters: tuple[str, ...]
    body: t.Expr
    scope: Scope


class Procedure(Struct, frozen=True, eq=False):
    parameters: tuple[str, ...]
    body: tuple[t.Statement, ...]
    scope: Scope


class Builtin(Struct, frozen=True, eq=False):
    """A predefined function of ``count`` arguments; ``shorter`` is the one of this name that takes
    one less."""

    count: int
    call: Callable[..., Value]
    shorter: Builtin | None = None


class Unusable(Struct, frozen=True, eq=False):
    """What a ``let`` names that has no meaning: herd7 looks when it is asked for."""

    error: InputError


Value: TypeAlias = (
    Events
    | Relation
    | Nothing
    | Everything
    | Event
    | Edge
    | Tag
    | Several
    | Family
    | Unknown
    | Function
    | Procedure
    | Builtin
    | Unusable
)
Scope: TypeAlias = Mapping[str, Value]


class SortError(TypeError):
    """A value is not of the kind that its place needs."""


def events_of(value: Value) -> Set:
    match value:
        case Events(items):
            return items
        case Unknown(_, events) | Everything(events):
            return events
        case Nothing():
            return 0
        case Event(number):
            return 1 << number
    raise SortError(f"a set of events is needed, this is {kind_of(value)}")


def rows(value: Value) -> Rows:
    match value:
        case Relation(items):
            return items
        case Everything(events):
            return product(events, events)
        case Nothing():
            return {}
        case Edge(pair):
            return rows_of((pair,))
        case Unknown(name):
            raise SortError(f"`{name}` is not defined")
    raise SortError(f"a relation is needed, this is {kind_of(value)}")


def members_of(value: Value) -> frozenset[Value]:
    """The members of a family; a tag stands for the set of it alone."""
    match value:
        case Family(members):
            return members
        case Nothing():
            return frozenset()
        case Tag():
            return frozenset((value,))
    raise SortError(f"a set of sets or tags is needed, this is {kind_of(value)}")


def parts_of(value: Value) -> tuple[Value, ...] | None:
    """The parts of a tuple; a pair of events is one of two."""
    match value:
        case Several(parts):
            return parts
        case Edge((first, second)):
            return Event(first), Event(second)
    return None


def is_empty(value: Value) -> bool:
    match value:
        case Family(members):
            return not members
        case Relation(items):
            return not items
        case Edge():
            return False
        case Unknown(name):
            raise SortError(f"`{name}` is not defined")
    return not events_of(value)


_KINDS: dict[type, str] = {
    Events: "a set of events",
    Relation: "a relation",
    Nothing: "an empty set",
    Everything: "the universe",
    Event: "an event",
    Edge: "a pair of events",
    Tag: "a tag",
    Several: "a tuple",
    Family: "a set of sets or tags",
    Unknown: "a name that is not defined",
    Function: "a function",
    Procedure: "a procedure",
    Builtin: "a function",
    Unusable: "a definition without a meaning",
}


def kind_of(value: Value) -> str:
    """A value's kind in words, for messages."""
    return _KINDS[type(value)]


def family(members: Iterable[Value]) -> Value:
    """The set of some values: of events and of pairs, these are sets of events and relations."""
    found = frozenset(members)
    if not found:
        return Nothing()
    if all(isinstance(x, Event) for x in found):
        return Events(set_of(x.number for x in found if isinstance(x, Event)))
    if all(isinstance(x, Edge) for x in found):
        return Relation(rows_of(x.pair for x in found if isinstance(x, Edge)))
    # `{}` and `_` fit with any set.
    kinds = {type(x) for x in found if not isinstance(x, Nothing | Everything)}
    if len(kinds) > 1:
        raise SortError("the members of a set are of one kind")
    # Beside relations, `{}` is the empty relation and no further member.
    empty = _EMPTY.get(kinds.pop(), Nothing()) if kinds else Nothing()
    return Family(frozenset(empty if isinstance(x, Nothing) else x for x in found))


_EMPTY: dict[type, Value] = {Relation: Relation({}), Events: Events(0)}


def added(first: Value, rest: Value) -> Value:
    """``first ++ rest``: a set with one member more."""
    match first, rest:
        case Event(number), Events(items):
            return Events(items | 1 << number)
        case Edge(pair), Relation(items):
            return Relation(union(items, rows_of((pair,))))
        case Several((Event(a), Event(b))), Relation(items):
            return Relation(union(items, rows_of(((a, b),))))
        case _, Nothing():
            return family((first,))
        case _, Family(members):
            return family(members | {first})
    raise SortError(f"{kind_of(first)} cannot be added to {kind_of(rest)}")


def members_in_order(value: Value) -> list[Value]:
    """The members of any set, in herd7's order: the least first, tags by their names."""
    match value:
        case Relation(items):
            return [Edge(pair) for pair in sorted(pairs_in(items))]
        case Family(inside):
            return in_order(inside)
        case Tag():
            return [value]
    return [Event(number) for number in members(events_of(value))]


def in_order(values: Iterable[Value]) -> list[Value]:
    """The members of a family. (How they are written would not do: that of a set of sets hangs on
    how Python hashes them, which is another way in each process.)"""
    return sorted(values, key=_rank)


def _rank(value: Value) -> tuple[object, ...]:
    match value:
        case Tag(name):
            return (name,)
        case Several(parts):
            return tuple(_rank(x) for x in parts)
        case Family(inside):
            return tuple(sorted(_rank(x) for x in inside))
        case Event() | Events():
            return tuple(members(events_of(value)))
        case Edge() | Relation():
            return tuple(sorted(pairs_in(rows(value))))
    return ()
