"""The shared objects of a test: from file-level variables, the start state, and parameters.

herd7's dialect names shared locations in the threads' parameters (``P0(int *x)``: parameter x is
the address of location x) and does not type them; here a location has one type, the widest that
the start state and the parameters give it. A pointer of the start state (``int *x = y;``) that all
threads take for a number (``int *x``) is a number: they access it so, through other pointers too.
"""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.kernel.declarations import Declarations
from ksmcheck.kernel.lengths import sized, with_room
from ksmcheck.kernel.memory import Memory
from ksmcheck.kernel.types import (
    INT,
    ArrayOf,
    CType,
    FunctionOf,
    PointerTo,
    StructType,
    VoidType,
    ints_of,
    is_scalar,
)
from ksmcheck.program.addressed import root_name
from ksmcheck.program.scope import Variable
from ksmcheck.program.tree import walk
from ksmcheck.record import Struct
from ksmcheck.syntax.c_ast import Expr, Function, Name, Param
from ksmcheck.syntax.litmus_ast import InitEntry, LitmusTest
from ksmcheck.text import InputError, Span


class _Wanted(Struct):
    """What is known of one object before it is laid out."""

    span: Span
    declared: CType | None = None
    volatile: bool = False
    top: bool = False
    init: Expr | None = None


class Shared(Struct, frozen=True):
    """``variables`` by name; ``top``: those declared at file level, visible in every function."""

    variables: dict[str, Variable]
    top: frozenset[str]


def lay_out(test: LitmusTest, declarations: Declarations, memory: Memory) -> Shared:
    """Puts every shared object of the test into ``memory``."""
    wanted = _wanted(test, declarations)
    yielding = {n for n, w in wanted.items() if isinstance(w.declared, PointerTo) and not w.top}
    for name, type, span in _parameters(test, declarations):
        item = wanted.setdefault(name, _Wanted(span))
        if name in yielding and is_scalar(type) and not isinstance(type, PointerTo):
            item.declared = type
        yielding.discard(name)
        _unify(item, type, name, span)
    _type_symbols(test, wanted)
    variables = {}
    for name, item in wanted.items():
        type = item.declared or INT
        whole = with_room(type, item.init, declarations)
        made = memory.add(name, whole, item.span, volatile=item.volatile)
        if name in declarations.globals and declarations.globals[name].per_cpu:
            memory.add_copies(made, len(test.threads))
        variables[name] = Variable(name, type, name, made, item.volatile)
    return Shared(variables, frozenset(n for n, w in wanted.items() if w.top))


def _type_symbols(test: LitmusTest, wanted: dict[str, _Wanted]) -> None:
    """``x = y`` with y mentioned nowhere else: y is what x points to.

    Where x is an integer, herd7's untyped pointers, y has x's own type.
    """
    pairs = [(e.target.name, e.value.name) for e in test.init if _links(e)]  # type: ignore[union-attr]
    changed = True
    while changed:
        changed = False
        for holder, symbol in pairs:
            type, target = wanted[holder].declared, wanted.get(symbol)
            if type is None or target is None or target.declared is not None:
                continue
            pointed = type.target if isinstance(type, PointerTo) else type
            if is_scalar(pointed):
                target.declared = pointed
                changed = True


def _links(entry: InitEntry) -> bool:
    names = isinstance(entry.target, Name) and isinstance(entry.value, Name)
    return names and entry.thread is None


def _wanted(test: LitmusTest, declarations: Declarations) -> dict[str, _Wanted]:
    found: dict[str, _Wanted] = {}
    for name, declaration in declarations.globals.items():
        type = sized(declarations.resolve(declaration.type), declaration.init, declarations)
        found[name] = _Wanted(
            declaration.span, type, declaration.volatile, top=True, init=declaration.init
        )
    shared = [e for e in test.init if e.thread is None]
    for entry in shared:
        if isinstance(entry.target, Name):
            _entry(entry, entry.target.name, found, declarations)
    for entry in test.init:
        for symbol in _symbols(entry, declarations):
            found.setdefault(symbol.name, _Wanted(symbol.span))
    for entry in shared:
        root = root_name(entry.target)
        if root is not None:
            found.setdefault(root, _Wanted(entry.span))
    return found


def _entry(
    entry: InitEntry, name: str, found: dict[str, _Wanted], declarations: Declarations
) -> None:
    type = None
    if entry.type is not None:
        type = sized(declarations.resolve(entry.type), entry.value, declarations)
    known = found.setdefault(name, _Wanted(entry.span))
    if type is not None and known.declared is not None and known.declared != type:
        message = f"{name} is {known.declared} already, not {type}"
        raise InputError(message, entry.span)
    known.declared = known.declared or type
    known.init = known.init or entry.value


def _symbols(entry: InitEntry, declarations: Declarations) -> Iterator[Name]:
    """Names in an entry's value that stand for an address, and so for a location."""
    if entry.value is None:
        return
    calls = {id(n.callee) for n in walk(entry.value) if hasattr(n, "callee")}
    for node in walk(entry.value):
        if isinstance(node, Name) and id(node) not in calls:
            constant = node.name in declarations.enumerators or node.name in declarations.functions
            if not constant and node.name not in ("NULL", "true", "false", *declarations.globals):
                yield node


def _parameters(test: LitmusTest, declarations: Declarations) -> Iterator[tuple[str, CType, Span]]:
    for thread in test.threads:
        for param in thread.params:
            yield param.name, parameter_target(param, thread, declarations), param.span


def parameter_target(param: Param, thread: Function, declarations: Declarations) -> CType:
    """The type of the location whose address a thread's parameter is."""
    type = declarations.resolve(param.type)
    if isinstance(type, PointerTo) and not isinstance(type.target, FunctionOf):
        return type.target
    hint = f"write {type} *{param.name}: the parameter is the address of a shared location"
    raise InputError(f"a parameter of {thread.name} must be a pointer", param.span, hint=hint)


def _unify(item: _Wanted, type: CType, name: str, span: Span) -> None:
    known = item.declared
    if isinstance(type, VoidType) or known == type:
        return
    if known is None:
        item.declared = type
    elif isinstance(known, ArrayOf) and known.element == type:
        return
    elif is_scalar(known) and is_scalar(type):
        item.declared = _wider(known, type)
    elif isinstance(known, StructType) or isinstance(type, StructType):
        hint = f"{name} is {known}"
        raise InputError(f"{name} has two types", span, hint=hint)


def _wider(one: CType, other: CType) -> CType:
    return other if ints_of(other).width > ints_of(one).width else one
