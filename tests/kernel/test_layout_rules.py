"""C types of the kernel: layout, conversions, constant expressions; values after ABI and C17."""

from __future__ import annotations

import pytest

from ksmcheck.kernel.constants import constant
from ksmcheck.kernel.declarations import Declarations, declare
from ksmcheck.kernel.ints import S32, S64, U32, U64, IntType
from ksmcheck.kernel.memory import Memory
from ksmcheck.kernel.types import (
    BASIC,
    INT,
    KERNEL_TYPEDEFS,
    UNSIGNED,
    BitField,
    IntegerType,
    PointerTo,
    StructType,
    common,
    promote,
)
from ksmcheck.syntax.c_ast import Declaration
from ksmcheck.syntax.litmus import parse_litmus
from ksmcheck.text import InputError, Source


def declared(top: str) -> Declarations:
    text = f"C t\n{top}\n{{ }}\nP0(void) {{ }}\nexists (true)\n"
    return declare(parse_litmus(Source("t.litmus", text)).top, "6.12")


def layout(top: str, tag: str) -> tuple[int, int, dict[str, int]]:
    known = declared(top).layouts.of(StructType("struct", tag), None)
    return known.size, known.align, {m.name: m.offset for m in known.members}


@pytest.mark.parametrize(
    ("top", "expected"),
    [
        # System V ABI: each member at the next multiple of its alignment; the size is a multiple
        # of the largest alignment.
        (
            "struct s { char a; short b; char c; int d; };",
            (12, 4, {"a": 0, "b": 2, "c": 4, "d": 8}),
        ),
        ("struct s { char a; long b; char c; };", (24, 8, {"a": 0, "b": 8, "c": 16})),
        ("struct s { bool a; bool b; u16 c; };", (4, 2, {"a": 0, "b": 1, "c": 2})),
        ("struct s { spinlock_t l; atomic_t c; void *p; };", (16, 8, {"l": 0, "c": 4, "p": 8})),
        ("struct s { char a[3]; int b[2]; };", (12, 4, {"a": 0, "b": 4})),
        (
            "struct i { int x; long y; }; struct s { char a; struct i b; };",
            (24, 8, {"a": 0, "b": 8}),
        ),
        # Members of an anonymous union or struct are the outer struct's.
        (
            "struct s { int a; union { long b; void *c; }; struct { int d; int e; }; };",
            (24, 8, {"a": 0, "b": 8, "c": 8, "d": 16, "e": 20}),
        ),
        # A struct may point to itself, and to one that is defined later.
        ("struct s { struct s *next; struct t *other; }; struct t { int a; };",
         (16, 8, {"next": 0, "other": 8})),
    ],
)  # fmt: skip
def test_struct_layout(top: str, expected: tuple[int, int, dict[str, int]]) -> None:
    assert layout(top, "s") == expected


@pytest.mark.parametrize(
    ("top", "size", "align", "bits"),
    [
        # The first bit of each field; System V ABI 3.1.2, and what gcc on x86-64 makes of them.
        ("unsigned a:3; unsigned b:5; int c;", 8, 4, {"a": 0, "b": 3, "c": 32}),
        (
            "char x; unsigned a:7; unsigned c:1; u16 b; unsigned d:32; unsigned long e:40;",
            16,
            8,
            {"x": 0, "a": 8, "c": 15, "b": 16, "d": 32, "e": 64},
        ),
        ("int a:3; unsigned b:2; bool c:1;", 4, 4, {"a": 0, "b": 3, "c": 5}),
        ("unsigned a:1; unsigned :0; unsigned b:1;", 8, 4, {"a": 0, "b": 32}),
        ("unsigned a:20; unsigned b:20;", 8, 4, {"a": 0, "b": 32}),
        ("unsigned char a:5; unsigned char b:5; short c:9;", 4, 2, {"a": 0, "b": 8, "c": 16}),
        ("char x; unsigned :4; char y;", 3, 1, {"x": 0, "y": 16}),
        ("unsigned long a:33; int b:4;", 8, 8, {"a": 0, "b": 33}),
        ("unsigned a:16; unsigned b:16; unsigned c:1;", 8, 4, {"a": 0, "b": 16, "c": 32}),
        ("union { unsigned u:3; int v; }; unsigned a:1;", 8, 4, {"u": 0, "v": 0, "a": 32}),
    ],
)
def test_bit_fields(top: str, size: int, align: int, bits: dict[str, int]) -> None:
    known = declared(f"struct s {{ {top} }};").layouts.of(StructType("struct", "s"), None)
    found = {
        m.name: 8 * m.offset + (m.type.at if isinstance(m.type, BitField) else 0)
        for m in known.members
    }
    assert (known.size, known.align, found) == (size, align, bits)


