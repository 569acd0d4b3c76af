"""What stands beside a barrier: the store or the load that it may be joined with."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ksmcheck.program.tree import Tree, children, walk
from ksmcheck.record import Struct
from ksmcheck.syntax.c_ast import (
    Assign,
    Binary,
    Block,
    Break,
    Call,
    Case,
    Conditional,
    Continue,
    Declaration,
    DeclGroup,
    DoWhile,
    ExprStmt,
    For,
    Goto,
    If,
    Index,
    Label,
    Member,
    Name,
    PointerCall,
    Switch,
    Unary,
    While,
)


class Own(Struct, frozen=True):
    """The variables of a function that nobody else can come at, by name: ``names`` with its
    parameters, of these ``arrays``, and those whose address is taken."""

    names: Collection[str]
    arrays: Collection[str]
    addressed: Collection[str]

    def has(self, place: Tree) -> bool:
        """Whether the place is in one of them: no memory that a pointer among them points to."""
        if isinstance(place, Member):
            return not place.arrow and self.has(place.base)
        if isinstance(place, Index):
            base = place.base
            return isinstance(base, Name) and base.name in self.arrays and self.has(base)
        return (
            isinstance(place, Name)
            and place.name in self.names
            and place.name not in self.addressed
        )

    def only(self, expr: Tree) -> bool:
        """Whether an expression has to do with them alone."""
        if isinstance(expr, Name | Member | Index):
            below = expr.index if isinstance(expr, Index) else None
            return self.has(expr) and (below is None or self.only(below))
        if isinstance(expr, Call | PointerCall) or (isinstance(expr, Unary) and expr.op == "*"):
            return False
        return all(map(self.only, children(expr)))


def store_after(
    block: Block, index: int, own: Own, stores: Collection[str]
) -> Assign | Call | None:
    """The next store of shared memory behind a barrier in its block, where no more stands between
    than the function's work on its own variables; ``stores`` are the calls that are one."""
    for statement in block.body[index + 1 :]:
        expr = statement.expr if isinstance(statement, ExprStmt) else None
        if isinstance(expr, Call) and expr.callee.name in stores:
            return expr
        if isinstance(expr, Assign) and expr.op == "=" and not own.has(expr.target):
            return expr
        if expr is None or not own.only(expr):
            return None
    return None


def load_before(block: Block, index: int, loads: Collection[str]) -> Call | None:
    """The last of the calls ``loads`` in the statement before a barrier, of those that it always
    performs."""
    if index == 0:
        return None
    before = block.body[index - 1]
    found = None
    for node in _evaluated(before):
        if isinstance(node, Call) and node.callee.name in loads:
            found = node
    return found


def _evaluated(statement: Tree) -> Iterator[Tree]:
    """What a statement evaluates whenever it is passed, in order: of an ``if`` its condition, of a
    loop what it ends with."""
    if isinstance(statement, ExprStmt | Declaration | DeclGroup):
        yield from _always(statement)
    elif isinstance(statement, Label | Case):
        yield from _evaluated(statement.body)
    elif isinstance(statement, Block):
        for inner in statement.body:
            yield from _evaluated(inner)
    elif isinstance(statement, If):
        yield from _always(statement.condition)
    elif isinstance(statement, Switch):
        yield from _always(statement.value)
    elif isinstance(statement, While | DoWhile | For) and not _left(statement.body):
        skips = any(isinstance(node, Continue) for node in walk(statement.body))
        if isinstance(statement, DoWhile) and not skips:
            yield from _evaluated(statement.body)
        if statement.condition is not None:
            yield from _always(statement.condition)


def _always(expr: Tree) -> Iterator[Tree]:
    """An expression without what is evaluated under a condition of its own."""
    yield expr
    if isinstance(expr, Binary) and expr.op in ("&&", "||"):
        yield from _always(expr.left)
    elif isinstance(expr, Conditional):
        yield from _always(expr.condition)
    else:
        for child in children(expr):
            yield from _always(child)


def _left(body: Tree) -> bool:
    """Whether a loop may end elsewhere than by its condition."""
    if isinstance(body, Break | Goto):
        return True
    if isinstance(body, While | DoWhile | For | Switch):  # their breaks are their own
        return any(isinstance(node, Goto) for node in walk(body))
    return any(_left(child) for child in children(body))
