"""Stable names for the places of a test that can be taken out or changed: ``smp_wmb@P0#2``.

A name is the primitive and the function it is in; from the second on in source order, a number.
Plain accesses of shared memory have names too (``page->mapping@get_ksm_page``), for telling what
raced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ksmcheck.kernel.primitive import Primitive
from ksmcheck.kernel.primitives import all_primitives, primitives
from ksmcheck.program.addressed import root_name
from ksmcheck.program.contents import Contents, functions
from ksmcheck.program.reach import reached
from ksmcheck.program.tree import Tree, children, everything, rewrite, walk
from ksmcheck.program.wording import wording
from ksmcheck.record import Struct
from ksmcheck.syntax.c_ast import (
    Binary,
    Block,
    Call,
    Declaration,
    ExprStmt,
    For,
    Function,
    Index,
    Member,
    Name,
    NamedType,
    OffsetOf,
    PointerCall,
    SizeOf,
    StatementExpr,
    TagType,
    TypeofType,
    Unary,
)
from ksmcheck.syntax.litmus_ast import LitmusTest
from ksmcheck.text import InputError, Note, Span

_WORD = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:\(|\Z)")


class Site(Struct, frozen=True):
    """``name`` as in ``Origin.site``; ``primitive`` is called at ``span`` in ``function``.

    ``removable``: nothing needs its value, so ``remove_sites`` can take it out.
    """

    name: str
    primitive: str
    span: Span
    function: str
    removable: bool


def list_sites(test: LitmusTest, kernel: str) -> tuple[Site, ...]:
    """The primitive calls of a test, function by function in source order.

    Functions that no thread calls are left out.
    """
    known = primitives(kernel)
    found = []
    for function in called_functions(test):
        removable = {id(call) for call in idle_calls(function)}
        for name, node in named_places(function, test):
            if isinstance(node, Call) and node.callee.name in known:
                idle = id(node) in removable
                found.append(Site(name, node.callee.name, node.span, function.name, idle))
    return tuple(found)


def called_functions(test: LitmusTest) -> list[Function]:
    """The functions with a body that some thread may run, and the threads, in source order."""
    called = reached(test)
    return [f for f in functions(test) if f.name in called]


def site_names(test: LitmusTest, contents: Contents | None = None) -> dict[int, str]:
    """The name of each call and plain access, by the ``id`` of its node. ``contents``: those of the
    test, where they are known."""
    own = _own(test)
    return {
        id(node): name
        for function, nodes in (Contents(test) if contents is None else contents)
        for name, node in _named(function, nodes, own)
    }


def _own(test: LitmusTest) -> frozenset[str]:
    return frozenset([f.name for f in test.top if type(f) is Function])


def named_places(function: Function, test: LitmusTest) -> Iterator[tuple[str, Tree | None]]:
    """The calls of primitives and the plain accesses of a function, with their names; None stands
    for one that has been taken out."""
    return _named(function, everything(function), _own(test))


def _named(
    function: Function, nodes: list[Tree], own: frozenset[str]
) -> Iterator[tuple[str, Tree | None]]:
    counts: dict[str, int] = {}
    local = {p.name for p in function.params}
    local |= {n.name for n in nodes if type(n) is Declaration}
    places = _Places(own, local)
    places.add(function.body)
    for text, node in places.found:
        stem = f"{text}@{function.name}"
        number = counts[stem] = counts.get(stem, 0) + 1
        yield (stem if number == 1 else f"{stem}#{number}"), node


_WRITTEN = {
    "__smp_cond_load_acquire": "smp_cond_load_acquire",
    "__ksmcheck_freed": "kfree",
}
"""What a test writes for a primitive that is a part of it."""

_UNEVALUATED = frozenset((SizeOf, TypeofType, OffsetOf, NamedType, TagType))


class _Places:
    """Calls and accesses in source order, with the text that names them.

    ``own`` are the test's functions, ``local`` the function's variables. A statement taken out by
    ``remove_sites`` has left an empty block with the call's span; it still counts, so that the
    names after it stay.
    """

    def __init__(self, own: frozenset[str], local: set[str]) -> None:
        self._own = own
        self._local = local
        self.found: list[tuple[str, Tree | None]] = []

    def add(self, node: Tree) -> None:
        """Those in a tree."""
        kind = type(node)
        if kind is Name:
            if node.name not in self._local and node.name not in self._own:
                self._access(node)
        elif kind is Call:
            self._call(node)
        elif kind is PointerCall:
            self._call_through(node)
        elif kind is Unary:
            if node.op == "*":
                self._access(node)
            self._below(node, at_root=node.op == "&")
        elif kind is Member or kind is Index:
            root = root_name(node)
            if root is None or root not in self._local or kind is Index:
                self._access(node)
            self._below(node, at_root=kind is Member and not node.arrow)
        elif kind is Block and not node.body:
            word = _WORD.match(node.span.written)
            if word is not None:
                self.found.append((word[1], None))
        elif kind not in _UNEVALUATED:
            self._below(node, at_root=False)

    def _access(self, node: Tree) -> None:
        self.found.append((wording(node), node))

    def _below(self, node: Tree, *, at_root: bool) -> None:
        add = self._inside if at_root else self.add
        for child in children(node):
            add(child)

    def _call(self, node: Call) -> None:
        name = node.callee.name
        if name not in self._own:
            self.found.append((_WRITTEN.get(name, name), node))
        known: Primitive | None = all_primitives().get(name)
        macro = known is not None and known.macro
        for place, argument in enumerate(node.args):
            if macro and place == 0:
                self._inside(argument)
            else:
                self.add(argument)

    def _call_through(self, node: PointerCall) -> None:
        """``(*fn)(x)`` is ``fn(x)``: the star reads nothing."""
        pointer: Tree = node.pointer
        while type(pointer) is Unary and pointer.op == "*":
            pointer = pointer.operand
        for part in (pointer, *node.args):
            self.add(part)

    def _inside(self, node: Tree) -> None:
        """The accesses needed to find a place, but not one of the place itself."""
        self._below(node, at_root=type(node) is Member and not node.arrow)


# Taking sites out.


def idle_calls(function: Function) -> Iterator[Call]:
    """Calls whose value is not used."""
    for node in walk(function):
        if isinstance(node, ExprStmt):
            yield from _discarded(node.expr)
        elif isinstance(node, For) and node.step is not None:
            yield from _discarded(node.step)
        elif isinstance(node, Binary) and node.op == ",":
            yield from _discarded(node.left)


def _discarded(expr: Tree) -> Iterator[Call]:
    if isinstance(expr, Call):
        yield expr
    elif isinstance(expr, Binary) and expr.op == ",":
        yield from _discarded(expr.right)


def remove_sites(test: LitmusTest, removed: frozenset[str], *, kernel: str) -> LitmusTest:
    """The test without the calls at the named sites.

    Raises InputError for an unknown name, and where the call's value is needed.
    """
    if not removed:
        return test
    known = {site.name: site for site in list_sites(test, kernel)}
    for name in sorted(removed):
        _check_removable(name, known)
    spans = {id(node) for f in functions(test) for n, node in named_places(f, test) if n in removed}

    def change(node: Tree) -> Tree | None:
        return without_calls(node, spans, lambda inner: rewrite(inner, change))

    return rewrite(test, change)  # type: ignore[no-any-return]


def _check_removable(name: str, known: dict[str, Site]) -> None:
    from ksmcheck.text.spelling import did_you_mean

    site = known.get(name)
    if site is None:
        hint = did_you_mean(name, known) or f"the sites are {', '.join(known) or 'none'}"
        raise InputError(f"there is no site {name}", hint=hint)
    if not site.removable:
        raise InputError(
            f"{name} cannot be removed: its value is used",
            site.span,
            notes=(Note("only calls whose value is not used can be removed"),),
        )


def without_calls(node: Tree, removed: set[int], inside: Callable[[Tree], Tree]) -> Tree | None:
    """The replacement of a statement or operator around a removed call, None where there is none.

    ``removed`` are ids of calls; ``inside`` rewrites the parts that stay.
    """
    if isinstance(node, StatementExpr) and node.body.body:
        return None
    if isinstance(node, ExprStmt) and id(node.expr) in removed:
        call = node.expr
        return Block((), call.callee.span if isinstance(call, Call) else call.span)
    if isinstance(node, For) and node.step is not None and id(node.step) in removed:
        return inside(For(node.init, node.condition, None, node.body, node.span, node.unroll))
    if isinstance(node, Binary) and node.op == ",":
        if id(node.left) in removed:
            return inside(node.right)
        if id(node.right) in removed:
            return inside(node.left)
    return None