@pytest.mark.parametrize(
    ("top", "words"),
    [
        # One memory location each (C17 3.14): neighbouring fields, and nothing else.
        ("unsigned a:3; unsigned b:5; int c;", [(".a+b", 0, 32), (".c", 4, 32)]),
        ("char x; unsigned a:7; unsigned c:1;", [(".x", 0, 8), (".a+c", 1, 8)]),
        ("unsigned a:12; unsigned char b;", [(".a", 0, 16), (".b", 2, 8)]),
        ("unsigned a:1; unsigned :0; unsigned b:1;", [(".a", 0, 32), (".b", 4, 32)]),
        ("unsigned long a:33; int b:4; bool c:1;", [(".a+b+c", 0, 64)]),
        ("unsigned a:20; unsigned b:20;", [(".a", 0, 32), (".b", 4, 32)]),
    ],
)
def test_words_of_bit_fields(top: str, words: list[tuple[str, int, int]]) -> None:
    types = declared(f"struct s {{ {top} }};")
    scalars = list(types.layouts.scalars(StructType("struct", "s"), None))
    assert [(s.path, s.offset, 8 * types.layouts.size(s.type, None)) for s in scalars] == words


def test_scalars_of_nested_arrays_are_named_as_c_names_them() -> None:
    types = declared("struct s { struct { int x; char y; } a[2]; union { long u; void *v; }; };")
    scalars = types.layouts.scalars(StructType("struct", "s"), None)
    assert [(s.path, s.offset) for s in scalars] == [
        (".a[0].x", 0),
        (".a[0].y", 4),
        (".a[1].x", 8),
        (".a[1].y", 12),
        (".u", 16),
    ]


@pytest.mark.parametrize(
    ("top", "message"),
    [
        ("struct s { int a; int a; };", "two members named a"),
        ("struct s { int a; struct { int a; }; };", "two members named a"),
        ("struct s { struct u b; };", "struct u is not defined"),
        ("struct s { int f : 33; };", "a bit-field of int has 1 to 32 bits"),
        ("struct s { int f : 0; };", "1 to 32 bits"),
        ("struct s { int f : -1; };", "1 to 32 bits"),
        ("struct s { bool f : 2; };", "a bit-field of bool has 1 to 1 bits"),
        ("struct s { int *f : 2; };", "a bit-field is an integer, not int"),
        ("struct s { char c; unsigned a : 20; };", "shares its word with another member"),
        ("struct s { int a : 2; int a : 2; };", "two members named a"),
        ("struct s { int a; }; struct s { int b; };", "defined twice"),
        ("enum { A, A };", "defined twice"),
        ("typedef int t; typedef long t;", "twice, differently"),
        ("int f(void) { return 1; } int f(void) { return 2; }", "defined twice"),
    ],
)
def test_refused_definitions(top: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        declared(top)


@pytest.mark.parametrize(
    "union",
    [
        "void *a; int b;",  # half of a pointer
        "void *a; struct { int c; int d; } s;",
        "bool a; char b;",  # a bool is not any byte
    ],
)
def test_scalars_of_different_kinds_may_not_overlap(union: str) -> None:
    types = declared(f"union u {{ {union} }};")
    with pytest.raises(InputError, match="different widths"):
        types.layouts.scalars(StructType("union", "u"), None)


@pytest.mark.parametrize(
    ("union", "expected"),
    [
        ("int a; long b;", [(0, 8)]),
        ("long a; struct { int c; int d; } s;", [(0, 8)]),
        ("short a; struct { char :8; char b; } s;", [(0, 2)]),
        ("struct { long a; int b; } s; struct { int c[2]; char d; } t;", [(0, 8), (8, 4)]),
        ("struct { int a; int b; } s; struct { char c; char d[6]; } t;", [(0, 4), (4, 4)]),
    ],
)
def test_the_widest_integer_has_the_place_of_all(
    union: str, expected: list[tuple[int, int]]
) -> None:
    """Offset and size in bytes of each."""
    types = declared(f"union u {{ {union} }};")
    found = types.layouts.scalars(StructType("union", "u"), None)
    assert [(scalar.offset, scalar.size) for scalar in found] == expected


def test_widths_of_the_kernels_integers() -> None:
    assert BASIC["char"] == IntType(8, True)
    assert BASIC["long"] == BASIC["long long"] == S64
    assert KERNEL_TYPEDEFS["pgoff_t"] == KERNEL_TYPEDEFS["size_t"] == U64
    assert KERNEL_TYPEDEFS["gfp_t"] == U32
    assert KERNEL_TYPEDEFS["__s32"] == KERNEL_TYPEDEFS["s32"] == S32


LONG, ULONG = IntegerType("long", S64), IntegerType("unsigned long", U64)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (INT, INT, S32),
        (INT, UNSIGNED, U32),  # equal rank: unsigned wins
        (UNSIGNED, LONG, S64),  # long holds every unsigned int
        (LONG, ULONG, U64),
        (IntegerType("u8", IntType(8, False)), IntegerType("u16", IntType(16, False)), S32),
        (IntegerType("bool", IntType(1, False)), UNSIGNED, U32),
    ],
)
def test_usual_arithmetic_conversions(
    left: IntegerType, right: IntegerType, expected: IntType
) -> None:
    assert common(left, right).ints == common(right, left).ints == expected
    assert promote(left).ints.width >= 32


