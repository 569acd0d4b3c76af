"""What a condition of a C test names: locations that nothing else does, and whole arrays.

herd7 takes a location that no thread and no entry of the start state names for an int that is 0. So
it is here in herd7's dialect, whose threads have parameters; in a test that declares what it shares
such a name is a mistake.
"""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.record import replace
from ksmcheck.syntax.c_ast import ArrayType, Declaration, EnumDef, Function, IntLit, Name
from ksmcheck.syntax.litmus_ast import InitEntry, LitmusTest, PropExpr, PropTree
from ksmcheck.text import InputError


def with_alone(test: LitmusTest) -> LitmusTest:
    """The test with a start for each location that its condition, or its list, names alone."""
    if not any(thread.params for thread in test.threads):
        return test
    known = set(_known(test))
    alone: dict[str, Name] = {}
    for item in _named(test):
        if isinstance(item, Name) and item.name not in known:
            alone.setdefault(item.name, item)
    if not alone:
        return test
    zeros = (InitEntry(n, None, IntLit(0, "0", n.span), None, n.span) for n in alone.values())
    return replace(test, init=(*test.init, *zeros))


def check_lengths(test: LitmusTest, compared: list[tuple[Name, int]]) -> None:
    """Raises InputError where an array is compared with fewer or more elements than it has."""
    lengths = {}
    for entry in test.init:
        if isinstance(entry.target, Name) and isinstance(entry.type, ArrayType):
            lengths[entry.target.name] = entry.type.length
    for item in test.top:
        if isinstance(item, Declaration) and isinstance(item.type, ArrayType):
            lengths[item.name] = item.type.length
    for array, count in compared:
        length = lengths.get(array.name)
        if not isinstance(length, IntLit):
            hint = "compare its elements one by one"
            raise InputError(f"{array.name} is no array of a known length", array.span, hint)
        if length.value != count:
            raise InputError(f"{array.name} has {length.value} elements, not {count}", array.span)


def _known(test: LitmusTest) -> Iterator[str]:
    yield from ("NULL", "true", "false")
    for entry in test.init:
        if entry.thread is None and isinstance(entry.target, Name):
            yield entry.target.name
    for thread in test.threads:
        yield from (param.name for param in thread.params)
    for item in test.top:
        if isinstance(item, Declaration | Function):
            yield item.name
        elif isinstance(item, EnumDef):
            yield from (member[0] for member in item.members)


def _named(test: LitmusTest) -> Iterator[PropExpr]:
    yield from test.locations
    trees = [test.filter, None if test.condition is None else test.condition.tree]
    todo: list[PropTree] = [tree for tree in trees if tree is not None]
    while todo:
        tree = todo.pop()
        yield from tree.operands
        todo.extend(reversed(tree.children))
