"""Where the members of structs and unions lie (System V ABI: natural alignment, in order)."""

from __future__ import annotations

from collections.abc import Iterator

from ksmcheck.kernel import bitfields
from ksmcheck.kernel.ints import BOOL
from ksmcheck.kernel.types import (
    WORDS,
    ArrayOf,
    BitField,
    CType,
    FunctionOf,
    IntegerType,
    PointerTo,
    StructType,
)
from ksmcheck.record import Struct, field, replace
from ksmcheck.text import InputError, Span


class Member(Struct, frozen=True):
    """A named member at ``offset`` bytes; members of anonymous structs appear as the outer's."""

    name: str
    type: CType
    offset: int
    volatile: bool = False


class Unnamed(Struct, frozen=True):
    """A member without a name: its own members are those from ``first`` to before ``end``."""

    first: int
    end: int
    type: StructType
    offset: int


class Layout(Struct, frozen=True):
    """``members`` in order. ``unnamed`` are the parts whose members are listed as the outer's, each
    before those within it."""

    size: int
    align: int
    members: tuple[Member, ...]
    unnamed: tuple[Unnamed, ...] = ()

    def member(self, name: str) -> Member | None:
        return next((m for m in self.members if m.name == name), None)


class Scalar(Struct, frozen=True):
    """One scalar inside an object: ``path`` continues the object's name (``.a[1].b``).

    ``fields``: the word of bit-fields; ``.a+b`` for that of a and b.
    """

    path: str
    offset: int
    type: CType
    fields: bool = False


class Part(Struct, frozen=True):
    """A member as declared, before layout: ``name`` None for an anonymous struct or union.

    ``bits`` is a bit-field's width; without a name it only takes room. ``align``: at least that.
    """

    name: str | None
    type: CType
    span: Span
    volatile: bool = False
    bits: int | None = None
    align: int = 1


