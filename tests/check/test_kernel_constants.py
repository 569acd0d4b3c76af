"""The kernel's names for numbers, and what rounds to them.

Expected: what gcc 12 prints for the kernel's own definitions (include/vdso/limits.h,
include/linux/limits.h, align.h, math.h, bits.h), and uapi/asm-generic/errno-base.h and errno.h.
"""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.syntax.pp_constants import constants
from ksmcheck.text import InputError
from tests.fresh import fresh_checker


def verdict(top: str, code: str, x: int, folder: Path, kernel: str = "6.12") -> str:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{top}\n{{ }}\nP0(long *x) {{ {code} }}\nforall (x={x})\n")
    return fresh_checker().check(Request(path, "sc", kernel=kernel)).verdict


@pytest.mark.parametrize(
    ("value", "x"),
    [
        ("-EBUSY", -16),
        ("ERR_PTR(-EAGAIN) == (void *)-11", 1),
        ("IS_ERR_VALUE(-MAX_ERRNO) * 10 + IS_ERR_VALUE(-MAX_ERRNO - 1)", 10),
        ("INT_MAX", 2147483647),
        # The type is the limit's: -2147483648 is an int, and UINT_MAX no negative one.
        ("(INT_MIN < 0) + 10 * sizeof(INT_MIN) + 100 * (INT_MIN < UINT_MAX)", 141),
        ("(U8_MAX << 4) + sizeof(U8_MAX)", 4081),
        ("S8_MIN + S16_MAX", 32639),
        ("U64_MAX == ULONG_MAX && S64_MIN == LONG_MIN && LLONG_MAX == MAX_SCHEDULE_TIMEOUT", 1),
        ("REFCOUNT_SATURATED", -1073741824),
        ("BITS_TO_LONGS(65) * 100 + BIT_WORD(70) * 10 + (BIT_MASK(70) == 64)", 211),
        ("round_up(5, 4) * 100 + round_down(7, 4) * 10 + ALIGN(9, 8)", 856),
        ("round_up(0xfffffffdu, 4)", 0),
        ("roundup(7, 3) * 10 + rounddown(7, 3)", 96),
        ("IS_ALIGNED(8, 4) * 10 + IS_ALIGNED(6, 4)", 10),
        ("upper_32_bits(0x500000007) * 10 + lower_32_bits(0x500000007)", 57),
    ],
)
def test_values(value: str, x: int, tmp_path: Path) -> None:
    assert verdict("", f"WRITE_ONCE(*x, {value});", x, tmp_path) == "SAFE"
    assert verdict("", f"WRITE_ONCE(*x, {value});", x + 1, tmp_path) == "VIOLATED"


def test_numbers_of_errors_are_linuxs() -> None:
    lines = [line.split() for line in constants()["2.6"] if line.startswith("E")]
    numbers = {name: int(value) for name, value in lines if value.isdigit()}
    known = {name: getattr(errno, name) for name in numbers if hasattr(errno, name)}
    assert {name: numbers[name] for name in known} == known
    assert len(known) > 125


def test_in_a_condition_of_the_preprocessor(tmp_path: Path) -> None:
    code = "\n#if BITS_PER_LONG == 64 && BITS_PER_BYTE == 8\nWRITE_ONCE(*x, 1);\n#endif\n"
    assert verdict("", code, 1, tmp_path) == "SAFE"


@pytest.mark.parametrize(
    "top",
    [
        "enum { A = 3, EBUSY = 5, ALIGN };",
        "enum e\n{ EBUSY = 5, ALIGN, };",
        "#define EBUSY 5\n#define ALIGN 6",
    ],
)
def test_a_tests_own(top: str, tmp_path: Path) -> None:
    assert verdict(top, "WRITE_ONCE(*x, EBUSY * 10 + ALIGN);", 56, tmp_path) == "SAFE"


def test_from_the_kernel_on_that_has_it(tmp_path: Path) -> None:
    """U8_MAX came with 3.14."""
    with pytest.raises(InputError, match="U8_MAX is not declared"):
        verdict("", "WRITE_ONCE(*x, U8_MAX);", 255, tmp_path, "3.9")
