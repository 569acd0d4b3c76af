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
from ksmcheck.program.tree import Tree, children, rewrite, walk
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
    OffsetOf,
    SizeOf,
    StatementExpr,
    TypeofType,
    Unary,
)
from ksmcheck.syntax.litmus_ast import LitmusTest
from ksmcheck.text import InputError, Note, Span

_WORD = re.compile(r"\s*([A-Za-z_]\w*)\s*\(")


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
    """The functions with a body that some thread runs, and the threads, in source order."""
    called = _called(test)
    return [f for f in functions(test) if f.name in called]


def _called(test: LitmusTest) -> set[str]:
    """The threads, and the functions that they call, directly or not."""
    bodies = {f.name: f for f in functions(test)}
    found: set[str] = set()
    todo = [thread.name for thread in test.threads]
    while todo:
        name = todo.pop()
        if name in bodies and name not in found:
            found.add(name)
            todo += [n.callee.name for n in walk(bodies[name]) if isinstance(n, Call)]
    return found


def site_names(test: LitmusTest) -> dict[int, str]:
    """The name of each call and plain access, by the ``id`` of its node."""
    return {id(node): name for f in functions(test) for name, node in named_places(f, test)}


def functions(test: LitmusTest) -> Iterator[Function]:
    """Everything with a body: the test's functions, then its threads."""
    for item in (*test.top, *test.threads):
        if isinstance(item, Function) and item.body is not None:
            yield item


def named_places(function: Function, test: LitmusTest) -> Iterator[tuple[str, Tree | None]]:
    """The calls of primitives and the plain accesses of a function, with their names; None stands
    for one that has been taken out."""
    counts: dict[str, int] = {}
    own = {f.name for f in test.top if isinstance(f, Function)}
    local = {p.name for p in function.params}
    local |= {n.name for n in walk(function) if isinstance(n, Declaration)}
    for text, node in _places(function.body, own, local):
        stem = f"{text}@{function.name}"
        counts[stem] = counts.get(stem, 0) + 1
        number = counts[stem]
        yield (stem if number == 1 else f"{stem}#{number}"), node


def _places(node: Tree, own: set[str], local: set[str]) -> Iterator[tuple[str, Tree | None]]:
    """Calls and accesses in source order, with the text that names them.

    A statement taken out by ``remove_sites`` has left an empty block with the call's span; it still
    counts, so that the names after it stay.
    """
    if isinstance(node, SizeOf | TypeofType | OffsetOf):
        return
    if isinstance(node, Block) and not node.body:
        word = _WORD.match(node.span.text)
        if word is not None:
            yield word[1], None
        return
    if isinstance(node, Call):
        if node.callee.name not in own:
            yield node.callee.name, node
        yield from _arguments(node, own, local)
        return
    if _is_access(node, local):
        yield " ".join(node.span.text.split()), node
    skip_root = isinstance(node, Unary) and node.op == "&"
    for child in children(node):
        if skip_root or (isinstance(node, Member) and not node.arrow):
            yield from _inside(child, own, local)
        else:
            yield from _places(child, own, local)


def _arguments(node: Call, own: set[str], local: set[str]) -> Iterator[tuple[str, Tree | None]]:
    known: Primitive | None = all_primitives().get(node.callee.name)
    for place, argument in enumerate(node.args):
        if known is not None and known.macro and place == 0:
            yield from _inside(argument, own, local)
        else:
            yield from _places(argument, own, local)


def _inside(node: Tree, own: set[str], local: set[str]) -> Iterator[tuple[str, Tree | None]]:
    """The accesses needed to find a place, but not one of the place itself."""
    for child in children(node):
        if isinstance(node, Member) and not node.arrow:
            yield from _inside(child, own, local)
        else:
            yield from _places(child, own, local)


def _is_access(node: Tree, local: set[str]) -> bool:
    if isinstance(node, Name):
        return node.name not in local
    if isinstance(node, Member | Index):
        root = root_name(node)
        return root is None or root not in local or isinstance(node, Index)
    return isinstance(node, Unary) and node.op == "*"


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
    from ksmcheck.kernel.spelling import did_you_mean

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
        return Block((), node.expr.span)
    if isinstance(node, For) and node.step is not None and id(node.step) in removed:
        return inside(For(node.init, node.condition, None, node.body, node.span, node.unroll))
    if isinstance(node, Binary) and node.op == ",":
        if id(node.left) in removed:
            return inside(node.right)
        if id(node.right) in removed:
            return inside(node.left)
    return None
