"""C's integer arithmetic as the compiler folds it, against values worked out from the standard."""

from __future__ import annotations

import pytest

from ksmcheck.program.compile import compile_program
from ksmcheck.program.ir import Const, Set
from ksmcheck.syntax.litmus import parse_litmus
from ksmcheck.text import InputError, Source

PREAMBLE = "struct pair { char a; long b; int c; };\nenum { RED, BLUE = 5, GREEN };\n"


def value_of(declaration: str, expression: str) -> int:
    """What a local of the declared type holds after being set to the expression."""
    text = f"C t\n{PREAMBLE}{{ }}\nP0(void) {{ {declaration} r = {expression}; }}\nexists (0:r=0)\n"
    program = compile_program(parse_litmus(Source("t.litmus", text)), kernel="6.12")
    (block,) = program.threads[0].blocks
    (step,) = (s for s in block.instrs if isinstance(s, Set) and s.reg == "r")
    assert isinstance(step.expr, Const)
    return step.expr.value


@pytest.mark.parametrize(
    ("declaration", "expression", "expected"),
    [
        # Precedence (6.5): * before +, + before <<, << before <, < before ==, == before &,
        # & before ^ before | before && before ||, ?: last.
        ("int", "1 + 2 * 3 << 1", 14),
        ("int", "1 << 2 + 1", 8),
        ("int", "6 & 3 == 3", 0),  # 6 & (3 == 3) = 6 & 1
        ("int", "1 | 6 ^ 3 & 2", 5),  # 1 | (6 ^ (3 & 2)) = 1 | (6 ^ 2) = 1 | 4
        ("int", "0 && 1 || 1", 1),
        ("int", "1 || 0 && 0", 1),
        ("int", "1 ? 2 : 0 ? 3 : 4", 2),
        ("int", "10 - 4 - 3", 3),  # left-associative
        ("int", "!5 + 1", 1),
        ("int", "(1, 2)", 2),
        # Division truncates towards zero and the remainder takes the dividend's sign (6.5.5).
        ("int", "-7 / 2", -3),
        ("int", "-7 % 2", -1),
        ("int", "7 % -2", 1),
        # Usual arithmetic conversions (6.3.1.8): int meets unsigned int -> unsigned int;
        # unsigned int meets long -> long, which holds all its values.
        ("int", "-1 < 1u", 0),
        ("int", "-1 < 1l", 1),
        ("long", "0u - 1", 4294967295),
        ("long", "0 - 1u + 0l", 4294967295),
        # Promotion (6.3.1.1): unsigned char arithmetic is in int; ~ of it is negative.
        ("int", "~(unsigned char)0", -1),
        ("int", "(unsigned char)255 + 1", 256),
        ("int", "(signed char)200", -56),  # 200 - 256
        ("int", "(short)40000", -25536),  # 40000 - 65536
        # Literals (6.4.4.1): decimal without u is never unsigned; hex may be.
        ("int", "0xffffffff > 0", 1),
        ("int", "2147483648 > 0", 1),  # long
        ("int", "-2147483648 < 0", 1),
        ("int", "0xffffffff == -1", 1),  # unsigned int: -1 converts to 4294967295
        ("int", "4294967295 == -1", 0),  # long
        ("int", "010", 8),
        ("int", "'A'", 65),
        # Shifts keep the left operand's promoted type (6.5.7); signed right shift is arithmetic.
        ("int", "-8 >> 1", -4),
        ("long", "1 << 31", -2147483648),
        ("long", "1ul << 40", 1 << 40),
        ("unsigned int", "~0u >> 28", 15),
        # _Bool: any value that is not 0 becomes 1 (6.3.1.2), also 256, whose low byte is 0.
        ("bool", "256", 1),
        ("int", "(bool)0x100 + (bool)3", 2),
        # sizeof: LP64; struct pair is char, padding to 8, long, int, padding to a multiple of 8.
        ("unsigned long", "sizeof(struct pair)", 24),
        ("int", "(int)offsetof(struct pair, c)", 16),
        ("int", "sizeof(int) - 5 > 0", 1),  # size_t is unsigned
        ("int", "sizeof(u8) + sizeof(pgoff_t) + sizeof(gfp_t)", 13),
        # Enumerators continue from the one before (6.7.2.2).
        ("int", "RED + BLUE * 10 + GREEN", 56),
        # Wrap-around as the kernel is built (-fno-strict-overflow).
        ("int", "2147483647 + 1", -2147483648),
        ("u8", "300", 44),
        ("long", "(u32)-1", 4294967295),
    ],
)
def test_constant_expressions(declaration: str, expression: str, expected: int) -> None:
    assert value_of(declaration, expression) == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("1 / 0", "division by zero"),
        ("1 << 32", "has no meaning in C"),
        ("1 >> -1", "has no meaning in C"),
        ("nowhere", "nowhere is not declared"),
        ("&RED", "only a variable"),
        ('"text"', r"char \* is used where int is needed"),
        ("(void)1", "void"),
    ],
)
def test_expressions_without_value(expression: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        value_of("int", expression)
