"""Where the members of structs and unions lie (System V ABI: natural alignment, in order)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ksmcheck.kernel import bitfields
from ksmcheck.kernel.scalars import Overlap, Scalar, apart, bits_within, used_first, widest
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
from ksmcheck.text import InputError, Note, Span


class Member(Struct, frozen=True):
    """A named member at ``offset`` bytes; members of anonymous structs appear as the outer's.
    ``flexible``: an array that has no size (C17 6.7.2.1 p18); one of length 0 has."""

    name: str
    type: CType
    offset: int
    volatile: bool = False
    flexible: bool = False


class Unnamed(Struct, frozen=True):
    """A member without a name: its own members are those from ``first`` to before ``end``."""

    first: int
    end: int
    type: StructType
    offset: int


class Layout(Struct, frozen=True):
    """``members`` in order. ``unnamed`` are the parts whose members are listed as the outer's, each
    before those within it. ``flexible``: the last one is an array whose length each object has."""

    size: int
    align: int
    members: tuple[Member, ...]
    unnamed: tuple[Unnamed, ...] = ()
    flexible: bool = False

    def member(self, name: str) -> Member | None:
        return next((m for m in self.members if m.name == name), None)


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
    """The layouts of one test's struct types; filled while its definitions are read.

    ``used`` tells the names of the members that the test uses, of whatever type; None: any.
    """

    used: Callable[[], frozenset[str]] | None = None
    _known: dict[StructType, Layout] = field(default_factory=dict)
    _defined: dict[StructType, Span] = field(default_factory=dict)
    _scalars: dict[CType, tuple[Scalar, ...]] = field(default_factory=dict)

    def define(
        self,
        type: StructType,
        parts: tuple[Part, ...],
        span: Span,
        align: int = 1,
        *,
        flexible: bool = False,
    ) -> None:
        """Lays out ``parts``, the whole with an alignment of at least ``align``. Raises InputError
        on a second definition or a doubled member."""
        if type in self._known:
            first = (Note("the first definition", self._defined[type]),)
            raise InputError(f"{type} is defined twice", span, notes=first)
        layout = self._lay_out(type, parts, align)
        if flexible:
            *others, last = layout.members
            members = (*others, replace(last, flexible=True))
            layout = replace(layout, members=members, flexible=True)
        self._known[type] = layout
        self._defined[type] = span

    def grown(self, type: StructType, count: int) -> StructType:
        """What an object is that has ``count`` elements in its flexible array member."""
        found = replace(type, tail=count)
        if count and found not in self._known:
            layout = self.of(type, None)
            *others, last = layout.members
            assert layout.flexible and isinstance(last.type, ArrayOf)
            array = ArrayOf(last.type.element, count)
            size = max(layout.size, last.offset + self.size(array, None))
            members = (*others, replace(last, type=array))
            self._known[found] = replace(layout, size=size, members=members)
        return found

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

    def scalars(self, type: CType, span: Span | None) -> tuple[Scalar, ...]:
        """Every scalar of an object, in order of offset; a union's members share theirs, and are
        called by the first one that the test uses.

        Where scalars overlap that differ in width, those are left out that the test does not use,
        and then those that are part of a wider integer: in a local they are bits of that
        (``within``), in memory such an access is refused. Raises InputError for other overlaps.
        """
        known = self._scalars.get(type)
        if known is None:
            every = list(self._walk(type, "", 0, (), span))
            found = apart(every)
            if self.used is not None and found != tuple(every):  # there are unions
                every = used_first(every, self.used())
                found = apart(every)
            if isinstance(found, Overlap):
                found = apart(widest(every))
            if isinstance(found, Overlap):
                raise _overlap(found, span)
            known = self._scalars[type] = found
        return known

    def holds(self, type: CType, offset: int, part: CType, span: Span | None) -> bool:
        """Whether a scalar of an object is at ``offset``, and as wide as ``part``."""
        if not isinstance(type, StructType | ArrayOf):
            return True
        wanted = self._scalar(part, offset, span)
        return any(scalar.kind == wanted.kind for scalar in self.scalars(type, span))

    def within(
        self, type: CType, offset: int, part: CType, span: Span | None
    ) -> tuple[int, BitField] | None:
        """The scalar ``part`` of an object, as bits of the wider integer that has its place there,
        with that one's offset; None where the object has the part itself.

        Raises InputError where it is neither.
        """
        if not isinstance(type, StructType | ArrayOf):
            return None
        wanted = self._scalar(part, offset, span)
        for scalar in self.scalars(type, span):
            if scalar.kind == wanted.kind:
                return None
            if set(wanted.bytes).issubset(scalar.bytes):
                bits = bits_within(part, scalar, offset - scalar.offset)
                if bits is not None:
                    return scalar.offset, bits
        raise InputError(f"this part of {type} is not held by itself", span, hint=_SAME_WIDTH)

    def _scalar(self, part: CType, offset: int, span: Span | None) -> Scalar:
        held = part.word if isinstance(part, BitField) else part
        return Scalar("", offset, held, self.size(held, span))

    def _walk(
        self, type: CType, path: str, offset: int, members: tuple[str, ...], span: Span | None
    ) -> Iterator[Scalar]:
        if isinstance(type, ArrayOf):
            size = self.size(type.element, span)
            for i in range(type.length or 0):
                yield from self._walk(
                    type.element, f"{path}[{i}]", offset + i * size, members, span
                )
        elif isinstance(type, StructType):
            hidden = type not in self._known
            for member in self.of(type, span).members:
                at, name = offset + member.offset, member.name
                inner = members if hidden else (*members, name)
                yield from self._walk(member.type, f"{path}.{name}", at, inner, span)
        else:
            fields = isinstance(type, BitField)
            kept = type.word if isinstance(type, BitField) else type
            yield Scalar(path, offset, kept, self.size(kept, span), fields, members)

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
            yield replace(inner, offset=offset + inner.offset)

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


def _round_up(value: int, align: int) -> int:
    return -(-value // align) * align


def _overlap(found: Overlap, span: Span | None) -> InputError:
    one, other = found.one.path.lstrip("."), found.other.path.lstrip(".")
    message = f"union members {one} and {other} overlap with different widths, and both are used"
    return InputError(message, span, hint=_SAME_WIDTH)


_SAME_WIDTH = "give the members of the union the same width; mixed-size accesses are not supported"