def constant_of(expression: str) -> tuple[int, IntType]:
    struct = "struct s { char c; struct { int x; int y; } a[4]; };"
    types = declared(f"{struct} enum {{ N = {expression} }}; int probe = {expression};")
    probe: Declaration = types.globals["probe"]
    assert probe.init is not None
    value, type = constant(probe.init, types)
    assert types.enumerators["N"][0] == value
    return value, type.ints


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("offsetof(struct s, a[2].y)", (4 + 2 * 8 + 4, U64)),
        ("sizeof(struct s)", (36, U64)),
        ("sizeof(int *[3])", (24, U64)),
        ("-1 > 0u", (1, S32)),
        ("(u8)300", (44, IntType(8, False))),
        ("1 ? 2 : 3u", (2, U32)),
        ("1 || 1 / 0", (1, S32)),  # not evaluated (6.5.14)
        ("7 / -2", (-3, S32)),
    ],
)
def test_constant_expressions(expression: str, expected: tuple[int, IntType]) -> None:
    assert constant_of(expression) == expected


def test_objects_never_share_a_mebibyte() -> None:
    types = declared("struct big { long words[50000][4]; };")
    memory = Memory(types.layouts)
    big = memory.add("big", StructType("struct", "big"), None)
    after = memory.add("after", PointerTo(INT), None)
    assert after.address >= big.address + 1_600_000
    assert big.address >> 20 != after.address >> 20
    with pytest.raises(InputError, match="too many shared objects"):
        for i in range(4000):
            memory.add(f"o{i}", INT, None)


@pytest.mark.parametrize(("kernel", "signed"), [("3.9", True), ("6.1", True), ("6.2", False)])
def test_plain_char(kernel: str, signed: bool) -> None:
    """-funsigned-char since 6.2; before, as on x86."""
    types = declare(
        parse_litmus(Source("t.litmus", "C t\nchar c;\n{ }\nP0(void) { }\n")).top, kernel
    )
    assert types.resolve(types.globals["c"].type) == IntegerType("char", IntType(8, signed))


@pytest.mark.parametrize(
    ("declared_type", "bits", "value"),
    [
        # gcc and clang: what an unsigned int holds is an int or unsigned int, of whatever type the
        # field is declared (checked with gcc: (s.f << 1) of an unsigned long f:32 loses its top).
        ("unsigned long", 20, S32),
        ("unsigned long", 32, U32),
        ("long", 32, S32),
        ("unsigned int", 31, S32),
        ("unsigned int", 32, U32),
    ],
)
def test_promotion_of_bit_fields(declared_type: str, bits: int, value: IntType) -> None:
    types = declared(f"struct s {{ {declared_type} f:{bits}; unsigned long :0; }};")
    field = types.layouts.of(StructType("struct", "s"), None).members[0].type
    assert isinstance(field, BitField) and field.value.ints == value
