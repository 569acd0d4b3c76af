"""What a name of a cat file can stand for besides a node of the algebra."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from ksmcheck.cat.algebra import AlgebraBuilder, Sort
from ksmcheck.record import Struct
from ksmcheck.syntax.cat_tree import Expr, Statement
from ksmcheck.text import InputError, Span


class NodeValue(Struct, frozen=True):
    """A set or relation."""

    node: int


class Constant(Struct, frozen=True):
    """``{}`` (``empty``) or ``_`` (``universe``): of which sort, each place that uses it tells."""

    op: Literal["empty", "universe"]


class Closure(Struct, frozen=True, eq=False):
    """A user's function; ``scope`` holds the names as they were at its definition."""

    name: str
    parameters: tuple[str, ...]
    body: Expr
    scope: Scope
    span: Span


class Builtin(Struct, frozen=True):
    """A predefined function; ``sorts`` are those of its arguments, ``tag`` for a tag's name.
    ``shorter`` is the function of this name that takes one argument, where there were two."""

    name: str
    sorts: tuple[Sort | Literal["tag"], ...]
    build: Callable[..., int]
    shorter: Builtin | None = None


class ProcedureValue(Struct, frozen=True, eq=False):
    """``scope`` holds the names as they were at its definition, its own if it may call itself."""

    name: str
    parameters: tuple[str, ...]
    body: tuple[Statement, ...]
    scope: Scope
    span: Span


class Unresolved(Struct, frozen=True):
    """A name passed to a function before it is known whether it is a tag."""

    name: str
    span: Span


class TagValue(Struct, frozen=True):
    """``'mb``: a tag, which stands for the events that carry it where a set is wanted."""

    name: str


class TupleValue(Struct, frozen=True):
    parts: tuple[Value, ...]


class FamilyValue(Struct, frozen=True):
    """A set of tags, or a set of sets, whose members the text of the model fixes."""

    members: tuple[Value, ...]


class Uncompiled(Struct, frozen=True):
    """A function whose result hangs on the execution in a way that the algebra has no words for."""

    what: str


class Unusable(Struct, frozen=True, eq=False):
    """What a ``let`` names that has no meaning. herd7 finds a value when it is first asked for: its
    own files define what some machine, or variant, cannot have, and do not use it there."""

    error: InputError


Value: TypeAlias = (
    NodeValue
    | Constant
    | Closure
    | Builtin
    | ProcedureValue
    | Unresolved
    | TagValue
    | TupleValue
    | FamilyValue
    | Uncompiled
    | Unusable
)
Scope: TypeAlias = dict[str, Value]
Predefined: TypeAlias = dict[str, Callable[[AlgebraBuilder], int]]


class NeedsInterpreter(InputError):
    """A construct that is right, but not one of the algebra: sets of sets that the execution makes,
    choices. Such a model can be judged candidate by candidate only."""


class GroupOfTags(InputError):
    """A set of tags where events or pairs of them are wanted."""


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
    Constant: "an empty set or the universe",
    Unresolved: "a name that is not defined",
    Unusable: "a definition without a meaning",
}
