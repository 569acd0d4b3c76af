"""The tree of a cat (or bell) memory model: what was written, without meaning.

Names are resolved and sorts (set, relation, function) checked in ``ksmcheck.cat``. The language is
herd7's (Alglave, Cousot, Maranget, "Syntax and semantics of the weak consistency model
specification language cat", 2016).
"""

from __future__ import annotations

from typing import TypeAlias

from ksmcheck.record import Struct
from ksmcheck.text import Span


class Name(Struct, frozen=True):
    """A variable: ``po``, ``po-loc``, ``DMB.ISH``."""

    name: str
    span: Span


class TagLiteral(Struct, frozen=True):
    """``'mb``: a tag. ``name`` is without the quote."""

    name: str
    span: Span


class EmptyRelation(Struct, frozen=True):
    """``0``."""

    span: Span


class Universe(Struct, frozen=True):
    """``_``: every event."""

    span: Span


class Unary(Struct, frozen=True):
    """``op`` is ``~`` (complement), or the postfix ``+``, ``*``, ``?``, ``^-1``."""

    op: str
    operand: Expr
    span: Span


class Binary(Struct, frozen=True):
    r"""``op`` is ``|``, ``++``, ``;``, ``\``, ``&`` or ``*`` (cartesian product)."""

    op: str
    left: Expr
    right: Expr
    span: Span


class SetIdentity(Struct, frozen=True):
    """``[S]``: the identity relation on a set."""

    operand: Expr
    span: Span


class Apply(Struct, frozen=True):
    """``f(a, b)`` or ``f a``; a call with ``()`` has no arguments."""

    function: Expr
    arguments: tuple[Expr, ...]
    span: Span


class SetLiteral(Struct, frozen=True):
    """``{a, b}``; ``{}`` has no elements."""

    elements: tuple[Expr, ...]
    span: Span


class TupleExpr(Struct, frozen=True):
    """``(a, b)`` and ``()``."""

    elements: tuple[Expr, ...]
    span: Span


class Lambda(Struct, frozen=True):
    """``fun x -> e``."""

    parameters: tuple[str, ...]
    body: Expr
    span: Span


class LetIn(Struct, frozen=True):
    """``let x = e in b``, ``let rec ... and ... in b``."""

    bindings: tuple[Binding, ...]
    recursive: bool
    body: Expr
    span: Span


class VariantTest(Struct, frozen=True):
    """``"name"`` as a condition: whether a variant of the model was chosen by the user."""

    variant: str
    span: Span


class Compare(Struct, frozen=True):
    """A condition: ``op`` is ``=``, ``subset`` or ``in``."""

    op: str
    left: Expr
    right: Expr
    span: Span


class Logic(Struct, frozen=True):
    """A condition: ``op`` is ``not``, ``&&`` or ``||``."""

    op: str
    operands: tuple[Condition, ...]
    span: Span


class If(Struct, frozen=True):
    condition: Condition
    then: Expr
    orelse: Expr
    span: Span


class Try(Struct, frozen=True):
    """``try a with b``: ``b`` where a name in ``a`` is not defined."""

    attempt: Expr
    fallback: Expr
    span: Span


class MatchCase(Struct, frozen=True):
    """``pattern``: ``'tag``, ``{}``, ``x ++ xs`` (two names), ``xs | x ++ ys`` (three) or ``_``
    (None). A name that is ``_`` binds nothing."""

    pattern: TagLiteral | SetLiteral | tuple[str, ...] | None
    body: Expr
    span: Span


class Match(Struct, frozen=True):
    subject: Expr
    cases: tuple[MatchCase, ...]
    span: Span


Expr: TypeAlias = (
    Name
    | TagLiteral
    | EmptyRelation
    | Universe
    | Unary
    | Binary
    | SetIdentity
    | Apply
    | SetLiteral
    | TupleExpr
    | Lambda
    | LetIn
    | If
    | Try
    | Match
)
Condition: TypeAlias = VariantTest | Compare | Logic


class Binding(Struct, frozen=True):
    """``name = value``; a function where ``parameters`` is not None (``()`` gives an empty tuple).

    The parameters of ``let f(a, b)`` and of ``let f a`` are alike. ``let (a, b) = e`` has the names
    in ``several`` and an empty ``name``.
    """

    name: str
    parameters: tuple[str, ...] | None
    value: Expr
    span: Span
    several: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All names that it binds."""
        return self.several or (self.name,)


class Let(Struct, frozen=True):
    """``let ...``, ``let rec ... and ... [when acyclic e]``: the definitions have to satisfy it."""

    bindings: tuple[Binding, ...]
    recursive: bool
    span: Span
    when: CheckStatement | None = None


class CheckStatement(Struct, frozen=True):
    """``[flag] [~] acyclic|irreflexive|empty e [as name]``.

    ``role`` is ``check``, ``flag``, ``assert`` or ``undefined_unless``; ``name`` None: not given.
    """

    kind: str
    negated: bool
    role: str
    expression: Expr
    name: str | None
    span: Span


class Show(Struct, frozen=True):
    """``show`` and ``unshow``: what to draw; no meaning for verdicts."""

    names: tuple[str, ...]
    span: Span


class Include(Struct, frozen=True):
    """``include "file"``; loading replaces it by the statements of the file."""

    path: str
    span: Span


class WithFrom(Struct, frozen=True):
    """``with x from e``: one execution for each element of the set of relations ``e``."""

    name: str
    choices: Expr
    span: Span


class EnumStatement(Struct, frozen=True):
    """``enum Barriers = 'mb || 'wmb`` (bell); tags without quotes."""

    name: str
    tags: tuple[str, ...]
    span: Span


class Instructions(Struct, frozen=True):
    """``instructions R[{'once, 'acquire}]`` (bell): which annotations an instruction may carry.
    ``default`` is written alike."""

    name: str
    annotations: tuple[Expr, ...]
    span: Span


class Procedure(Struct, frozen=True):
    """``procedure p(a) = ... end``; one that is ``recursive`` may call itself."""

    name: str
    parameters: tuple[str, ...]
    body: tuple[Statement, ...]
    span: Span
    recursive: bool = False


class Call(Struct, frozen=True):
    """``call p(a) [as name]``."""

    name: str
    arguments: tuple[Expr, ...]
    alias: str | None
    span: Span


class Forall(Struct, frozen=True):
    """``forall x in e do ... end``."""

    variable: str
    domain: Expr
    body: tuple[Statement, ...]
    span: Span


class IfStatement(Struct, frozen=True):
    """``if c then ... else ... end`` around statements."""

    condition: Condition
    then: tuple[Statement, ...]
    orelse: tuple[Statement, ...]
    span: Span


class MatchStep(Struct, frozen=True):
    """``'tag -> ...``; ``tag`` None: ``_``."""

    tag: str | None
    body: tuple[Statement, ...]
    span: Span


class MatchStatement(Struct, frozen=True):
    """``match e with 'tag -> ... || _ -> ... end`` around statements."""

    subject: Expr
    steps: tuple[MatchStep, ...]
    span: Span


Statement: TypeAlias = (
    Let
    | CheckStatement
    | Show
    | Include
    | WithFrom
    | EnumStatement
    | Instructions
    | Procedure
    | Call
    | Forall
    | IfStatement
    | MatchStatement
)


class CatFile(Struct, frozen=True):
    """One file as parsed. ``title`` is its leading string or a leading bare name, else empty;
    ``options`` are the words after it (``catdep``, ``withoutco``)."""

    title: str
    statements: tuple[Statement, ...]
    options: tuple[str, ...] = ()
