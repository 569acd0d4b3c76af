"""Where the members of structs and unions lie (System V ABI: natural alignment, in order)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

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

    ``fields``: the word of bit-fields; ``.a+b`` for that of a and b. ``members``: the names of the
    members that it is reached by, without those that the kernel hides behind functions.
    """

    path: str
    offset: int
    type: CType
    fields: bool = False
    members: tuple[str, ...] = ()


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
    _scalars: dict[CType, tuple[Scalar, ...]] = field(default_factory=dict)

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

    def scalars(self, type: CType, span: Span | None) -> tuple[Scalar, ...]:
        """Every scalar of an object, in order of offset; a union's members share theirs.

        Where scalars overlap that differ in width (a ``bool`` has one of its own, one bit), those
        are left out that the test does not use. Raises InputError where it uses both: the checker
        has no accesses that see part of a cell.
        """
        known = self._scalars.get(type)
        if known is None:
            every = list(self._walk(type, "", 0, (), span))
            found = self._shared(every, span)
            if isinstance(found, _Overlap) and self.used is not None:
                found = self._shared(self._used(every, self.used()), span)
            if isinstance(found, _Overlap):
                raise _overlap(found, span)
            known = self._scalars[type] = found
        return known

    def _shared(self, every: Iterable[Scalar], span: Span | None) -> tuple[Scalar, ...] | _Overlap:
        """Each place once, in order; or two scalars that overlap in another way."""
        taken: dict[int, Scalar] = {}
        for scalar in every:
            known = taken.get(scalar.offset)
            if known is None:
                taken[scalar.offset] = scalar
            elif self._kind(known) != self._kind(scalar):
                return _Overlap(known, scalar)
            elif known.fields and scalar.fields:
                more = scalar.path.rpartition(".")[2]
                taken[scalar.offset] = replace(known, path=f"{known.path}+{more}")
        found = tuple(taken[offset] for offset in sorted(taken))
        for one, other in pairwise(found):
            if one.offset + self.size(one.type, span) > other.offset:
                return _Overlap(one, other)
        return found

    def _used(self, every: list[Scalar], used: frozenset[str]) -> list[Scalar]:
        """Those that the test uses, and of the others what overlaps with nothing before it, so that
        each object begins with a scalar."""
        kept: list[Scalar] = []
        taken: dict[int, tuple[int, int, bool]] = {}
        for wanted in (True, False):
            for scalar in every:
                if used.issuperset(scalar.members) != wanted:
                    continue
                kind = self._kind(scalar)
                bytes = range(scalar.offset, scalar.offset + kind[1])
                if wanted or all(taken.get(byte, kind) == kind for byte in bytes):
                    kept.append(scalar)
                    taken.update(dict.fromkeys(bytes, kind))
        return kept

    def _kind(self, scalar: Scalar) -> tuple[int, int, bool]:
        """What scalars have in common that are one cell."""
        return scalar.offset, self.size(scalar.type, None), _is_bool(scalar.type)

    def holds(self, type: CType, offset: int, part: CType, span: Span | None) -> bool:
        """Whether a scalar of an object is at ``offset``, and as wide as ``part``."""
        if not isinstance(type, StructType | ArrayOf):
            return True
        wanted = self._kind(Scalar("", offset, part))
        return any(self._kind(s) == wanted for s in self.scalars(type, span) if s.offset == offset)

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
            yield Scalar(path, offset, kept, fields, members)

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


class _Overlap(Struct, frozen=True):
    """Two scalars that share bytes but are no one cell."""

    one: Scalar
    other: Scalar


def _overlap(found: _Overlap, span: Span | None) -> InputError:
    one, other = found.one.path.lstrip("."), found.other.path.lstrip(".")
    return InputError(
        f"union members {one} and {other} overlap with different widths, and both are used",
        span,
        hint="give the members of the union the same width; mixed-size accesses are not supported",
    )
