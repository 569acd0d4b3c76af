"""Sums that tell whether they fit (include/linux/overflow.h).

__builtin_add_overflow() and its like compute without widths, store what the result's type keeps,
and tell whether that is less (GCC's manual): Python's numbers say the same here.
"""

from __future__ import annotations

import operator
from itertools import product
from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import Verdict
from ksmcheck.kernel.ints import IntType
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

_DOES = {"add": operator.add, "sub": operator.sub, "mul": operator.mul}
_TYPES = {
    "u8": IntType(8, False),
    "s8": IntType(8, True),
    "int": IntType(32, True),
    "u32": IntType(32, False),
    "s64": IntType(64, True),
    "size_t": IntType(64, False),
}


def check(text: str, folder: Path) -> Verdict:
    path = folder / "t.litmus"
    path.write_text(f"C t\n#include <linux/overflow.h>\n{text}\n")
    return fresh_checker().check(Request(path, "sc"))


def _edges(type: IntType) -> list[int]:
    top = (1 << type.width - type.signed) - 1
    bottom = -top - 1 if type.signed else 0
    return [bottom, top, -1 if type.signed else 7]


def _literal(type: str, value: int) -> str:
    return f"({type}){value & (1 << 64) - 1:#x}UL"


@pytest.mark.parametrize("name", _DOES)
@pytest.mark.parametrize("result", _TYPES)
def test_values(name: str, result: str, tmp_path: Path) -> None:
    into, lines = _TYPES[result], []
    for one, two in (*zip(_TYPES, reversed(_TYPES), strict=True), ("s64", "s64"), ("int", "u32")):
        for a, b in product(_edges(_TYPES[one]), _edges(_TYPES[two])):
            exact = _DOES[name](a, b)
            kept = into.wrap(exact)
            given = f"{_literal(one, a)}, {_literal(two, b)}"
            call = f"check_{name}_overflow({given}, &r)"
            lines.append(
                f"BUG_ON({call} != {int(kept != exact)} || r != {_literal(result, kept)});"
            )
    body = "\n".join(lines)
    assert check(f"{{ }}\nP0(void) {{ {result} r;\n{body} }}", tmp_path).verdict == "SAFE"


_TOP = """struct list { int n; long d[]; };
struct bits { unsigned a:3; int b:4; };
int x;
int other;
u8 byte;
size_t at;
{ }
"""


