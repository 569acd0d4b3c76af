"""What a name of a cat file can stand for besides a node of the algebra."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

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
    """A predefined function; ``sorts`` are those of its arguments."""

    name: str
    sorts: tuple[Sort, ...]
    build: Callable[..., int]


@dataclass(frozen=True, slots=True, eq=False)
class ProcedureValue:
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
class TagGroup:
    """What ``enum`` declares: some tags, not a set of events."""

    tags: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A construct or name of the language that the algebra does not have yet."""

    what: str


Value: TypeAlias = (
    NodeValue | Closure | Builtin | ProcedureValue | Unresolved | TagGroup | Unsupported
)
Scope: TypeAlias = dict[str, Value]
Predefined: TypeAlias = dict[str, Callable[[AlgebraBuilder], int]]


def unsupported(what: str, span: Span) -> InputError:
    """The error for a part of the language that the algebra does not have yet."""
    return InputError(f"{what} is not supported yet", span)
