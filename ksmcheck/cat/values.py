"""What a name of a cat file can stand for besides a node of the algebra."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ksmcheck.cat.algebra import AlgebraBuilder, Sort
from ksmcheck.syntax.cat_tree import Expr, Statement
from ksmcheck.text import InputError, Span


@dataclass(frozen=True, slots=True)
class NodeValue:
    """A set or relation."""

    node: int


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """A user's function; ``scope`` holds the names as they were at its definition."""

    name: str
    parameters: tuple[str, ...]
    body: Expr
    scope: Scope
    span: Span


@dataclass(frozen=True, slots=True)
class Builtin:
    """A predefined function; ``sorts`` are those of its arguments, ``tag`` for a tag's name."""

    name: str
    sorts: tuple[Sort | Literal["tag"], ...]
    build: Callable[..., int]


@dataclass(frozen=True, slots=True, eq=False)
class ProcedureValue:
    """``scope`` holds the names as they were at its definition, its own if it may call itself."""

    name: str
    parameters: tuple[str, ...]
    body: tuple[Statement, ...]
    scope: Scope
    span: Span


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A name passed to a function before it is known whether it is a tag."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class TagValue:
    """``'mb``: a tag, which stands for the events that carry it where a set is wanted."""

    name: str


@dataclass(frozen=True, slots=True)
class TupleValue:
    parts: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class FamilyValue:
    """A set of tags, or a set of sets, whose members the text of the model fixes."""

    members: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Uncompiled:
    """A function whose result hangs on the execution in a way that the algebra has no words for."""

    what: str


Value: TypeAlias = (
    NodeValue
    | Closure
    | Builtin
    | ProcedureValue
    | Unresolved
    | TagValue
    | TupleValue
    | FamilyValue
    | Uncompiled
)
Scope: TypeAlias = dict[str, Value]
Predefined: TypeAlias = dict[str, Callable[[AlgebraBuilder], int]]


class NeedsInterpreter(InputError):
    """A construct that is right, but not one of the algebra: sets of sets that the execution makes,
    choices. Such a model can be judged candidate by candidate only."""


def uncompiled(what: str, span: Span) -> NeedsInterpreter:
    """The error at a construct that the algebra does not have."""
    return NeedsInterpreter(f"{what} can only be interpreted", span, _HINT)


_HINT = "`--engine explicit` looks at every candidate execution of a small test"


def kind_of(value: Value) -> str:
    """What a value is, in words."""
    return _KINDS[type(value)]


_KINDS: dict[type, str] = {
    Closure: "a function",
    Builtin: "a function",
    Uncompiled: "a function",
    ProcedureValue: "a procedure",
    TagValue: "a tag",
    TupleValue: "a tuple",
    FamilyValue: "a set of tags or sets",
    NodeValue: "a set or relation",
    Unresolved: "a name that is not defined",
}
