"""Every place of a test that can be changed, with what can be done to it.

Besides the primitive calls of ``sites``: plain accesses (they can be marked), calls of the test's
own functions (``lock_page@get_ksm_page`` can be left out), loops and tests (``while@get_ksm_page``
can become an ``if``; an ``if`` without ``else`` can be dropped).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property

from ksmcheck.kernel.orders import joined, stronger, weaker
from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.primitives import primitives
from ksmcheck.program.addressed import addressed_locals, root_name
from ksmcheck.program.calls import COPY, FREED
from ksmcheck.program.change import (
    DOWN,
    DROP,
    MOVE,
    REMOVE,
    REPLACE,
    STRENGTHEN,
    UP,
    WEAKEN,
    Change,
)
from ksmcheck.program.neighbours import Own, load_before, store_after
from ksmcheck.program.sites import called_functions, idle_calls, named_places
from ksmcheck.program.tree import Tree, children, everything, walk
from ksmcheck.record import Struct
from ksmcheck.syntax.c_ast import (
    MADE_UP,
    ArrayType,
    Assign,
    Block,
    Break,
    Call,
    Case,
    Continue,
    Declaration,
    DoWhile,
    ExprStmt,
    For,
    Function,
    Goto,
    If,
    IncDec,
    Index,
    IntLit,
    Label,
    Member,
    Name,
    PointerCall,
    Return,
    StructDef,
    TagType,
    While,
)
from ksmcheck.syntax.litmus_ast import LitmusTest
from ksmcheck.text import InputError, Span
from ksmcheck.text.spelling import did_you_mean

LOOPS: dict[type, str] = {While: "while", DoWhile: "do", For: "for"}


class Spot(Struct, frozen=True, eq=False):
    """``node`` stands at ``span`` in ``function``; ``block`` holds its statement at ``index``, if
    it is a statement of a block by itself. ``sort`` is ``primitive``, ``plain``, ``call`` (of a
    function of the test), ``loop`` or ``test``. ``partner`` is the store or load that is to become
    what REPLACE makes of it and of the barrier here.
    """

    name: str
    sort: str
    primitive: str
    node: Tree
    span: Span
    function: str
    block: Block | None
    index: int
    changes: tuple[Change, ...]
    partner: Tree | None = None


def inventory(test: LitmusTest, kernel: str) -> tuple[Spot, ...]:
    """The places of a test, function by function in source order."""
    globals_ = {root for entry in test.init if (root := _root(entry.target))}
    for item in test.top:
        if isinstance(item, Declaration):
            scalar = not isinstance(item.type, ArrayType | TagType)
            (globals_.add if scalar else globals_.discard)(item.name)
    arrays = _array_members(test)
    found: list[Spot] = []
    for function in called_functions(test):
        here = _Function(test, function, kernel, globals_, arrays)
        found += here.spots()
    return tuple(found)


def find_spot(name: str, spots: Iterable[Spot]) -> Spot:
    """The place of that name; the part before ``@`` will do where it is the only one.

    Raises InputError for a name that is unknown or stands for several places.
    """
    spots = tuple(spots)
    for spot in spots:
        if spot.name == name:
            return spot
    near = [spot for spot in spots if "@" not in name and spot.name.partition("@")[0] == name]
    if len(near) == 1:
        return near[0]
    names = [spot.name for spot in near or spots]
    if near:
        raise InputError(f"{name}: which one?", hint=f"there are {', '.join(names)}")
    hint = did_you_mean(name, names) or "`ksmcheck sites FILE` lists them"
    raise InputError(f"there is no site {name}", hint=hint)


class _Function:
    """The places of one function."""

    def __init__(
        self,
        test: LitmusTest,
        function: Function,
        kernel: str,
        globals_: set[str],
        arrays: frozenset[str],
    ) -> None:
        self.function = function
        self.kernel = kernel
        self.known = primitives(kernel)
        self.own = {f.name for f in test.top if isinstance(f, Function) and f.body is not None}
        self.globals = globals_
        self.arrays = arrays
        self.test = test
        self.idle = {id(call) for call in idle_calls(function)}
        self.statements = dict(_statements(function.body))
        self.labelled = dict(_labelled(function.body))
        self.statements.update(self.labelled)
        nodes = everything(function)
        declared = [n for n in nodes if isinstance(n, Declaration) and not n.static]
        self.own_variables = Own(
            {p.name for p in function.params} | {n.name for n in declared},
            {n.name for n in declared if isinstance(n.type, ArrayType)},
            addressed_locals(function, self.known, nodes),
        )
        self.altered = {id(place) for n in nodes if (place := altered(n)) is not None}
        self.updated = {id(altered(n)) for n in updates(function)}
        self.whole = {id(place) for n in nodes for place in _whole(n)}

    def spots(self) -> list[Spot]:
        found = [s for name, node in self._named() if (s := self._spot(name, node)) is not None]
        return sorted(found, key=lambda s: _place(s.span))

    def _named(self) -> Iterator[tuple[str, Tree]]:
        for name, node in named_places(self.function, self.test):
            if node is not None:
                yield name, node
        counts: dict[str, int] = {}
        for node in walk(self.function.body):
            word = self._word(node)
            if word is not None:
                counts[word] = number = counts.get(word, 0) + 1
                stem = f"{word}@{self.function.name}"
                yield (stem if number == 1 else f"{stem}#{number}"), node

    def _word(self, node: Tree) -> str | None:
        if isinstance(node, Call) and node.callee.name in self.own:
            return node.callee.name
        if isinstance(node, If):
            return "if"
        return LOOPS.get(type(node))

    def _spot(self, name: str, node: Tree) -> Spot | None:
        if isinstance(node, Call):
            return self._call(name, node)
        if isinstance(node, If):
            plain = node.otherwise is None and not any(
                isinstance(n, Label | Case) for n in walk(node)
            )
            drop = (Change(name, DROP),) if plain and self._looks_at_memory(node.condition) else ()
            return self._made(name, "test", "if", node, drop) if drop else None
        if isinstance(node, DoWhile) and _is_zero(node.condition):
            return None  # it has one round as it is: a macro's, mostly
        if type(node) in LOOPS:
            return self._made(name, "loop", LOOPS[type(node)], node, (Change(name, DROP),))
        return self._plain(name, node)

    def _made(
        self,
        name: str,
        sort: str,
        primitive: str,
        node: Tree,
        changes: Iterable[Change],
        partner: Tree | None = None,
    ) -> Spot:
        block, index = self.statements.get(id(node), (None, 0))
        where, made = self.function.name, tuple(changes)
        return Spot(name, sort, primitive, node, node.span, where, block, index, made, partner)

    # Calls.

    def _call(self, name: str, node: Call) -> Spot | None:
        primitive = self.known.get(node.callee.name)
        idle = id(node) in self.idle
        removal = [Change(name, REMOVE)] if idle else []
        if primitive is None:
            return self._made(name, "call", node.callee.name, node, removal) if removal else None
        changes = removal
        word = node.callee.name
        changes += [Change(name, WEAKEN, to) for to in weaker(word, self.kernel)]
        changes += [Change(name, STRENGTHEN, to) for to in stronger(word, self.kernel)]
        block, index = self.statements.get(id(node), (None, 0))
        partner = None
        if block is not None:
            to, partner = self._joined(primitive, block, index)
            if partner is not None and to in self.known:
                changes.append(Change(name, REPLACE, to))
            if id(node) not in self.labelled:
                ways = [way for way in (UP, DOWN) if passes(block.body, index, way)]
                changes += [Change(name, MOVE, way) for way in ways]
        return self._made(name, "primitive", word, node, changes, partner)

    def _joined(self, primitive: Primitive, block: Block, index: int) -> tuple[str, Tree | None]:
        """What a barrier and an access beside it may become, and that access."""
        partner: Tree | None = None
        forms: dict[str, str] = {}
        if primitive.name in ("smp_wmb", "wmb"):
            forms = joined("store", self.kernel)
            partner = store_after(block, index, self.own_variables, forms)
        elif primitive.name in ("smp_rmb", "rmb"):
            forms = joined("load", self.kernel)
            partner = load_before(block, index, forms)
        if isinstance(partner, Call):
            return forms[partner.callee.name], partner
        if partner is not None:
            return "smp_store_release", partner
        return "", None

    # Plain accesses.

    def _plain(self, name: str, node: Tree) -> Spot | None:
        if not self._shared(node) or id(node) in self.whole:
            return None  # nobody else can see it, or it has no access of its own
        if id(node) in self.altered:
            # No macro marks both halves of ``+=``; the store can be written out.
            once = [Change(name, STRENGTHEN, UPDATE)] if UPDATE in self.known else []
            writable = once and id(node) in self.updated and self._found_at_once(node)
            return self._made(name, "plain", "store", node, once) if writable else None
        shape = "store" if id(node) in self._targets() else "load"
        changes = [Change(name, STRENGTHEN, to) for to in stronger(shape, self.kernel)]
        return self._made(name, "plain", shape, node, changes)

    def _found_at_once(self, place: Tree) -> bool:
        """Whether nothing is read or done to find the place, so that it may be named twice."""
        inside = [n for n in walk(place) if n is not place]
        return not any(isinstance(n, _DOES) or self._read_for(n) for n in inside)

    def _read_for(self, node: Tree) -> bool:
        """Whether a part of a place's text is an access of its own."""
        return any(node is n for _, n in named_places(self.function, self.test))

    def _targets(self) -> set[int]:
        return {
            id(node.target)
            for node in walk(self.function.body)
            if isinstance(node, Assign) and node.op == "="
        }

    def _shared(self, place: Tree) -> bool:
        """Whether a plain access is one of memory that others may see."""
        if isinstance(place, Name):
            return place.name in self.globals
        if isinstance(place, Member) and place.field in self.arrays:
            return False  # an array is the address of its first element: nothing is read
        return not self.own_variables.has(place)

    def _looks_at_memory(self, condition: Tree) -> bool:
        """Whether shared memory is read in the condition, or before it into a variable there."""
        return any(id(n) in self.looks or _names(n, self.read) for n in walk(condition))

    @cached_property
    def looks(self) -> set[int]:
        """The calls and places that read shared memory, or may, by ``id``."""
        places = [node for _, node in named_places(self.function, self.test)]
        found = {id(n) for n in places if n is not None and type(n) is not Call and self._shared(n)}
        known = self.known.keys() | self.own
        nodes = list(walk(self.function.body))
        found |= {id(n) for n in nodes if isinstance(n, PointerCall)}
        calls = (n for n in nodes if isinstance(n, Call))
        return found | {id(call) for call in calls if call.callee.name in known}

    @cached_property
    def read(self) -> set[str]:
        """The function's own variables that get what is read of shared memory."""
        given = [
            (n.name, n.init) if isinstance(n, Declaration) else (root_name(n.target), n.value)
            for n in walk(self.function.body)
            if isinstance(n, Assign) or (isinstance(n, Declaration) and n.init is not None)
        ]
        found: set[str] = set()
        before = -1
        while before < len(found):
            before = len(found)
            found |= {
                name
                for name, value in given
                if name is not None
                and name in self.own_variables.names
                and any(id(n) in self.looks or _names(n, found) for n in walk(value))
            }
        return found


