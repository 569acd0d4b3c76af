"""The outlines of what is declared: the members of structs, and the variables at file level.

No statement says whether an access is volatile, how wide it is, or whether a store to a bit-field
reads its neighbours first: the declaration does. Only what decides that is in a line, so that
another name for the same type is no change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ksmcheck.gate.place import place_of
from ksmcheck.kernel.declarations import Declarations, declare
from ksmcheck.kernel.layout import Member
from ksmcheck.kernel.types import (
    ArrayOf,
    BitField,
    CType,
    FunctionOf,
    IntegerType,
    PointerTo,
    StructType,
)
from ksmcheck.program.contents import functions
from ksmcheck.program.reach import reached
from ksmcheck.program.tree import Tree, everything, walk
from ksmcheck.record import Struct
from ksmcheck.report.findings import Place
from ksmcheck.syntax.c_ast import (
    ArrayType,
    Cast,
    Declaration,
    Function,
    Name,
    PointerType,
    StructDef,
)
from ksmcheck.syntax.c_ast import Member as MemberOf
from ksmcheck.syntax.litmus_ast import LitmusTest

VARIABLES = "(variables)"
"""The outline of a file's variables, in place of a function's name."""

VOLATILE = "volatile"


class Declared(Struct, frozen=True):
    """``name`` is ``(struct mbox)`` or VARIABLES; ``lines`` are what is declared, and where."""

    name: str
    place: Place
    lines: tuple[tuple[str, Place], ...]


def is_declared(function: str) -> bool:
    """Whether an outline is one of these."""
    return function == VARIABLES or function.startswith(("(struct ", "(union "))


def is_volatile(text: str) -> bool:
    """Of a line, or of a type as it is written."""
    return VOLATILE in text.split()


def declared(test: LitmusTest, kernel: str) -> Iterator[Declared]:
    """Of what the threads' functions mention; what comes with ksmcheck nobody edits."""
    names, members = _mentioned(test)
    known = declare(test.top, kernel)
    variables: dict[str, list[tuple[str, Place]]] = {}
    types: set[str] = set()
    for item in known.globals.values():
        place = place_of(item.span)
        if item.name in names and not place.file.startswith("<"):
            type = known.resolve(item.type)
            types.add(_struct_in(type))
            lines = _lines(item.name, type, item.volatile, known)
            variables.setdefault(place.file, []).extend((line, place) for line in lines)
    for definition in _structs(test):
        struct = StructType(definition.kind, definition.tag)
        inside = {m.name for m in known.layouts.of(struct, None).members}
        if str(struct) in types or not inside.isdisjoint(members):
            yield _struct(definition, known)
    for lines_of in variables.values():
        yield Declared(VARIABLES, lines_of[0][1], tuple(lines_of))


def _mentioned(test: LitmusTest) -> tuple[set[str], set[str]]:
    """The names, and the names of members, in what is run and what is asked."""
    called = reached(test)
    trees: list[Tree] = [f for f in functions(test) if f.name in called]
    trees += [i.init for i in test.top if isinstance(i, Declaration) and i.name in called]
    trees += test.init
    trees += [] if test.condition is None else [test.condition.tree]
    names, members = set(), set()
    for node in (node for tree in trees if tree is not None for node in everything(tree)):
        if isinstance(node, Name):
            names.add(node.name)
        elif isinstance(node, MemberOf):
            members.add(node.field)
    return names, members


def _structs(test: LitmusTest) -> Iterator[StructDef]:
    """Those with a name, of the files that a user edits."""
    for item in test.top:
        if (
            isinstance(item, StructDef)
            and not item.tag.startswith("<")
            and not place_of(item.span).file.startswith("<")
        ):
            yield item


def _struct_in(type: CType) -> str:
    """The struct that an object is, or its elements are."""
    element = _element(type)
    return str(element) if isinstance(element, StructType) else ""


def _element(type: CType) -> CType:
    """What an array is an array of, through all its dimensions."""
    while isinstance(type, ArrayOf):
        type = type.element
    return type


