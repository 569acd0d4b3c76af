"""Integer types of the kernel: how wide they are, and whether they have a sign.

Source: include/linux/types.h, include/uapi/asm-generic/posix_types.h, include/linux/mm_types.h (64
bits, with dma_addr_t and phys_addr_t of 64).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from tests.fresh import fresh_checker

_TYPES = {
    (1, 0): "u_char unchar u_int8_t uint8_t",
    (2, 0): "u_short u_int16_t umode_t uid16_t gid16_t __be16 __le16 __sum16",
    (4, 0): "u_int u_int32_t dev_t mode_t nlink_t uid_t gid_t gfp_t slab_flags_t fmode_t vm_fault_t"
    " __be32 __wsum __poll_t",
    (8, 0): "u_long u_int64_t ino_t sector_t blkcnt_t dma_addr_t phys_addr_t resource_size_t"
    " irq_hw_number_t size_t __be64",
    (4, 1): "pid_t daddr_t key_t timer_t clockid_t",
    (8, 1): "off_t loff_t suseconds_t clock_t ktime_t time64_t ssize_t",
}


@pytest.mark.parametrize(("size", "signed"), _TYPES)
def test_integers(size: int, signed: int, tmp_path: Path) -> None:
    """Of all ones: a type with a sign is below zero."""
    path = tmp_path / "t.litmus"
    code = "".join(
        f"\t{{ {type} a = -1; BUG_ON(sizeof(a) != {size} || (a < 0) != {signed}); }}\n"
        for type in _TYPES[size, signed].split()
    )
    path.write_text(f"C t\n{{ }}\nP0(void)\n{{\n{code}}}\n")
    assert fresh_checker().check(Request(path, "sc")).verdict == "SAFE"


def test_a_tests_own_type_wins(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(
        "C t\ntypedef u16 pid_t;\ntypedef struct { s64 tv64; } ktime_t;\nktime_t now;\npid_t p;\n"
        "{ }\nP0(void) { now.tv64 = 3; p = 65537; }\nforall (now.tv64=3 /\\ p=1)\n"
    )
    assert fresh_checker().check(Request(path, "sc")).verdict == "SAFE"


def test_a_parameter_of_such_a_type(tmp_path: Path) -> None:
    path = tmp_path / "t.litmus"
    path.write_text(
        "C t\n{ pid_t owner = -1; }\nP0(pid_t *owner) { pid_t r0 = READ_ONCE(*owner); }\n"
        "forall (0:r0=-1)\n"
    )
    assert fresh_checker().check(Request(path, "armv8")).verdict == "SAFE"