class Layouts(Struct):
    """The layouts of one test's struct types; filled while its definitions are read."""

    _known: dict[StructType, Layout] = field(default_factory=dict)

    def define(self, type: StructType, parts: tuple[Part, ...], span: Span, align: int = 1) -> None:
        """Lays out ``parts``, the whole with an alignment of at least ``align``. Raises InputError
        on a second definition or a doubled member."""
        if type in self._known:
            raise InputError(f"{type} is defined twice", span)
        self._known[type] = self._lay_out(type, parts, align)

    def of(self, type: StructType, span: Span | None) -> Layout:
        """The layout; raises InputError where the type is not complete."""
        known = self._known.get(type)
        if known is not None:
            return known
        word = WORDS.get((type.kind, type.tag))
        if word is None:
            from ksmcheck.syntax.pp_headers import include_hint

            hint = include_hint(type.tag) or f"define it: {type.kind} {type.tag} {{ ... }};"
            raise InputError(f"{type} is not defined", span, hint=hint)
        name, scalar = word
        return Layout(scalar.size, scalar.size, (Member(name, scalar, 0),))

    def is_complete(self, type: StructType) -> bool:
        return type in self._known or (type.kind, type.tag) in WORDS

    def size(self, type: CType, span: Span | None) -> int:
        """sizeof, in bytes."""
        if isinstance(type, IntegerType):
            return type.size
        if isinstance(type, BitField):
            return type.word.size
        if isinstance(type, PointerTo):
            return 8
        if isinstance(type, ArrayOf):
            if type.length is None:
                raise InputError(f"the length of {type} is not known", span)
            return type.length * self.size(type.element, span)
        if isinstance(type, StructType):
            return self.of(type, span).size
        if isinstance(type, FunctionOf):
            raise InputError("a function has no size", span, hint="is a pointer to it meant?")
        raise InputError("void has no size", span, hint="cast to a pointer to a complete type")

    def align(self, type: CType, span: Span | None) -> int:
        if isinstance(type, ArrayOf):
            return self.align(type.element, span)
        if isinstance(type, StructType):
            return self.of(type, span).align
        return self.size(type, span)

    def scalars(self, type: CType, span: Span | None) -> Iterator[Scalar]:
        """Every scalar of an object, in order of offset; a union's members share theirs.

        Raises InputError for a union whose overlapping scalars differ in width: the checker has no
        accesses that see part of a cell. A ``bool`` has a width of its own, one bit.
        """
        taken: dict[int, tuple[int, Scalar]] = {}
        for scalar in self._walk(type, "", 0, span):
            width = self.size(scalar.type, span)
            known = taken.get(scalar.offset)
            if known is not None and _is_bool(known[1].type) != _is_bool(scalar.type):
                raise _overlap(known[1], scalar, span)
            if known is None:
                taken[scalar.offset] = (width, scalar)
            elif known[0] == width and known[1].fields and scalar.fields:
                more = scalar.path.rpartition(".")[2]
                path = f"{known[1].path}+{more}"
                taken[scalar.offset] = (width, replace(scalar, path=path))
            elif known[0] != width:
                raise _overlap(known[1], scalar, span)
        last: tuple[int, Scalar] | None = None
        for offset in sorted(taken):
            width, scalar = taken[offset]
            if last is not None and last[0] > offset:
                raise _overlap(last[1], scalar, span)
            last = (offset + width, scalar)
            yield scalar

    def _walk(self, type: CType, path: str, offset: int, span: Span | None) -> Iterator[Scalar]:
        if isinstance(type, ArrayOf):
            size = self.size(type.element, span)
            for i in range(type.length or 0):
                yield from self._walk(type.element, f"{path}[{i}]", offset + i * size, span)
        elif isinstance(type, StructType):
            for member in self.of(type, span).members:
                at = offset + member.offset
                yield from self._walk(member.type, f"{path}.{member.name}", at, span)
        else:
            fields = isinstance(type, BitField)
            yield Scalar(path, offset, type.word if isinstance(type, BitField) else type, fields)

    def _lay_out(self, type: StructType, parts: tuple[Part, ...], align: int) -> Layout:
        """``end`` counts bits."""
        union = type.kind == "union"
        members: list[Member] = []
        fields: list[tuple[int, bitfields.Placed]] = []
        unnamed: list[Unnamed] = []
        end, most = 0, 0
        for part in parts:
            at = 0 if union else end
            if part.bits is not None:
                placed = bitfields.placed(*_as_field(part, at))
                end = placed.at + part.bits
                if part.name is not None:
                    fields.append((len(members) + len(fields), placed))
            else:
                needs = max(part.align, self.align(part.type, part.span))
                offset = _round_up(-(-at // 8), needs)
                unnamed += self._unnamed(part, offset, len(members) + len(fields))
                members += self._members(part, offset)
                end = (offset + self.size(part.type, part.span)) * 8
            most = max(most, end)
            if part.name is not None or part.bits is None:
                align = max(align, part.align, self.align(part.type, part.span))
        self._add_fields(members, fields, union)
        _check_names(members, type, parts)
        size = _round_up(-(-most // 8), align)
        return Layout(size, align, tuple(members), tuple(unnamed))

    def _add_fields(
        self, members: list[Member], fields: list[tuple[int, bitfields.Placed]], union: bool
    ) -> None:
        """The bit-fields in their places among the members."""
        others = [] if union else members
        taken = [(8 * m.offset, 8 * (m.offset + self.size(m.type, None))) for m in others]
        found = bitfields.words([placed for _, placed in fields], taken)
        for (index, placed), (offset, type) in zip(fields, found, strict=True):
            assert placed.name is not None
            members.insert(index, Member(placed.name, type, offset, placed.volatile))

    def _members(self, part: Part, offset: int) -> Iterator[Member]:
        if part.name is not None:
            yield Member(part.name, part.type, offset, part.volatile)
            return
        assert isinstance(part.type, StructType)
        for inner in self.of(part.type, part.span).members:
            yield Member(inner.name, inner.type, offset + inner.offset, inner.volatile)

    def _unnamed(self, part: Part, offset: int, first: int) -> Iterator[Unnamed]:
        if part.name is not None:
            return
        assert isinstance(part.type, StructType)
        inner = self.of(part.type, part.span)
        yield Unnamed(first, first + len(inner.members), part.type, offset)
        for u in inner.unnamed:
            yield Unnamed(first + u.first, first + u.end, u.type, offset + u.offset)


def _as_field(part: Part, at: int) -> tuple[str | None, CType, int, int, Span, bool]:
    assert part.bits is not None
    return part.name, part.type, part.bits, at, part.span, part.volatile


def _check_names(members: list[Member], type: StructType, parts: tuple[Part, ...]) -> None:
    names = [member.name for member in members]
    for index, name in enumerate(names):
        if name in names[:index]:
            span = next((p.span for p in reversed(parts) if p.name == name), parts[-1].span)
            raise InputError(f"{type} has two members named {name}", span)


def _is_bool(type: CType) -> bool:
    return isinstance(type, IntegerType) and type.ints == BOOL


def _round_up(value: int, align: int) -> int:
    return -(-value // align) * align


def _overlap(one: Scalar, other: Scalar, span: Span | None) -> InputError:
    return InputError(
        f"union members {one.path.lstrip('.')} and {other.path.lstrip('.')} overlap with "
        "different widths",
        span,
        hint="give the members of the union the same width; mixed-size accesses are not supported",
    )