def _struct(definition: StructDef, known: Declarations) -> Declared:
    struct = StructType(definition.kind, definition.tag)
    places = {field.name: place_of(field.span) for field in definition.fields}
    whole = place_of(definition.span)
    found = []
    for text in _members("", struct, known):
        name = text.partition(":")[0].partition(".")[0]
        found.append((text, places.get(name, whole)))
    return Declared(f"({struct})", whole, tuple(found))


def _members(path: str, struct: StructType, known: Declarations) -> Iterator[str]:
    layout = known.layouts.of(struct, None)
    for member in layout.members:
        beside = [m.name for m in layout.members if m is not member and _same_word(m, member)]
        yield from _lines(f"{path}{member.name}", member.type, member.volatile, known, beside)


def _same_word(one: Member, other: Member) -> bool:
    both = isinstance(one.type, BitField) and isinstance(other.type, BitField)
    return both and one.offset == other.offset


def _lines(
    path: str,
    type: CType,
    volatile: bool,
    known: Declarations,
    beside: list[str] | None = None,
) -> Iterator[str]:
    """One line; of a struct without a name, those of its members."""
    element = _element(type)
    if isinstance(element, StructType) and element.tag.startswith("<"):
        for line in _members(f"{path}.", element, known):
            name, _, text = line.partition(": ")
            already = not volatile or is_volatile(text)
            yield line if already else f"{name}: {VOLATILE} {text}"
        return
    with_them = f", in one word with {', '.join(beside)}" if beside else ""
    yield f"{path}: {f'{VOLATILE} ' if volatile else ''}{_spelt(type)}{with_them}"


def _spelt(type: CType) -> str:
    """What decides the accesses and their values: ``unsigned 32 bits`` for ``u32``."""
    match type:
        case IntegerType():
            return "bool" if type.name == "bool" else f"{_sign(type)}{type.ints.width} bits"
        case BitField():
            sign = _sign(type.declared)
            return f"{sign}bit-field of {type.bits} in {type.word.ints.width} bits"
        case ArrayOf():
            return f"array of {_spelt(type.element)}"
        case PointerTo(target=FunctionOf()):
            return "pointer to a function"
        case PointerTo():
            qualified = f"{VOLATILE} " if type.volatile else ""
            return f"pointer to {qualified}{_spelt(type.target)}"
    return str(type)


def _sign(type: IntegerType) -> str:
    return "" if type.name == "bool" else "signed " if type.ints.signed else "unsigned "


def without_signs(text: str) -> str:
    """As it was recorded before signs were."""
    return " ".join(word for word in text.split() if word not in _SIGNS)


def has_sign(text: str) -> bool:
    return not _SIGNS.isdisjoint(text.split())


_SIGNS = frozenset(("signed", "unsigned"))


# What a function declares.


def volatile_types(function: Function) -> Iterator[tuple[str, Tree]]:
    """The result, the parameters and the locals of a function through which an access is volatile,
    as they are written. Casts are no part of it: they are where the access is."""
    if _points_to_volatile(function.result):
        yield f"{function.name}()", function
    for param in function.params:
        if param.volatile or _points_to_volatile(param.type):
            yield param.name, param
    for node in walk(function.body):
        if isinstance(node, Declaration) and (
            (node.static and node.volatile) or _points_to_volatile(node.type)
        ):
            yield node.name, node


def volatile_cast(node: Tree) -> bool:
    return isinstance(node, Cast) and _points_to_volatile(node.type)


def _points_to_volatile(type: Tree) -> bool:
    while isinstance(type, PointerType | ArrayType):
        if isinstance(type, PointerType) and type.volatile:
            return True
        type = type.target if isinstance(type, PointerType) else type.element
    return False


def by_name(lines: tuple[str, ...]) -> Mapping[str, str]:
    """The text of each line by what it declares."""
    return dict(line[2:].split(": ", 1) for line in lines if ": " in line)