_DOES = Call | PointerCall | Assign | IncDec | Index

UPDATE = "WRITE_ONCE"
"""What ``x++`` becomes where its store is marked: ``WRITE_ONCE(x, x + 1)``."""


def _whole(node: Tree) -> Iterator[Tree]:
    """The objects that are copied or freed, whatever lies in them: no macro marks that."""
    if isinstance(node, Call) and node.callee.name in (COPY, FREED):
        yield from node.args[:2]


def altered(node: Tree) -> Tree | None:
    """The place that ``++``, ``--`` or a compound assignment changes."""
    if isinstance(node, IncDec):
        return node.operand
    return node.target if isinstance(node, Assign) and node.op != "=" else None


def updates(function: Function) -> Iterator[Tree]:
    """The ``++``, ``--`` and compound assignments whose value is not used."""
    for node in walk(function):
        done = node.expr if isinstance(node, ExprStmt) else None
        if isinstance(node, For):
            done = node.step
        if done is not None and altered(done) is not None:
            yield done


def _is_zero(expr: Tree) -> bool:
    return isinstance(expr, IntLit) and expr.value == 0


def _names(node: Tree, names: Collection[str]) -> bool:
    return isinstance(node, Name) and node.name in names


def _array_members(test: LitmusTest) -> frozenset[str]:
    """Names that stand for an array in each struct that has a member of the name."""
    fields = [f for item in test.top if isinstance(item, StructDef) for f in item.fields]
    others = {f.name for f in fields if not isinstance(f.type, ArrayType)}
    return frozenset(f.name for f in fields if f.name and f.name not in others)


