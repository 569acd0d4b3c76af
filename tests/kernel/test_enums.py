"""Types of enums and enumerators, as gcc 12 has them (`-std=gnu11`, LP64).

The values below are what a program with the same text printed: `sizeof` of each, and its order with
0 and -1, which shows the sign.
"""

from __future__ import annotations

import pytest

from ksmcheck.kernel.declarations import Declarations, declare
from ksmcheck.kernel.ints import S32, S64, U32, U64, IntType
from ksmcheck.syntax.litmus import parse_litmus
from ksmcheck.text import InputError, Source


def declared(top: str) -> Declarations:
    return declare(
        parse_litmus(Source("t.litmus", f"C t\n{top}\n{{ }}\nP0(void) {{ }}\n")).top, "6.12"
    )


@pytest.mark.parametrize(
    ("members", "whole", "each"),
    [
        ("A, B = 5", U32, {"A": S32, "B": S32}),
        ("A = -1, B = 5", S32, {"A": S32, "B": S32}),
        ("A = 1u << 31, B", U32, {"A": U32, "B": U32}),
        ("A = 0x100000000ul, B = 1", U64, {"A": U64, "B": S32}),
        ("A = -1, B = 1u << 31", S64, {"A": S32, "B": S64}),
    ],
)
def test_types(members: str, whole: IntType, each: dict[str, IntType]) -> None:
    types = declared(f"enum e {{ {members} }};")
    assert types.enums["e"].ints == whole
    assert {name: type.ints for name, (_, type) in types.enumerators.items()} == each


def test_values() -> None:
    types = declared("enum { A = 0x7ffffffe, B, C = 1u << 31, D, E = -3, F };")
    values = {name: value for name, (value, _) in types.enumerators.items()}
    assert values == {"A": 2**31 - 2, "B": 2**31 - 1, "C": 2**31, "D": 2**31 + 1, "E": -3, "F": -2}


@pytest.mark.parametrize("members", ["A = 0x7fffffff, B", "A = 0xffffffffu, B"])
def test_overflow(members: str) -> None:
    with pytest.raises(InputError, match=r"B is .*, too large for "):
        declared(f"enum {{ {members} }};")


def test_one_object_has_one_type() -> None:
    with pytest.raises(InputError, match="g is declared twice, with different types"):
        declared("int g; long g;")
    with pytest.raises(InputError, match="declared twice, with different types"):
        declared("extern int a[3]; int a[4];")
    assert declared("extern int a[]; int a[4]; int g; int g = 3;").globals.keys() == {"a", "g"}
