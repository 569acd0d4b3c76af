"""Changes made to a test's syntax tree. All names are those of the tree before any change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ksmcheck.kernel.catalogue.accesses import EITHER_ANSWERS
from ksmcheck.kernel.primitives import primitives
from ksmcheck.program.change import (
    DROP,
    INSERT,
    MOVE,
    PLAIN,
    REMOVE,
    REPLACE,
    UP,
    Change,
)
from ksmcheck.program.gaps import gap_at
from ksmcheck.program.inventory import (
    Spot,
    altered,
    find_spot,
    inventory,
    passes,
    updates,
)
from ksmcheck.program.sites import called_functions, without_calls
from ksmcheck.program.tree import Tree, rewrite, walk
from ksmcheck.record import Struct, field, replace
from ksmcheck.syntax.c_ast import (
    Assign,
    Binary,
    Block,
    Break,
    Call,
    DoWhile,
    ExprStmt,
    For,
    Function,
    If,
    IncDec,
    IntLit,
    Name,
    Unary,
    While,
)
from ksmcheck.syntax.litmus_ast import LitmusTest
from ksmcheck.text import InputError, Note, Span

_Edit = Callable[[list[Tree]], list[Tree]]
_Item = TypeVar("_Item")


def mutate(
    test: LitmusTest, changes: Sequence[Change], kernel: str, spots: tuple[Spot, ...] = ()
) -> LitmusTest:
    """The test with all changes made; ``spots`` is its inventory, if that is at hand.

    Raises InputError for a name that is unknown or stands for several places, and for what cannot
    be done there.
    """
    if not changes:
        return test
    plan = _Plan(test, kernel, spots=spots)
    for change in changes:
        plan.add(change)
    return plan.changed()


def possible(spot: Spot, change: Change) -> None:
    """Raises InputError unless the change is one of those that can be made at the place."""
    if change not in spot.changes and change.kind == REMOVE and spot.sort != "plain":
        raise InputError(
            f"{spot.name} cannot be removed: its value is used",
            spot.span,
            notes=(Note("only calls whose value is not used can be removed"),),
        )
    if change not in spot.changes:
        named = "; ".join(c.what for c in spot.changes) or "nothing"
        raise InputError(
            f"{change} is not possible", spot.span, hint=f"at {spot.name}, possible: {named}"
        )


class _Plan(Struct):
    """What becomes of which node, by ``id``; ``before`` has what is put before statements that no
    block holds, ``touched`` the functions that all that is in."""

    test: LitmusTest
    kernel: str
    removed: set[int] = field(default_factory=set)
    nodes: dict[int, Callable[[Tree], Tree]] = field(default_factory=dict)
    blocks: dict[int, list[_Edit]] = field(default_factory=dict)
    before: dict[int, list[ExprStmt]] = field(default_factory=dict)
    spots: tuple[Spot, ...] = ()
    touched: set[str] = field(default_factory=set)
    _taken: set[str] = field(default_factory=set)

    def add(self, change: Change) -> None:
        if change.kind == INSERT:
            self._insert(change)
            return
        self.spots = self.spots or inventory(self.test, self.kernel)
        spot = find_spot(change.site, self.spots)
        change = replace(change, site=spot.name)
        if spot.name in self._taken:
            raise InputError(f"{spot.name} is to be changed twice", spot.span)
        self._taken.add(spot.name)
        possible(spot, change)
        self.touched.add(spot.function)
        if change.kind == REMOVE:
            self._claim(spot.node, spot)
            self.removed.add(id(spot.node))
        elif change.kind == REPLACE:
            self._replace(spot, change.to)
        elif change.kind == MOVE:
            self._move(spot, change.to)
        elif change.kind == DROP:
            self._becomes(spot.node, spot, self._dropped)
        else:
            self._rename(spot, change.to)

    def _claim(self, node: Tree, spot: Spot) -> None:
        """Raises InputError where another change is about the same call or assignment."""
        if id(node) in self.nodes or id(node) in self.removed:
            name = spot.name if node is spot.node else " ".join(node.span.text.split())
            raise InputError(f"{name} is to be changed twice", spot.span)

    def _becomes(self, node: Tree, spot: Spot, made: Callable[[Tree], Tree]) -> None:
        self._claim(node, spot)
        self.nodes[id(node)] = made

    # One pass over the trees of the functions.

    def changed(self) -> LitmusTest:
        """The test with all of it done."""
        test = self.test
        top = tuple([self._function(item) for item in test.top])
        threads = tuple([self._function(item) for item in test.threads])
        return replace(test, top=top, threads=threads)

    def _function(self, item: _Item) -> _Item:
        touched = isinstance(item, Function) and item.name in self.touched
        return rewrite(item, self.change) if touched else item

    def change(self, node: Tree) -> Tree | None:
        """The replacement of a node (``tree.rewrite``), with what is inside changed too."""
        before = self.before.get(id(node))
        if before is None:
            return self._changed(node)
        rest = rewrite(node, lambda n: self._changed(n) if n is node else self.change(n))
        return Block((*before, rest), node.span)

    def _changed(self, node: Tree) -> Tree | None:
        edits = self.blocks.get(id(node))
        if edits is not None:
            body = list(node.body)
            for edit in edits:
                body = edit(body)
            return Block(tuple(self._inside(s) for s in body), node.span)
        made = self.nodes.get(id(node))
        if made is not None:
            return made(node)
        return without_calls(node, self.removed, self._inside)

    def _inside(self, node: Tree) -> Tree:
        return rewrite(node, self.change)

    # Calls and accesses that become others.

    def _rename(self, spot: Spot, to: str) -> None:
        node = spot.node
        if isinstance(node, Call):
            self._becomes(node, spot, lambda call: self._other_call(call, to))
            return
        for assign in _assignments(self.test):
            if assign.target is node and assign.op == "=":
                self._becomes(assign, spot, lambda a: self._marked_store(a, to))
                return
        for update in _updates(self.test):
            if altered(update) is node:
                self._becomes(update, spot, lambda u: self._marked_update(u, to))
                return
        self._becomes(node, spot, lambda place: self._marked_load(place, to))

    def _other_call(self, call: Call, to: str) -> Tree:
        old = primitives(self.kernel)[call.callee.name]
        args = [self._inside(arg) for arg in old.evaluated(call.args)]
        lvalue = bool(args) and old.macro
        if to == PLAIN:
            place = args[0] if lvalue else _pointed(args[0])
            return place if old.shape == "load" else Assign("=", place, args[1], call.span)
        new = primitives(self.kernel)[to]
        if args and new.macro and not lvalue:
            args[0] = _pointed(args[0])
        elif args and lvalue and not new.macro:
            args[0] = _address(args[0])
        return Call(Name(to, call.callee.span), tuple(args), call.span)

    def _marked_load(self, place: Tree, to: str) -> Tree:
        inside = rewrite(place, lambda n: None if n is place else self.change(n))
        argument = inside if primitives(self.kernel)[to].macro else _address(inside)
        return Call(Name(to, place.span), (argument,), place.span)

    def _marked_store(self, assign: Assign, to: str) -> Tree:
        place, value = self._inside(assign.target), self._inside(assign.value)
        argument = place if primitives(self.kernel)[to].macro else _address(place)
        return _stored(to, argument, value, assign.target.span)

    def _marked_update(self, update: Tree, to: str) -> Tree:
        """``x++`` as ``WRITE_ONCE(x, x + 1)``: the read stays plain."""
        target = altered(update)
        assert target is not None
        place = self._inside(target)
        if isinstance(update, IncDec):
            by: Tree = IntLit(1, "1", update.span)
        else:
            by = self._inside(update.value)
        value = Binary(update.op[:-1], place, by, update.span)  # "++" and "+=" alike
        return _stored(to, place, value, target.span)

    # Statements.

    def _edit(self, block: Block, edit: _Edit) -> None:
        self.blocks.setdefault(id(block), []).append(edit)

    def _replace(self, spot: Spot, to: str) -> None:
        partner = spot.partner
        assert partner is not None
        if isinstance(partner, Assign):
            self._becomes(partner, spot, lambda a: self._marked_store(a, to))
        else:
            self._becomes(partner, spot, lambda call: self._other_call(call, to))
        self._claim(spot.node, spot)
        self.removed.add(id(spot.node))

    def _move(self, spot: Spot, way: str) -> None:
        assert spot.block is not None
        mine = spot.block.body[spot.index]

        def moved(body: list[Tree]) -> list[Tree]:
            # Its neighbour now: other moves may have come before.
            here = _at(body, mine)
            if not passes(body, here, way):
                raise InputError(f"{spot.name} cannot be moved {way} any more", spot.span)
            there = here + (-1 if way == UP else 1)
            body[here], body[there] = body[there], body[here]
            return body

        self._edit(spot.block, moved)

    def _insert(self, change: Change) -> None:
        gap = gap_at(self.test, change.site)
        self.touched.add(gap.function.name)
        fence = primitives(self.kernel).get(change.to)
        if fence is None or fence.shape != "fence" or fence.name in EITHER_ANSWERS:
            raise InputError(f"{change}: {change.to!r} is no barrier of kernel {self.kernel}")
        statement, new = gap.statement, barrier(change.to, gap.span)
        if not isinstance(gap.holder, Block):
            self.before.setdefault(id(statement), []).append(new)
            return

        def inserted(body: list[Tree]) -> list[Tree]:
            body.insert(_at(body, statement), new)
            return body

        self._edit(gap.holder, inserted)

    # Loops and tests.

    def _dropped(self, node: Tree) -> Tree:
        """``while (c) B`` becomes ``do { if (c) B } while (0)``, so that ``break`` and ``continue``
        still leave it; a ``for`` has its step (C11, 6.8.5.3: it ends each round) in
        ``do { if (c) B else break; } while (step, 0)``; an ``if`` is left out."""
        span = node.span
        if isinstance(node, If):
            return Block((), span)
        body = self._inside(node.body)
        condition = None if node.condition is None else self._inside(node.condition)
        if isinstance(node, DoWhile):
            return _once(body, condition, span)
        assert isinstance(node, While | For)
        step = None
        if isinstance(node, For) and node.step is not None and id(node.step) not in self.removed:
            step = self._inside(node.step)
        if condition is not None:
            body = If(condition, body, None if step is None else Break(span), span)
        start = tuple(self._inside(s) for s in node.init) if isinstance(node, For) else ()
        return Block((*start, _once(body, step, span)), span)


def _stored(to: str, place: Tree, value: Tree, span: Span) -> Call:
    """A store, where the plain one was: that is how an execution's events are known."""
    return Call(Name(to, span), (place, value), span)


def _once(body: Tree, last: Tree | None, span: Span) -> DoWhile:
    """A loop of one round: ``last`` is evaluated at its end, also where ``continue`` leads there,
    but not behind a ``break``."""
    no: Tree = IntLit(0, "0", span)
    return DoWhile(body, no if last is None else Binary(",", last, no, span), span)


def barrier(name: str, span: Span) -> ExprStmt:
    """The statement ``name();``."""
    return ExprStmt(Call(Name(name, span), (), span), span)


def _at(body: list[Tree], statement: Tree) -> int:
    return next(i for i, s in enumerate(body) if s is statement)


def _pointed(pointer: Tree) -> Tree:
    return Unary("*", pointer, pointer.span)


def _address(place: Tree) -> Tree:
    if isinstance(place, Unary) and place.op == "*":
        return place.operand
    return Unary("&", place, place.span)


def _updates(test: LitmusTest) -> list[Tree]:
    return [node for function in called_functions(test) for node in updates(function)]


def _assignments(test: LitmusTest) -> list[Assign]:
    return [n for f in called_functions(test) for n in walk(f) if isinstance(n, Assign)]
