"""<asm/local.h>: what a CPU counts for itself.

Why: include/asm-generic/local.h says what each gives; arch/x86/include/asm/local.h has the same
without lock prefix, so that nothing is ordered, not even by what returns a value.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ksmcheck.check import Request
from ksmcheck.check.verdict import Verdict
from tests.fresh import fresh_checker


def check(text: str, tmp_path: Path, model: str) -> Verdict:
    path = tmp_path / "t.litmus"
    path.write_text(f"C t\n#include <asm/local.h>\n{text}")
    return fresh_checker().check(Request(path, model))


@pytest.mark.parametrize(
    ("code", "result", "count"),
    [
        ("local_add_return(3, &l)", 8, 8),
        ("local_sub_return(3, &l)", 2, 2),
        ("({ local_inc(&l); local_add(2, &l); local_dec(&l); local_read(&l); })", 7, 7),
        ("local_xchg(&l, 9)", 5, 9),
        ("local_cmpxchg(&l, 5, 1)", 5, 1),
        ("local_cmpxchg(&l, 4, 1)", 5, 5),
        ("({ long old = 4; 10 * local_try_cmpxchg(&l, &old, 6) + old; })", 5, 5),
        ("({ long old = 5; 10 * local_try_cmpxchg(&l, &old, 6) + old; })", 15, 6),
        ("local_sub_and_test(5, &l)", 1, 0),
        ("local_dec_and_test(&l)", 0, 4),
        ("local_add_negative(-6, &l)", 1, -1),
        ("local_inc_not_zero(&l) + 2 * local_add_unless(&l, 1, 6)", 1, 6),
    ],
)
def test_values(code: str, result: int, count: int, tmp_path: Path) -> None:
    demand = f"BUG_ON({code} != {result}); BUG_ON(local_read(&l) != {count});"
    text = f"local_t l = LOCAL_INIT(5);\n{{ }}\nP0(void) {{ {demand} }}\n"
    assert check(text, tmp_path, "sc").verdict == "SAFE"


@pytest.mark.parametrize("model", ["tso", "armv8", "power", "lkmm"])
def test_nothing_is_ordered(model: str, tmp_path: Path) -> None:
    """SB with what would be a full barrier were it of an atomic_t; and others may look."""
    text = """local_t l;
local_t k;
{ }
P0(int *x, int *y) { WRITE_ONCE(*x, 1); local_inc_return(&l); int r0 = READ_ONCE(*y); }
P1(int *x, int *y) { WRITE_ONCE(*y, 1); local_add_return(1, &k); int r0 = READ_ONCE(*x);
 long r1 = local_read(&l); }
exists (0:r0=0 /\\ 1:r0=0)"""
    found = check(text, tmp_path, model)
    assert (found.observation, found.flags) == ("Sometimes", ())
