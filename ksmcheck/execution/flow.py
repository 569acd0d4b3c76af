"""The statements of one function body as a graph of small steps.

The interpreter walks this graph, and control dependence is read off it. It has the loops, gotos and
switches of the text as they are written: nothing is unrolled, inlined or folded here, except that a
condition that is an integer literal does not branch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TypeAlias

from ksmcheck.program.tree import Tree, walk
from ksmcheck.record import Struct, field
from ksmcheck.syntax import c_ast as c
from ksmcheck.text import InternalError

Scope: TypeAlias = dict[str, c.Declaration | c.Param]
"""Which declaration a name means at some place of a function."""


class Point(Struct, eq=False, dict=True):
    """One step. ``kind``: ``skip``, ``eval``, ``declare``, ``test`` (to ``next[0]`` if true, else
    ``next[1]``), ``switch`` (to the case of the value), ``return`` or ``exit``.

    ``cases`` of a switch are (low, high, place in ``next``); the last of ``next`` is the default.
    ``begins``: a loop statement or a label that may begin a loop here.
    """

    number: int
    kind: str
    item: c.Expr | c.Declaration | None
    scope: Scope
    next: list[Point] = field(default_factory=list)
    cases: list[tuple[c.Expr, c.Expr, int]] = field(default_factory=list)
    begins: c.Stmt | None = None

    @cached_property
    def assigned(self) -> frozenset[str]:
        """Names of the variables that the step may change."""
        return frozenset() if self.item is None else frozenset(assigned(self.item))


class Flow(Struct, frozen=True, eq=False):
    """A function's points; ``points[0]`` is the entry."""

    points: tuple[Point, ...]
    exit: Point

    @property
    def entry(self) -> Point:
        return self.points[0]


IsPure: TypeAlias = Callable[[c.Expr, Scope], bool]


def flow_of(body: c.Block, scope: Scope, is_pure: IsPure) -> Flow:
    """The graph of a body. ``is_pure`` tells operands that need no branch of their own."""
    builder = _Builder(is_pure)
    start = builder.point("skip", None, scope)
    end = builder.block(body, scope, [start])
    builder.join(end, builder.exit)
    builder.link_gotos()
    return Flow(tuple(builder.points), builder.exit)


class _Jumps(Struct):
    """Where ``break`` and ``continue`` go, and the innermost switch with its default."""

    stop: Point | None = None
    again: Point | None = None
    switch: Point | None = None
    default: Point | None = None


Ends: TypeAlias = list[Point]
"""Points whose next step is not known yet: the code that follows goes there."""


