"""Macros of the kernel on the bits and bytes of numbers: what they give, and what they read.

Expected values are those of GCC's __builtin_bswap16, _32, _64 and of the kernel's headers, worked
out by hand or by Python's own ways to do the same.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Checker, Request, Verdict
from ksmcheck.text import InputError


def check(text: str, folder: Path, model: str = "sc", kernel: str = "6.12") -> Verdict:
    path = folder / "t.litmus"
    path.write_text(f"C t\n{text}\n")
    return Checker().check(Request(path, model, kernel=kernel))


def gives(code: str, x: int, folder: Path, kernel: str = "6.12") -> None:
    """Computed in the code, and from what is read."""
    text = "unsigned long w = 0x1234;\n{ }\nP0(unsigned long *x)\n{\n"
    text += "\tunsigned long r = READ_ONCE(w);\n\tint count = 0;\n"
    text += f"\tWRITE_ONCE(*x, {code});\n}}\nforall (x={x})"
    assert check(text, folder, kernel=kernel).verdict == "SAFE"


@pytest.mark.parametrize(
    ("code", "x"),
    [
        ("swab16(0x1234)", 0x3412),
        ("swab16(r)", 0x3412),
        ("swab32(0x12345678)", 0x78563412),
        ("swab32(r)", 0x34120000),
        ("swab32(0x80)", 0x80000000),
        ("swab64(0xf123456789abcd0eUL)", 0x0ECDAB89674523F1),
        ("cpu_to_be16(0x10203)", 0x0302),
        ("cpu_to_be32(r << 4)", 0x40230100),
        ("cpu_to_be64(1)", 1 << 56),
        ("be16_to_cpu(cpu_to_be16(r))", 0x1234),
        ("be32_to_cpu(cpu_to_be32(r))", 0x1234),
        ("be64_to_cpu(cpu_to_be64(r))", 0x1234),
        ("({ __be32 b = cpu_to_be32(7); be32_to_cpup(&b); })", 7),
        ("({ __le32 b = cpu_to_le32(7); le32_to_cpup(&b); })", 7),
        ("htons(80)", 0x5000),
        ("ntohl(htonl(r))", 0x1234),
        ("({ u32 b = swab32(count += 1); b + count; })", 0x1000001),
        ("is_power_of_2(r) + 2 * is_power_of_2(0) + 4 * is_power_of_2(64)", 4),
        ("min3(3, 1, 2) + 10 * min3(1, 3, 2) + 100 * min3(3, 2, 1)", 111),
        ("max3(3, 1, 2) + 10 * max3(1, 3, 2) + 100 * max3(2, 1, 3)", 333),
        ("min_not_zero(0, 3) + 10 * min_not_zero(4, 0) + 100 * min_not_zero(2, 5)", 243),
        ("min_not_zero(0, 0)", 0),
        ("BUILD_BUG_ON_ZERO(sizeof(int) != 4) + 1", 1),
        ("({ BUILD_BUG_ON_NOT_POWER_OF_2(8); BUILD_BUG_ON_INVALID(count++); count; })", 0),
        ("ERR_CAST(&w) == &w", 1),
    ],
)
@pytest.mark.parametrize("kernel", ["3.9", "6.12"])
def test_values(code: str, x: int, kernel: str, tmp_path: Path) -> None:
    gives(code, x, tmp_path, kernel)


def test_errors_in_pointers(tmp_path: Path) -> None:
    """Since 3.13; it is an int."""
    gives("PTR_ERR_OR_ZERO(ERR_PTR(-22)) == -22", 1, tmp_path)
    gives("PTR_ERR_OR_ZERO(&w) + 10 * sizeof(PTR_ERR_OR_ZERO(&w))", 40, tmp_path)
    gives("PTR_ERR_OR_ZERO(NULL)", 0, tmp_path)
    with pytest.raises(InputError, match="PTR_ERR_OR_ZERO"):
        gives("PTR_ERR_OR_ZERO(NULL)", 0, tmp_path, "3.9")


@pytest.mark.parametrize(
    "code", ["BUILD_BUG_ON_ZERO(1)", "({ BUILD_BUG_ON_NOT_POWER_OF_2(12); 0; })"]
)
def test_what_does_not_build(code: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="BUILD_BUG_ON: the condition holds"):
        gives(code, 0, tmp_path)


def test_a_shared_variable_is_read_once(tmp_path: Path) -> None:
    """Two reads might find two values, of which swab32 would mix the bytes."""
    text = """u32 w;
{ }
P0(void) { WRITE_ONCE(w, 0xffffffff); }
P1(void) { u32 r0 = swab32(READ_ONCE(w)); u32 r1 = cpu_to_be16(READ_ONCE(w)); }
forall ((1:r0=0 \\/ 1:r0=-1) /\\ (1:r1=0 \\/ 1:r1=65535))"""
    assert check(text, tmp_path).verdict == "SAFE"


_MASKED = """unsigned long w = 0xf0;
int x;
{{ }}
P0(void) {{ unsigned long r0 = set_mask_bits(&w, 0xf0, 0x50); }}
P1(void) {{ {other} }}
{asked}"""


@pytest.mark.parametrize("model", ["sc", "armv8", "lkmm"])
def test_masked_bits(model: str, tmp_path: Path) -> None:
    """One step: a bit that another sets is not lost. It gives what was there before."""
    text = _MASKED.format(
        other="set_bit(0, &w);", asked="forall (w=0x51 /\\ (0:r0=0xf0 \\/ 0:r0=0xf1))"
    )
    assert check(text, tmp_path, model).verdict == "SAFE"
    lost = text.replace("set_mask_bits(&w, 0xf0, 0x50)", "w; w = (r0 & ~0xf0UL) | 0x50")
    found = check(lost, tmp_path, model)
    assert found.verdict == "VIOLATED" or found.flags == ("data-race",)


@pytest.mark.parametrize("model", ["armv8", "power", "lkmm"])
def test_masked_bits_are_set_in_order(model: str, tmp_path: Path) -> None:
    """try_cmpxchg is a full barrier where it stores."""
    text = """unsigned long w;
int x;
{ }
P0(void) { WRITE_ONCE(x, 1); set_mask_bits(&w, 1, 1); }
P1(void) { int r0 = READ_ONCE(w); smp_rmb(); int r1 = READ_ONCE(x); }
~exists (1:r0=1 /\\ 1:r1=0)"""
    assert check(text, tmp_path, model).verdict == "SAFE"
    relaxed = text.replace("set_mask_bits(&w, 1, 1)", "set_bit(0, &w)")
    assert check(relaxed, tmp_path, model).verdict == "VIOLATED"


def test_bits_are_cleared_unless(tmp_path: Path) -> None:
    text = """unsigned long w = 3;
unsigned long v = 7;
{ }
P0(void) { int r0 = bit_clear_unless(&w, 1, 4); int r1 = bit_clear_unless(&v, 1, 4); }
P1(void) { set_bit(2, &w); }
forall (v=7 /\\ 0:r1=0 /\\ (0:r0=1 /\\ w=6 \\/ 0:r0=0 /\\ w=7))"""
    assert check(text, tmp_path).verdict == "SAFE"