def _statements(node: Tree) -> Iterator[tuple[int, tuple[Block, int]]]:
    """The ``id`` of each statement of a block, of its expression, and of a call whose value this
    assigns: the block and the place."""
    for part in walk(node):
        if isinstance(part, Block):
            for index, statement in enumerate(part.body):
                yield id(statement), (part, index)
                if isinstance(statement, ExprStmt):
                    yield id(statement.expr), (part, index)
                    if isinstance(statement.expr, Assign) and isinstance(
                        statement.expr.value, Call
                    ):
                        yield id(statement.expr.value), (part, index)


def _labelled(node: Tree) -> Iterator[tuple[int, tuple[Block, int]]]:
    """The same of the expressions that follow a label: they are there however one gets there."""
    for part in walk(node):
        for index, statement in enumerate(part.body) if isinstance(part, Block) else ():
            inner = statement
            while isinstance(inner, Label | Case):
                inner = inner.body
            if inner is not statement and isinstance(inner, ExprStmt):
                yield id(inner.expr), (part, index)


_FIXED = Label | Case | Goto | Break | Continue | Return


def passes(body: Sequence[Tree], index: int, way: str) -> bool:
    """Whether the statement can change places with its neighbour, and control flow stay; nor does
    a guard's lock leave behind the variable that says which it is."""
    other = index - 1 if way == UP else index + 1
    return 0 <= other < len(body) and not (
        isinstance(body[other], _FIXED) or _is_made_up(body[other])
    )


def _is_made_up(node: Tree) -> bool:
    return isinstance(node, Declaration) and node.name.startswith(MADE_UP)


def _place(span: Span) -> tuple[str, int, int]:
    via = span.via.start if span.via is not None else 0
    return span.source.name, span.start, via


def _root(node: Tree) -> str | None:
    while not isinstance(node, Name):
        node = next(iter(children(node)), None)
        if node is None:
            return None
    return node.name