class _Builder:
    def __init__(self, is_pure: IsPure) -> None:
        self.is_pure = is_pure
        self.points: list[Point] = []
        self.labels: dict[str, Point] = {}
        self.gotos: list[tuple[Point, str]] = []
        self.jumps = _Jumps()
        self.exit = Point(-1, "exit", None, {})

    def point(self, kind: str, item: c.Expr | c.Declaration | None, scope: Scope) -> Point:
        made = Point(len(self.points), kind, item, scope)
        self.points.append(made)
        return made

    def join(self, ends: Ends, target: Point) -> None:
        for end in ends:
            end.next.append(target)

    def then(self, ends: Ends, kind: str, item: c.Expr | c.Declaration | None, s: Scope) -> Ends:
        made = self.point(kind, item, s)
        self.join(ends, made)
        return [made]

    def link_gotos(self) -> None:
        for point, name in self.gotos:
            if name not in self.labels:
                raise InternalError(f"replay: there is no label {name}")
            point.next.append(self.labels[name])

    # Statements. Each takes the ends that lead to it and gives the ends that lead on.

    def block(self, block: c.Block, scope: Scope, ends: Ends) -> Ends:
        inner = dict(scope)
        for statement in block.body:
            ends = self.statement(statement, inner, ends)
        return ends

    def statement(self, s: c.Stmt, scope: Scope, ends: Ends) -> Ends:
        """``scope`` is extended in place by declarations."""
        if isinstance(s, c.ExprStmt):
            return self.expression(s.expr, scope, ends)
        if isinstance(s, c.Declaration):
            return self.declaration(s, scope, ends)
        if isinstance(s, c.DeclGroup):
            for declaration in s.body:
                ends = self.declaration(declaration, scope, ends)
            return ends
        if isinstance(s, c.Block):
            return self.block(s, scope, ends)
        if isinstance(s, c.If):
            return self.if_(s, scope, ends)
        if isinstance(s, c.While | c.DoWhile | c.For):
            return self.loop(s, dict(scope), ends)
        if isinstance(s, c.Switch):
            return self.switch(s, dict(scope), ends)
        return self.labelled(s, scope, ends)

    def expression(self, e: c.Expr, scope: Scope, ends: Ends) -> Ends:
        """A statement expression used for its effect is a block: it may be jumped out of."""
        if isinstance(e, c.StatementExpr):
            return self.block(e.body, scope, ends)
        return self.then(ends, "eval", e, dict(scope))

    def declaration(self, s: c.Declaration, scope: Scope, ends: Ends) -> Ends:
        # The type sees the names from before the declaration.
        made = self.then(ends, "declare", s, dict(scope))
        scope[s.name] = s
        return made

    def labelled(self, s: c.Stmt, scope: Scope, ends: Ends) -> Ends:
        if isinstance(s, c.Label | c.Case):
            here = self.then(ends, "skip", None, dict(scope))
            here[0].begins = s
            if isinstance(s, c.Label):
                self.labels[s.name] = here[0]
            else:
                self.case(s, here[0])
            return self.statement(s.body, scope, here)
        if isinstance(s, c.Return):
            (made,) = self.then(ends, "return", s.value, dict(scope))
            made.next.append(self.exit)
            return []
        here = self.then(ends, "skip", None, dict(scope))
        if isinstance(s, c.Goto):
            self.gotos.append((here[0], s.label))
        else:
            target = self.jumps.stop if isinstance(s, c.Break) else self.jumps.again
            if target is None:
                raise InternalError("replay: break or continue outside of a loop")
            here[0].next.append(target)
        return []

    # Branches.

    def if_(self, s: c.If, scope: Scope, ends: Ends) -> Ends:
        yes, no = self.point("skip", None, scope), self.point("skip", None, scope)
        self.condition(s.condition, dict(scope), ends, yes, no)
        after = self.statement(s.then, dict(scope), [yes])
        if s.otherwise is None:
            return [*after, no]
        return [*after, *self.statement(s.otherwise, dict(scope), [no])]

    def condition(self, e: c.Expr, scope: Scope, ends: Ends, yes: Point, no: Point) -> None:
        """C's short circuits: the right operand is a step of its own where it does something."""
        if isinstance(e, c.Unary) and e.op == "!":
            self.condition(e.operand, scope, ends, no, yes)
        elif isinstance(e, c.Call) and e.callee.name in ("likely", "unlikely"):
            argument = e.args[0]
            self.condition(argument, scope, ends, yes, no)  # type: ignore[arg-type]
        elif isinstance(e, c.Binary) and e.op == ",":
            ends = self.expression(e.left, scope, ends)
            self.condition(e.right, scope, ends, yes, no)
        elif isinstance(e, c.Binary) and e.op in ("&&", "||") and not self.is_pure(e, scope):
            middle = self.point("skip", None, scope)
            first = (middle, no) if e.op == "&&" else (yes, middle)
            self.condition(e.left, scope, ends, *first)
            self.condition(e.right, scope, [middle], yes, no)
        elif isinstance(e, c.IntLit):
            self.join(ends, yes if e.value else no)
        else:
            (test,) = self.then(ends, "test", e, scope)
            test.next = [yes, no]

    def loop(self, s: c.While | c.DoWhile | c.For, scope: Scope, ends: Ends) -> Ends:
        if isinstance(s, c.For):
            for first in s.init:
                ends = self.statement(first, scope, ends)
        head, body, again, done = (self.point("skip", None, scope) for _ in range(4))
        head.begins = s
        self.join(ends, head)
        if isinstance(s, c.DoWhile) or s.condition is None:
            self.join([head], body)
        else:
            self.condition(s.condition, dict(scope), [head], body, done)
        kept = self.jumps
        self.jumps = inner = _Jumps(done, again, kept.switch, kept.default)
        after = self.statement(s.body, dict(scope), [body])
        kept.default, self.jumps = inner.default, kept
        self.join(after, again)
        if isinstance(s, c.DoWhile):
            self.condition(s.condition, dict(scope), [again], head, done)
        else:
            last = [again]
            if isinstance(s, c.For) and s.step is not None:
                last = self.expression(s.step, dict(scope), last)
            self.join(last, head)
        return [done]

    def switch(self, s: c.Switch, scope: Scope, ends: Ends) -> Ends:
        (test,) = self.then(ends, "switch", s.value, dict(scope))
        done = self.point("skip", None, scope)
        outer, inner = self.jumps, _Jumps(done, self.jumps.again, test)
        self.jumps = inner
        after = self.statement(s.body, dict(scope), [])
        self.jumps = outer
        self.join(after, done)
        test.next.append(inner.default or done)
        return [done]

    def case(self, s: c.Case, here: Point) -> None:
        test = self.jumps.switch
        if test is None:
            raise InternalError("replay: case outside of a switch")
        if s.low is None:
            self.jumps.default = here
            return
        test.cases.append((s.low, s.high or s.low, len(test.next)))
        test.next.append(here)


def assigned(item: Tree) -> Iterator[str]:
    """Names of the variables that an expression or declaration may change."""
    for node in walk(item):
        if isinstance(node, c.Assign):
            yield from _root(node.target)
        elif isinstance(node, c.IncDec) or (isinstance(node, c.Unary) and node.op == "&"):
            yield from _root(node.operand)
        elif isinstance(node, c.Declaration):
            yield node.name


def _root(e: c.Expr) -> Iterator[str]:
    while isinstance(e, c.Member | c.Index):
        e = e.base
    if isinstance(e, c.Name):
        yield e.name
