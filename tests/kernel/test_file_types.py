"""Sizes of variables where C wants a constant at file level; System V ABI (LP64), C17 6.5.3.4."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.text import InputError
from tests.fresh import fresh_checker

TOP = """struct p { int n[3]; struct { char c; } q; };
struct p g, table[2]; long *ptr; struct p *to = &g;
static const int list[] = { 1, 2, [4] = 5 };
"""


def state(top: str, folder: Path) -> int:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{TOP}{top}\n{{ }}\nP0(int *x) {{ *x = N; }}\nlocations [x]\n")
    ((value,),) = fresh_checker().states(Request(path, "sc")).states
    return value


@pytest.mark.parametrize(
    ("constant", "value"),
    [
        ("sizeof(list)", 20),
        ("ARRAY_SIZE(list)", 5),
        ("sizeof(list) / sizeof(list[0])", 5),
        ("sizeof(g)", 16),
        ("sizeof(g.n) + sizeof(g.q.c)", 13),
        ("ARRAY_SIZE(g.n)", 3),
        ("sizeof(table[1].n[0])", 4),
        ("sizeof(*ptr) + sizeof(ptr)", 16),
        ("sizeof(*to) + sizeof(to->q)", 17),
        ("ARRAY_SIZE(table) * 10 + ARRAY_SIZE(to->n)", 23),
    ],
)
def test_of_variables(constant: str, value: int, tmp_path: Path) -> None:
    assert state(f"enum {{ N = {constant} }};", tmp_path) == value
    assert state(f"int sized[{constant}];\n#define N ARRAY_SIZE(sized)", tmp_path) == value
    assert state(f"static_assert({constant} == {value});\n#define N 0", tmp_path) == 0


@pytest.mark.parametrize(
    ("top", "message"),
    [
        ("int a[sizeof(a)];", "the size of a depends on itself"),
        ("int a[sizeof(b)]; int b[ARRAY_SIZE(a)];", "depends on itself"),
        ("static_assert(sizeof(list) == 12);", "this assertion does not hold"),
        ("int a[ARRAY_SIZE(ptr)];", "not a constant expression"),
        ("int a[list[0]];", "not a constant expression"),
    ],
)
def test_what_is_none(top: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        state(f"{top}\n#define N 0", tmp_path)


@pytest.mark.parametrize(
    ("top", "column"),
    [
        ("struct t { int a __aligned(PAGE_SIZE); };", 28),
        ("int a[4 * (PAGE_SIZE - 1)];", 12),
        ("enum { A = (int)PAGE_SIZE << 1 };", 17),
        ("int a[1 ? PAGE_SIZE : 2];", 11),
    ],
)
def test_a_macro_that_nobody_defines(top: str, column: int, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a constant expression") as caught:
        state(f"{top}\n#define N 0", tmp_path)
    span = caught.value.diagnostic.span
    assert span is not None and span.column == column
    assert caught.value.diagnostic.hint == "if PAGE_SIZE is a macro, #define it, or give it by -D"
