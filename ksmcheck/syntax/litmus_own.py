"""A test's own definitions beside those of the headers that come with ksmcheck.

The kernel has many functions of its headers in files of their own, which a test may be made of: the
test's stands for the header's. Of a struct, what comes along has the members that the header's code
needs, and a test those that its code needs: the struct has both, as the kernel's has. The test's
come first, for its initialisers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ksmcheck.record import replace
from ksmcheck.syntax.c_ast import ArrayType, Function, StructDef, TagType, TopLevel


def own_first(defined: list[TopLevel]) -> list[TopLevel]:
    """The definitions without those that the test has its own for."""
    functions = [item for item in defined if isinstance(item, Function)]
    own = {f.name for f in functions if f.body is not None and not comes_along(f)}
    kept = [
        item
        for item in defined
        if not (isinstance(item, Function) and item.name in own and comes_along(item))
    ]
    structs = [item for item in kept if isinstance(item, StructDef)]
    theirs = {(s.kind, s.tag): s for s in structs if comes_along(s)}
    both = {(s.kind, s.tag) for s in structs if not comes_along(s)} & theirs.keys()
    return _merged(kept, {key: theirs[key] for key in both}) if both else kept


def comes_along(item: TopLevel) -> bool:
    """Whether it is of such a header."""
    name = item.span.source.name
    return name.startswith("<") and name.endswith(">")


def _merged(items: list[TopLevel], theirs: dict[tuple[str, str], StructDef]) -> list[TopLevel]:
    """With one definition of each struct, behind which all that its members need is defined."""
    seen: dict[tuple[str, str], StructDef] = {}
    structs = {item.tag: item for item in items if isinstance(item, StructDef)}
    found: list[TopLevel] = []
    for item in items:
        if not isinstance(item, StructDef) or (item.kind, item.tag) not in theirs:
            found.append(item)
            continue
        key = item.kind, item.tag
        first = seen.get(key)
        if first is None:
            seen[key] = item
        elif comes_along(first) != comes_along(item):
            own, more = (item, first) if comes_along(first) else (first, item)
            found.append(_both(own, more, set(_names(own, structs))))
        else:  # the test has two, which is an error
            found.append(item)
    return found


def _names(struct: StructDef, structs: Mapping[str, StructDef]) -> Iterator[str]:
    """Of its members, and of those of its members without a name."""
    for member in struct.fields:
        if member.name is not None:
            yield member.name
        elif isinstance(member.type, TagType):
            yield from _names(structs[member.type.tag], structs)


def _both(own: StructDef, theirs: StructDef, named: set[str]) -> StructDef:
    """What has no length of its own stays the last."""
    more = tuple(member for member in theirs.fields if member.name not in named)
    last = own.fields[-1:]
    if not (last and isinstance(last[0].type, ArrayType) and last[0].type.length is None):
        last = ()
    fields = (*own.fields[: len(own.fields) - len(last)], *more, *last)
    return replace(own, fields=fields, aligned=(*own.aligned, *theirs.aligned))