@pytest.mark.parametrize(
    "body",
    [
        # What is read decides, and the sum is stored whether it fits or not.
        "u8 r; BUG_ON(check_add_overflow(k, 250, &r) != (k > 5) || r != (u8)(250 + k));",
        "int r; BUG_ON(check_sub_overflow(INT_MIN, k, &r) != (k > 0));",
        "BUG_ON(check_add_overflow(other, 1, &other)); BUG_ON(other != 1);",
        "BUG_ON(check_mul_overflow(k, 3, &byte) || byte != 3 * k);",
        "int i = 0, a[2] = { }; BUG_ON(check_add_overflow(i++, 1, &a[i]));"
        " BUG_ON(i != 1 || a[1] != 1);",
        "struct bits v = { .a = 7, .b = -1 }; int r;"
        " BUG_ON(check_add_overflow(v.a, v.b, &r) || r != 6);",
        "if (check_add_overflow(k, INT_MAX, &x)) BUG_ON(k != 6); else BUG_ON(k);",
        "for (int i = 1, r = 1; i < 40; i++) if (check_mul_overflow(r, 2, &r)) { BUG_ON(i != 31);"
        " break; }",
        "size_t n; BUG_ON(check_add_overflow(1, size_add(2, 3), &n) || n != 6);",
        "u8 r; BUG_ON(__builtin_add_overflow(200, 50, &r) || r != 250);"
        " BUG_ON(!__builtin_sub_overflow(0, 1, &r) || r != 255);",
        "u8 r; BUG_ON(check_shl_overflow(1, 7, &r) || r != 128 || !check_shl_overflow(3, 7, &r));",
        "int r;"
        " BUG_ON(!check_shl_overflow(1, 31, &r) || !check_shl_overflow(1, -1, &r) || r != 1);",
        "u64 r; BUG_ON(check_shl_overflow(1, 63, &r) || !check_shl_overflow(1, 64, &r));",
        "BUG_ON(size_add(SIZE_MAX, k) != SIZE_MAX || size_add(k, 1) != k + 1);",
        "BUG_ON(size_mul(SIZE_MAX / 2, 3) != SIZE_MAX || size_mul(k, 0) || size_mul(3, k) != 3 *"
        " k);",
        "BUG_ON(size_sub(SIZE_MAX, 1) != SIZE_MAX || size_sub(1, 2) != SIZE_MAX || size_sub(k,"
        " k));",
        "BUG_ON(array_size(k, sizeof(int)) != 4 * k || array3_size(2, 3, SIZE_MAX) != SIZE_MAX);",
        "struct list *p = 0;"
        " BUG_ON(struct_size(p, d, k) != 8 + 8 * k || sizeof(size_add(1, k)) != 8);",
        "struct list *p = 0; BUG_ON(struct_size(p, d, SIZE_MAX) != SIZE_MAX);",
        "BUG_ON(flex_array_size((struct list *)0, d, -1) != SIZE_MAX);",
        "u8 room[size_add(1, size_mul(2, 2))]; BUG_ON(sizeof(room) != 5);",
        "BUG_ON(struct_size_t(struct list, d, 1) != 16 || !overflows_type(256, u8));",
        "BUG_ON(overflows_type(255, byte) || !overflows_type(-1, u64));",
        # A signed operand is zero extended (include/linux/minmax.h).
        "BUG_ON(umin(-1, 5L) != 5 || umax(-1, 5UL) != 0xffffffff || sizeof(umin(1, 2)) != 8);",
        "BUG_ON(umin(k, 2u) != (k ? 2 : 0) || umax(umin(k, 1), 3) != 3);",
        "BUG_ON(wrapping_add(u8, 250, 10) != 4 || wrapping_sub(int, INT_MIN, 1) != INT_MAX);",
        "u8 v = 3;"
        " BUG_ON(wrapping_mul(u8, 16, 17) != 16 || wrapping_assign_sub(v, 4) != 255 || v != 255);",
        # A test may have the names that the macros' own variables have as they are written.
        "u32 a__ = 5, b__ = 3, d__; BUG_ON(size_sub(b__ + 5, a__) != 3);"
        " BUG_ON(!check_sub_overflow(b__, a__, &d__) || d__ != -2u);",
        "int of__ = 8, one__ = 4; BUG_ON(ffs(of__) != 4 || fls(one__) != 3 || min(k, of__) != k);",
        "BUG_ON(!range_overflows(2u, 3u, 4u) || range_overflows_t(u64, 2, 2, 4));",
        "BUG_ON(range_end_overflows(4u, 0u, 4u) || !range_overflows(4u, 0u, 4u));",
    ],
)
def test_in_use(body: str, tmp_path: Path) -> None:
    threads = f"P0(void) {{ int k = READ_ONCE(at); {body} }}\nP1(void) {{ WRITE_ONCE(at, 6); }}"
    assert check(_TOP + threads, tmp_path).verdict == "SAFE"
    shown = check(f"{_TOP}{threads}\nexists (0:k=6)", tmp_path)
    assert (shown.observation, shown.witness is None) == ("Sometimes", False)  # and replayed


def test_constants_of_a_file(tmp_path: Path) -> None:
    text = """struct list { int n; long d[]; };
u8 room[struct_size((struct list *)0, d, 2)];
enum { MOST = size_mul(3, 4) };
{ }
P0(void)
{
	BUG_ON(sizeof(room) != 24 || MOST != 12);
	switch (12) { case size_add(8, 4): return; }
	BUG();
}"""
    assert check(text, tmp_path).verdict == "SAFE"


def test_the_sum_depends_on_what_was_read(tmp_path: Path) -> None:
    """Load buffering by data alone, which every machine keeps."""
    text = """int y;
{ }
P0(int *x) { int r = READ_ONCE(*x), s; check_add_overflow(r, 1, &s); WRITE_ONCE(y, s); }
P1(int *x) { int r = READ_ONCE(y); WRITE_ONCE(*x, r); }
exists (1:r=2)"""
    assert check(text, tmp_path).observation == "Never"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("int r; check_add_overflow(1, 2, r);", "int"),
        ("int r; check_add_overflow(1, 2);", "check_add_overflow"),
        ("int *r; check_add_overflow(1, 2, &r);", "int *"),
        ("int r; check_add_overflow(&r, 2, &r);", "int *"),
        ("struct list l; check_mul_overflow(1, 2, &l);", "struct list"),
        ("x = size_add(1);", "size_add"),
        ("x = umin(&x, 1);", "int *"),
    ],
)
def test_what_is_refused(body: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        check(f"{_TOP}P0(void) {{ {body} }}\nexists (x=1)", tmp_path)
    assert message in refused.value.diagnostic.message
    assert refused.value.diagnostic.span is not None
